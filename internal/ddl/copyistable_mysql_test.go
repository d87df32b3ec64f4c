//go:build mysql

package ddl

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// wideTable returns a table whose rows are longer than strict mode allows.
func wideTable() string {
	var columns []string
	for i := range 60 {
		columns = append(columns, fmt.Sprintf("c%d VARCHAR(255)", i))
	}
	return "CREATE TABLE old (id INT PRIMARY KEY, " + strings.Join(columns, ", ") + ") CHARACTER SET utf8mb4"
}

// TestPlan_TheCopyIsTheTable checks that the plan knows properties that a
// definition does not show and on which the server's answer depends.
func TestPlan_TheCopyIsTheTable(t *testing.T) {
	long := strings.Repeat("x", 60)
	for _, test := range []struct {
		name  string
		first []string // gives the table its past
		sql   string
		mysql bool // only MySQL has it
	}{
		{"an old row format, a long unique key", []string{"SET GLOBAL innodb_default_row_format = compact", "CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(255))", "SET GLOBAL innodb_default_row_format = dynamic"}, "ALTER TABLE old ADD UNIQUE u (v)", false},
		{"an old row format, a rebuild", []string{"SET GLOBAL innodb_default_row_format = redundant", "CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(255))", "SET GLOBAL innodb_default_row_format = dynamic"}, "ALTER TABLE old FORCE", false},
		{"an old row format, an index after a rebuild", []string{"SET GLOBAL innodb_default_row_format = compact", "CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(255))", "SET GLOBAL innodb_default_row_format = dynamic"}, "ALTER TABLE old FORCE; CREATE INDEX u ON old (v)", false},
		{"a new row format where the old one is usual", []string{"CREATE TABLE old (id INT PRIMARY KEY, v VARCHAR(255), UNIQUE (v))", "SET GLOBAL innodb_default_row_format = compact"}, "ALTER TABLE old ADD c INT", true}, // MariaDB refuses it altogether
		{"had a FULLTEXT index", []string{"CREATE TABLE old (id INT PRIMARY KEY, v TEXT)", "ALTER TABLE old ADD FULLTEXT w (v)", "ALTER TABLE old DROP INDEX w"}, "ALTER TABLE old ADD c INT", false},
		{"had a FULLTEXT index, and another is added", []string{"CREATE TABLE old (id INT PRIMARY KEY, v TEXT)", "ALTER TABLE old ADD FULLTEXT w (v)", "ALTER TABLE old DROP INDEX w"}, "ALTER TABLE old ADD FULLTEXT z (v)", false},
		{"had a FULLTEXT index, and is rebuilt", []string{"CREATE TABLE old (id INT PRIMARY KEY, v TEXT)", "ALTER TABLE old ADD FULLTEXT w (v)", "ALTER TABLE old DROP INDEX w"}, "ALTER TABLE old FORCE; ALTER TABLE old ADD c INT", false},
		{"a name of 60 bytes for a foreign key", []string{"CREATE TABLE p (id INT PRIMARY KEY)", "CREATE TABLE old (id INT PRIMARY KEY, p INT, CONSTRAINT " + long + " FOREIGN KEY (p) REFERENCES p (id))"}, "ALTER TABLE old ADD c INT", false},
		{"a name of 64 bytes", []string{"CREATE TABLE old (id INT PRIMARY KEY)", "RENAME TABLE old TO " + strings.Repeat("y", 64)}, "ALTER TABLE " + strings.Repeat("y", 64) + " ADD c INT", false},
		{"a name of 52 bytes, and a foreign key without a name", []string{"CREATE TABLE p (id INT PRIMARY KEY)", "CREATE TABLE " + strings.Repeat("z", 52) + " (id INT PRIMARY KEY, p INT)"}, "ALTER TABLE " + strings.Repeat("z", 52) + " ADD FOREIGN KEY (p) REFERENCES p (id)", false},
		{"rows that strict mode refuses", []string{"SET SESSION innodb_strict_mode = 0", wideTable(), "SET SESSION innodb_strict_mode = 1"}, "ALTER TABLE old ADD INDEX i (c1)", false},
		{"no primary key, and the server wants one", []string{"CREATE TABLE old (id INT)", "SET GLOBAL sql_require_primary_key = 1"}, "ALTER TABLE old ADD c INT", true},
		{"a scratch schema of another character set", []string{"DROP DATABASE IF EXISTS noren_scratch", "CREATE DATABASE noren_scratch CHARACTER SET latin1"}, "CREATE TABLE fresh (id INT PRIMARY KEY, v VARCHAR(800), UNIQUE (v))", false},
		{"a scratch schema of another character set, a table that names its own", []string{"DROP DATABASE IF EXISTS noren_scratch", "CREATE DATABASE noren_scratch"}, "CREATE TABLE fresh (id INT PRIMARY KEY, v VARCHAR(800), UNIQUE (v)) DEFAULT CHARSET=latin1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			onEveryServer(t, func(t *testing.T, s *testServer) {
				if test.mysql && s.mariaDB() {
					return
				}
				root := s.pool(t, "")
				t.Cleanup(func() {
					execute(t, root, "SET GLOBAL innodb_default_row_format = dynamic", "DROP DATABASE IF EXISTS noren_scratch")
					if !s.mariaDB() {
						execute(t, root, "SET GLOBAL sql_require_primary_key = 0")
					}
				})
				s.open(t, "ddl-field-reports")
				one := single(t, s, "ddl-field-reports")
				execute(t, one, test.first...)
				db := s.reopen(t, "ddl-field-reports")
				plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, Policy: Any})
				if err != nil {
					t.Fatal(err)
				}
				for _, step := range plan.Steps {
					got := fmt.Sprintf("%s rebuild=%v", step.Rung, step.Rebuild)
					if len(step.Problems) > 0 && !step.raises {
						got = "refused"
					}
					if want := reality(t, db, step.SQL); got != want {
						t.Errorf("%s: planned %s, was %s: %q %v", step.SQL, got, want, step.Problems, step.Refusals)
					} else {
						t.Logf("%s: %s", step.SQL, got)
					}
					m := marks{After: step.after}
					for name, after := range m.After {
						now, err := showCreate(t.Context(), db.pool, db.Schema, name)
						if err != nil || settled(now) != settled(after) {
							t.Errorf("%s: the definition was planned as\n%s\nand is\n%s (%v)", step.SQL, after, now, err)
						}
					}
				}
				noShadows(t, db)
			})
		})
	}
}

