package sqltext

import (
	"slices"
	"strings"
	"testing"
)

// TestParse_NamesTheWordThatItDoesNotKnow checks that what is not understood is
// refused, with the word.
func TestParse_NamesTheWordThatItDoesNotKnow(t *testing.T) {
	for sql, word := range map[string]string{
		"ALTER TABLE a ADD b INT DEFAULT (p2.wipe())":                          `"p2"`,
		"ALTER TABLE a ADD b INT DEFAULT (wipe())":                             `"wipe"`,
		"ALTER TABLE a ADD b INT DEFAULT NEXTVAL(s)":                           `"NEXTVAL"`,
		"ALTER TABLE a ADD b INT AS (SLEEP(1))":                                `"SLEEP"`,
		"ALTER TABLE a ADD CHECK ((SELECT 1))":                                 `"SELECT"`,
		"ALTER TABLE a ADD CHECK (@x)":                                         `"@"`,
		"ALTER TABLE a ADD CHECK (c.b > 1)":                                    `"c"`,
		"ALTER TABLE a ENGINE=MERGE":                                           `"MERGE"`,
		"ALTER TABLE a UNION=(b)":                                              `"UNION"`,
		"ALTER TABLE a CONNECTION='x'":                                         `"CONNECTION"`,
		"ALTER TABLE a DATA DIRECTORY='/tmp'":                                  `"DATA"`,
		"ALTER TABLE a IMPORT TABLESPACE":                                      `"IMPORT"`,
		"ALTER TABLE a ADD b INT RENAME TO c":                                  `"RENAME"`,
		"ALTER TABLE a ADD b INT; DROP TABLE c":                                `";"`,
		"CREATE TABLE a (b INT) START TRANSACTION":                             `"START"`,
		"CREATE TABLE a (b POLYHEDRON)":                                        `"POLYHEDRON"`,
		"CREATE INDEX i ON a ((p2.wipe()))":                                    `"p2"`,
		"DROP TABLE a, b c":                                                    `"c"`,
		"SET @x = p2.wipe()":                                                   `"p2"`,
		"SET @x = (SELECT 1)":                                                  `"("`,
		"SET @x = 1 + 1":                                                       `"+"`,
		"SET debug = '+d'":                                                     `"debug"`,
		"SET NAMES sjis":                                                       `"sjis"`,
		"CREATE TABLE a (b INT) PARTITION BY HASH (wipe())":                    `"wipe"`,
		"ALTER TABLE a PARTITION BY RANGE (b) (PARTITION p VALUES LESS (1))":   `"LESS"`,
		"ALTER TABLE a CONVERT PARTITION p TO TABLE c":                         `"CONVERT"`,
		"CREATE TABLE a (b INT REFERENCES c (d) ON DELETE EXPLODE)":            `"EXPLODE"`,
		"ALTER TABLE a ADD b INT COMMENT CONCAT('a')":                          `"CONCAT"`,
		"ALTER TABLE a ADD FULLTEXT (b) WITH PARSER mine":                      `"mine"`,
		"RENAME TABLE a TO b c":                                                `"c"`,
		"ALTER TABLE a /*!50000 IMPORT TABLESPACE */":                          `"IMPORT"`,
		"ALTER TABLE a /*!99999 ADD b INT */ DISCARD TABLESPACE":               `"DISCARD"`,
		"ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b WITHOUT VALIDATION x": `"x"`,
		"DELETE HISTORY FROM a BEFORE SYSTEM_TIME '2026-01-01'":                "DELETE HISTORY is not for a migration",
	} {
		_, err := Parse(sql, mysql8)
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: got %v, want that it does not know %s", sql, err, word)
		}
	}
}

