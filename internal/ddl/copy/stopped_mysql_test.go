//go:build mysql

package copy

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// replica executes a statement about replication, in the syntax of the server.
func (s *sides) replica(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if s.program.MariaDB() {
			statement = strings.NewReplacer("REPLICATION SOURCE TO SOURCE_", "MASTER TO MASTER_", "REPLICA", "SLAVE").Replace(statement)
		}
		execute(t, s.pair.To, statement)
	}
}

// TestCompare_CopyThatHasStopped checks that a copy that does not follow is not
// compared: the problem is reported at once, with what to do, and afterwards the
// comparison continues.
func TestCompare_CopyThatHasStopped(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "halted", "CREATE TABLE a (id INT PRIMARY KEY, n INT)", "INSERT INTO a VALUES (1, 1)")
		following(t, original, copied)
		write := session(t, s.pair.From, "halted")
		for _, test := range []struct {
			name       string
			stop, back func()
			want       []string
		}{
			{"nothing is applied", func() { s.replica(t, "STOP REPLICA SQL_THREAD") }, func() { s.replica(t, "START REPLICA SQL_THREAD") },
				[]string{"what arrives is not applied: START REPLICA on the copy (CALL mysql.rds_start_replication on RDS)"}},
			{"nothing arrives", func() {
				s.replica(t, "STOP REPLICA IO_THREAD")
				execute(t, write, "UPDATE a SET n = n + 1")
			}, func() { s.replica(t, "START REPLICA IO_THREAD") }, []string{"nothing arrives: START REPLICA on the copy"}},
			{"a worker has an error", func() {
				s.onCopy(t, "halted", "INSERT INTO a VALUES (2, 0)")
				execute(t, write, "INSERT INTO a VALUES (2, 2)")
				applied(t, original, copied)
			}, func() {
				s.onCopy(t, "halted", "DELETE FROM a WHERE id = 2")
				s.replica(t, "START REPLICA")
			}, []string{"replication has stopped: error 1062", "Duplicate entry '2' for key", "remove the duplicate on the original, or drop the key on the copy", "nothing is skipped"}},
			{"workers wait for the one that has an error", func() {
				s.replica(t, "STOP REPLICA SQL_THREAD")
				s.onCopy(t, "halted", "INSERT INTO a VALUES (3, 0)")
				for id := 3; id < 40; id++ {
					execute(t, write, fmt.Sprintf("INSERT INTO a VALUES (%d, 0)", id))
				}
				s.replica(t, "START REPLICA SQL_THREAD")
				applied(t, original, copied)
			}, func() {
				s.onCopy(t, "halted", "DELETE FROM a WHERE id = 3")
				s.replica(t, "START REPLICA")
			}, []string{"replication has stopped: error 1062", "Duplicate entry '3' for key"}},
			{"the copy lacks a row", func() {
				s.onCopy(t, "halted", "DELETE FROM a WHERE id = 1")
				execute(t, write, "UPDATE a SET n = n + 1 WHERE id = 1")
				applied(t, original, copied)
			}, func() {
				s.onCopy(t, "halted", "INSERT INTO a SELECT 1, n - 1 FROM (SELECT "+fmt.Sprint(number(one(t, write, "SELECT n AS v FROM a WHERE id = 1")))+" AS n) AS x")
				s.replica(t, "START REPLICA")
			}, []string{"replication has stopped: error 1032", "noren ddl copy abandon, and begin again"}},
		} {
			test.stop()
			began := time.Now()
			c, err := CompareCopy(t.Context(), original, copied, CompareOptions{Load: 1}, false)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: got %+v, %v; want %q", test.name, c, err, want)
				}
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("%s: said after %v", test.name, took)
			}
			test.back()
			if r := applied(t, original, copied); !r.Well() {
				t.Fatalf("%s: put right: %s", test.name, r.Trouble())
			}
			if c, err := CompareCopy(t.Context(), original, copied, CompareOptions{Load: 1}, false); err != nil || !c.Equal() {
				t.Errorf("%s: put right: got %+v, %v", test.name, c, err)
			}
		}
	})
}

// one returns the value v of a query.
func one(t *testing.T, q queryer, query string) string {
	t.Helper()
	row, err := oneRow(t.Context(), q, query)
	if err != nil {
		t.Fatal(err)
	}
	return row["v"]
}

