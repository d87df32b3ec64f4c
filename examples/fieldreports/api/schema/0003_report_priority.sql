-- How urgent a report is: 1 low, 2 normal, 3 high. NULL is what a release before
-- this column has written. On a database that is in use, `noren ddl run` has
-- added it before this release is deployed: schemachanges/0001_report_priority.sql.

ALTER TABLE reports ADD COLUMN priority TINYINT UNSIGNED NULL;
