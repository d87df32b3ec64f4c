//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRun_KilledInTheStartWindow checks that a run that is killed while its
// statement waits leaves no statement that makes readers wait, whatever the
// migration has set.
func TestRun_KilledInTheStartWindow(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, file := range []string{"ALTER TABLE reports ADD c INT", "SET SESSION lock_wait_timeout = 3600; ALTER TABLE reports FORCE", "CREATE TRIGGER t BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 1"} {
			db, root := manyReports(t, s, 2000)
			blind(t, root) // otherwise it avoids the holder, and never waits
			holder := hold(t, root, "reports")
			stop := readers(t, root, 4)
			killed := startChild(t, s, "run", file)
			await(t, "the statement to wait", func() bool {
				return ask[int](t, root, "SELECT COUNT(*) FROM information_schema.processlist WHERE LOWER(state) LIKE 'waiting for%lock' AND info LIKE '/* noren%'") > 0
			})
			kill(t, killed)
			time.Sleep(3 * time.Second)
			noOrphan(t, db)
			worst, reads := stop()
			t.Logf("%s: worst of %d reads %v", file, reads, worst)
			if worst > 1300*time.Millisecond {
				t.Errorf("%s: the worst read took %v, want at most a second and what the machine takes", file, worst)
			}
			if err := holder.Commit(); err != nil {
				t.Fatal(err)
			}
			if _, err := runText(t.Context(), db, file, unrehearsed(func(Event) {})); err != nil {
				t.Errorf("%s: run again: %v", file, err)
			}
		}
	})
}

// TestRun_WatchesAnOrphanToItsEnd checks that a run that is killed while its
// statement works leaves the statement to the server, and that the next run
// watches it to its end.
func TestRun_WatchesAnOrphanToItsEnd(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, ending := range []bool{false, true} {
			db, root := manyReports(t, s, 200_000)
			const file = "ALTER TABLE reports ADD middle INT FIRST, ADD INDEX by_note (note, title, body(50)), FORCE"
			killed := startChild(t, s, "run", file)
			await(t, "the rebuild", func() bool { return rebuilding(t, db) })
			kill(t, killed)
			var seen events
			o := unrehearsed(seen.report)
			o.EndOrphan = ending
			result, err := runText(t.Context(), db, file, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(seen.of(EventNote)) == 0 {
				t.Error("it does not say that it watches")
			}
			if done := result.Skipped == 1; done == ending {
				t.Errorf("ending it: %v, skipped: %d", ending, result.Skipped)
			}
			if n := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND column_name = 'middle'"); n != 1 {
				t.Error("the column is missing")
			}
		}
	})
}

