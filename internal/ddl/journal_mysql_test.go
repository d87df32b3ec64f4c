//go:build mysql

package ddl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// child is what this program does when a test starts it in order to kill it: it
// plans or runs the file change.sql in its folder.
func child() int {
	config, err := mysql.ParseDSN(os.Getenv("NOREN_TEST_DSN"))
	if err != nil {
		panic(err)
	}
	db, err := OpenDatabase(context.Background(), config)
	if err != nil {
		panic(err)
	}
	file, err := os.ReadFile("change.sql")
	if err != nil {
		panic(err)
	}
	if os.Getenv("NOREN_TEST_CHILD") == "plan" {
		_, err = planText(context.Background(), db, string(file), PlanOptions{Writes: Live, Policy: Any})
	} else {
		o := unrehearsed(func(Event) {})
		if os.Getenv("NOREN_TEST_WRITES") == string(Stopped) {
			o.Writes = Stopped
		}
		_, err = runText(context.Background(), db, string(file), o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrRepeat):
		return 3
	}
	return 1
}

// kill ends a process so that it cannot react.
func kill(t *testing.T, command *exec.Cmd) {
	t.Helper()
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // it reports that it was killed
}

// startChild starts a plan or a run in its own process.
func startChild(t *testing.T, s *testServer, verb, file string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program)
	command.Dir = t.TempDir()
	command.Stderr = os.Stderr
	command.Env = append(os.Environ(), "NOREN_TEST_CHILD="+verb, "NOREN_TEST_DSN="+s.config(t, "ddl_run").FormatDSN())
	if err := os.WriteFile(filepath.Join(command.Dir, "change.sql"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	return command
}

func TestShadowsOfAKilledPlanAreRemovedByTheNext(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		var long strings.Builder
		for i := range 300 {
			fmt.Fprintf(&long, "ALTER TABLE reports ADD INDEX i%d (site_id), ADD c%d INT; ALTER TABLE reports DROP INDEX i%d, DROP c%d;", i, i, i, i)
		}
		killed := startChild(t, s, "plan", long.String())
		await(t, "a shadow", func() bool {
			return ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE '%reports'", ScratchSchema) > 0
		})
		kill(t, killed)
		if ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ?", ScratchSchema) == 0 {
			t.Fatal("the killed plan has left nothing: the test tests nothing")
		}
		await(t, "the server to notice", func() bool {
			return ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = ?", ScratchSchema) == 0
		})
		if _, err := planText(t.Context(), db, "ALTER TABLE reports ADD c INT", PlanOptions{Writes: Live, Policy: Any}); err != nil {
			t.Fatal(err)
		}
		noScratch(t, db)
	})
}

// TestViewsInTheScratchSchemaAreRemoved checks that a view that a killed run
// leaves in the scratch schema is removed.
func TestViewsInTheScratchSchemaAreRemoved(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		execute(t, root, "CREATE DATABASE IF NOT EXISTS noren_scratch", "CREATE VIEW noren_scratch.n0cee6f_view AS SELECT 1 AS one", "CREATE TABLE noren_scratch.n0cee6f_reports (id INT PRIMARY KEY)")
		if _, err := planText(t.Context(), db, "ALTER TABLE reports ADD c INT", PlanOptions{Writes: Live, Policy: Any}); err != nil {
			t.Fatal(err)
		}
		noScratch(t, db)
	})
}

// TestCancelledPlanLeavesNothing cancels plans at many moments: in the middle of a
// query, the session ends with an error of its own.
func TestCancelledPlanLeavesNothing(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 1000)
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() {
				_, err := planText(ctx, db, strings.Repeat("ALTER TABLE reports FORCE;", 300), PlanOptions{Writes: Live, Policy: Any})
				done <- err
			}()
			await(t, "a shadow", func() bool {
				return ask[int](t, db.pool, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ? AND table_name LIKE '%reports'", ScratchSchema) > 0
			})
			time.Sleep(time.Duration(i) * 7 * time.Millisecond)
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want it cancelled", err)
			}
			noScratch(t, db)
		}
	})
}

