//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// manyReports makes a schema with a table reports of some rows, of about 250
// bytes each.
func manyReports(t *testing.T, s *testServer, rows int) (*Database, *sql.DB) {
	t.Helper()
	db := s.open(t, "ddl_run")
	root := s.pool(t, "ddl_run")
	execute(t, root, "CREATE TABLE sites (id INT NOT NULL PRIMARY KEY, name VARCHAR(50))", plainTable)
	populate(t, root, 1000)
	for n := 1000; n < rows; n *= 2 {
		execute(t, root, fmt.Sprintf(`INSERT INTO reports (site_id, title, body, visits, made)
			SELECT site_id, title, REPEAT('what the field saw ', 10), visits, made FROM reports LIMIT %d`, min(n, rows-n)))
	}
	execute(t, root, "ANALYZE TABLE reports")
	return db, root
}

// unrehearsed are the options of a run in the tests.
func unrehearsed(report Report) RunOptions {
	return RunOptions{
		PlanOptions: PlanOptions{Writes: Live, Policy: Any}, Name: "change.sql", WithoutRehearsal: true,
		Sample: 100 * time.Millisecond, Report: report,
	}
}

// events collects the events of a run.
type events struct {
	mu  sync.Mutex
	all []Event
}

func (e *events) report(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, event)
}

func (e *events) of(kind EventKind) []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.all), func(event Event) bool { return event.Kind != kind })
}

// readers read reports until they are stopped, and say how they fared.
func readers(t *testing.T, pool *sql.DB, n int) (stop func() (worst time.Duration, reads int)) {
	ctx, cancel := context.WithCancel(context.Background())
	var (
		mu    sync.Mutex
		worst time.Duration
		reads int
		group sync.WaitGroup
	)
	for range n {
		group.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				var id int
				err := pool.QueryRow("SELECT id FROM reports WHERE id = ?", 1+rand.IntN(1000)).Scan(&id)
				took := time.Since(began)
				mu.Lock()
				if worst = max(worst, took); err != nil && !errors.Is(err, sql.ErrNoRows) {
					t.Errorf("a reader met %v", err)
				}
				reads++
				mu.Unlock()
				time.Sleep(20 * time.Millisecond)
			}
		})
	}
	return func() (time.Duration, int) {
		cancel()
		group.Wait()
		return worst, reads
	}
}

// hold opens a transaction that has read the table.
func hold(t *testing.T, pool *sql.DB, table string) *sql.Tx {
	t.Helper()
	tx, err := pool.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	ask[int](t, tx, "SELECT COUNT(*) FROM (SELECT 1 FROM "+table+" LIMIT 1) AS one")
	return tx
}

// await waits until something is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for a minute: %s", what)
		}
	}
}

// rebuilding says whether a run is in the middle of an ALTER.
func rebuilding(t *testing.T, db *Database) bool {
	t.Helper()
	return ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.processlist WHERE LOWER(state) = 'altering table' AND info LIKE '/* noren%'") > 0
}

// start starts a run, whose outcome the channel brings.
func start(db *Database, file string, o RunOptions) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := Run(context.Background(), db, file, o)
		done <- err
	}()
	return done
}

func TestRunWithdrawsInTheStartWindow(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, sql := range []string{"ALTER TABLE reports ADD c INT", "ALTER TABLE reports FORCE", "CREATE INDEX by_site ON reports (site_id)"} {
			db, root := manyReports(t, s, 2000)
			holder := hold(t, root, "reports")
			stop := readers(t, root, 8)
			var seen events
			o := unrehearsed(seen.report)
			done := start(db, sql, o)
			await(t, "two withdrawals", func() bool { return len(seen.of(EventWithdrew)) == 2 })
			if got := time.Duration(seen.of(EventWithdrew)[0].Seconds * float64(time.Second)); got > 600*time.Millisecond || got < 400*time.Millisecond {
				t.Errorf("%s: withdrawn after %v, want 500 ms and at most 100 ms more", sql, got)
			}
			if err := holder.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Errorf("%s: %v", sql, err)
			}
			worst, reads := stop()
			t.Logf("%s: worst of %d reads: %v, of the probe: %.3f s", sql, reads, worst, seen.of(EventDone)[0].WorstRead)
			if worst > 700*time.Millisecond {
				t.Errorf("%s: the worst read took %v, want less than 700 ms", sql, worst)
			}
		}
	})
}

