-- The form of a schema change, to be replaced by your own: the example product
-- has no table of reports yet.
ALTER TABLE reports ADD COLUMN priority TINYINT UNSIGNED NULL;