func TestParse_SaysWhatIsLost(t *testing.T) {
	for sql, want := range map[string][]string{
		"ALTER TABLE a DROP COLUMN b, DROP c":             {"DROP COLUMN b", "DROP COLUMN c"},
		"ALTER TABLE a DROP INDEX b, DROP FOREIGN KEY c":  nil,
		"ALTER TABLE a DROP PARTITION p":                  {"DROP PARTITION"},
		"ALTER TABLE a TRUNCATE PARTITION p":              {"TRUNCATE PARTITION"},
		"ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b": {"EXCHANGE PARTITION"},
		"ALTER IGNORE TABLE a ADD UNIQUE (b)":             {"IGNORE"},
		"CREATE OR REPLACE TABLE a (b INT)":               {"OR REPLACE"},
		"/*!50000 CREATE OR REPLACE */ TABLE a LIKE b":    {"OR REPLACE"},
		"TRUNCATE a":   {"TRUNCATE"},
		"DROP TABLE a": {"DROP TABLE"},
		"ALTER TABLE a ADD b INT, RENAME COLUMN c TO d, ADD (e INT)": nil,
	} {
		s, err := Parse(sql, mysql8)
		if err != nil || !slices.Equal(s.Loses, want) {
			t.Errorf("%s: got %q, %v, want %q", sql, s.Loses, err, want)
		}
	}
}

// TestParse_SetLeavesNorensVariablesAlone checks that noren's own variables are
// not set, and that others are.
func TestParse_SetLeavesNorensVariablesAlone(t *testing.T) {
	for sql, want := range map[string]string{
		"SET SESSION lock_wait_timeout = 3600, foreign_key_checks = 0": "SET foreign_key_checks = 0",
		"SET @@SESSION.autocommit = 0":                                 "",
		"set @old = @@sql_mode, sql_mode := 'NO_AUTO_VALUE_ON_ZERO'":   "SET @old = @@sql_mode, sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
		"/*!40101 SET NAMES utf8mb4 */":                                "SET NAMES utf8mb4",
		"/*!40014 SET @OLD=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */":        "SET @OLD = @@UNIQUE_CHECKS, unique_checks = 0",
	} {
		s, err := Parse(sql, mysql8)
		if err != nil || s.SQL != want {
			t.Errorf("%s: got %q, %v, want %q", sql, s.SQL, err, want)
		}
	}
}

// TestExpand checks that conditional comments are read as the server reads them.
func TestExpand(t *testing.T) {
	mariaDB := Dialect{MariaDB: true, Version: 101100}
	for _, test := range []struct {
		sql  string
		d    Dialect
		want string
	}{
		{"a /* b */ c -- d\n# e", mysql8, "a   c"},
		{"a /*!50000 b */ c", mysql8, "a   b   c"},
		{"a /*!99999 b */ c", mysql8, "a    c"},
		{"a /*!80500b */ c", mysql8, "a    c"},
		{"a /*!080400 b */ c", mysql8, "a   b   c"},
		{"a /*M!100100 b */ c", mysql8, "a    c"},
		{"a /*M!100100 b */ c", mariaDB, "a   b   c"},
		{"a /*!80000 b */ c", mariaDB, "a    c"},
		{"a /*! b */ c", mariaDB, "a   b   c"},
		{"a '/*!50000 b */' c", mysql8, "a '/*!50000 b */' c"},
		{"INSERT /*+ NO_ICP(a) */ INTO b", mysql8, "INSERT /*+ NO_ICP(a) */ INTO b"},
		{"ALTER /*+ x */ TABLE b", mysql8, "ALTER   TABLE b"},
	} {
		got, err := Expand(test.sql, test.d)
		if err != nil || strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(test.want), " ") {
			t.Errorf("%s: got %q, %v, want %q", test.sql, got, err, test.want)
		}
	}
}

// TestParse_ReadsCharacterSetsOfColumns reads a character set after a type
// without a length, as servers print it.
func TestParse_ReadsCharacterSetsOfColumns(t *testing.T) {
	for _, sql := range []string{
		"CREATE TABLE t (a text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, b enum('x') CHARACTER SET latin1, c varchar(5) CHARACTER SET ascii)",
		"CREATE TABLE t (a NATIONAL CHARACTER VARYING(5), b LONG VARCHAR CHARACTER SET latin1, c LONG, d CHARACTER(5) CHARACTER SET latin1, e DOUBLE PRECISION)",
	} {
		if _, err := ParseDefinition(sql, Dialect{Version: 90704}); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
