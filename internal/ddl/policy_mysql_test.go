//go:build mysql

package ddl

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

func TestAdditivePolicy(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		for _, test := range []struct {
			sql  string
			want string // in the problem; "" if it is allowed
		}{
			{"CREATE TABLE regions (id INT PRIMARY KEY)", ""},
			{"ALTER TABLE reports ADD c INT", ""},
			{"ALTER TABLE reports ADD c INT NULL DEFAULT NULL COMMENT 'x', ADD d VARCHAR(5) AFTER title", ""},
			{"ALTER TABLE reports ADD c INT NOT NULL", "an INSERT without `c` fails"},
			{"ALTER TABLE reports ADD c INT DEFAULT 1", ""},
			{"ALTER TABLE reports ADD c INT NOT NULL DEFAULT 1", ""},
			{"ALTER TABLE reports ADD c INT AS (visits) VIRTUAL", ""},
			{"ALTER TABLE reports ADD c INT, ADD INDEX (c)", ""},
			{"ALTER TABLE reports ADD c INT UNIQUE", ""},
			{"ALTER TABLE reports ADD c INT, ADD UNIQUE (site_id)", "its writes fail that break UNIQUE KEY"},
			{"ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "its writes fail that break"},
			{"ALTER TABLE reports ADD c INT, DROP COLUMN note", "statements that name `note` fail"},
			{"ALTER TABLE reports ADD c INT, RENAME TO old", "the table has another name"},
			{"ALTER TABLE reports ADD c INT, COMMENT 'x'", ""},
			{"ALTER TABLE reports COMMENT 'x'", "this is neither"},
			{"ALTER TABLE reports MODIFY note VARCHAR(60) DEFAULT NULL", ""},
			{"ALTER TABLE reports MODIFY note VARCHAR(10) DEFAULT NULL", "values that no longer fit"},
			{"ALTER TABLE reports MODIFY note VARCHAR(20) NOT NULL", "or with NULL, fails"},
			{"ALTER TABLE reports MODIFY state ENUM('draft','sent','read') NOT NULL DEFAULT 'draft'", ""},
			{"ALTER TABLE reports ALTER state DROP DEFAULT", "an INSERT without `state` fails"},
			{"CREATE TABLE IF NOT EXISTS regions (id INT PRIMARY KEY)", ""},
			{"CREATE TABLE regions LIKE reports", ""},
			{"CREATE TABLE regions (id INT PRIMARY KEY, site_id INT NOT NULL); ALTER TABLE regions ADD CONSTRAINT at FOREIGN KEY (site_id) REFERENCES sites (id), DROP COLUMN id", ""},
			{"ALTER TABLE reports ADD c INT, DROP COLUMN note, ADD COLUMN note VARCHAR(20) DEFAULT NULL", "`note` is another column"},
			{"ALTER TABLE reports DROP COLUMN Note, ADD COLUMN note VARCHAR(20) DEFAULT NULL", "`note` is another column"},
			{"ALTER TABLE reports RENAME COLUMN note TO old, ADD COLUMN note VARCHAR(20) DEFAULT NULL", "`note` is another column"},
			{"ALTER TABLE reports CHANGE note old VARCHAR(20), ADD COLUMN note VARCHAR(20) DEFAULT NULL", "`note` is another column"},
			{"ALTER TABLE reports ADD x INT, ADD y INT; ALTER TABLE reports RENAME COLUMN x TO y, RENAME COLUMN y TO x", "`x` is another column"},
			{"ALTER TABLE reports RENAME COLUMN note TO NOTE, ADD c INT", ""},
			{"ALTER TABLE reports ADD c INT, MODIFY note VARCHAR(20) DEFAULT NULL FIRST", "their order changes"},
			{"ALTER TABLE reports ADD c INT FIRST", ""},
			{"ALTER TABLE reports ADD c INT, ALTER visits SET DEFAULT 7", "`visits` the value is another"},
			{"ALTER TABLE reports ADD c INT NOT NULL DEFAULT 0 UNIQUE", "its writes fail that break UNIQUE KEY"},
			{"ALTER TABLE reports ADD c VARCHAR(5) DEFAULT '' UNIQUE", "its writes fail that break UNIQUE KEY"},
			{"ALTER TABLE reports ADD c INT NOT NULL DEFAULT 0, ADD d INT, ADD UNIQUE (c, d)", ""},
			{"ALTER TABLE reports ADD c INT NOT NULL DEFAULT 0 CHECK (c > 0)", "its writes fail that break"},
			{"ALTER TABLE reports ADD c JSON", ""},
			{"ALTER TABLE reports DROP COLUMN note", "statements that name `note` fail"},
			{"ALTER TABLE reports CHANGE note remark VARCHAR(20)", "statements that name `note` fail"},
			{"TRUNCATE reports", "rows are lost: TRUNCATE"},
			{"CREATE VIEW v AS SELECT 1", ""},
			{"CREATE OR REPLACE VIEW v AS SELECT 1", "does something else"},
			{"RENAME TABLE sites TO old", "the table has another name"},
			{"DROP TABLE sites", "rows are lost: DROP TABLE"},
			{"CREATE INDEX i ON reports (note)", "this is neither"},
			{"DROP INDEX by_title ON reports", "this is neither"},
			{"CREATE UNIQUE INDEX i ON reports (note); DROP INDEX i ON reports", "REPLACE add rows where UNIQUE KEY"},
			{"CREATE UNIQUE INDEX i ON reports (note); ALTER TABLE reports DROP INDEX i, ADD INDEX j (note)", "REPLACE add rows where UNIQUE KEY"},
			{"CREATE UNIQUE INDEX i ON reports (note); ALTER TABLE reports RENAME INDEX i TO j", "this is neither"},
			{"CREATE UNIQUE INDEX i ON reports (note); ALTER TABLE reports DROP INDEX i, ADD UNIQUE INDEX j (note)", "this is neither"},
			{"ALTER TABLE sites DROP PRIMARY KEY", "REPLACE add rows where PRIMARY KEY"},
			{"ALTER TABLE reports ADD CONSTRAINT f FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE; ALTER TABLE reports DROP FOREIGN KEY f", "stays in the rows"},
			{"ALTER TABLE reports ADD CONSTRAINT f FOREIGN KEY (site_id) REFERENCES sites (id); ALTER TABLE reports DROP FOREIGN KEY f", ""},
			{"ALTER TABLE reports DROP CONSTRAINT some_visits", ""},
			{"CREATE UNIQUE INDEX i ON reports (note)", "its writes fail that break"},
			{"UPDATE reports SET note = 1", "this is neither"},
		} {
			plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, Policy: Additive})
			if err != nil {
				t.Errorf("%s: %v", test.sql, err)
				continue
			}
			got := strings.Join(plan.Steps[len(plan.Steps)-1].Problems, "\n")
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%s: got %q, want %q", test.sql, got, test.want)
			}
		}
	})
}