// TestRun_FindsOutAfterACrash checks that after a crash only what is seen of the
// named objects counts.
func TestRun_FindsOutAfterACrash(t *testing.T) {
	const (
		again   = "executed again"
		skipped = "found done"
		unknown = "unknown"
	)
	apply := func(statements ...string) func(*testing.T, *sql.DB) {
		return func(t *testing.T, root *sql.DB) { execute(t, root, statements...) }
	}
	for _, test := range []struct {
		name, first, sql string
		meanwhile        func(*testing.T, *sql.DB)
		want             string
	}{
		{"a trigger, and another's view", "", "CREATE TRIGGER tr BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 1", apply("CREATE VIEW other AS SELECT 1"), again},
		{"a trigger that is there", "", "CREATE TRIGGER tr BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 1", apply("CREATE TRIGGER tr BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 1"), skipped},
		{"a trigger of another's", "", "CREATE TRIGGER tr BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 1", apply("CREATE TRIGGER tr BEFORE INSERT ON reports FOR EACH ROW SET NEW.visits = 2"), unknown},
		{"a trigger of another table", "", "CREATE TRIGGER tr BEFORE INSERT ON reports FOR EACH ROW SET @x = 1", apply("CREATE TRIGGER tr BEFORE INSERT ON sites FOR EACH ROW SET @x = 1"), unknown},
		{"a view", "", "CREATE VIEW vw AS SELECT id, title FROM reports WHERE visits > 3", apply("CREATE VIEW vw AS SELECT id, title FROM reports WHERE visits > 3"), skipped},
		{"another's view of the name", "", "CREATE OR REPLACE VIEW vw AS SELECT id, title FROM reports", apply("CREATE VIEW vw AS SELECT id FROM reports"), unknown},
		{"a view, and nothing", "CREATE VIEW vw AS SELECT 1 AS one", "CREATE OR REPLACE VIEW vw AS SELECT 2 AS two", apply(), again},
		{"dropping a view", "CREATE VIEW vw AS SELECT 1 AS one", "DROP VIEW vw", apply("DROP VIEW vw"), skipped},
		{"dropping a view, and another's", "CREATE VIEW vw AS SELECT 1 AS one; CREATE VIEW vx AS SELECT 1 AS one", "DROP VIEW vw", apply("DROP VIEW vx"), again},
		{"a procedure", "", "CREATE PROCEDURE pr() SELECT 1", apply("CREATE PROCEDURE pr() SELECT 1"), skipped},
		{"another's procedure", "", "CREATE PROCEDURE pr() SELECT 1", apply("CREATE PROCEDURE p2() SELECT 1"), again},
		{"a procedure of the name", "", "CREATE PROCEDURE pr() SELECT 1", apply("CREATE PROCEDURE pr() SELECT 2"), unknown},
		{"a function", "", "CREATE FUNCTION fn() RETURNS INT DETERMINISTIC RETURN 1", apply("CREATE FUNCTION fn() RETURNS INT DETERMINISTIC RETURN 1"), skipped},
		{"an event", "", "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1", apply("CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1"), skipped},
		{"another's event", "", "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1", apply("CREATE EVENT e2 ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1"), again},
		{"dropping an event", "CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1", "DROP EVENT ev", apply("DROP EVENT ev"), skipped},
		{"truncating, and nothing", "", "TRUNCATE sites", apply(), again},
		{"truncating, and another's rebuild", "", "TRUNCATE sites", apply("ALTER TABLE sites FORCE"), unknown},
		{"truncated, and new rows", "", "TRUNCATE sites", apply("TRUNCATE sites", "INSERT INTO sites VALUES (7, 'new')"), unknown},
		{"truncated", "", "TRUNCATE sites", apply("TRUNCATE sites"), skipped},
		{"dropping a table", "CREATE TABLE old (id INT PRIMARY KEY)", "DROP TABLE old", apply("DROP TABLE old"), skipped},
		{"dropping a table, and another's", "CREATE TABLE old (id INT PRIMARY KEY); CREATE TABLE old2 (id INT PRIMARY KEY)", "DROP TABLE old", apply("DROP TABLE old2"), again},
		{"dropped, and made again by another", "CREATE TABLE old (id INT PRIMARY KEY)", "DROP TABLE old", apply("DROP TABLE old", "CREATE TABLE old (x INT PRIMARY KEY)"), unknown},
		{"renaming", "CREATE TABLE old (id INT PRIMARY KEY)", "RENAME TABLE old TO young", apply("RENAME TABLE old TO young"), skipped},
		{"renaming, and another's table of the name", "CREATE TABLE old (id INT PRIMARY KEY)", "RENAME TABLE old TO young", apply("CREATE TABLE young (id INT PRIMARY KEY)"), unknown},
		{"a column", "", "ALTER TABLE sites ADD c INT", apply("ALTER TABLE sites ADD c INT"), skipped},
		{"another's column", "", "ALTER TABLE sites ADD c INT", apply("ALTER TABLE sites ADD d INT"), unknown},
		{"another table's column", "", "ALTER TABLE sites ADD c INT", apply("ALTER TABLE reports ADD c INT"), again},
		{"a rebuild, and another's", "", "ALTER TABLE sites FORCE", apply("ALTER TABLE sites FORCE"), again},
		{"a column dropped and made again", "", "ALTER TABLE sites DROP COLUMN name, ADD COLUMN name VARCHAR(50)", apply(), unknown},
		{"columns that exchange their names", "ALTER TABLE sites ADD a INT, ADD b INT", "ALTER TABLE sites CHANGE b a INT AFTER name, CHANGE a b INT", apply("ALTER TABLE sites CHANGE b a INT AFTER name, CHANGE a b INT"), unknown},
		{"a column by its own name", "", "ALTER TABLE sites CHANGE name name VARCHAR(50)", apply(), again},
		{"exchanging a partition", "CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100)); CREATE TABLE part (id INT PRIMARY KEY); INSERT INTO part VALUES (1)",
			"ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE part", apply("ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE part"), skipped},
		{"exchanging a partition, and nothing", "CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100)); CREATE TABLE part (id INT PRIMARY KEY); INSERT INTO part VALUES (1)",
			"ALTER TABLE parts EXCHANGE PARTITION p0 WITH TABLE part", apply(), again},
	} {
		t.Run(test.name, func(t *testing.T) {
			onEveryServer(t, func(t *testing.T, s *testServer) {
				db, root := manyReports(t, s, 1000)
				execute(t, root, statements(t, test.first)...)
				atWork(t, db, test.sql)
				test.meanwhile(t, root)
				o := unrehearsed(func(Event) {})
				o.Writes = Stopped
				result, err := runText(t.Context(), db, test.sql, o)
				got := fmt.Sprint(err)
				switch {
				case err == nil && result.Skipped == 1:
					got = skipped
				case err == nil:
					got = again
				case strings.Contains(got, "unknown whether it was executed") && final(err):
					got = unknown
				}
				if got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				if test.want != unknown {
					return
				}
				if _, err := runText(t.Context(), db, test.sql, o); err == nil || !strings.Contains(err.Error(), "unknown whether") {
					t.Errorf("once more: got %v, want that it is still unknown", err)
				}
				if err := Resolve(t.Context(), db, "", change(test.sql), 1, true); err != nil {
					t.Fatal(err)
				}
				if result, err := runText(t.Context(), db, test.sql, o); err != nil || result.Skipped != 1 {
					t.Errorf("after it was resolved: got %+v, %v, want it skipped", result, err)
				}
			})
		})
	}
}

// final reports whether an error does not ask to repeat the run.
func final(err error) bool { return err != nil && !strings.Contains(err.Error(), ErrRepeat.Error()) }

// atWork leaves the journal as a run does that is killed at its only statement.
func atWork(t *testing.T, db *Database, sql string) {
	t.Helper()
	ctx := context.Background()
	o := PlanOptions{Writes: Stopped, Policy: Any}
	plan, err := planText(ctx, db, sql, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := db.marksOf(ctx, plan.Steps[0])
	if err != nil {
		t.Fatal(err)
	}
	j, err := openJournal(ctx, db, "", change(sql))
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	if err := j.running(ctx, plan.Steps[0], 1, m); err != nil {
		t.Fatal(err)
	}
}
