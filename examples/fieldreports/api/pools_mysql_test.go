//go:build mysql

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLockedTable checks that a table that is locked for longer than a request
// may take delays only what needs it, and leaves nothing running at the server,
// however many clients give up and come again.
func TestLockedTable(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.fresh(t)
		api := serveAPI(t, db)
		field := api.login("field")
		root := openDSN(t, db.local.FormatDSN())
		conn, err := root.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(t.Context(), "LOCK TABLES reports WRITE"); err != nil {
			t.Fatal(err)
		}
		threads := func() (n int) {
			t.Helper()
			if err := root.QueryRow("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%reports%' AND info NOT LIKE '%processlist%'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}

		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for range 60 { // they wait for two seconds, and try again
			group.Go(func() {
				for ctx.Err() == nil {
					ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
					request, _ := http.NewRequestWithContext(ctx, http.MethodGet, api.URL+"/api/reports", nil)
					request.Header.Set("Authorization", field.headers["Authorization"])
					if answer, err := http.DefaultClient.Do(request); err == nil {
						answer.Body.Close()
					}
					cancel()
				}
			})
		}
		most, slowest := 0, time.Duration(0)
		for begun := time.Now(); time.Since(begun) < (lockSecondsOfStatement+4)*time.Second; time.Sleep(200 * time.Millisecond) {
			most = max(most, threads())
			asked := time.Now()
			field.want(200, `"field"`, "GET", "/api/session", "")
			slowest = max(slowest, time.Since(asked))
		}
		stop()
		group.Wait()
		t.Logf("at most %d statements on the table at the server; /api/session took %v at most", most, slowest)
		if most > mostConnections {
			t.Errorf("%d statements wait at the server, want no more than the pool's %d", most, mostConnections)
		}
		if most < 5 {
			t.Errorf("only %d statements waited: nothing was shown", most)
		}
		if slowest > 2*time.Second {
			t.Errorf("/api/session took %v beside the lock", slowest)
		}
		for begun := time.Now(); threads() > 0; time.Sleep(100 * time.Millisecond) {
			if time.Since(begun) > (lockSecondsOfStatement+3)*time.Second {
				t.Fatalf("%d statements still wait at the server", threads())
			}
		}
		if _, err := conn.ExecContext(t.Context(), "UNLOCK TABLES"); err != nil {
			t.Fatal(err)
		}
		field.want(200, `"reports":[]`, "GET", "/api/reports", "")
	})
}

// TestStatementsEndAtTheServer checks that a statement that runs for too long
// ends at the server.
func TestStatementsEndAtTheServer(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		p, err := s.fresh(t).open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.close)
		var locks, rows int
		if err := p.writer.QueryRow("SELECT @@lock_wait_timeout, @@innodb_lock_wait_timeout").Scan(&locks, &rows); err != nil || locks != lockSecondsOfStatement || rows != lockSecondsOfStatement {
			t.Errorf("a connection waits %d and %d seconds for locks (%v), want %d", locks, rows, err, lockSecondsOfStatement)
		}
		limit, query := float64(0), "SELECT @@max_execution_time / 1000"
		if strings.Contains(s.name, "MariaDB") {
			query = "SELECT @@max_statement_time"
		}
		if err := p.writer.QueryRow(query).Scan(&limit); err != nil || limit != statementSeconds {
			t.Errorf("a statement may run for %v seconds (%v), want %d", limit, err, statementSeconds)
		}
		if statementSeconds*time.Second >= requestTime || lockSecondsOfStatement >= statementSeconds {
			t.Error("a statement may outlast its request")
		}
	})
}

// TestPoolsFollowTheCapacity checks that the server has connections for all while
// four tasks are replaced by four others, each with a pool for the writer and one
// for the reader.
func TestPoolsFollowTheCapacity(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.fresh(t)
		root := openDSN(t, s.dsn)
		var before int
		if err := root.QueryRow("SELECT @@max_connections").Scan(&before); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { execute(t, root, fmt.Sprintf("SET GLOBAL max_connections = %d", before)) })
		for capacity, want := range map[int]int{90: 9, 45: 4, 10: 2, 5000: mostConnections} {
			execute(t, root, fmt.Sprintf("SET GLOBAL max_connections = %d", capacity))
			p, err := db.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := p.usable(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := p.writer.Stats().MaxOpenConnections; got != want {
				t.Errorf("of %d connections a pool takes %d, want %d", capacity, got, want)
			}
			p.close()
		}
		db.connections = 7
		p, err := db.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		if err := p.usable(t.Context()); err != nil || p.writer.Stats().MaxOpenConnections != 7 {
			t.Errorf("got %d connections (%v), want the 7 that were given", p.writer.Stats().MaxOpenConnections, err)
		}
	})
}
