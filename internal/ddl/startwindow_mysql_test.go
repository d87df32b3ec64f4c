//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// blind keeps the server from showing who holds which lock.
func blind(t *testing.T, root *sql.DB) {
	t.Helper()
	const set = "UPDATE performance_schema.setup_instruments SET enabled = '%s' WHERE name = 'wait/lock/metadata/sql/mdl'"
	execute(t, root, fmt.Sprintf(set, "NO"))
	t.Cleanup(func() { _, _ = root.Exec(fmt.Sprintf(set, "YES")) })
}

// TestRunWithdrawsInTheStartWindow checks that a table is tried briefly if it
// cannot be seen whether it is free.
func TestRunWithdrawsInTheStartWindow(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		blind(t, s.pool(t, ""))
		for _, sql := range []string{"ALTER TABLE reports ADD c INT", "ALTER TABLE reports FORCE", "CREATE INDEX by_site ON reports (site_id)"} {
			db, root := manyReports(t, s, 2000)
			holder := hold(t, root, "reports")
			stop := readers(t, root, 8)
			var seen events
			o := unrehearsed(seen.report)
			done := start(db, sql, o)
			await(t, "two withdrawals", func() bool { return len(seen.of(EventWithdrew)) == 2 })
			if got := time.Duration(seen.of(EventWithdrew)[0].Seconds * float64(time.Second)); got > 400*time.Millisecond || got < 100*time.Millisecond {
				t.Errorf("%s: withdrawn after %v, want 150 ms and little more", sql, got)
			}
			if err := holder.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Errorf("%s: %v", sql, err)
			}
			worst, reads := stop()
			t.Logf("%s: worst of %d reads: %v, of the probe: %.3f s", sql, reads, worst, seen.of(EventDone)[0].WorstRead)
			if worst > 400*time.Millisecond {
				t.Errorf("%s: the worst read took %v, want less than 400 ms", sql, worst)
			}
		}
	})
}

// TestRunKeepsWatching checks that a guard that loses its session watches from
// another.
func TestRunKeepsWatching(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		blind(t, root)
		holder := hold(t, root, "reports")
		var seen events
		done := start(db, "ALTER TABLE reports ADD c INT", unrehearsed(seen.report))
		await(t, "a withdrawal", func() bool { return len(seen.of(EventWithdrew)) > 0 })
		await(t, "the watching session", func() bool {
			ids, err := collect[int64](context.Background(), root, "SELECT id FROM information_schema.processlist WHERE info LIKE '%command FROM information_schema.processlist WHERE%' AND id <> CONNECTION_ID()")
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				if _, err := root.Exec(fmt.Sprintf("KILL %d", id)); err != nil && code(err) != codeUnknownThread {
					t.Fatal(err)
				}
			}
			return len(ids) > 0
		})
		before := len(seen.of(EventWithdrew))
		await(t, "more withdrawals", func() bool { return len(seen.of(EventWithdrew)) >= before+2 })
		if err := holder.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRunGivesUpAfterWait(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		hold(t, root, "reports")
		var seen events
		o := unrehearsed(seen.report)
		o.Stall, o.Wait = 200*time.Millisecond, time.Second
		_, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT", o)
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "idle in a transaction") {
			t.Errorf("got %v, want it to stop and to name who holds the lock", err)
		}
		if state := ask[State](t, root, "SELECT state FROM noren_journal"); state != StateStopped {
			t.Errorf("the journal says %q, want %q", state, StateStopped)
		}
	})
}

