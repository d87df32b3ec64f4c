//go:build mysql

package ddl

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// loseLock ends the session that keeps other runs out, as a server or a firewall
// does with an idle session.
func loseLock(t *testing.T, db *Database, root *sql.DB) {
	t.Helper()
	execute(t, root, fmt.Sprintf("KILL %d", ask[int](t, root, "SELECT IS_USED_LOCK('"+(&journal{db: db}).runLock()+"')")))
	await(t, "the lock to be free", func() bool {
		return ask[int](t, root, "SELECT IS_FREE_LOCK('"+(&journal{db: db}).runLock()+"')") == 1
	})
}

// TestRun_WhenAnotherRunHasTakenOver checks that a run whose lock is lost while
// another run executes the migration changes nothing more: every statement is
// executed once.
func TestRun_WhenAnotherRunHasTakenOver(t *testing.T) {
	const counted = "UPDATE reports SET visits = visits + 1"
	for _, test := range []struct {
		name, file string
		when       func(Event) bool // when the lock is lost, and the other run begins
		hold       bool             // hold the table until then
		query      string           // returns 1 if the migration was executed once
	}{
		{"between two portions", counted, func(e Event) bool { return e.Kind == EventProgress && strings.HasSuffix(e.Text, "portions") },
			false, "SELECT MIN(visits) = 1 AND MAX(visits) = 1 FROM reports"},
		{"between two statements", "ALTER TABLE reports ADD c INT; INSERT INTO sites (id, name) SELECT MAX(id) + 1, 'added' FROM sites", func(e Event) bool { return e.Kind == EventDone },
			false, "SELECT COUNT(*) = 1 FROM sites WHERE name = 'added'"},
		{"between two tries", "TRUNCATE TABLE sites", func(e Event) bool { return e.Kind == EventWithdrew },
			true, "SELECT COUNT(*) = 1 FROM sites"}, // the row that is written after the other run
	} {
		t.Run(test.name, func(t *testing.T) {
			onEveryServer(t, func(t *testing.T, s *testServer) {
				db, root := manyReports(t, s, 20_000)
				execute(t, root, "UPDATE reports SET visits = 0", "INSERT INTO sites VALUES (1000000, 'x')")
				var holder *sql.Tx
				if test.hold {
					blind(t, root) // otherwise it steps aside for the holder
					holder = hold(t, root, "sites")
				}
				taken := false
				o := unrehearsed(func(e Event) {
					if taken || !test.when(e) {
						return
					}
					taken = true
					loseLock(t, db, root)
					if holder != nil {
						_ = holder.Rollback()
					}
					if _, err := runText(t.Context(), s.reopen(t, "ddl_run"), test.file, unrehearsed(func(Event) {})); err != nil {
						t.Errorf("the other run: %v", err)
					}
					if test.hold {
						execute(t, root, "INSERT INTO sites VALUES (1, 'after it')")
					}
				})
				_, err := runText(t.Context(), db, test.file, o)
				if !taken {
					t.Fatalf("the other run never came: %v", err)
				}
				if !errors.Is(err, ErrRepeat) || !strings.Contains(err.Error(), "another noren ddl run has taken over") {
					t.Errorf("got %v, want that another run has taken over", err)
				}
				if ask[int](t, root, test.query) != 1 {
					t.Error("it was executed twice")
				}
				if _, err := runText(t.Context(), db, test.file, unrehearsed(func(Event) {})); err != nil {
					t.Errorf("run again: %v", err)
				}
				if ask[int](t, root, test.query) != 1 {
					t.Error("it was executed once more")
				}
			})
		})
	}
}

// A session that is lost is replaced as long as nobody has come between.
func TestRun_ReplacesALostLock(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 20_000)
		execute(t, root, "UPDATE reports SET visits = 0")
		lost := 0
		o := unrehearsed(func(e Event) {
			if e.Kind == EventDone || e.Kind == EventProgress && strings.HasSuffix(e.Text, "portions") {
				lost++
				loseLock(t, db, root)
			}
		})
		if _, err := runText(t.Context(), db, "UPDATE reports SET visits = visits + 1; ALTER TABLE reports ADD c INT", o); err != nil {
			t.Fatal(err)
		}
		if ask[int](t, root, "SELECT MIN(visits) = 1 AND MAX(visits) = 1 FROM reports") != 1 || lost < 3 {
			t.Errorf("not every row was changed once, with the lock lost %d times", lost)
		}
	})
}

// TestRun_LostLockThatCannotBeReplaced checks that a run that may not log in again,
// after its lock was lost, ends and can be repeated.
func TestRun_LostLockThatCannotBeReplaced(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		_, root := manyReports(t, s, 1000)
		weak := asWeak(t, s, root)
		weak.pool.SetMaxIdleConns(0)
		blind(t, root)
		holder := hold(t, root, "sites")
		lost := false
		o := unrehearsed(func(e Event) {
			if e.Kind == EventWithdrew && !lost {
				lost = true
				execute(t, root, "ALTER USER weak@localhost ACCOUNT LOCK")
				loseLock(t, weak, root)
			}
		})
		_, err := runText(t.Context(), weak, "ALTER TABLE sites ADD c INT", o)
		if !lost || !errors.Is(err, ErrRepeat) || !strings.Contains(err.Error(), "cannot be replaced") {
			t.Errorf("got %v, want that the lock cannot be replaced", err)
		}
		_ = holder.Rollback()
		execute(t, root, "ALTER USER weak@localhost ACCOUNT UNLOCK")
		if _, err := runText(t.Context(), weak, "ALTER TABLE sites ADD c INT", unrehearsed(func(Event) {})); err != nil {
			t.Errorf("run again: %v", err)
		}
	})
}