// TestPlan_AnotherWay checks that a plan suggests a maintenance only if the
// statement is allowed in one.
func TestPlan_AnotherWay(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct{ first, sql string }{
			{"", "ALTER TABLE reports MODIFY visits BIGINT"},
			{"", "ALTER TABLE reports MODIFY visits BIGINT; ALTER TABLE reports ADD c INT"},
			{byYear, "ALTER TABLE reports REORGANIZE PARTITION p1 INTO (PARTITION p1 VALUES LESS THAN (2010), PARTITION p11 VALUES LESS THAN (2020))"},
			{byHash, "ALTER TABLE reports COALESCE PARTITION 2"},
			{"", "ALTER TABLE reports PARTITION BY HASH (id) PARTITIONS 4"},
		} {
			db, root := manyReports(t, s, 1000)
			execute(t, root, statements(t, test.first)...)
			live, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Live, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			stopped, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			if live.Allowed() || strings.HasPrefix(live.Advice, inMaintenance) != stopped.Allowed() {
				t.Errorf("%s: allowed live %v, with writes stopped %v, and the advice is %q", test.sql, live.Allowed(), stopped.Allowed(), live.Advice)
			}
		}
	})
}

// TestAdditivePolicy_RefusesToReplaceTables checks that no spelling of MariaDB's
// replacing of a table, with its rows, is additive.
func TestAdditivePolicy_RefusesToReplaceTables(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		for _, sql := range []string{"CREATE OR REPLACE TABLE reports (id INT PRIMARY KEY)", "create or replace table reports like sites", "/*M!100000 CREATE OR REPLACE */ TABLE reports (id INT)"} {
			plan, err := planText(t.Context(), db, sql, PlanOptions{Writes: Stopped, Policy: Additive})
			if err == nil && plan.Allowed() {
				t.Errorf("%s is allowed", sql)
			}
		}
		for _, sql := range []string{"CREATE TABLE n SELECT 1", "CREATE TABLE n TABLE sites", "CREATE TABLE n VALUES ROW(1)", "CREATE TABLE n (id INT) AS SELECT 1", "CREATE TABLE n ENGINE=InnoDB WITH x AS (SELECT 1 AS a) SELECT * FROM x", "CREATE TABLE n (SELECT 1)"} {
			if _, err := planText(t.Context(), db, sql, PlanOptions{Writes: Stopped, Policy: Additive}); err == nil || !strings.Contains(err.Error(), "CREATE TABLE ... SELECT") {
				t.Errorf("%s: got %v, want a refusal", sql, err)
			}
		}
	})
}