func TestPlansAtTheSameTime(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		execute(t, root, "ALTER TABLE reports ADD CONSTRAINT at_site FOREIGN KEY (site_id) REFERENCES sites (id)")
		errs := make(chan error)
		for i := range 4 {
			go func() {
				plan, err := planText(context.Background(), db, "ALTER TABLE reports ADD c INT; ALTER TABLE reports DROP FOREIGN KEY at_site; DROP TABLE sites;", PlanOptions{Writes: Live, Policy: Any})
				if err == nil && !plan.Allowed() {
					err = fmt.Errorf("plan %d: %w", i, plan.refusal())
				}
				errs <- err
			}()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		noScratch(t, db)
	})
}

const threeSteps = "SET SESSION sort_buffer_size = 262144;\nALTER TABLE reports ADD first INT;\nALTER TABLE reports ADD middle INT, FORCE;\nUPDATE reports SET first = 1 WHERE id <= 10;\nALTER TABLE reports ADD last INT;\n"

func TestRunResumesAfterBeingKilled(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 200_000)
		killed := startChild(t, s, "run", threeSteps)
		await(t, "the rebuild", func() bool { return rebuilding(t, db) })
		kill(t, killed)
		if states := journalStates(t, db); states != "2 done, 3 running" {
			t.Errorf("the journal says %q", states)
		}

		if _, err := runText(t.Context(), db, threeSteps+" ", unrehearsed(func(Event) {})); err == nil || !strings.Contains(err.Error(), "other content") {
			t.Errorf("a changed file met %v, want a refusal", err)
		}
		var seen events
		result, err := runText(t.Context(), db, threeSteps, unrehearsed(seen.report))
		if err != nil {
			t.Fatal(err)
		}
		if result.Skipped == 0 || len(result.Steps)+result.Skipped != 5 {
			t.Errorf("got %d skipped and %d executed, want the first ALTER skipped", result.Skipped, len(result.Steps))
		}
		noOrphan(t, db)
		if states := journalStates(t, db); states != "2 done, 3 done, 4 done, 5 done" {
			t.Errorf("the journal says %q", states)
		}
		if n := ask[int](t, root, "SELECT COUNT(*) FROM reports WHERE first = 1 AND last IS NULL"); n != 10 {
			t.Errorf("%d rows are changed, want 10", n)
		}
		again, err := runText(t.Context(), db, threeSteps, unrehearsed(func(Event) {}))
		if err != nil || again.Skipped != 4 {
			t.Errorf("once more: got %+v, %v, want all of it skipped", again, err)
		}
	})
}

// TestRunEndsCleanlyWhenItIsTerminated checks that a terminated run can simply be
// repeated.
func TestRunEndsCleanlyWhenItIsTerminated(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, _ := manyReports(t, s, 200_000)
		ctx, cancel := context.WithCancel(t.Context())
		var seen events
		o := unrehearsed(func(e Event) {
			seen.report(e)
			if e.Phase == PhaseWork && e.Number == 3 && e.Seconds > 0.2 {
				cancel()
			}
		})
		began := time.Now()
		_, err := runText(ctx, db, threeSteps, o)
		if !errors.Is(err, ErrStopped) {
			t.Errorf("got %v after %v, want it stopped", err, time.Since(began))
		}
		noOrphan(t, db)
		if states := journalStates(t, db); states != "2 done, 3 stopped" {
			t.Errorf("the journal says %q", states)
		}
		noScratch(t, db)
	})
}

// noOrphan fails if the server still executes a statement of a run. A session
// that has been answered may take a moment to look so.
func noOrphan(t *testing.T, db *Database) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := collect[string](t.Context(), db.pool, "SELECT CONCAT_WS(' ', id, command, time, state, info) FROM information_schema.processlist WHERE info LIKE '/* noren%'")
		if err != nil || len(all) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("still at it: %q", all)
			return
		}
	}
}

func journalStates(t *testing.T, db *Database) string {
	t.Helper()
	all, err := collect[string](context.Background(), db.pool, "SELECT CONCAT(number, ' ', state) FROM noren_journal WHERE number > 0 ORDER BY number")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, ", ")
}