// TestCompare_StopsMeanwhile stops a copy while it is compared: the comparison
// ends with the reason, or continues where it can, and is never reported as equal
// until replication works.
func TestCompare_StopsMeanwhile(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		for _, test := range []struct {
			name       string
			table      string // a or b, in the middle of which it stops
			stop, back func(write queryer)
			want       string
			kept       bool // whether the comparison of a counts afterwards
		}{
			{"it is stopped in the first table", "a", func(queryer) { s.replica(t, "STOP REPLICA") }, func(queryer) { s.replica(t, "START REPLICA") }, "comparing `b`: ", true},
			{"it is stopped in the last table", "b", func(queryer) { s.replica(t, "STOP REPLICA") }, func(queryer) { s.replica(t, "START REPLICA") }, "what arrives is not applied", false},
			{"a worker has an error", "a", func(write queryer) {
				s.onCopy(t, "meanwhile", "INSERT INTO b VALUES (90000, 0)")
				execute(t, write, "INSERT INTO b VALUES (90000, 1)")
			}, func(queryer) {
				s.onCopy(t, "meanwhile", "DELETE FROM b WHERE id = 90000")
				s.replica(t, "START REPLICA")
			}, "error 1062", s.program.MariaDB()}, // it does not remember its errors
			{"its server restarts", "b", func(queryer) { s.pair.Copy.End(syscall.SIGTERM) }, func(queryer) {
				if err := s.pair.Copy.Start(); err != nil {
					t.Fatal(err)
				}
			}, "comparing `b`: ", true},
		} {
			original, copied := s.both(t, "meanwhile", "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, n INT)", "CREATE TABLE b LIKE a")
			write := session(t, s.pair.From, "meanwhile")
			for _, table := range []string{"a", "b"} {
				execute(t, write, "INSERT INTO "+table+" (n) VALUES (1), (2), (3), (4)")
				for range 10 { // 4096 rows, which are several ranges
					execute(t, write, "INSERT INTO "+table+" (n) SELECT n FROM "+table)
				}
			}
			following(t, original, copied)
			applied(t, original, copied)
			begun := false
			c, err := CompareCopy(t.Context(), original, copied, CompareOptions{Load: 1, Report: func(r TableResult) error {
				if r.Table == test.table && !r.Done && !begun {
					begun = true
					test.stop(write)
				}
				return nil
			}}, false)
			if !begun || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: got %+v, %v; want %q", test.name, c, err, test.want)
			}
			now, unread := Read(t.Context(), original)
			if unread != nil || now.Comparison.Equal() {
				t.Errorf("%s: the journal says %+v, %v", test.name, now.Comparison, unread)
			}
			test.back(write)
			copied = open(t, s.pair.Copy, "meanwhile")
			for until := time.Now().Add(20 * time.Second); !applied(t, original, copied).Well() && time.Now().Before(until); {
				time.Sleep(100 * time.Millisecond)
			}
			c, err = CompareCopy(t.Context(), original, copied, CompareOptions{Load: 1}, false)
			if err != nil || !c.Equal() {
				t.Fatalf("%s: put right: got %+v, %v", test.name, c, err)
			}
			applied(t, original, copied) // before the next case drops the schema
			if now.Comparison != nil && len(now.Comparison.Tables) > 0 {
				if kept := now.Comparison.Tables[0].Position == c.Tables[0].Position && now.Comparison.Began == c.Began; kept != test.kept {
					t.Errorf("%s: compared before %+v, and after %+v", test.name, now.Comparison.Tables[0], c.Tables[0])
				}
			} else if test.kept {
				t.Errorf("%s: nothing was kept", test.name)
			}
		}
	})
}

// TestCompare_CopyThatLags checks that the original's writers do not wait longer
// for a lagging copy than promised, and that a copy that cannot catch up in that
// time is not compared.
func TestCompare_CopyThatLags(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "lagging", "CREATE TABLE a (id INT PRIMARY KEY AUTO_INCREMENT, n INT)")
		s.replica(t, "STOP REPLICA", "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 3", "START REPLICA")
		stop, longest := make(chan struct{}), make(chan time.Duration, 1)
		go func() {
			var most time.Duration
			defer func() { longest <- most }()
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
				}
				began := time.Now()
				if _, err := original.Pool().Exec("INSERT INTO a (n) VALUES (1)"); err != nil {
					t.Error(err)
				}
				most = max(most, time.Since(began))
			}
		}()
		const stall = time.Second
		results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Stall: stall})
		if !errors.Is(err, ErrBehind) || len(results) == 0 || results[0].Done {
			t.Errorf("got %+v, %v; want that it has not caught up", results, err)
		}
		close(stop)
		if most := <-longest; most < stall/2 || most > stall+5*time.Second { // the machine may be slow
			t.Errorf("a writer waited %v, want about %v", most, stall)
		}
		s.replica(t, "STOP REPLICA", "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 0", "START REPLICA")
		if results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1}); err != nil || !results[0].Equal() {
			t.Errorf("without a delay: got %+v, %v", results, err)
		}
	})
}

// TestState_RowIsLost checks that a journal whose row was deleted is not silently
// written.
func TestState_RowIsLost(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		for _, test := range []struct {
			name, sql string
			phase     Phase
			want      []string
		}{
			{"as it was", "DO 0", Following, nil},
			{"the row", "DELETE FROM noren_copy", Following, []string{"writing that the copy is following: the row of 0007 is no longer in noren_copy of ", "noren ddl copy start with the same file goes on"}},
			{"all rows, after the switch", "TRUNCATE noren_copy", Switched, []string{"writing that the copy is switched", "look with RDS how far the deployment noren-0007 is"}},
			{"the table", "DROP TABLE noren_copy", Following, []string{"noren ddl copy start with the same file goes on"}},
		} {
			original, copied := s.both(t, "lost")
			state := following(t, original, copied)
			execute(t, original.Pool(), test.sql)
			state.Phase = test.phase
			for range 3 { // nothing changes within a millisecond
				err := state.save(t.Context(), original)
				if (err == nil) != (test.want == nil) {
					t.Errorf("%s: got %v", test.name, err)
				}
				for _, want := range test.want {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s: got %v, want %q", test.name, err, want)
					}
				}
			}
			applied(t, original, copied) // before the next case drops the schema
		}
	})
}
