//go:build mysql

package ddl

import (
	"fmt"
	"strings"
	"testing"
)

// TestPlan_RefusesWhatARepeatWouldChange checks that what a withdrawn and
// repeated statement, or a resumed run, would do differently is refused, with
// writes live and stopped.
func TestPlan_RefusesWhatARepeatWouldChange(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 11_000)
		execute(t, root, "CREATE TABLE counts (id INT PRIMARY KEY, n INT) ENGINE=MyISAM", "CREATE TABLE numbers (id INT PRIMARY KEY, n INT)")
		for _, test := range []struct{ sql, want string }{
			{"INSERT INTO counts VALUES (1, 1)", "has no transactions"},
			{"UPDATE counts SET n = n + 1", "has no transactions"},
			{"DELETE FROM ddl_run.counts", "has no transactions"},
			{"INSERT INTO counts SELECT id, 1 FROM reports", "has no transactions"},
			{"UPDATE reports, counts SET counts.n = 1 WHERE reports.id = counts.id AND reports.id < 5", "has no transactions"},
			{"CREATE TABLE c (id INT PRIMARY KEY) ENGINE=MEMORY; INSERT INTO c VALUES (1)", "has no transactions"},
			{"INSERT INTO numbers SELECT id, n FROM counts", ""},
			{"ALTER TABLE counts ENGINE=InnoDB; INSERT INTO counts VALUES (1, 1)", ""},

			{"INSERT INTO numbers VALUES (1, 1); INSERT INTO numbers VALUES (LAST_INSERT_ID() + 1, 1)", "LAST_INSERT_ID is not for a migration"},
			{"UPDATE numbers SET n = 1; INSERT INTO numbers VALUES (7, ROW_COUNT())", "ROW_COUNT is not for a migration"},
			{"INSERT INTO numbers VALUES (@@last_insert_id, 1)", "@@last_insert_id is not for a migration"},

			{"SET @n = 0; UPDATE numbers SET n = (@n := @n + 1)", ""},
			{"SET @n = 0; UPDATE numbers SET n = (@n := @n + 1); SET @n = 0; UPDATE numbers SET n = (@N := @n + 1)", ""},
			{"SET @n = 0; UPDATE numbers SET n = (@n := @n + 1); UPDATE numbers SET n = (@N := @n + 1)", "has what statement 2 left in it"},
			{"INSERT INTO numbers VALUES (@x := 5, 1); SET @y = @`X`; UPDATE numbers SET n = @y", "has what statement 1 left in it"},
		} {
			for _, writes := range []Writes{Live, Stopped} {
				plan, err := planText(t.Context(), db, test.sql, PlanOptions{Writes: writes, Policy: Any})
				if err != nil {
					t.Fatalf("%s: %v", test.sql, err)
				}
				var all []string
				for _, step := range plan.Steps {
					if step.Kind == "rows" || step.Kind == "session" {
						all = append(all, step.Problems...)
					}
				}
				got := strings.Join(all, "\n")
				if !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
					t.Errorf("%s, writes %s: got %q, want %q", test.sql, writes, got, test.want)
				}
			}
		}
		plan, err := planText(t.Context(), db, "UPDATE reports SET visits = RAND(7) * 100", PlanOptions{Writes: Live, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(plan.Steps[0].Problems, "\n"); !strings.Contains(got, "RAND with a seed") {
			t.Errorf("numbers of a seed would begin again in every portion: got %q", got)
		}
		if _, err := planText(t.Context(), db, "SET @id = @@identity", PlanOptions{Writes: Live, Policy: Any}); err == nil || !strings.Contains(err.Error(), "find the row by what is in it") {
			t.Errorf("SET @id = @@identity: got %v", err)
		}
	})
}

// TestRun_PortionsCompareKeysAsTheyReadThem checks that no row is left out if a
// migration sets how keys are read and compared.
func TestRun_PortionsCompareKeysAsTheyReadThem(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 11_000)
		for i, key := range []string{"CHAR(20)", "VARCHAR(20) CHARACTER SET utf16", "DATETIME(6)"} {
			value := map[bool]string{true: "TIMESTAMP('2026-01-01') + INTERVAL id MICROSECOND", false: "CONCAT(id, 'a')"}[key == "DATETIME(6)"]
			execute(t, root, "CREATE TABLE keyed (k "+key+" PRIMARY KEY, n INT NOT NULL)", "INSERT INTO keyed SELECT "+value+", 0 FROM reports", "ANALYZE TABLE keyed")
			for j, set := range []string{"sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'", "time_zone = '+09:00', NAMES latin1"} {
				m := changeNamed(fmt.Sprintf("%d_%d.sql", i, j), "SET "+set+"; UPDATE keyed SET n = n + 1")
				if _, err := Run(t.Context(), db, m, unrehearsed(func(Event) {})); err != nil {
					t.Fatalf("%s, %s: %v", key, set, err)
				}
				var least, most int
				if err := root.QueryRow("SELECT MIN(n), MAX(n) FROM keyed").Scan(&least, &most); err != nil {
					t.Fatal(err)
				}
				if least != j+1 || most != j+1 {
					t.Errorf("%s, %s: rows were changed %d to %d times, want %d", key, set, least, most, j+1)
				}
			}
			execute(t, root, "DROP TABLE keyed")
		}
	})
}

// TestRun_RestoresTheVariablesOfAWithdrawnStatement checks that a statement that
// counts in a variable begins with the same number when it is tried again,
// although rolling back the statement does not restore the variable.
func TestRun_RestoresTheVariablesOfAWithdrawnStatement(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 2000)
		tx, err := root.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		execute(t, tx, "UPDATE reports SET note = 'mine' WHERE id = 900")
		var seen events
		done := start(db, "SET @n = 0; UPDATE reports SET visits = (@n := @n + 1) ORDER BY id", unrehearsed(seen.report))
		await(t, "a withdrawal", func() bool { return len(seen.of(EventWithdrew)) > 0 })
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		var first, last int
		if err := root.QueryRow("SELECT MIN(visits), MAX(visits) FROM reports").Scan(&first, &last); err != nil {
			t.Fatal(err)
		}
		if first != 1 || last != 2000 {
			t.Errorf("the rows have the numbers %d to %d, want 1 to 2000", first, last)
		}
	})
}

// TestPlan_RowsThroughAView checks that plan says that it has not looked at the
// engines of the tables below a view, which has none itself.
func TestPlan_RowsThroughAView(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 100)
		execute(t, root, "CREATE TABLE counts (id INT PRIMARY KEY, n INT) ENGINE=MyISAM", "CREATE VIEW counted AS SELECT * FROM counts")
		plan, err := planText(t.Context(), db, "UPDATE counted SET n = n + 1 WHERE id = 1", PlanOptions{Writes: Stopped, Policy: Any})
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(plan.Steps[0].Notes, "\n"); !strings.Contains(notes, "through the view `counted` can be taken back is not known") {
			t.Errorf("got %q", notes)
		}
	})
}
