//go:build mysql

package ddl

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// TestRun_BesideAWaitingALTERElsewhere checks that an ALTER that waits in another
// schema does not matter.
func TestRun_BesideAWaitingALTERElsewhere(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		_, root := manyReports(t, s, 1000)
		execute(t, root, "DROP DATABASE IF EXISTS elsewhere", "CREATE DATABASE elsewhere", "CREATE TABLE elsewhere.busy (id INT PRIMARY KEY)", "INSERT INTO elsewhere.busy VALUES (1)")
		t.Cleanup(func() { execute(t, s.pool(t, ""), "DROP DATABASE elsewhere") })
		holder := hold(t, root, "elsewhere.busy")
		conn, err := root.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer end(conn)
		execute(t, conn, "USE elsewhere", "SET SESSION lock_wait_timeout = 60")
		waiting := make(chan error, 1)
		go func() {
			_, err := conn.ExecContext(context.Background(), "ALTER TABLE busy ADD c INT")
			waiting <- err
		}()
		await(t, "the other's ALTER", func() bool {
			return ask[int](t, root, "SELECT COUNT(*) FROM information_schema.processlist WHERE LOWER(state) = 'waiting for table metadata lock'") > 0
		})
		began := time.Now()
		db, err := OpenDatabase(t.Context(), s.config(t, "ddl_run"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for i, sql := range []string{"ALTER TABLE reports ADD c INT", "CREATE TABLE fresh (id INT PRIMARY KEY)", "CREATE INDEX by_site ON reports (site_id)"} {
			m := change(sql)
			m.Name = fmt.Sprint(i)
			if _, err := Run(t.Context(), db, m, unrehearsed(func(Event) {})); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v", took)
		}
		if err := holder.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := <-waiting; err != nil {
			t.Error(err)
		}
	})
}
