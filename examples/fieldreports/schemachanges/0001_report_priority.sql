-- A schema change as `noren ddl` takes it, to be replaced by your own. The API
-- names the columns it wants, so that it runs before and after this one.
ALTER TABLE reports ADD COLUMN priority TINYINT UNSIGNED NULL;
