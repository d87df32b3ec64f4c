package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets a test start the app as a process, which is this binary with a
// variable set.
func TestMain(m *testing.M) {
	if os.Getenv("FIELDREPORTS_TEST_MOBILE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A service is what the app talks to: an API behind a load balancer.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	before   func(w http.ResponseWriter, r *http.Request, body []byte) bool // answers in place of the API if it returns true
	requests []arrival
	reports  []string // ids, in the order in which they were stored
	authors  []string // of the reports
	token    string   // the valid token; the user's name follows it
}

type arrival struct {
	at              time.Time
	method, path    string
	id, key, client string
	user            string // the user of the token that it carries
	size            int
}

func serve(t *testing.T) *service {
	s := &service{token: "t1-"}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var sent struct{ ID string }
	_ = json.Unmarshal(body, &sent)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, arrival{time.Now(), r.Method, r.URL.Path, sent.ID, r.Header.Get("Idempotency-Key"), r.Header.Get("X-Client"), s.author(r), len(body)})
	if s.before != nil && s.before(w, r, body) {
		return
	}
	s.answer(w, r, body, sent.ID)
}

// author returns the user of a request's token.
func (s *service) author(r *http.Request) string {
	name, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "+s.token)
	return name
}

func (s *service) answer(w http.ResponseWriter, r *http.Request, body []byte, id string) {
	if r.URL.Path != "/api/login" && !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "+s.token) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /api/login":
		var login struct{ Name string }
		_ = json.Unmarshal(body, &login)
		json.NewEncoder(w).Encode(map[string]string{"token": s.token + login.Name})
	case "GET /api/templates":
		io.WriteString(w, `{"templates":[{"id":"a","drawing":"/api/files/d/a.svg"}]}`)
	case "GET /api/templates/a":
		io.WriteString(w, `{"id":"a"}`)
	case "GET /api/files/d/a.svg":
		w.Header().Set("ETag", `"1"`)
		io.WriteString(w, "<svg/>")
	case "GET /api/reports":
		io.WriteString(w, `{"reports":[]}`)
	case "POST /api/reports":
		if id == "" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		status := 200
		if !slices.Contains(s.reports, id) {
			s.reports, s.authors, status = append(s.reports, id), append(s.authors, s.author(r)), 201
		}
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"id": id})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// set sets what answers in place of the API; nil means the API itself.
func (s *service) set(before func(w http.ResponseWriter, r *http.Request, body []byte) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// closed answers as maintenance to requests whose line begins with one of
// prefixes, or to all requests if there are none.
func closed(retryAfter string, prefixes ...string) func(http.ResponseWriter, *http.Request, []byte) bool {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		request := r.Method + " " + r.URL.Path
		if len(prefixes) > 0 && !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(request, p) }) {
			return false
		}
		w.Header().Set("X-Maintenance-Mode", "on")
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"errors":[{"status":"503","code":"maintenance","detail":"Back at four.","meta":{"until":"2026-12-01T04:00:00+09:00"}}]}`)
		return true
	}
}

// arrived returns the requests so far that begin with prefix.
func (s *service) arrived(prefix string) (found []arrival) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.requests {
		if strings.HasPrefix(a.method+" "+a.path, prefix) {
			found = append(found, a)
		}
	}
	return found
}

func (s *service) stored() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.reports)
}

// A phone is an app that runs until the test stops it.
type phone struct {
	*app
	log  *output
	stop func()
}

type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start starts an app on folder with reports already written. It uploads them and
// writes nothing more.
func start(t *testing.T, s *service, folder string, reports ...item) *phone {
	t.Helper()
	return startAs(t, "field", s, folder, reports...)
}

func startAs(t *testing.T, name string, s *service, folder string, reports ...item) *phone {
	t.Helper()
	log := &output{}
	a, err := open(settings{api: s.URL, name: name, password: "example", folder: folder, language: "en", every: time.Hour, sync: 50 * time.Millisecond, pace: 20 * time.Millisecond},
		slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		r.User = name
		if err := a.queue.add(r); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { a.keepSynced(ctx) })
	group.Go(func() { a.keepUploading(ctx) })
	group.Go(func() { a.keepInformed(ctx) })
	p := &phone{a, log, func() { cancel(); group.Wait(); a.close() }}
	t.Cleanup(p.stop)
	return p
}

// written returns report n of a user.
func written(n int) item {
	id := uuid()
	return item{Number: n, ID: id, Key: uuid(), Method: "POST", Path: "/api/reports", Body: json.RawMessage(`{"id":"` + id + `"}`)}
}

func ids(items ...item) (all []string) {
	for _, i := range items {
		all = append(all, i.ID)
	}
	return all
}

// eventually waits until happened returns true, and fails the test if it does
// not.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func contents(t *testing.T, folder string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if entry.Type()&os.ModeSymlink != 0 {
			return nil
		}
		content, err := os.ReadFile(path)
		all.WriteString(strings.TrimPrefix(path, folder) + ": " + string(content) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