// single returns a pool with a single session, for SET SESSION.
func single(t *testing.T, s *testServer, schema string) *sql.DB {
	t.Helper()
	pool := s.pool(t, schema)
	pool.SetMaxOpenConns(1)
	return pool
}

// noShadows checks that no run has left a table.
func noShadows(t *testing.T, db *Database) {
	t.Helper()
	left, err := collect[string](t.Context(), db.pool, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", ScratchSchema)
	if err != nil || len(left) > 0 {
		t.Errorf("%s still has %q (%v)", ScratchSchema, left, err)
	}
}

// TestPlan_NamesThePinnedAlgorithm checks that a clause that is too strict is
// reported as the author's.
func TestPlan_NamesThePinnedAlgorithm(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		for _, test := range []struct{ sql, want string }{
			{"ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0, ALGORITHM=INSTANT", "it asks for ALGORITHM=INSTANT, which the server refuses for this change: without it the server does COPY/SHARED"},
			{"ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0, ALGORITHM=INPLACE, LOCK=NONE", "it asks for ALGORITHM=INPLACE, LOCK=NONE, which"},
			{"ALTER TABLE reports ADD INDEX i (site_id), LOCK=EXCLUSIVE", "it asks for LOCK=EXCLUSIVE, which the server refuses for this change: without it the server does INPLACE/NONE"},
			{"ALTER TABLE reports ADD c INT, ALGORITHM=DEFAULT", ""},
			{"ALTER TABLE reports ADD title INT, ALGORITHM=INSTANT", "Duplicate column name"},
		} {
			plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(plan.Steps[0].Problems, "\n")
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") || plan.Advice != "" {
				t.Errorf("%s: got %q and the advice %q, want %q", test.sql, got, plan.Advice, test.want)
			}
		}
	})
}