// A guard that loses its session watches from another.
func TestRunKeepsWatching(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
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
		_, err := Run(t.Context(), db, "ALTER TABLE reports ADD c INT", o)
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "idle in a transaction") {
			t.Errorf("got %v, want it to stop and to name who holds the lock", err)
		}
		if state := ask[string](t, root, "SELECT state FROM noren_journal"); state != stateStopped {
			t.Errorf("the journal says %q, want %q", state, stateStopped)
		}
	})
}

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

// A user who may not end the sessions of others says so, and gives up.
func TestRunMayNotEndSessions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 150_000)
		execute(t, root, "DROP USER IF EXISTS weak@localhost", "CREATE USER weak@localhost", "GRANT ALL ON ddl_run.* TO weak@localhost", "GRANT ALL ON noren_scratch.* TO weak@localhost",
			"GRANT PROCESS ON *.* TO weak@localhost", "GRANT SELECT ON performance_schema.* TO weak@localhost")
		t.Cleanup(func() { execute(t, s.pool(t, ""), "DROP USER weak@localhost") })
		config := s.config(t, "ddl_run")
		config.User, config.Passwd = "weak", ""
		weak, err := Login{DSN: config.FormatDSN()}.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer weak.Close()
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

// write updates reports at a rate until it is stopped.
func write(t *testing.T, pool *sql.DB, every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			if _, err := pool.Exec("UPDATE reports SET note = ? WHERE id = ?", fmt.Sprint(rand.IntN(1e6)), 1+rand.IntN(1000)); err != nil {
				t.Errorf("a writer met %v", err)
			}
			time.Sleep(every)
		}
	})
	return func() { cancel(); group.Wait() }
}

func TestRunStopsBeforeTheOnlineLogOverflows(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 200_000)
		if buffer := ask[int](t, root, "SELECT @@innodb_sort_buffer_size"); buffer != 65536 {
			t.Skipf("SKIPPED: the log cannot overflow with innodb_sort_buffer_size = %d; start the server with 65536", buffer)
		}
		old := ask[int](t, root, "SELECT @@GLOBAL.innodb_online_alter_log_max_size")
		execute(t, root, "SET GLOBAL innodb_online_alter_log_max_size = 65536")
		defer execute(t, root, fmt.Sprintf("SET GLOBAL innodb_online_alter_log_max_size = %d", old))
		const change = "ALTER TABLE reports ENGINE = InnoDB"

		var stops []func()
		for range 3 {
			stops = append(stops, write(t, root, time.Millisecond))
		}
		if _, err := root.Exec(change); code(err) != codeLogOverflow {
			t.Errorf("a bare ALTER met %v, want the overflow that is to be avoided", err)
		}
		_, err := Run(t.Context(), db, change, unrehearsed(func(Event) {}))
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "before the online log overflows") {
			t.Errorf("got %v, want it stopped before the log overflows", err)
		}
		for _, stop := range stops {
			stop()
		}
		if _, err := Run(t.Context(), db, change, unrehearsed(func(Event) {})); err != nil {
			t.Errorf("without writes: %v", err)
		}
	})
}

func TestRunKeepsReadersReadingWhileItCopies(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 150_000)
		root.SetMaxIdleConns(60)
		stop := readers(t, root, 50)
		o := unrehearsed(func(Event) {})
		o.Writes = Stopped
		result, err := Run(t.Context(), db, "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", o)
		if err != nil {
			t.Fatal(err)
		}
		worst, reads := stop()
		t.Logf("%s in %.1f s: worst of %d reads %v, of the probe %.3f s", result.Steps[0].Rung, result.Seconds, reads, worst, result.WorstRead)
		if result.Steps[0].Rung != copyShared {
			t.Errorf("it ran as %s, want COPY/SHARED", result.Steps[0].Rung)
		}
		if worst > 500*time.Millisecond {
			t.Errorf("the worst read took %v, want less than 500 ms", worst)
		}
	})
}
