//go:build mysql

package ddl

import (
	"strings"
	"testing"
)

// TestPlan_TriesViewsTriggersAndRows checks that what no longer works after a
// statement, and what never would, is named before anything runs.
func TestPlan_TriesViewsTriggersAndRows(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		_, root := manyReports(t, s, 1000)
		execute(t, root, "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(50), state VARCHAR(10))",
			"CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n",
			"CREATE VIEW titles AS SELECT id, title AS t, state FROM reports WHERE visits > 0",
			"CREATE VIEW upper_titles AS SELECT UPPER(t) AS u, sites.name FROM titles JOIN sites ON sites.id = titles.id",
			"CREATE VIEW calling AS SELECT twice(visits) AS n FROM reports",
			"CREATE TRIGGER noted BEFORE INSERT ON reports FOR EACH ROW BEGIN DECLARE w VARCHAR(50); SET w = NEW.title; IF NEW.note IS NULL THEN SET NEW.note = 'x'; END IF; INSERT INTO log (what) VALUES (w); END")
		db := s.reopen(t, "ddl_run")
		for _, test := range []struct {
			sql  string
			want string // in the problems of the statements; "" if all are allowed
		}{
			{"ALTER TABLE reports DROP COLUMN title", "view `titles` no longer works"},
			{"ALTER TABLE reports DROP COLUMN title", "view `upper_titles` no longer works"},
			{"ALTER TABLE reports DROP COLUMN title", "trigger `noted` fails from then on, and with it what fires it on `reports`: `reports` has no column `title`"},
			{"ALTER TABLE reports CHANGE note remark VARCHAR(20)", "has no column `note`"},
			{"ALTER TABLE reports RENAME COLUMN state TO seen", "view `titles` no longer works"},
			{"ALTER TABLE reports DROP COLUMN body", ""},
			{"ALTER TABLE reports ADD c INT", ""},
			{"ALTER TABLE reports MODIFY title VARCHAR(60) NOT NULL", ""},
			{"RENAME TABLE reports TO old", "view `titles` no longer works"},
			{"ALTER TABLE reports RENAME TO old", "view `titles` no longer works"},
			{"RENAME TABLE sites TO places", "view `upper_titles` no longer works"},
			{"ALTER TABLE log DROP COLUMN what", "trigger `noted` fails from then on"},
			{"ALTER TABLE log DROP COLUMN state", ""},
			{"RENAME TABLE log TO logs", "trigger `noted` fails from then on"},
			{"DROP TABLE log", "trigger `noted` fails from then on"},
			{"DROP VIEW upper_titles; DROP VIEW titles; DROP TRIGGER noted; ALTER TABLE reports DROP COLUMN title", ""},
			{"ALTER TABLE reports DROP COLUMN state; CREATE OR REPLACE VIEW titles AS SELECT id, title AS t FROM reports", ""},
			{"CREATE OR REPLACE VIEW titles AS SELECT id, title AS called FROM reports", "view `upper_titles` no longer works: Unknown column"},
			{"ALTER VIEW titles AS SELECT id, title AS called FROM reports", "view `upper_titles` no longer works: Unknown column"},
			{"CREATE OR REPLACE VIEW titles AS SELECT id, title AS t, visits FROM reports", ""},
			{"CREATE OR REPLACE VIEW titles AS SELECT id, title AS called FROM reports; CREATE OR REPLACE VIEW upper_titles AS SELECT called FROM titles", ""},
			{"DROP VIEW titles", "view `upper_titles` no longer works: Table 'titles' doesn't exist"},
			{"DROP VIEW titles; CREATE VIEW titles AS SELECT id, title AS t FROM reports", ""},
			{"DROP VIEW titles; CREATE VIEW titles AS SELECT id FROM reports", "view `upper_titles` no longer works"},
			{"CREATE VIEW v AS SELECT t FROM titles; CREATE OR REPLACE VIEW titles AS SELECT id FROM reports", "view `v` no longer works"},
			{"CREATE VIEW v AS SELEC 1", "syntax"},
			{"CREATE VIEW v AS SELECT nosuch FROM reports", "nosuch"},
			{"CREATE VIEW v AS SELECT id FROM nowhere", "nowhere"},
			{"CREATE VIEW v AS SELECT id FROM reports UNION SELECT id FROM sites WITH CHECK OPTION", "CHECK OPTION"},
			{"CREATE VIEW v AS SELECT id, id FROM reports", "Duplicate column"},
			{"CREATE VIEW v AS SELECT r.id, s.name FROM reports r JOIN sites s ON s.id = r.site_id; ALTER TABLE sites DROP COLUMN name", "view `v` no longer works"},
			{"ALTER TABLE reports ADD region INT; CREATE VIEW v AS SELECT region FROM reports", ""},
			{"CREATE VIEW v AS SELECT twice(id) AS n FROM reports", ""},
			{"CREATE TRIGGER two AFTER UPDATE ON reports FOR EACH ROW SETT @x = 1", "syntax"},
			{"CREATE TRIGGER two AFTER UPDATE ON reports FOR EACH ROW INSERT INTO log (what) VALUES (NEW.nosuch)", "has no column `nosuch`"},
			{"CREATE TRIGGER two AFTER UPDATE ON reports FOR EACH ROW INSERT INTO log (nosuch) VALUES (NEW.title)", "nosuch"},
			{"CREATE TRIGGER two AFTER UPDATE ON reports FOR EACH ROW INSERT INTO log (what) VALUES (NEW.title)", ""},
			{"CREATE PROCEDURE p() BEGIN SELEC 1; END", "syntax"},
			{"CREATE PROCEDURE p() BEGIN SELECT 1; END", ""},
			{"DROP VIEW nowhere", "there is no view"},
			{"DROP VIEW IF EXISTS nowhere", ""},
			{"UPDATE reports SET nosuch = 1 WHERE id = 1", "nosuch"},
			{"UPDATE nowhere SET a = 1", "nowhere"},
			{"UPDATE reports SET visits = 1 WHERE", "syntax"},
			{"INSERT INTO sites (id) VALUES (1, 2)", "Column count"},
			{"INSERT INTO sites (id, name) VALUES (9, 'west')", ""},
			{"ALTER TABLE sites ADD country VARCHAR(2); INSERT INTO sites (id, country) VALUES (9, 'de'); DELETE FROM sites WHERE sites.country = 'de' AND sites.id = 9", ""},
			{"CREATE TABLE fresh (id INT PRIMARY KEY); INSERT INTO fresh VALUES (1); INSERT INTO fresh SELECT 1 FROM sites LIMIT 1", ""},
			{"DELETE FROM titles WHERE nosuch = 1", "nosuch"},
		} {
			plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Stopped, Policy: Any})
			if err != nil {
				t.Errorf("%s: %v", test.sql, err)
				continue
			}
			var all []string
			for _, step := range plan.Steps {
				all = append(all, step.Problems...)
			}
			got := strings.Join(all, "\n")
			if !strings.Contains(strings.ToLower(got), strings.ToLower(test.want)) || (got == "") != (test.want == "") || strings.Contains(got, "noren_scratch") {
				t.Errorf("%s: got %q, want %q", test.sql, got, test.want)
			}
		}
		noScratch(t, db)
	})
}

