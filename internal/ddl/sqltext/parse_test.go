package sqltext

import (
	"slices"
	"testing"
)

var mysql8 = Dialect{Version: 80400}

func TestParse(t *testing.T) {
	tests := []struct {
		sql    string
		kind   Kind
		tables []string
	}{
		{"alter table Reports add c int", AlterTable, []string{"`Reports`"}},
		{"ALTER TABLE `re``ports`.x FORCE", AlterTable, []string{"`re``ports`.`x`"}},
		{"ALTER /* why */ IGNORE TABLE IF EXISTS a RENAME TO b, ADD c INT", AlterTable, []string{"`a`", "`b`"}},
		{"ALTER TABLE a RENAME COLUMN b TO c, RENAME INDEX d TO e", AlterTable, []string{"`a`"}},
		{"ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES `c` (d)", AlterTable, []string{"`a`", "`c`"}},
		{"ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b", AlterTable, []string{"`a`", "`b`"}},
		{"ALTER TABLE a /*!80000 RENAME TO b */", AlterTable, []string{"`a`", "`b`"}},
		{"CREATE UNIQUE INDEX i USING BTREE ON a (b)", CreateIndex, []string{"`a`"}},
		{"DROP INDEX `PRIMARY` ON a.b", DropIndex, []string{"`a`.`b`"}},
		{"RENAME TABLE a TO b, c TO d", RenameTable, []string{"`a`", "`b`", "`c`", "`d`"}},
		{"CREATE TABLE IF NOT EXISTS a (b INT, FOREIGN KEY (b) REFERENCES x.y (z))", CreateTable, []string{"`a`", "`x`.`y`"}},
		{"CREATE TABLE a LIKE b", CreateTable, []string{"`a`", "`b`"}},
		{"DROP TABLE IF EXISTS a, b", DropTable, []string{"`a`", "`b`"}},
		{"TRUNCATE a", Truncate, []string{"`a`"}},
		{"OPTIMIZE LOCAL TABLE a", Optimize, []string{"`a`"}},
		{"UPDATE a SET b = 1", Rows, nil},
		{"SET SESSION foreign_key_checks = 0", Session, nil},
		{"CREATE DEFINER=`x`@`%` TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1", Program, nil},
		{"CREATE OR REPLACE VIEW v AS SELECT 1", Program, nil},
	}
	for _, test := range tests {
		s, err := Parse(test.sql, mysql8)
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		var tables []string
		for _, name := range s.Tables {
			tables = append(tables, name.String())
		}
		if s.Kind != test.kind || !slices.Equal(tables, test.tables) {
			t.Errorf("%s: got %s of %q, want %s of %q", test.sql, s.Kind, tables, test.kind, test.tables)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for sql, want := range map[string]string{
		"USE a":                              "USE a is not for a migration: the DSN names the schema",
		"START TRANSACTION":                  "START TRANSACTION is not for a migration: the server ends a transaction at every schema change; the journal keeps what is done: remove it",
		"LOCK TABLES a READ":                 "LOCK TABLES a ... is not for a migration: it stops reads: remove it",
		"SET GLOBAL x = 1":                   "SET GLOBAL x ... is not for a migration: it changes more than the session",
		"SET sql_mode = 'ANSI_QUOTES'":       "the sql_mode \"ANSI_QUOTES\" is not for a migration: it changes what quotes, backslashes or words mean",
		"CREATE TABLE a AS SELECT 1":         "CREATE TABLE ... SELECT is neither atomic nor quick: write CREATE TABLE, then INSERT ... SELECT",
		"CREATE TEMPORARY TABLE a (b INT)":   "a temporary table is not for a migration: it is gone when a run resumes",
		"OPTIMIZE TABLE a, b":                "OPTIMIZE TABLE names several tables: write a statement for each",
		"DROP DATABASE a":                    "DROP DATABASE is not for a migration: the DSN names the schema",
		"GRANT ALL ON *.* TO x":              "GRANT ALL ON ... is not for a migration: noren changes tables, indexes, rows, views, triggers and routines",
		"ALTER TABLE a FORCE ALGORITHM=COPY": `noren does not know "ALGORITHM" at "FORCE ALGORITHM" in ALTER TABLE a ...: only what it fully understands is executed`,
		"ALTER TABLE":                        "ALTER TABLE: the statement ends too early",
	} {
		if _, err := Parse(sql, mysql8); err == nil || err.Error() != want {
			t.Errorf("%s:\n got %v\nwant %s", sql, err, want)
		}
	}
}

func TestWith(t *testing.T) {
	online := Rung{"INPLACE", "NONE"}
	for sql, want := range map[string]string{
		"ALTER TABLE a ADD b INT":                            "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE, ADD b INT",
		"ALTER TABLE a":                                      "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE",
		"ALTER TABLE a PARTITION BY HASH (b)":                "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE PARTITION BY HASH (b)",
		"ALTER TABLE a REMOVE PARTITIONING":                  "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE REMOVE PARTITIONING",
		"ALTER TABLE a ALGORITHM=COPY, ADD b INT":            "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE,   ADD b INT",
		"ALTER TABLE a ADD b INT, LOCK = SHARED":             "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE, ADD b INT ",
		"ALTER TABLE a ADD b INT, ALGORITHM=COPY, LOCK=NONE": "ALTER TABLE a ALGORITHM=INPLACE, LOCK=NONE, ADD b INT  ",
		"ALTER TABLE `a`LOCK=SHARED, ADD b INT":              "ALTER TABLE `a` ALGORITHM=INPLACE, LOCK=NONE,  ADD b INT",
		"CREATE INDEX i ON a (b) LOCK=NONE":                  "CREATE INDEX i ON a (b)   ALGORITHM=INPLACE LOCK=NONE",
		"CREATE INDEX i ON a (`lock`)":                       "CREATE INDEX i ON a (`lock`) ALGORITHM=INPLACE LOCK=NONE",
		"OPTIMIZE TABLE a.b":                                 "ALTER TABLE `a`.`b` ALGORITHM=INPLACE, LOCK=NONE, FORCE",
		"DROP TABLE a":                                       "DROP TABLE a",
	} {
		s, err := Parse(sql, mysql8)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		if got := s.With(online); got != want {
			t.Errorf("%s:\n got %q\nwant %q", sql, got, want)
		}
	}
}

func TestRungsKeepTheAuthorsClauses(t *testing.T) {
	for sql, want := range map[string]int{
		"ALTER TABLE a ADD b INT":                              4,
		"ALTER TABLE a ADD b INT, ALGORITHM=DEFAULT":           4,
		"ALTER TABLE a ADD b INT, ALGORITHM=INSTANT":           1,
		"ALTER TABLE a ADD b INT, ALGORITHM=INPLACE":           2,
		"ALTER TABLE a ADD b INT, LOCK=NONE":                   2,
		"ALTER TABLE a ADD b INT, ALGORITHM=COPY, LOCK=SHARED": 1,
		"ALTER TABLE a ADD b INT, LOCK=EXCLUSIVE":              0,
	} {
		s, err := Parse(sql, mysql8)
		if err != nil || len(s.Rungs()) != want {
			t.Errorf("%s: got %v, %v, want %d rungs", sql, s.Rungs(), err, want)
		}
	}
}
