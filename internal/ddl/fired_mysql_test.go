//go:build mysql

package ddl

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

// TestRun_PortionsAreTheStatement checks that a statement in portions has the
// same result as the statement in one piece, or is refused with writes live: a
// portion must not find what earlier ones have written.
func TestRun_PortionsAreTheStatement(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		_, root := manyReports(t, s, 11_000)
		execute(t, root, "CREATE TABLE counts (id INT PRIMARY KEY, n INT NOT NULL)", "INSERT INTO counts VALUES (1, 0), (2, 3)",
			"CREATE TABLE photos (id INT PRIMARY KEY, report INT NOT NULL, FOREIGN KEY (report) REFERENCES reports (id) ON DELETE CASCADE)", "INSERT INTO photos SELECT id, id FROM reports WHERE id % 3 = 0",
			"CREATE TABLE notes (id INT PRIMARY KEY, report INT NOT NULL, FOREIGN KEY (report) REFERENCES reports (id))", "INSERT INTO notes SELECT id, id FROM reports",
			"CREATE TABLE seen (at DATETIME(3) NOT NULL ON UPDATE CURRENT_TIMESTAMP(3), id INT NOT NULL, n INT NOT NULL, PRIMARY KEY (at, id))", "INSERT INTO seen SELECT TIMESTAMP('2026-01-01') + INTERVAL id SECOND, id, 0 FROM reports",
			"CREATE VIEW averages AS SELECT AVG(visits) AS a FROM reports", "CREATE VIEW of_averages AS SELECT a FROM averages",
			"CREATE FUNCTION counted() RETURNS INT DETERMINISTIC MODIFIES SQL DATA RETURN 1",
			"CREATE PROCEDURE count_up() UPDATE counts SET n = n + 1 WHERE id = 1",
			"ANALYZE TABLE notes", "ANALYZE TABLE seen")
		if !s.mariaDB() { // it allows no generated column in a primary key
			execute(t, root, "CREATE TABLE ranked (n INT NOT NULL, r INT AS (n % 1000 * 2) STORED, id INT NOT NULL, PRIMARY KEY (r, id))", "INSERT INTO ranked (n, id) SELECT id, id FROM reports", "ANALYZE TABLE ranked")
		}
		tables := []string{"reports", "sites", "counts", "notes"} // what is changed
		db := s.reopen(t, "ddl_run")
		for i, test := range []struct {
			trigger, sql string
			want         string // why it is not done in portions; "" if it is
		}{
			{"", "DELETE FROM notes WHERE report NOT IN (SELECT id FROM sites) -- all of them", ""},
			{"", "UPDATE reports SET note = (SELECT name FROM sites WHERE sites.id = reports.site_id) # all of them", ""},
			{"", "UPDATE reports SET visits = reports.id, reports.note = (SELECT MAX(id) FROM sites WHERE sites.id = 3)", ""},
			{"", "UPDATE reports AS r SET r.visits = r.visits + 1 WHERE r.visits > 3 XOR r.visits < 9", ""},
			{"", "INSERT INTO sites SELECT id + 1000, title FROM reports WHERE NOT EXISTS (SELECT 1 FROM counts WHERE counts.id = reports.id)", ""},
			{"CREATE TRIGGER t1 AFTER UPDATE ON reports FOR EACH ROW UPDATE counts SET n = n + 1 WHERE id = 1", "UPDATE reports SET visits = visits + 1", ""},
			{"CREATE TRIGGER t1 BEFORE INSERT ON reports FOR EACH ROW SET NEW.id = NEW.id + 1", "UPDATE reports SET visits = visits + 1, note = CONCAT(visits, 'x') /* all of them */", ""},

			{"", "DELETE FROM notes WHERE report < (SELECT a FROM (SELECT AVG(report) AS a FROM notes) AS x)", "it reads `notes`, which it changes"},
			{"", "DELETE FROM notes WHERE report < (SELECT a FROM (SELECT AVG(report) AS a FROM ddl_run.notes) AS x)", "it reads `notes`, which it changes"},
			{"", "UPDATE reports SET note = 'x' WHERE EXISTS (SELECT 1 FROM (SELECT id, note FROM reports) AS u WHERE u.id = reports.id - 1 AND u.note IS NULL)", "it reads `reports`, which it changes"},
			{"", "UPDATE reports SET visits = 0 WHERE visits < (SELECT a FROM (SELECT a + 0 AS a FROM of_averages) AS x)", "the view `of_averages`"},
			{"", "INSERT INTO sites SELECT id + 1000, title FROM reports WHERE NOT EXISTS (SELECT 1 FROM sites AS s WHERE s.name = reports.title)", "it reads `sites`, which it changes"},
			{"", "REPLACE INTO reports (id, site_id, title, made) SELECT id + 1, site_id, title, made FROM reports", "it reads `reports`, which it changes"},
			{"", "DELETE FROM reports WHERE (SELECT COUNT(*) FROM photos) > 100 AND id NOT IN (SELECT report FROM notes)", "it reads `photos`, which it changes"},
			{"CREATE TRIGGER t1 AFTER UPDATE ON reports FOR EACH ROW UPDATE counts SET n = n + 1 WHERE id = 1", "UPDATE reports SET visits = (SELECT n FROM counts WHERE id = 1)", "it reads `counts`, which it changes"},
			{"CREATE TRIGGER t1 AFTER UPDATE ON reports FOR EACH ROW CALL count_up()", "UPDATE reports SET visits = (SELECT n FROM counts WHERE id = 1)", "what the trigger `t1` of `reports` writes is not known"},
			{"CREATE TRIGGER t1 BEFORE UPDATE ON reports FOR EACH ROW SET @x = counted()", "UPDATE reports SET visits = (SELECT n FROM counts WHERE id = 1)", "what the trigger `t1` of `reports` writes is not known"},
			{"CREATE TRIGGER t1 BEFORE UPDATE ON reports FOR EACH ROW BEGIN IF (NEW.visits > 3) THEN SET @x = GREATEST(1, (2)); END IF; END", "UPDATE reports SET visits = (SELECT MAX(id) FROM sites)", ""},
			{"CREATE TRIGGER t1 AFTER INSERT ON sites FOR EACH ROW UPDATE reports SET visits = 0 WHERE id = NEW.id - 999", "INSERT INTO sites SELECT id + 1000, title FROM reports WHERE visits > 0", "it reads `reports`, which it changes"},
			{"CREATE TRIGGER t1 BEFORE UPDATE ON reports FOR EACH ROW BEGIN SET NEW.note = 'x', NEW.id = NEW.id + 100000; END", "UPDATE reports SET visits = visits + 1", "the trigger `t1` may change the primary key of `reports`"},
			{"", "UPDATE ranked SET n = n + 1", "the server calculates `r` of the primary key of `ranked`"},
			{"", "UPDATE seen SET n = n + 1", "the server calculates `at` of the primary key of `seen`"},
		} {
			if s.mariaDB() && strings.Contains(test.sql, "ranked") {
				continue
			}
			execute(t, root, "DROP TRIGGER IF EXISTS t1")
			execute(t, root, statements(t, test.trigger)...)
			plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: Live, Policy: Any})
			if err != nil {
				t.Errorf("%s: %v", test.sql, err)
				continue
			}
			step := plan.Steps[0]
			if got := strings.Join(step.Problems, "\n"); !strings.Contains(got, test.want) || (got == "") != (test.want == "") || step.Portions != (test.want == "") {
				t.Errorf("%s: got %q and portions %v, want %q", test.sql, got, step.Portions, test.want)
			}
			if test.want != "" {
				continue
			}
			for _, table := range tables {
				execute(t, root, "DROP TABLE IF EXISTS was_"+table, "CREATE TABLE was_"+table+" AS SELECT * FROM "+table)
			}
			var seen events
			if _, err := Run(t.Context(), db, changeNamed(fmt.Sprint(i), test.sql), unrehearsed(seen.report)); err != nil {
				t.Errorf("%s: %v", test.sql, err)
			}
			inPortions := contents(t, root, tables)
			restore(t, root, tables, test.trigger)
			execute(t, root, test.sql)
			if inOne := contents(t, root, tables); inOne != inPortions {
				t.Errorf("%s leaves in portions\n%s\nand in one piece\n%s", test.sql, inPortions, inOne)
			}
			restore(t, root, tables, "")
		}
	})
}

// contents returns the checksums of tables.
func contents(t *testing.T, root *sql.DB, tables []string) string {
	t.Helper()
	var all strings.Builder
	for _, table := range tables {
		var name, sum string
		if err := root.QueryRow("CHECKSUM TABLE "+table).Scan(&name, &sum); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %s\n", name, sum)
	}
	return all.String()
}

// restore restores the tables, and then a trigger.
func restore(t *testing.T, root *sql.DB, tables []string, trigger string) {
	t.Helper()
	conn, err := root.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	execute(t, conn, "SET foreign_key_checks = 0", "DROP TRIGGER IF EXISTS t1")
	for _, table := range tables {
		execute(t, conn, "DELETE FROM "+table, "INSERT INTO "+table+" SELECT * FROM was_"+table)
	}
	execute(t, conn, statements(t, trigger)...)
	execute(t, conn, "SET foreign_key_checks = 1")
}
