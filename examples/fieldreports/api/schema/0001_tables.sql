-- Statements end with ; at the end of a line. Each does no harm when it is run
-- again: the process may die between two of them.
--
-- No foreign keys: an ALTER of one table would have to lock the others too.

CREATE TABLE IF NOT EXISTS users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  password_hash VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  UNIQUE KEY by_name (name)
) CHARACTER SET utf8mb4;

-- A token is never stored, only its SHA-256 in hex.
CREATE TABLE IF NOT EXISTS sessions (
  token_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  user_id BIGINT UNSIGNED NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  KEY by_user (user_id, expires_at)
) CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS templates (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  name VARCHAR(200) NOT NULL,
  summary VARCHAR(1000) NOT NULL,
  checks TEXT NOT NULL,
  drawing VARCHAR(200) NOT NULL
) CHARACTER SET utf8mb4;

-- id and idempotency_key are made by the client: they are what makes an upload
-- that arrives twice one report. All times are UTC.
CREATE TABLE IF NOT EXISTS reports (
  seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  idempotency_key CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  template VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  title VARCHAR(200) NOT NULL,
  text TEXT NOT NULL,
  written_at DATETIME(3) NOT NULL,
  received_at DATETIME(3) NOT NULL,
  UNIQUE KEY by_id (id),
  UNIQUE KEY by_idempotency_key (user_id, idempotency_key),
  KEY by_user (user_id, seq)
) CHARACTER SET utf8mb4;
