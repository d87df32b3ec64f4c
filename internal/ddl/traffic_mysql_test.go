//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// manyReports creates a schema with a table reports of many rows, of about 250
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

// asWeak logs in as a user who may change the schema but not end the sessions of
// others.
func asWeak(t *testing.T, s *testServer, root *sql.DB) *Database {
	t.Helper()
	execute(t, root, "DROP USER IF EXISTS weak@localhost", "CREATE USER weak@localhost", "GRANT ALL ON ddl_run.* TO weak@localhost", "GRANT ALL ON noren_scratch.* TO weak@localhost",
		"GRANT PROCESS ON *.* TO weak@localhost", "GRANT SELECT ON performance_schema.* TO weak@localhost")
	config := s.config(t, "ddl_run")
	config.User, config.Passwd = "weak", ""
	weak, err := Login{DSN: config.FormatDSN()}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		weak.Close()
		execute(t, s.pool(t, ""), "DROP USER weak@localhost")
	})
	return weak
}

// unrehearsed returns the options of a run in the tests.
func unrehearsed(report Report) RunOptions {
	return RunOptions{
		PlanOptions: PlanOptions{Writes: Live, Policy: Any}, WithoutRehearsal: true,
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

// readers read reports until they are stopped, and return their worst wait and
// number of reads.
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
	t.Cleanup(func() { // a failed test does not stop them
		cancel()
		group.Wait()
	})
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

// await waits until a condition holds.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited for a minute: %s", what)
		}
	}
}

// rebuilding reports whether a run is in the middle of an ALTER that is not instant.
func rebuilding(t *testing.T, db *Database) bool {
	t.Helper()
	return ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.processlist WHERE LOWER(state) = 'altering table' AND info LIKE '/* noren%' AND info NOT LIKE '%ALGORITHM=INSTANT%'") > 0
}

// start starts a run and returns a channel for its result.
func start(db *Database, file string, o RunOptions) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := runText(context.Background(), db, file, o)
		done <- err
	}()
	return done
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
