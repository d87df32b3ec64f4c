//go:build mysql

package ddl

// An operation is a schema change on the table reports, with what it needs.
type operation struct {
	name  string
	sql   string
	first string // run before, on the table without rows
}

// plainTable and generatedTable are what the operations change.
const (
	plainTable = `CREATE TABLE reports (
		id INT NOT NULL AUTO_INCREMENT,
		site_id INT NOT NULL,
		title VARCHAR(50) NOT NULL,
		body TEXT,
		state ENUM('draft','sent') NOT NULL DEFAULT 'draft',
		visits INT DEFAULT 0,
		note VARCHAR(20) DEFAULT NULL,
		made DATE NOT NULL,
		PRIMARY KEY (id),
		KEY by_title (title),
		KEY by_visits (visits),
		CONSTRAINT some_visits CHECK (visits < 1000000)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`
	generatedColumns = `ALTER TABLE reports ADD twice INT AS (visits * 2) STORED, ADD thrice INT AS (visits * 3) VIRTUAL`
	byYear           = `ALTER TABLE reports DROP PRIMARY KEY, ADD PRIMARY KEY (id, made); ALTER TABLE reports PARTITION BY RANGE (YEAR(made)) (PARTITION p0 VALUES LESS THAN (2000), PARTITION p1 VALUES LESS THAN (2020), PARTITION p2 VALUES LESS THAN (2040))`
	byHash           = `ALTER TABLE reports PARTITION BY HASH (id) PARTITIONS 4`
	fulltext         = `ALTER TABLE reports ADD FULLTEXT words (body)`
)