// TestRun_FindsMissingRightsFirst checks that missing rights are found before the
// first statement.
func TestRun_FindsMissingRightsFirst(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		_, root := manyReports(t, s, 1000)
		execute(t, root, "DROP USER IF EXISTS narrow@localhost", "CREATE USER narrow@localhost",
			"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON ddl_run.* TO narrow@localhost", "GRANT ALL ON noren_scratch.* TO narrow@localhost",
			"GRANT PROCESS ON *.* TO narrow@localhost", "GRANT SELECT ON performance_schema.* TO narrow@localhost")
		t.Cleanup(func() { execute(t, s.pool(t, ""), "DROP USER narrow@localhost") })
		config := s.config(t, "ddl_run")
		config.User, config.Passwd = "narrow", ""
		db, err := OpenDatabase(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, err = runText(t.Context(), db, `ALTER TABLE reports ADD c INT; CREATE INDEX i ON reports (c); DROP TABLE sites; CREATE VIEW v AS SELECT 1;
			CREATE TRIGGER two BEFORE INSERT ON reports FOR EACH ROW SET NEW.c = 1; CREATE PROCEDURE p() SELECT 1`, unrehearsed(func(Event) {}))
		if err == nil {
			t.Fatal("it ran")
		}
		for _, want := range []string{"statement 2 (line 1): the user lacks INDEX", "statement 3 (line 1): the user lacks DROP", "lacks CREATE VIEW", "lacks TRIGGER", "lacks CREATE ROUTINE"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q in it", err, want)
			}
		}
		if n := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND column_name = 'c'"); n != 0 {
			t.Error("the first statement was executed")
		}
	})
}
