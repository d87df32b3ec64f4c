//go:build mysql

package ddl

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestPlan_CountsRowVersionsInASchemaWithAHyphen checks a schema whose name the
// server encodes where InnoDB keeps its row versions.
func TestPlan_CountsRowVersionsInASchemaWithAHyphen(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		for _, names := range [][2]string{{"ddl-field.reports", "reports"}, {"ddl_run", "site reports"}} {
			db, root := s.open(t, names[0]), s.pool(t, names[0])
			execute(t, root, "CREATE TABLE `"+names[1]+"` (id INT PRIMARY KEY)")
			limit := db.Server.rowVersionLimit()
			if limit == 0 {
				return // this server does not count
			}
			for i := range limit {
				execute(t, root, fmt.Sprintf("ALTER TABLE `%s` ADD c%d INT, ALGORITHM=INSTANT", names[1], i))
			}
			plan, err := planText(t.Context(), db, "ALTER TABLE `"+names[1]+"` ADD x INT", PlanOptions{Writes: Live, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Steps[0].String(); got != "INPLACE/NONE" {
				t.Errorf("%q: got %s, want INPLACE/NONE", names, got)
			}
		}
	})
}

// TestLogCounter_CountsWhatTheStatementLogs checks that a rebuild logs every
// written row, and an index only its added and removed entries.
func TestLogCounter_CountsWhatTheStatementLogs(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		for _, test := range []struct {
			rebuilds bool
			want     int64
		}{{true, 111}, {false, 11}} {
			count, exact := db.logCounter(t.Context(), "reports", test.rebuilds)
			if !exact {
				t.Fatal("the count is that of the whole server")
			}
			before, err := count(t.Context(), root)
			if err != nil {
				t.Fatal(err)
			}
			execute(t, root, "INSERT INTO reports (site_id, title, visits, made) SELECT 1, 'new', id, made FROM reports ORDER BY id LIMIT 10",
				"UPDATE reports SET visits = visits + 1 ORDER BY id LIMIT 100", "DELETE FROM reports ORDER BY id DESC LIMIT 1")
			after, err := count(t.Context(), root)
			if err != nil {
				t.Fatal(err)
			}
			if got := after - before; got != test.want {
				t.Errorf("rebuild %v: got %d of 10 rows inserted, 100 updated, 1 deleted; want %d", test.rebuilds, got, test.want)
			}
		}
	})
}

func TestPreflight_LooksAtTheFolderInWhichAnIndexIsSorted(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 1000)
		folder := t.TempDir()
		execute(t, root, "SET GLOBAL innodb_tmpdir = '"+folder+"'")
		t.Cleanup(func() { execute(t, root, "SET GLOBAL innodb_tmpdir = DEFAULT") })
		db, err := OpenDatabase(t.Context(), s.config(t, db.Schema))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, test := range []struct {
			bytes int64
			want  bool
		}{{1 << 60, true}, {1 << 20, false}} {
			p := &preflight{db: db, plan: &Plan{Steps: []*Step{{Rung: Rung{Algorithm: "INPLACE", Lock: "NONE"}, Bytes: test.bytes}}}}
			if err := p.sorting(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(fmt.Sprint(p.problems), folder+" (innodb_tmpdir)"); got != test.want {
				t.Errorf("%d bytes: got %q, which names the folder: %v, want %v", test.bytes, p.problems, got, test.want)
			}
		}
	})
}

// TestRun_ExplainsADuplicate checks the error for an index that is refused
// because of a duplicate that came and went while it was built, which the
// server's own error does not say.
func TestRun_ExplainsADuplicate(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db, root := manyReports(t, s, 40_000)
		execute(t, root, "UPDATE reports SET visits = id")
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := 1; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := root.Exec("INSERT INTO reports (site_id, title, visits, made) VALUES (1, 'twice', ?, DATE '2026-01-01')", 1+i%40_000); err != nil {
					t.Error(err)
					return
				}
				if _, err := root.Exec("DELETE FROM reports WHERE title = 'twice'"); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		var err error
		for range 20 { // the writer is not always quick enough
			if _, err = runText(t.Context(), db, "ALTER TABLE reports ADD UNIQUE once (visits)", unrehearsed(func(Event) {})); err != nil {
				break
			}
			execute(t, root, "ALTER TABLE reports DROP INDEX once")
		}
		close(stop)
		<-done
		if err == nil {
			t.Fatal("no duplicate was met")
		}
		for _, want := range []string{"Duplicate entry", "came and went while the index was built", "the table is unchanged"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want it to say %q", err, want)
			}
		}
		if n := ask[int](t, root, "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = 'ddl_run' AND index_name = 'once'"); n != 0 {
			t.Error("the index is there")
		}
	})
}
