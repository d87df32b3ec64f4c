//go:build mysql

package ddl

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

func TestRunStopsBeforeTheOnlineLogOverflows(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 200_000)
		if buffer := ask[int](t, root, "SELECT @@innodb_sort_buffer_size"); buffer != 65536 {
			if os.Getenv("CI") != "" {
				t.Fatalf("innodb_sort_buffer_size is %d, and the log cannot overflow: start the server with 65536", buffer)
			}
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
		_, err := runText(t.Context(), db, change, unrehearsed(func(Event) {}))
		if !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "before the online log overflows") {
			t.Errorf("got %v, want it stopped before the log overflows", err)
		}
		for _, stop := range stops {
			stop()
		}
		if _, err := runText(t.Context(), db, change, unrehearsed(func(Event) {})); err != nil {
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
		result, err := runText(t.Context(), db, "ALTER TABLE reports MODIFY visits BIGINT DEFAULT 0", o)
		if err != nil {
			t.Fatal(err)
		}
		worst, reads := stop()
		t.Logf("%s in %.1f s: worst of %d reads %v, of the probe %.3f s", result.Steps[0].Rung, result.Seconds, reads, worst, result.WorstRead)
		if result.Steps[0].Rung != sqltext.CopyShared {
			t.Errorf("it ran as %s, want COPY/SHARED", result.Steps[0].Rung)
		}
		if worst > 500*time.Millisecond {
			t.Errorf("the worst read took %v, want less than 500 ms", worst)
		}
	})
}
