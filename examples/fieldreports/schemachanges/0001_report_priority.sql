-- Expands: the release before ignores the column, and leaves NULL in it. Run it
-- before the release that needs it is deployed; nothing has to be closed.
ALTER TABLE reports ADD COLUMN priority TINYINT UNSIGNED NULL;
