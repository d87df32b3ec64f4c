package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRoutes(t *testing.T) {
	a := newAPI(pools{}, nil, slog.New(slog.DiscardHandler))
	a.ready.is.Store(true)
	server := httptest.NewServer(a.routes())
	defer server.Close()
	notFound := func(request string) string {
		return `{"errors":[{"status":"404","code":"not-found","title":"Not Found","detail":"no such resource: ` + request + `"}]}`
	}
	tests := []struct {
		method, path string
		status       int
		body         string
	}{
		{"GET", "/api/health", 200, `{"status":"ok"}`},
		{"GET", "/api/health?probe=1", 200, `{"status":"ok"}`},
		{"HEAD", "/api/health", 200, ``},
		{"POST", "/api/health", 404, notFound("POST /api/health")},
		{"GET", "/api/health/", 404, notFound("GET /api/health/")},
		{"GET", "/api/%3Cb%3E%22", 404, `{"errors":[{"status":"404","code":"not-found","title":"Not Found","detail":"no such resource: GET /api/<b>\""}]}`},
		{"GET", "/", 404, notFound("GET /")},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			request, err := http.NewRequest(test.method, server.URL+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != test.status {
				t.Errorf("got status %d, want %d", answer.StatusCode, test.status)
			}
			if got := answer.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("got Content-Type %q", got)
			}
			if got := answer.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("got Cache-Control %q, want no-store", got)
			}
			if !sameJSON(t, string(body), test.body) {
				t.Errorf("got body %s, want %s", body, test.body)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	if a == "" || b == "" {
		return a == b
	}
	var left, right any
	if err := json.Unmarshal([]byte(a), &left); err != nil {
		t.Errorf("got no JSON: %v", err)
	}
	if err := json.Unmarshal([]byte(b), &right); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(left, right)
}

// blocking starts a server whose only handler answers when release is closed. It
// returns once a request to it is in flight.
func blocking(t *testing.T, ctx context.Context, grace time.Duration) (release chan struct{}, answered chan string, stopped chan error, address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	entered := make(chan struct{})
	release = make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "done")
	})
	stopped = make(chan error, 1)
	go func() { stopped <- serveUntil(ctx, listener, handler, grace, slog.New(slog.DiscardHandler)) }()

	answered = make(chan string, 1)
	go func() {
		answer, err := http.Get("http://" + address)
		if err != nil {
			answered <- err.Error()
			return
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		answered <- string(body)
	}()
	<-entered
	return release, answered, stopped, address
}

func TestStoppingFinishesRequestsInFlight(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release, answered, stopped, address := blocking(t, ctx, 10*time.Second)
	cancel()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			break // it accepts no new requests
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("still accepts connections after the end")
		}
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped with a request in flight: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if got := <-answered; got != "done" {
		t.Errorf("the request in flight got %q, want done", got)
	}
	if err := <-stopped; err != nil {
		t.Errorf("got error %v", err)
	}
}

func TestStoppingIsBounded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	release, answered, stopped, _ := blocking(t, ctx, 50*time.Millisecond)
	defer close(release)
	cancel()
	select {
	case err := <-stopped:
		if err == nil || !strings.Contains(err.Error(), "requests still in flight after 50ms") {
			t.Errorf("got error %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("waits for ever for a request in flight")
	}
	if got := <-answered; got == "done" {
		t.Error("the request in flight was answered")
	}
}

// TestCommandServesAndStops checks the command with a database that does not
// answer: it is not ready, logs why as JSON, and exits cleanly on SIGTERM.
func TestCommandServesAndStops(t *testing.T) {
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(onAWS, "DB_TLS_CA="+newAuthority(t).file(t), "FIELDREPORTS_TEST_COMMAND=1", "BIND_ADDRESS=127.0.0.1", "PORT=0",
		"AWS_ACCESS_KEY_ID=AKIDTASK", "AWS_SECRET_ACCESS_KEY=k")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	next := func() (line struct {
		Msg, Address string
		Database     struct{ Host, Schema, User string }
	}) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the log ended")
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("got %q in the log, want JSON", lines.Text())
		}
		return line
	}

	first := next()
	if first.Msg != "listening" || first.Database.Host != "127.0.0.1:1" || first.Database.Schema != "fieldreports" || first.Database.User != "api" {
		t.Errorf("got %q in the log, want the address and the database", lines.Text())
	}
	answer, err := http.Get("http://" + first.Address + "/api/health")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got status %d, want 503 before the first query", answer.StatusCode)
	}

	said := map[string]bool{}
	for !said["not ready: the database or the store of sessions cannot be used"] {
		said[next().Msg] = true
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for !said["stopped"] {
		said[next().Msg] = true
	}
	if !said["stopping"] {
		t.Errorf("got %v in the log, want that it stops", said)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("SIGTERM: got %v, want exit code 0", err)
	}
}

func TestCommandExitsWithOneLine(t *testing.T) {
	command := exec.CommandContext(t.Context(), os.Args[0], "migrate")
	command.Env = []string{"FIELDREPORTS_TEST_COMMAND=1"}
	output, err := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 1 {
		t.Errorf("got exit code %d (%v), want 1", code, err)
	}
	if got := string(output); !strings.HasPrefix(got, "fieldreports: no database: set DB_HOST, ") || strings.Count(got, "\n") != 1 {
		t.Errorf("got output %q, want one line that says what is missing", got)
	}
}