// While a way back is under way, the journal does not say that the migration is
// done.
func TestRun_HalfTheWayBack(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		up := changeNamed("1_c.up.sql", "ALTER TABLE reports ADD c INT; UPDATE sites SET id = 8;")
		down := changeNamed("1_c.down.sql", "ALTER TABLE reports DROP c; UPDATE sites SET id = 7;")
		down.Direction = sqltext.Down
		run := func(m sqltext.Migration) error {
			_, err := Run(t.Context(), db, m, unrehearsed(func(Event) {}))
			return err
		}
		progress := func() Progress {
			entries, err := Journal(t.Context(), db, "")
			if err != nil {
				t.Fatal(err)
			}
			return ProgressOf(up, entries)
		}
		execute(t, root, "DELETE FROM sites")
		if err := run(up); err != nil {
			t.Fatal(err)
		}
		execute(t, root, "INSERT INTO sites VALUES (1000, 'a'), (1001, 'b')")
		if err := run(down); err == nil {
			t.Fatal("the way back did not fail")
		}
		if err := run(up); err == nil || !strings.Contains(err.Error(), `the way back of "1_c.up.sql", "1_c.down.sql (down)", was begun and is not finished`) {
			t.Errorf("the migration again: %v", err)
		}
		if got := progress(); got != Unfinished {
			t.Errorf("its progress is %s", got)
		}
		execute(t, root, "DELETE FROM sites")
		if err := run(down); err != nil {
			t.Fatal(err)
		}
		if got := progress(); got != Left {
			t.Errorf("after the way back its progress is %s", got)
		}

		// Begun again, and back from the middle: what the first way back has done
		// no longer counts.
		execute(t, root, "INSERT INTO sites VALUES (1000, 'a'), (1001, 'b')")
		if err := run(up); err == nil {
			t.Fatal("the migration did not fail")
		}
		execute(t, root, "DELETE FROM sites")
		if err := run(down); err != nil {
			t.Fatal(err)
		}
		if n := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'ddl_run' AND column_name = 'c'"); n != 0 {
			t.Error("the column is left")
		}
	})
}

// A file is not run again because it was given from another folder.
func TestRun_TheSameFileFromAnotherFolder(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		const text = "INSERT INTO sites (id, name) SELECT MAX(id) + 1, 'added' FROM sites"
		for _, name := range []string{"prisma/2024_a/migration.sql", "migration.sql"} {
			execute(t, root, "DROP TABLE IF EXISTS noren_journal", "DELETE FROM sites WHERE name = 'added'")
			if _, err := Run(t.Context(), db, changeNamed("2024_a/migration.sql", text), unrehearsed(func(Event) {})); err != nil {
				t.Fatal(err)
			}
			if _, err := Run(t.Context(), db, changeNamed(name, text), unrehearsed(func(Event) {})); err == nil || !strings.Contains(err.Error(), `give --name "2024_a/migration.sql"`) {
				t.Errorf("%s: got %v, want the name that it was run by", name, err)
			}
			if n := ask[int](t, root, "SELECT COUNT(*) FROM sites WHERE name = 'added'"); n != 1 {
				t.Errorf("%s: executed %d times", name, n)
			}
		}
	})
}

// A journal that several schemas share keeps them apart; a journal in a schema
// belongs to that schema.
func TestRun_OneJournalForSeveralSchemas(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		s.open(t, "ddl_ops")
		const file = "CREATE TABLE n (id INT PRIMARY KEY)"
		for _, schema := range []string{"ddl_run", "ddl_run2"} {
			db := s.open(t, schema)
			o := unrehearsed(func(Event) {})
			o.Journal = "ddl_ops.journal"
			if checked, err := Check(t.Context(), db, []Candidate{{Migration: change(file)}}, o); err != nil || checked[0].Left != 1 || checked[0].Done != 0 {
				t.Errorf("%s: checked %+v, %v, want one statement left", schema, checked, err)
			}
			for i := range 2 {
				result, err := runText(t.Context(), db, file, o)
				if err != nil || result.Skipped != i {
					t.Errorf("%s: %+v, %v, want %d statements skipped", schema, result, err, i)
				}
			}
			entries, err := Journal(t.Context(), db, o.Journal)
			if err != nil || len(entries) != 2 || ProgressOf(change(file), entries) != Done {
				t.Errorf("%s: the journal has %+v, %v", schema, entries, err)
			}
		}
		root := s.pool(t, "ddl_ops")
		execute(t, root, "ALTER TABLE journal DROP PRIMARY KEY, DROP COLUMN schema_name")
		o := unrehearsed(func(Event) {})
		o.Journal = "ddl_ops.journal"
		if _, err := runText(t.Context(), s.reopen(t, "ddl_run"), file, o); err == nil || !strings.Contains(err.Error(), "ALTER TABLE `ddl_ops`.`journal` ADD schema_name VARCHAR(64) NOT NULL DEFAULT 'ddl_run' FIRST") {
			t.Errorf("a journal of an earlier edition: %v", err)
		}
	})
}
