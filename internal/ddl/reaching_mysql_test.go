//go:build mysql

package ddl

import (
	"strings"
	"testing"
)

// TestPlan_JudgesWhatReachesAWaitingTable checks that writers of a table wait
// together with a table that is copied, however long the chain of triggers and
// foreign keys between them is.
func TestPlan_JudgesWhatReachesAWaitingTable(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct {
			name    string
			tables  []string
			written string
			want    string // "" if it does not wait
		}{
			{"a grandparent that deletes on", []string{
				"CREATE TABLE written (id INT PRIMARY KEY)",
				"CREATE TABLE middle (id INT PRIMARY KEY, w INT, FOREIGN KEY (w) REFERENCES written (id) ON DELETE CASCADE)",
				"CREATE TABLE copied (id INT PRIMARY KEY, m INT, n INT, FOREIGN KEY (m) REFERENCES middle (id) ON DELETE CASCADE)",
			}, "written", "deleted or updated in `middle`"},
			{"a grandparent that does not", []string{
				"CREATE TABLE written (id INT PRIMARY KEY)",
				"CREATE TABLE middle (id INT PRIMARY KEY, w INT, FOREIGN KEY (w) REFERENCES written (id))",
				"CREATE TABLE copied (id INT PRIMARY KEY, m INT, n INT, FOREIGN KEY (m) REFERENCES middle (id) ON DELETE CASCADE)",
			}, "written", ""},
			{"a trigger of a trigger", []string{
				"CREATE TABLE copied (id INT PRIMARY KEY, n INT)", "CREATE TABLE middle (id INT PRIMARY KEY)", "CREATE TABLE written (id INT PRIMARY KEY)",
				"CREATE TRIGGER one AFTER INSERT ON written FOR EACH ROW INSERT INTO middle VALUES (NEW.id)",
				"CREATE TRIGGER two AFTER INSERT ON middle FOR EACH ROW INSERT INTO copied (id) VALUES (NEW.id)",
			}, "written", "its trigger `one` writes to `middle`"},
			{"a trigger that writes a parent", []string{
				"CREATE TABLE middle (id INT PRIMARY KEY, n INT)", "CREATE TABLE written (id INT PRIMARY KEY)",
				"CREATE TABLE copied (id INT PRIMARY KEY, m INT, n INT, FOREIGN KEY (m) REFERENCES middle (id))",
				"CREATE TRIGGER one AFTER INSERT ON written FOR EACH ROW UPDATE middle SET n = n + 1 WHERE id = NEW.id",
			}, "written", "its trigger `one` writes to `middle`"},
			{"a trigger that calls", []string{
				"CREATE TABLE copied (id INT PRIMARY KEY, n INT)", "CREATE TABLE written (id INT PRIMARY KEY)",
				"CREATE PROCEDURE add_one(x INT) INSERT INTO copied (id) VALUES (x)",
				"CREATE TRIGGER one AFTER INSERT ON written FOR EACH ROW CALL add_one(NEW.id)",
			}, "written", "calls what may write to `copied`"},
			{"a trigger that only reads", []string{
				"CREATE TABLE copied (id INT PRIMARY KEY, n INT)", "CREATE TABLE written (id INT PRIMARY KEY, n INT)",
				"CREATE TRIGGER one BEFORE INSERT ON written FOR EACH ROW SET NEW.n = (SELECT MAX(n) FROM copied)",
			}, "written", ""},
		} {
			db := s.open(t, "ddl_run")
			execute(t, s.pool(t, "ddl_run"), test.tables...)
			plan, err := planText(t.Context(), db, "ALTER TABLE copied MODIFY n BIGINT", PlanOptions{Writes: Stopped, StillWritten: []string{test.written}, Policy: Any})
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			got := strings.Join(plan.Steps[0].Problems, "\n")
			if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
	})
}

// TestPlan_NamesWhatUsesADroppedColumn checks that queries of triggers are tried,
// and that what cannot be tried is named.
func TestPlan_NamesWhatUsesADroppedColumn(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		root := s.pool(t, "")
		for _, test := range []struct{ made, problem, note string }{
			{"CREATE TRIGGER one BEFORE INSERT ON o FOR EACH ROW SET NEW.n = (SELECT MAX(a) FROM t WHERE id = NEW.id)", "trigger `one` fails from then on", ""},
			{"CREATE TRIGGER one BEFORE INSERT ON o FOR EACH ROW BEGIN DECLARE x INT; SELECT a INTO x FROM t LIMIT 1; SET NEW.n = x; END", "trigger `one` fails from then on", ""},
			{"CREATE TRIGGER one BEFORE INSERT ON o FOR EACH ROW BEGIN DECLARE x INT; DECLARE c CURSOR FOR SELECT a FROM t; OPEN c; FETCH c INTO x; CLOSE c; SET NEW.n = x; END", "trigger `one` fails from then on", ""},
			{"CREATE TRIGGER one BEFORE INSERT ON o FOR EACH ROW SET NEW.n = (SELECT MAX(id) FROM t)", "", ""},
			{"CREATE PROCEDURE p() SELECT a FROM t", "", "procedure `ddl_run`.`p`"},
			{"CREATE FUNCTION f() RETURNS INT READS SQL DATA RETURN (SELECT MAX(a) FROM t)", "", "function `ddl_run`.`f`"},
			{"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE a = 1", "", "event `ddl_run`.`e`"},
			{"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM tt WHERE a = 1", "", ""},
			{"CREATE VIEW ddl_other.v AS SELECT a FROM ddl_run.t", "", "view `ddl_other`.`v`"},
			{"CREATE TRIGGER ddl_other.one AFTER INSERT ON ddl_other.o FOR EACH ROW INSERT INTO ddl_run.t (id, a) VALUES (NEW.id, 1)", "", "trigger `ddl_other`.`one`"},
		} {
			execute(t, root, "DROP DATABASE IF EXISTS ddl_other", "CREATE DATABASE ddl_other", "CREATE TABLE ddl_other.o (id INT PRIMARY KEY)")
			db := s.open(t, "ddl_run")
			execute(t, s.pool(t, "ddl_run"), "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "CREATE TABLE o (id INT PRIMARY KEY, n INT)", test.made)
			plan, err := planText(t.Context(), db, "ALTER TABLE t DROP COLUMN a", PlanOptions{Writes: Stopped, Policy: Any})
			if err != nil {
				t.Fatalf("%s: %v", test.made, err)
			}
			step := plan.Steps[0]
			problems, notes := strings.Join(step.Problems, "\n"), strings.Join(step.Notes, "\n")
			if !strings.Contains(problems, test.problem) || (problems == "") != (test.problem == "") {
				t.Errorf("%s: got the problems %q, want %q", test.made, problems, test.problem)
			}
			if !strings.Contains(notes, test.note) || strings.Contains(notes, "not tried") != (test.note != "") {
				t.Errorf("%s: got the notes %q, want %q", test.made, notes, test.note)
			}
		}
		execute(t, root, "DROP DATABASE IF EXISTS ddl_other")
	})
}
