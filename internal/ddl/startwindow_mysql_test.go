//go:build mysql

package ddl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

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
		_, err := runText(t.Context(), db, "ALTER TABLE reports ADD c INT", o)
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "idle in a transaction") {
			t.Errorf("got %v, want it to stop and to name who holds the lock", err)
		}
		if state := ask[State](t, root, "SELECT state FROM noren_journal"); state != StateStopped {
			t.Errorf("the journal says %q, want %q", state, StateStopped)
		}
	})
}
