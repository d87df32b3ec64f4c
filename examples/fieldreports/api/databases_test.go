package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// databases are the kinds of database that the tests of the API run on, each with
// the tables and the example users. The build tag mysql adds real servers, and
// valkey adds a session store beside the embedded server.
var databases = map[string]func(t *testing.T) database{
	"embedded": func(t *testing.T) database {
		db, err := startEmbedded(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return db
	},
}

func onEveryDatabase(t *testing.T, test func(t *testing.T, db database)) {
	for name, start := range databases {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// A site is an API and a client that talks to it.
type site struct {
	*httptest.Server
	t       *testing.T
	db      pools
	client  *http.Client
	headers map[string]string
	guesses *guesses
}

// serveAPI serves the API on db, for pages of the given origins.
func serveAPI(t *testing.T, db database, origins ...string) site {
	p, err := db.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	a := newAPI(p, origins, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(a.routes())
	t.Cleanup(server.Close)
	return site{server, t, p, server.Client(), nil, a.guesses}
}

// as returns the same site with additional headers in each request: name, value,
// ...
func (s site) as(headers ...string) site {
	added := map[string]string{}
	for name, value := range s.headers {
		added[name] = value
	}
	for i := 0; i < len(headers); i += 2 {
		added[headers[i]] = headers[i+1]
	}
	s.headers = added
	return s
}

// browser returns the same site as seen by a browser, which keeps cookies.
func (s site) browser() site {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.client = &http.Client{Jar: jar}
	return s
}

// login returns the site for an example user who is logged in with an app.
func (s site) login(name string) site {
	s.t.Helper()
	status, _, body := s.send("POST", "/api/login", `{"name":"`+name+`","password":"`+examplePassword+`"}`)
	var session struct{ Token string }
	if err := json.Unmarshal([]byte(body), &session); err != nil || status != http.StatusOK {
		s.t.Fatalf("logging in as %s: got %d %s", name, status, body)
	}
	return s.as("Authorization", "Bearer "+session.Token)
}

// expire makes all sessions expire.
func (s site) expire() {
	s.t.Helper()
	if _, ok := s.db.sessions.(rows); !ok {
		expireStored(s.t)
		return
	}
	if _, err := s.db.writer.Exec("UPDATE sessions SET expires_at = ?", time.Now().UTC().Add(-time.Second)); err != nil {
		s.t.Fatal(err)
	}
}

// expireStored makes the sessions in a separate store expire. The build tag
// valkey sets it.
var expireStored func(t *testing.T)

func (s site) send(method, path, body string) (int, http.Header, string) {
	s.t.Helper()
	request, err := http.NewRequest(method, s.URL+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range s.headers {
		request.Header.Set(name, value)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(got)
}

// want sends a request and checks the status, and that the body contains text.
func (s site) want(status int, text, method, path, body string) {
	s.t.Helper()
	if got, _, gotBody := s.send(method, path, body); got != status || !strings.Contains(gotBody, text) {
		s.t.Errorf("%s %s: got %d %s, want %d with %s", method, path, got, gotBody, status, text)
	}
}