// TestRun_StandsAsideOfAnIdleHolder checks that readers go on while a transaction
// is idle: no one queues behind it, or only now and then if it cannot be seen.
// NOREN_HOLDER sets how long the transaction lasts, such as 60s; the default is
// short. The share of waiting falls with the length, since the pauses between two
// tries grow.
func TestRun_StandsAsideOfAnIdleHolder(t *testing.T) {
	onEveryServerAtOnce(t, func(t *testing.T, s *testServer) {
		for _, test := range []struct {
			name   string
			blind  bool
			length time.Duration
		}{{"seen", false, 5 * time.Second}, {"blind", true, 20 * time.Second}} {
			if text := os.Getenv("NOREN_HOLDER"); text != "" {
				var err error
				if test.length, err = time.ParseDuration(text); err != nil {
					t.Fatal(err)
				}
			}
			db, root := manyReports(t, s, 1000)
			if test.blind {
				blind(t, root)
			}
			holder := hold(t, root, "reports")
			done := start(db, "ALTER TABLE reports ADD c INT", unrehearsed(func(Event) {}))
			var stalled, worst time.Duration
			began := time.Now()
			for time.Since(began) < test.length {
				read := time.Now()
				ask[int](t, root, "SELECT COUNT(*) FROM (SELECT 1 FROM reports LIMIT 1) AS one")
				took := time.Since(read)
				worst = max(worst, took)
				if took > 30*time.Millisecond { // more than this is not the machine's load
					stalled += took
				}
				time.Sleep(5 * time.Millisecond)
			}
			if err := holder.Commit(); err != nil {
				t.Fatal(err)
			}
			freed := time.Now()
			if err := <-done; err != nil {
				t.Error(err)
			}
			share := 100 * stalled.Seconds() / time.Since(began).Seconds()
			t.Logf("%s: readers lost %.1f %% of the time beside an idle transaction, at most %v at once; done %v after it ended", test.name, share, worst, time.Since(freed))
			if share > 4 || worst > 600*time.Millisecond {
				t.Errorf("%s: readers lost %.1f %% and %v at once, want at most 4 %% and 600 ms", test.name, share, worst)
			}
			if !test.blind && time.Since(freed) > 2*time.Second {
				t.Errorf("it took %v to see that the table is free", time.Since(freed))
			}
		}
	})
}

// TestRun_EndsIdleHoldersAtTheStart checks that an idle holder is ended at the
// start as well as at the end, if the options allow it.
func TestRun_EndsIdleHoldersAtTheStart(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		mine, other := hold(t, root, "reports"), hold(t, root, "sites")
		var seen events
		o := unrehearsed(seen.report)
		o.KillIdle, o.Wait = true, 10*time.Second
		if _, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT", o); err != nil {
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
	})
}

// TestRun_NamesWhoHoldsTheLock checks that the holder of the lock is named, with
// what to do about it.
func TestRun_NamesWhoHoldsTheLock(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		backup := []string{"LOCK INSTANCE FOR BACKUP"}
		if s.mariaDB() {
			backup = []string{"BACKUP STAGE START", "BACKUP STAGE FLUSH", "BACKUP STAGE BLOCK_DDL"}
		}
		for _, test := range []struct {
			name string
			hold []string
			free string
			sql  string
			want string
		}{
			{"XA", []string{"XA START 'held'", "UPDATE reports SET note = 'x' WHERE id = 1", "XA END 'held'", "XA PREPARE 'held'"}, "XA ROLLBACK 'held'", "ALTER TABLE reports ADD c INT", "XA RECOVER lists it"},
			{"read lock", []string{"FLUSH TABLES WITH READ LOCK"}, "", "ALTER TABLE reports ADD c INT", "FLUSH TABLES WITH READ LOCK: UNLOCK TABLES there"},
			{"backup", backup, "", "ALTER TABLE reports ADD c INT", "let the backup end"},
			{"another schema", []string{"START TRANSACTION", "SELECT COUNT(*) FROM ddl_other.parents"}, "", "ALTER TABLE reports ADD FOREIGN KEY (site_id) REFERENCES ddl_other.parents (id)", "on `ddl_other`.`parents`"},
		} {
			db, root := manyReports(t, s, 1000)
			execute(t, root, "DROP DATABASE IF EXISTS ddl_other", "CREATE DATABASE ddl_other", "CREATE TABLE ddl_other.parents (id INT PRIMARY KEY)", "INSERT INTO ddl_other.parents VALUES (0), (1), (2), (3)")
			t.Cleanup(func() { execute(t, s.pool(t, ""), "SET foreign_key_checks = 0", "DROP DATABASE IF EXISTS ddl_other") })
			pool := s.pool(t, "ddl_run")
			conn, err := pool.Conn(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			var seen events
			o := unrehearsed(seen.report)
			o.Wait, o.Writes = 1500*time.Millisecond, Stopped
			held := make(chan struct{})
			o.Report = func(e Event) {
				seen.report(e)
				if e.Kind == EventStart {
					execute(t, conn, test.hold...)
					if test.free != "" {
						end(conn) // a prepared transaction outlives its session
					}
					close(held)
				}
			}
			_, err = runText(t.Context(), db, test.sql, o)
			<-held
			if test.free != "" {
				execute(t, root, test.free)
			} else {
				end(conn)
			}
			if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got %v, want %q in it", test.name, err, test.want)
			}
		}
	})
}
