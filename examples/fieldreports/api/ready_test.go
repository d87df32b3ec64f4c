package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// TestReadiness checks that a process is ready once it can use every table, and
// stays ready.
func TestReadiness(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		p, err := db.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.writer.Exec("RENAME TABLE reports TO elsewhere"); err != nil {
			t.Fatal(err)
		}
		var log lockedBuffer
		a := newAPI(p, nil, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go a.ready.await(ctx, p, a.log)
		server := httptest.NewServer(a.routes())
		t.Cleanup(server.Close)
		health := func() int {
			answer, err := http.Get(server.URL + "/api/health")
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			return answer.StatusCode
		}
		for start := time.Now(); !strings.Contains(log.String(), "not ready"); time.Sleep(10 * time.Millisecond) {
			if time.Since(start) > 10*time.Second {
				t.Fatal("it is not said why it is not ready")
			}
		}
		if got := health(); got != 503 {
			t.Errorf("without a table: got %d, want 503", got)
		}
		if _, err := p.writer.Exec("RENAME TABLE elsewhere TO reports"); err != nil {
			t.Fatal(err)
		}
		for start := time.Now(); health() != 200; time.Sleep(10 * time.Millisecond) {
			if time.Since(start) > 10*time.Second {
				t.Fatalf("never ready: %s", log.String())
			}
		}
		if n := strings.Count(log.String(), "not ready"); n != 1 {
			t.Errorf("it is said %d times, want once for one reason", n)
		}
		p.close() // an outage
		if got := health(); got != 200 {
			t.Errorf("with the database away: got %d, want 200: ready stays ready", got)
		}
	})
}

// TestReadiness_NotSetUp checks that a process with notSetUp is ready before the
// setup task of a first deploy has run, unless the database cannot be reached.
func TestReadiness_NotSetUp(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{&mysql.MySQLError{Number: 1045, Message: "Access denied for user 'api'"}, true},
		{&mysql.MySQLError{Number: 1049, Message: "Unknown database"}, true},
		{fmt.Errorf("asking: %w", &mysql.MySQLError{Number: 1146, Message: "Table doesn't exist"}), true},
		{&mysql.MySQLError{Number: 1040, Message: "Too many connections"}, false},
		{errors.New("connection refused"), false},
		{nil, false},
	} {
		if got := isNotSetUp(test.err); got != test.want {
			t.Errorf("%v: got %t", test.err, got)
		}
	}
	onEveryDatabase(t, func(t *testing.T, db database) {
		p, err := db.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.writer.Exec("RENAME TABLE reports TO elsewhere"); err != nil {
			t.Fatal(err)
		}
		a := newAPI(p, nil, slog.New(slog.DiscardHandler))
		a.ready.notSetUp = true
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		a.ready.await(ctx, p, a.log)
		if !a.ready.is.Load() {
			t.Error("not ready without a table, though the setup comes later")
		}
	})
}