// TestPlan_JudgesTheParentsOfACopy checks that a copy of a table with a foreign
// key, which locks rows of the parent for as long as it takes, is judged for
// those who write to the parent.
func TestPlan_JudgesTheParentsOfACopy(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct {
			first, sql string
			want       string // in the problem; "" if it is allowed
		}{
			{"", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "writes to `sites` would wait"},
			{"", "SET foreign_key_checks = 0; ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", ""},
			{"ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", "writes to `sites` would wait"},
			{"ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "ALTER TABLE reports ADD c INT", ""},
			{"", "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", ""},
			{"ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "SET foreign_key_checks = 0; ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", ""},
			{"ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE", "SET foreign_key_checks = 0; ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", "what is deleted or updated there is deleted or updated in `reports`"},
			{"CREATE TRIGGER counts AFTER UPDATE ON sites FOR EACH ROW UPDATE reports SET visits = 0 WHERE site_id = NEW.id", "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", "its trigger `counts` writes to `reports`"},
			{"CREATE TRIGGER counts AFTER UPDATE ON sites FOR EACH ROW UPDATE reports SET visits = 0 WHERE site_id = NEW.id", "ALTER TABLE reports ADD INDEX i (site_id)", ""},
			{"", "CREATE TABLE fresh (id INT PRIMARY KEY, site_id INT NOT NULL); ALTER TABLE fresh ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", ""},
			{"", "CREATE TABLE fresh (id INT PRIMARY KEY, site_id INT NOT NULL); INSERT INTO fresh SELECT id, site_id FROM reports; ALTER TABLE fresh ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)", "writes to `sites` would wait"},
		} {
			db, root := manyReports(t, s, 2000)
			execute(t, root, statements(t, test.first)...)
			plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, StillWritten: []string{"sites"}, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(plan.Steps[len(plan.Steps)-1].Problems, "\n")
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%s: got %q, want %q", test.sql, got, test.want)
			}
			if strings.Contains(test.want, "`sites`") && !strings.Contains(got, "foreign_key_checks = 0") {
				t.Errorf("%s: %q does not say what to do instead", test.sql, got)
			}
		}
	})
}

// TestRun_GoesDownTheLadder checks that the next rung is taken if the table
// refuses what its empty copy accepted, here because it once had a FULLTEXT
// index.
func TestRun_GoesDownTheLadder(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		execute(t, root, "ALTER TABLE reports ADD FULLTEXT words (body)", "ALTER TABLE reports DROP INDEX words")
		var seen events
		if _, err := runText(t.Context(), db, "ALTER TABLE reports ADD COLUMN c INT", unrehearsed(seen.report)); err != nil {
			t.Error(err)
		}
		t.Logf("%v", seen.of(EventNote))
	})
}

// TestStillWrittenTables checks that with writes stopped, tables that are still
// written are judged as live.
func TestStillWrittenTables(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		plan, err := planText(t.Context(), db, "ALTER TABLE reports MODIFY visits BIGINT; ALTER TABLE sites MODIFY name VARCHAR(300);",
			PlanOptions{Writes: Stopped, StillWritten: []string{"sites"}, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		if !plan.Steps[0].Allowed() || plan.Steps[1].Allowed() {
			t.Errorf("got %q and %q, want only sites to be refused", plan.Steps[0].Problems, plan.Steps[1].Problems)
		}
	})
}

func TestStillWrittenTablesMustExist(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		_, err := planText(t.Context(), db, "ALTER TABLE sites FORCE", PlanOptions{Writes: Stopped, StillWritten: []string{"sites", "site"}, Policy: Any})
		if err == nil || err.Error() != `there is no table "site" in "ddl_run" that could be still written` {
			t.Errorf("got %v, want it to name the table that is missing", err)
		}
	})
}