var operations = []operation{
	{"add a nullable column", "ALTER TABLE reports ADD c INT", ""},
	{"add a NOT NULL column with a default", "ALTER TABLE reports ADD c INT NOT NULL DEFAULT 7", ""},
	{"add a column with an expression for default", "ALTER TABLE reports ADD c VARCHAR(40) DEFAULT (UUID())", ""},
	{"add a column in the middle", "ALTER TABLE reports ADD c INT AFTER title", ""},
	{"add a column in front", "ALTER TABLE reports ADD c INT FIRST", ""},
	{"add an AUTO_INCREMENT column", "ALTER TABLE reports DROP PRIMARY KEY, MODIFY id INT NOT NULL, ADD c INT AUTO_INCREMENT PRIMARY KEY", ""},
	{"add a virtual column", "ALTER TABLE reports ADD c INT AS (visits + 1) VIRTUAL", ""},
	{"add a stored column", "ALTER TABLE reports ADD c INT AS (visits + 1) STORED", ""},
	{"add a column with a check", "ALTER TABLE reports ADD c INT CHECK (c > 0)", ""},
	{"add two columns", "ALTER TABLE reports ADD c INT, ADD d INT", ""},
	{"drop a column", "ALTER TABLE reports DROP COLUMN note", ""},
	{"drop an indexed column", "ALTER TABLE reports DROP COLUMN title", ""},
	{"rename a column with CHANGE", "ALTER TABLE reports CHANGE note remark VARCHAR(20) DEFAULT NULL", ""},
	{"rename a column", "ALTER TABLE reports RENAME COLUMN note TO remark", ""},
	{"move a column", "ALTER TABLE reports MODIFY note VARCHAR(20) DEFAULT NULL FIRST", ""},
	{"set a default", "ALTER TABLE reports ALTER note SET DEFAULT 'x'", ""},
	{"drop a default", "ALTER TABLE reports ALTER visits DROP DEFAULT", ""},
	{"INT to BIGINT", "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", ""},
	{"INT to UNSIGNED", "ALTER TABLE reports MODIFY visits INT UNSIGNED DEFAULT 0", ""},
	{"lengthen a VARCHAR within 255 bytes", "ALTER TABLE reports MODIFY note VARCHAR(60) DEFAULT NULL", ""},
	{"lengthen a VARCHAR beyond 255 bytes", "ALTER TABLE reports MODIFY note VARCHAR(100) DEFAULT NULL", ""},
	{"shorten a VARCHAR", "ALTER TABLE reports MODIFY note VARCHAR(19) DEFAULT NULL", ""},
	{"lengthen an indexed VARCHAR", "ALTER TABLE reports MODIFY title VARCHAR(60) NOT NULL", ""},
	{"VARCHAR to TEXT", "ALTER TABLE reports MODIFY note TEXT", ""},
	{"NULL to NOT NULL", "ALTER TABLE reports MODIFY visits INT NOT NULL DEFAULT 0", ""},
	{"NOT NULL to NULL", "ALTER TABLE reports MODIFY site_id INT NULL", ""},
	{"append to an ENUM", "ALTER TABLE reports MODIFY state ENUM('draft','sent','read') NOT NULL DEFAULT 'draft'", ""},
	{"insert into an ENUM", "ALTER TABLE reports MODIFY state ENUM('draft','checked','sent') NOT NULL DEFAULT 'draft'", ""},
	{"comment a column", "ALTER TABLE reports MODIFY note VARCHAR(20) DEFAULT NULL COMMENT 'a; comment'", ""},
	{"character set of a column", "ALTER TABLE reports MODIFY note VARCHAR(20) CHARACTER SET latin1 DEFAULT NULL", ""},
	{"collation of a column", "ALTER TABLE reports MODIFY note VARCHAR(20) COLLATE utf8mb4_bin DEFAULT NULL", ""},
	{"add an index", "ALTER TABLE reports ADD INDEX by_site (site_id)", ""},
	{"create an index", "CREATE INDEX by_site ON reports (site_id)", ""},
	{"create a unique index", "CREATE UNIQUE INDEX by_both ON reports (site_id, id)", ""},
	{"add a unique key", "ALTER TABLE reports ADD UNIQUE by_both (site_id, id)", ""},
	{"add the first FULLTEXT", "ALTER TABLE reports ADD FULLTEXT words (body)", ""},
	{"add the second FULLTEXT", "ALTER TABLE reports ADD FULLTEXT titles (title)", fulltext},
	{"add a SPATIAL index", "ALTER TABLE reports ADD SPATIAL INDEX places (place)", "ALTER TABLE reports ADD place POINT NOT NULL"},
	{"drop an index", "DROP INDEX by_title ON reports", ""},
	{"rename an index", "ALTER TABLE reports RENAME INDEX by_title TO titles", ""},
	{"hide an index", "ALTER TABLE reports ALTER INDEX by_title INVISIBLE", ""},
	{"drop and add an index", "ALTER TABLE reports DROP INDEX by_title, ADD INDEX by_title (title)", ""},
	{"add a functional index", "ALTER TABLE reports ADD INDEX lowered ((LOWER(title)))", ""},
	{"drop the primary key", "ALTER TABLE reports DROP PRIMARY KEY, MODIFY id INT NOT NULL", ""},
	{"another primary key", "ALTER TABLE reports DROP PRIMARY KEY, ADD PRIMARY KEY (id, made)", ""},
	{"add a foreign key", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", ""},
	{"drop a foreign key", "ALTER TABLE reports DROP FOREIGN KEY at_site", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)"},
	{"change a column that a foreign key is on", "ALTER TABLE reports MODIFY site_id BIGINT NOT NULL", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)"},
	{"change a column that a foreign key refers to", "ALTER TABLE sites MODIFY id BIGINT NOT NULL", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)"},
	{"add a column to a parent", "ALTER TABLE sites ADD c INT", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE"},
	{"add a check", "ALTER TABLE reports ADD CONSTRAINT real_site CHECK (site_id > 0)", ""},
	{"drop a check", "ALTER TABLE reports DROP CONSTRAINT some_visits", ""},
	{"rename the table", "ALTER TABLE reports RENAME TO old_reports", ""},
	{"RENAME TABLE", "RENAME TABLE reports TO old_reports", ""},
	{"comment the table", "ALTER TABLE reports COMMENT 'what the field saw'", ""},
	{"AUTO_INCREMENT", "ALTER TABLE reports AUTO_INCREMENT = 100000", ""},
	{"ROW_FORMAT", "ALTER TABLE reports ROW_FORMAT = COMPACT", ""},
	{"KEY_BLOCK_SIZE", "ALTER TABLE reports ROW_FORMAT = COMPRESSED, KEY_BLOCK_SIZE = 8", ""},
	{"STATS_PERSISTENT", "ALTER TABLE reports STATS_PERSISTENT = 1", ""},
	{"ENGINE", "ALTER TABLE reports ENGINE = InnoDB", ""},
	{"FORCE", "ALTER TABLE reports FORCE", ""},
	{"OPTIMIZE", "OPTIMIZE TABLE reports", ""},
	{"convert the character set", "ALTER TABLE reports CONVERT TO CHARACTER SET latin1", ""},
	{"the default character set", "ALTER TABLE reports DEFAULT CHARACTER SET latin1", ""},
	{"partition", "ALTER TABLE reports PARTITION BY HASH (id) PARTITIONS 4", ""},
	{"add a range partition", "ALTER TABLE reports ADD PARTITION (PARTITION p3 VALUES LESS THAN (2060))", byYear},
	{"drop a range partition", "ALTER TABLE reports DROP PARTITION p0", byYear},
	{"truncate a partition", "ALTER TABLE reports TRUNCATE PARTITION p1", byYear},
	{"reorganize a partition", "ALTER TABLE reports REORGANIZE PARTITION p2 INTO (PARTITION p2 VALUES LESS THAN (2030), PARTITION p3 VALUES LESS THAN (2040))", byYear},
	{"exchange a partition", "ALTER TABLE reports EXCHANGE PARTITION p0 WITH TABLE old_reports", byYear + "; CREATE TABLE old_reports LIKE reports; ALTER TABLE old_reports REMOVE PARTITIONING"},
	{"coalesce hash partitions", "ALTER TABLE reports COALESCE PARTITION 2", byHash},
	{"add hash partitions", "ALTER TABLE reports ADD PARTITION PARTITIONS 2", byHash},
	{"remove partitioning", "ALTER TABLE reports REMOVE PARTITIONING", byHash},
	{"add a column to a partitioned table", "ALTER TABLE reports ADD c INT AFTER title", byHash},
	{"add a column beside FULLTEXT", "ALTER TABLE reports ADD c INT AFTER title", fulltext},
	{"rebuild beside FULLTEXT", "ALTER TABLE reports FORCE", fulltext},
	{"add a column to a compressed table", "ALTER TABLE reports ADD c INT", "ALTER TABLE reports ROW_FORMAT = COMPRESSED"},
	{"add a column and an index", "ALTER TABLE reports ADD c INT, ADD INDEX by_c (c)", ""},
	{"add a column and change a type", "ALTER TABLE reports ADD c INT, MODIFY visits BIGINT DEFAULT 0", ""},
	{"the author's COPY", "ALTER TABLE reports ADD c INT, ALGORITHM=COPY", ""},
	{"the author's INPLACE", "ALTER TABLE reports ALGORITHM=INPLACE, LOCK=NONE, ADD c INT", ""},
}
