-- Contracts: the release before 0001 can no longer write. Run it in a
-- maintenance, once no task of that release runs and none will come back.
UPDATE reports SET priority = 2 WHERE priority IS NULL;
ALTER TABLE reports MODIFY COLUMN priority TINYINT UNSIGNED NOT NULL;