// TestPlanAndRunWithFewRights uses the grants of the user that changes the schema
// on Aurora MySQL 3: only on its schema and one scratch schema.
func TestPlanAndRunWithFewRights(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		_, root := manyReports(t, s, 1000)
		const tables = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES"
		execute(t, root, "DROP USER IF EXISTS schemachange@localhost", "CREATE USER schemachange@localhost",
			"GRANT "+tables+" ON ddl_run.* TO schemachange@localhost", "GRANT "+tables+" ON noren_scratch.* TO schemachange@localhost",
			"GRANT SELECT ON performance_schema.* TO schemachange@localhost")
		t.Cleanup(func() { execute(t, s.pool(t, ""), "DROP USER schemachange@localhost") })
		config := s.config(t, "ddl_run")
		config.User, config.Passwd = "schemachange", ""
		login := Login{DSN: config.FormatDSN()}
		if _, err := login.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "PROCESS") {
			t.Errorf("got %v, want it to ask for PROCESS", err)
		}
		execute(t, root, "GRANT PROCESS ON *.* TO schemachange@localhost")
		db, err := login.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT; ALTER TABLE reports ADD FOREIGN KEY (site_id) REFERENCES sites (id), ALGORITHM=COPY; UPDATE reports SET c = 1",
			RunOptions{PlanOptions: PlanOptions{Writes: Stopped, Policy: Any}, WithoutRehearsal: true, Sample: 1, Report: func(Event) {}}); err != nil {
			t.Error(err)
		}
		noScratch(t, db)
	})
}

// TestPlanCountsRowVersions checks that the row versions that INSTANT leaves,
// which the shadow does not have, are counted.
func TestPlanCountsRowVersions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		limit := db.Server.rowVersionLimit()
		if limit == 0 {
			return // this server does not count
		}
		for i := range limit - 1 {
			execute(t, root, fmt.Sprintf("ALTER TABLE reports ADD c%d INT, ALGORITHM=INSTANT", i))
		}
		const change = "ALTER TABLE reports ADD x INT; ALTER TABLE reports ADD y INT; ALTER TABLE reports ADD z INT;"
		plan, err := planText(t.Context(), db, change, PlanOptions{Writes: Live, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, sql := range []string{"ALTER TABLE reports ADD x INT", "ALTER TABLE reports ADD y INT", "ALTER TABLE reports ADD z INT"} {
			got = append(got, plan.Steps[i].String())
			if was := reality(t, db, sql); !strings.HasPrefix(was, plan.Steps[i].String()+" ") {
				t.Errorf("%s: planned %s, was %s", sql, plan.Steps[i].Rung, was)
			}
		}
		if want := "INSTANT INPLACE/NONE INSTANT"; strings.Join(got, " ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestPlanOnAnOldAurora checks that plan knows the problem with INPLACE changes
// on an old Aurora.
func TestPlanOnAnOldAurora(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct {
			aurora string
			writes Writes
			want   Rung
			reads  bool
		}{
			{"3.04.0", Stopped, sqltext.CopyShared, true},
			{"3.04.0", Live, Rung{Algorithm: "INPLACE", Lock: "NONE"}, false},
			{"3.10.0", Stopped, sqltext.CopyShared, true},
			{"3.10.0", Live, Rung{Algorithm: "INPLACE", Lock: "NONE"}, true},
		} {
			db, _ := manyReports(t, s, 1000)
			db.Server.Aurora = test.aurora
			plan, err := planText(t.Context(), db, "ALTER TABLE reports ADD INDEX by_site (site_id); ALTER TABLE reports DROP INDEX by_site, ADD INDEX by_site (site_id, title)", PlanOptions{Writes: test.writes, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range plan.Steps {
				if !strings.Contains(strings.Join(step.Notes, "\n"), "interrupts the connections of its readers") {
					t.Errorf("Aurora %s: it does not say what happens at the readers: %q", test.aurora, step.Notes)
				}
				if step.Rung != test.want || step.Reads != test.reads || step.Allowed() != test.reads {
					t.Errorf("Aurora %s, writes %s: got %s, reads %v, %q; want %s, reads %v", test.aurora, test.writes, step.Rung, step.Reads, step.Problems, test.want, test.reads)
				}
			}
		}
	})
}
