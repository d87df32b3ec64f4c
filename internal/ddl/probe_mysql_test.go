//go:build mysql

package ddl

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// TestRun_ReportsTheWaitsOfTiedTables checks that the longest wait that is
// reported is the real one: of writers, and at the tables that a statement ties
// up.
func TestRun_ReportsTheWaitsOfTiedTables(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 100_000)
		execute(t, root, "SET SESSION foreign_key_checks = 0", "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)")
		o := unrehearsed(func(Event) {})
		o.Writes = Stopped
		plan, err := planText(t.Context(), db, "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", o.PlanOptions)
		if err != nil {
			t.Fatal(err)
		}
		if tied := plan.Steps[0].Tied; len(tied) != 1 || tied[0].Table != "sites" || tied[0].Writes {
			t.Errorf("got the tied tables %v, want sites, whose writes wait", tied)
		}
		// A probe that writes to sites, which noren itself never does.
		probing, err := startProbes(t.Context(), db, nil, []probed{{sqltext.Table{Name: "sites"}, true}, {sqltext.Table{Name: "reports"}, false}})
		if err != nil {
			t.Fatal(err)
		}
		var worst time.Duration
		stopped, stop := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				if _, err := root.Exec("UPDATE sites SET name = IF(name = 'a', 'b', 'a') WHERE id = 1"); err != nil {
					t.Error(err)
				}
				worst = max(worst, time.Since(began))
				time.Sleep(20 * time.Millisecond)
			}
		}()
		began := time.Now()
		if _, err := runText(t.Context(), db, "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", o); err != nil {
			t.Error(err)
		}
		took := time.Since(began)
		close(stop)
		<-stopped
		felt := probing.waits()
		probing.stop()
		t.Logf("the worst write to sites took %v, by the probe %v; the worst read %v", worst, felt.Write, felt.Read)
		if felt.Write < worst/2 && worst > took/4 { // a shorter one may be the machine's
			t.Errorf("the probe says %v, and a writer waited %v", felt.Write, worst)
		}
	})
}

// TestRun_WatchesTheReaders checks that a reader endpoint is read meanwhile, that
// its waits and errors are counted, and that a table that it does not find stops
// the run before the next statement.
func TestRun_WatchesTheReaders(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		if s.start == nil {
			return
		}
		dsn, stop, err := s.start()
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		other := &testServer{name: s.name, dsn: dsn}
		db, _ := manyReports(t, s, 100_000)
		reader, there := manyReports(t, other, 1000)
		var seen events
		o := unrehearsed(seen.report)
		o.Readers = []*Database{reader}
		ctx, done := context.WithCancel(t.Context())
		var interrupting sync.WaitGroup
		interrupting.Go(func() { // as Aurora interrupts those who use the table
			for sleep(ctx, 20*time.Millisecond) == nil {
				interrupt(there)
			}
		})
		result, err := runText(t.Context(), db, "ALTER TABLE reports FORCE; ALTER TABLE reports ADD INDEX i (site_id)", o)
		done()
		interrupting.Wait()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d reads failed at the reader", result.ReaderErrors)
		if result.ReaderErrors == 0 {
			t.Error("no read failed at the reader, although its sessions were ended")
		}
		execute(t, there, "RENAME TABLE reports TO hidden") // as if it could not be opened
		_, err = Run(t.Context(), db, changeNamed("second", "ALTER TABLE reports DROP INDEX i"), o)
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "cannot be read at the reader") {
			t.Errorf("got %v, want it stopped, because the reader does not find the table", err)
		}
	})
}

// interrupt ends the sessions of noren's own readers.
func interrupt(root *sql.DB) {
	rows, err := root.Query("SELECT id FROM information_schema.processlist WHERE command = 'Sleep' AND id <> CONNECTION_ID()")
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if rows.Scan(&id) == nil {
			_, _ = root.Exec("KILL " + itoa(id))
		}
	}
}
