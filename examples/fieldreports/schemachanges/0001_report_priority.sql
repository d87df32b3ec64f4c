-- An example: reports get a priority. Instant on the Aurora version that the
-- environments name; `noren ddl plan` says so without touching the table.
ALTER TABLE reports ADD COLUMN priority TINYINT UNSIGNED NULL;
