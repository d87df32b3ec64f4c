//go:build clients || clientsjava

// Package clients checks the libraries in the client contract's table: with their
// defaults, and with the settings that follow the contract.
package clients

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A service refuses some requests, and then answers 201.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	refuse   func(w http.ResponseWriter) // nil: open
	left     int                         // how many requests to refuse
	arrivals []arrival
}

type arrival struct {
	at                    time.Time
	method, key, language string
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrivals = append(s.arrivals, arrival{time.Now(), r.Method, r.Header.Get("Idempotency-Key"), r.Header.Get("Accept-Language")})
	if s.left > 0 {
		s.left--
		s.refuse(w)
		return
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"id":"1"}`)
}

func serve(t *testing.T, refusals int, refuse func(w http.ResponseWriter)) *service {
	s := &service{refuse: refuse, left: refusals}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// closed answers as maintenance, with a wait of one second.
func closed(w http.ResponseWriter) {
	w.Header().Set("X-Maintenance-Mode", "on")
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, `{"errors":[{"status":"503","code":"maintenance","detail":"Back at four."}]}`)
}

func failing(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }

// A row is a library: how to run it, and what it does by default with a GET and
// with a POST that maintenance refuses twice.
type row struct {
	name      string
	run       func(ctx context.Context, url, method, settings string) (string, error)
	get, post string
	again     bool // with the settings it still repeats a GET that fails without maintenance
}

const (
	tells = "tells" // returns the 503 at once: the program decides
	waits = "waits" // asks again after Retry-After, in the same call
	early = "early" // asks again before that
)

var rows = []row{
	{"fetch", node, tells, tells, false},
	{"axios", node, tells, tells, false},
	{"axios-retry", node, waits, tells, true},
	{"ky", node, waits, tells, true},
	{"got", node, waits, tells, true},
	{"undici", node, early, tells, true},
	{"superagent", node, early, early, true},
	{"requests", python, tells, tells, false},
	{"urllib3", python, waits, tells, true},
	{"httpx", python, tells, tells, false},
	{"curl", curl, tells, tells, false},
	{"curl --retry", curlRetry, waits, waits, false},
	{"net/http", netHTTP, tells, tells, false},
}

func node(ctx context.Context, url, method, settings string) (string, error) {
	return program(ctx, "node", "rows/"+ctx.Value(rowName{}).(string)+".mjs", url, method, settings)
}

func python(ctx context.Context, url, method, settings string) (string, error) {
	return program(ctx, filepath.Join("..", "..", ".venv", "clients", "bin", "python"), "rows/"+ctx.Value(rowName{}).(string)+"_row.py", url, method, settings)
}

type rowName struct{}

func program(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(output)), nil
}

func curl(ctx context.Context, url, method, _ string) (string, error) {
	return curlWith(ctx, url, method)
}

// curlRetry has no setting that excludes 503: with the settings it is curl.
func curlRetry(ctx context.Context, url, method, settings string) (string, error) {
	if settings == "kept" {
		return curlWith(ctx, url, method)
	}
	return curlWith(ctx, url, method, "--retry", "3")
}

func curlWith(ctx context.Context, url, method string, options ...string) (string, error) {
	folder, err := os.MkdirTemp("", "curl-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	options = append([]string{"--silent", "--output", filepath.Join(folder, "body"), "--request", method, "--header", "Idempotency-Key: " + key, "--header", "Accept-Language: ja",
		"--write-out", "%{http_code} %header{x-maintenance-mode} %header{retry-after}"}, options...)
	if method == http.MethodPost {
		options = append(options, "--json", `{"title":"Pump 3"}`)
	}
	said, err := program(ctx, "curl", append(options, url)...)
	if wait, ok := strings.CutPrefix(said, "503 on "); ok {
		return "maintenance " + wait, nil
	}
	return strings.TrimSpace(said), err
}

func netHTTP(ctx context.Context, url, method, _ string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(`{"title":"Pump 3"}`))
	if err != nil {
		return "", err
	}
	request.Header.Set("Idempotency-Key", key)
	request.Header.Set("Accept-Language", "ja")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("X-Maintenance-Mode") == "on" {
		return "maintenance " + answer.Header.Get("Retry-After"), nil
	}
	return fmt.Sprint(answer.StatusCode), nil
}

const key = "0b0f5b2e-0000-4000-8000-0000000000aa"

// ask runs a row against a service, and returns its output and the requests that
// arrived.
func (r row) ask(t *testing.T, s *service, method, settings string) (string, []arrival) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), rowName{}, r.name), time.Minute)
	defer cancel()
	said, err := r.run(ctx, s.URL, method, settings)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.arrivals {
		if a.method != method || a.key != key || a.language != "ja" {
			t.Errorf("%s: arrived %+v, want the key and the language each time", method, a)
		}
	}
	return said, s.arrivals
}

func TestAsItComes(t *testing.T) {
	for _, r := range rows {
		for method, want := range map[string]string{http.MethodGet: r.get, http.MethodPost: r.post} {
			t.Run(r.name+" "+method, func(t *testing.T) {
				t.Parallel()
				said, arrivals := r.ask(t, serve(t, 2, closed), method, "plain")
				got := tells
				for i := 1; i < len(arrivals); i++ {
					if got = waits; arrivals[i].at.Sub(arrivals[i-1].at) < 990*time.Millisecond {
						got = early
						break
					}
				}
				if got != want {
					t.Errorf("it %s (%d requests, %q), want that it %s", got, len(arrivals), said, want)
				}
			})
		}
	}
}

// TestWithTheSettings checks that, with the settings, each library distinguishes
// maintenance from everything else at once and reports the time to wait, so that
// the program's queue decides when to ask again.
func TestWithTheSettings(t *testing.T) {
	for _, r := range rows {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(r.name+" "+method, func(t *testing.T) {
				t.Parallel()
				if said, arrivals := r.ask(t, serve(t, 5, closed), method, "kept"); said != "maintenance 1" || len(arrivals) != 1 {
					t.Errorf("closed: got %q after %d requests, want to be told of maintenance after one", said, len(arrivals))
				}
				if said, arrivals := r.ask(t, serve(t, 0, nil), method, "kept"); said != "201" || len(arrivals) != 1 {
					t.Errorf("open: got %q after %d requests, want 201", said, len(arrivals))
				}
				said, arrivals := r.ask(t, serve(t, 1, failing), method, "kept")
				if again := method == http.MethodGet && r.again; again && (said != "201" || len(arrivals) != 2) || !again && !r.again && said != "502" {
					t.Errorf("failing once: got %q after %d requests, want it repeated: %v", said, len(arrivals), again)
				}
			})
		}
	}
}

// TestContractSaysTheSame checks that the contract's table states what is tested
// here, row by row.
func TestContractSaysTheSame(t *testing.T) {
	contract, err := os.ReadFile("../../docs/client-contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(contract), "<!-- clients -->\n")
	table, _, _ = strings.Cut(table, "\n\n")
	lines := strings.Split(table, "\n")[2:]
	all := append(slices.Clone(rows), row{name: "OkHttp", get: tells, post: tells}, row{name: "java.net.http", get: tells, post: tells})
	if len(lines) != len(all) {
		t.Fatalf("the table has %d rows, want %d", len(lines), len(all))
	}
	for i, r := range all {
		if want := fmt.Sprintf("| %s | %s | %s | ", r.name, r.get, r.post); !strings.HasPrefix(lines[i], want) {
			t.Errorf("row %d is %q, want %q...", i+1, lines[i], want)
		}
	}
}
