//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"
)

// inTheEndWindow runs a rebuild and calls interfere in the middle of it.
func inTheEndWindow(t *testing.T, s *testServer, killIdle bool, interfere func(root *sql.DB)) (seen *events, worst time.Duration, err error) {
	db, root := manyReports(t, s, 150_000)
	stop := readers(t, root, 8)
	seen = &events{}
	o := unrehearsed(seen.report)
	o.EndStall, o.KillIdle = time.Second, killIdle
	done := start(db, "ALTER TABLE reports FORCE", o)
	await(t, "the rebuild", func() bool { return rebuilding(t, db) })
	interfere(root)
	err = <-done
	worst, _ = stop()
	t.Logf("worst read %v; %v", worst, err)
	return seen, worst, err
}

func TestRunGivesUpInTheEndWindow(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		seen, worst, err := inTheEndWindow(t, s, false, func(root *sql.DB) { hold(t, root, "reports") })
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "gave up") {
			t.Errorf("got %v, want it to give up", err)
		}
		if worst > 1300*time.Millisecond {
			t.Errorf("the worst read took %v, want little more than the second of the budget", worst)
		}
		if len(seen.of(EventKilled)) > 0 {
			t.Errorf("ended %v", seen.of(EventKilled))
		}
	})
}

func TestRunEndsIdleHoldersOfItsTableAlone(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		var mine, other *sql.Tx
		seen, worst, err := inTheEndWindow(t, s, true, func(root *sql.DB) {
			mine, other = hold(t, root, "reports"), hold(t, root, "sites")
		})
		if err != nil {
			t.Error(err)
		}
		if len(seen.of(EventKilled)) != 1 {
			t.Errorf("ended %v, want one", seen.of(EventKilled))
		}
		if _, err := mine.Exec("SELECT 1"); err == nil {
			t.Error("the holder of the table's lock lives")
		}
		if _, err := other.Exec("SELECT 1"); err != nil {
			t.Errorf("the holder of another table's lock: %v", err)
		}
		if worst > 700*time.Millisecond {
			t.Errorf("the worst read took %v, want less than 700 ms", worst)
		}
	})
}

// TestRunMayNotEndSessions checks that a run whose user may not end the sessions
// of others says so, and gives up.
func TestRunMayNotEndSessions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 150_000)
		weak := asWeak(t, s, root)
		o := unrehearsed(func(Event) {})
		o.EndStall, o.KillIdle = time.Second, true
		done := start(weak, "ALTER TABLE reports FORCE", o)
		await(t, "the rebuild", func() bool { return rebuilding(t, db) })
		holder := hold(t, root, "reports")
		if err := <-done; !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "not allowed to end session") {
			t.Errorf("got %v, want it to say that it may not end the session", err)
		}
		if _, err := holder.Exec("SELECT 1"); err != nil {
			t.Errorf("the holder met %v", err)
		}
	})
}

func TestRunSparesHeavyTransactionsAndTableLocks(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for name, interfere := range map[string]func(t *testing.T, root *sql.DB){
			"it has written 2000 rows": func(t *testing.T, root *sql.DB) {
				tx, err := root.Begin()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { tx.Rollback() })
				execute(t, tx, "UPDATE reports SET note = 'x' ORDER BY id LIMIT 2000")
			},
			"it holds the lock on purpose": func(t *testing.T, root *sql.DB) {
				conn, err := root.Conn(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { end(conn) })
				execute(t, conn, "LOCK TABLES reports READ")
			},
		} {
			t.Run(name, func(t *testing.T) {
				seen, _, err := inTheEndWindow(t, s, true, func(root *sql.DB) { interfere(t, root) })
				if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), name) {
					t.Errorf("got %v, want it stopped because %s", err, name)
				}
				if len(seen.of(EventKilled)) > 0 {
					t.Errorf("ended %v", seen.of(EventKilled))
				}
			})
		}
	})
}