// TestPlan_TimesOfBeforeMySQL56 checks that any change of a table with such times
// copies it, which its definition does not show. Only MariaDB can still create
// them; MySQL has them in tables from 5.5, up to 8.0, which refuses them.
func TestPlan_TimesOfBeforeMySQL56(t *testing.T) {
	const table = "CREATE TABLE old (id INT PRIMARY KEY, d DATETIME, t TIMESTAMP NULL, v VARCHAR(10), KEY v (v))"
	partitioned := table + " PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN (10), PARTITION b VALUES LESS THAN (20))"
	for _, test := range []struct{ name, table, sql string }{
		{"a column at the end", table, "ALTER TABLE old ADD c INT"},
		{"an index", table, "CREATE INDEX w ON old (v)"},
		{"a dropped index", table, "ALTER TABLE old DROP INDEX v"},
		{"a default", table, "ALTER TABLE old ALTER v SET DEFAULT 'x'"},
		{"a comment", table, "ALTER TABLE old COMMENT 'x'"},
		{"a longer column", table, "ALTER TABLE old MODIFY v VARCHAR(20)"},
		{"one of two such columns dropped", table, "ALTER TABLE old DROP COLUMN d"},
		{"all such columns dropped", table, "ALTER TABLE old DROP COLUMN d, DROP COLUMN t"},
		{"such a column renamed", table, "ALTER TABLE old CHANGE d e DATETIME"},
		{"the table renamed", table, "ALTER TABLE old RENAME TO new"},
		{"the table renamed, and changed", table, "ALTER TABLE old ADD c INT, RENAME TO new"},
		{"another partition", partitioned, "ALTER TABLE old ADD PARTITION (PARTITION c VALUES LESS THAN (30))"},
		{"a change after a copy", table, "ALTER TABLE old FORCE, ALGORITHM=COPY; ALTER TABLE old ADD c INT"},
		{"a change after a change, which copies", table, "ALTER TABLE old ADD c INT; ALTER TABLE old ADD e INT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onEveryServer(t, func(t *testing.T, s *testServer) {
				if !s.mariaDB() {
					return
				}
				root := s.pool(t, "")
				t.Cleanup(func() {
					execute(t, root, "SET GLOBAL mysql56_temporal_format = ON", "DROP DATABASE IF EXISTS noren_scratch")
				})
				s.open(t, "ddl-field-reports")
				execute(t, single(t, s, "ddl-field-reports"), "SET GLOBAL mysql56_temporal_format = OFF", test.table, "SET GLOBAL mysql56_temporal_format = ON")
				db := s.reopen(t, "ddl-field-reports")
				plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, Policy: Any})
				if err != nil {
					t.Fatal(err)
				}
				for _, step := range plan.Steps {
					got := fmt.Sprintf("%s rebuild=%v", step.Rung, step.Rebuild)
					if want := reality(t, db, step.SQL); got != want {
						t.Errorf("%s: planned %s, was %s: %q %v", step.SQL, got, want, step.Problems, step.Refusals)
					}
					for name, after := range step.after {
						now, err := showCreate(t.Context(), db.pool, db.Schema, name)
						if err != nil || settled(now) != settled(after) {
							t.Errorf("%s: the definition was planned as\n%s\nand is\n%s (%v)", step.SQL, after, now, err)
						}
					}
				}
				noShadows(t, db)
			})
		})
	}
}
