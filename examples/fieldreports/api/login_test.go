package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLogin(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		for _, body := range []string{`{"name":"field","password":"exampl"}`, `{"name":"nobody","password":"example"}`, `{}`} {
			s.want(401, `"code":"wrong-password"`, "POST", "/api/login", body)
		}
		s.want(400, `"code":"bad-json"`, "POST", "/api/login", "name=field")
		s.want(413, `"code":"too-large"`, "POST", "/api/login", `{"name":"`+strings.Repeat("x", maxBody)+`"}`)
		for _, path := range []string{"/api/session", "/api/templates", "/api/templates/cable-fault", "/api/files/drawings/cable-fault.svg", "/api/reports", "/api/reports/x"} {
			s.want(401, `"code":"no-session"`, "GET", path, "")
		}
		s.as("Authorization", "Bearer guess").want(401, "", "GET", "/api/session", "")
		s.want(401, "", "POST", "/api/reports", "{}")

		field := s.login("field")
		field.want(200, `{"user":{"name":"field","role":"field"}}`, "GET", "/api/session", "")
		other := s.login("field")

		// A new release: another process on the same database.
		next := serveAPI(t, db)
		next.headers = field.headers
		next.want(200, `"field"`, "GET", "/api/session", "")

		next.want(204, "", "POST", "/api/logout", "")
		field.want(401, "", "GET", "/api/session", "")
		other.want(200, "", "GET", "/api/session", "")

		s.expire()
		other.want(401, "", "GET", "/api/session", "")
		s.login("field")
		if db.sessions != nil {
			return // a store forgets sessions by itself
		}
		var left int
		if err := s.db.writer.QueryRow("SELECT COUNT(*) FROM sessions").Scan(&left); err != nil || left != 1 {
			t.Errorf("%d sessions are left (%v), want the new one alone", left, err)
		}
	})
}

// TestReaderBehindTheWriter checks that a user who has just logged in is known
// even if the reader is behind the writer, and that a report that was just stored
// is not stored again.
func TestReaderBehindTheWriter(t *testing.T) {
	writer, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reader, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	behind, err := reader.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(behind.close)
	p, err := writer.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	mixed := pools{writer: p.writer, reader: behind.reader, share: p.share}
	mixed.sessions = rows{mixed}
	server := httptest.NewServer(newAPI(mixed, nil, slog.New(slog.DiscardHandler)).routes())
	t.Cleanup(server.Close)

	s := site{server, t, p, server.Client(), nil, nil}.login("field")
	s.want(200, `"field"`, "GET", "/api/session", "")
	s.want(201, "", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
	s.want(200, "Pump 3", "POST", "/api/reports", reportOf(firstID, "Pump 3"))
	s.want(200, `{"reports":[]}`, "GET", "/api/reports", "") // not there yet
	s.want(204, "", "POST", "/api/logout", "")
	s.want(401, "", "GET", "/api/session", "")
}

// TestTokensAreNotStored checks that someone who can read the table of sessions
// cannot use what is in it.
func TestTokensAreNotStored(t *testing.T) {
	db, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := serveAPI(t, db).login("field")
	var stored string
	if err := s.db.writer.QueryRow("SELECT token_hash FROM sessions").Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(s.headers["Authorization"], stored) {
		t.Error("the token itself is in the database")
	}
	s.as("Authorization", "Bearer "+stored).want(401, "", "GET", "/api/session", "")
}

func TestBrowserSession(t *testing.T) {
	db, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := serveAPI(t, db)
	const body = `{"name":"manager","password":"example","cookie":true}`
	for origin, secure := range map[string]bool{s.URL: false, "": true} {
		browser := s.browser()
		if origin != "" {
			browser = browser.as("Origin", origin)
		}
		status, header, got := browser.send("POST", "/api/login", body)
		cookie := header.Get("Set-Cookie")
		if status != 200 || strings.Contains(got, "token") {
			t.Errorf("got %d %s, want no token that a script could read", status, got)
		}
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/api/", "Max-Age=7776000"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("got cookie %q, want %s", cookie, want)
			}
		}
		if strings.Contains(cookie, "Secure") != secure {
			t.Errorf("origin %q: got cookie %q, want Secure: %v", origin, cookie, secure)
		}
		if secure {
			continue // a jar sends such a cookie only over https
		}
		browser.want(200, `"manager"`, "GET", "/api/session", "")
		browser.want(204, "", "POST", "/api/logout", "")
		browser.want(401, "", "GET", "/api/session", "")
	}
}

func TestOrigins(t *testing.T) {
	db, err := startEmbedded(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := serveAPI(t, db, "https://app.example.com", "https://*.example.net")
	tests := []struct {
		origin string
		want   bool
	}{
		{"https://app.example.com", true},
		{"https://a.b.example.net", true},
		{"https://example.net", false},
		{"https://.example.net", false},
		{"http://app.example.com", false},
		{"https://app.example.com.evil.example", false},
		{"https://evilexample.net", false},
		{"null", false},
	}
	for _, test := range tests {
		page := s.as("Origin", test.origin, "Sec-Fetch-Site", "cross-site")
		status, header, _ := page.as("Access-Control-Request-Method", "POST").send("OPTIONS", "/api/reports", "")
		allowed := header.Get("Access-Control-Allow-Origin") == test.origin && header.Get("Access-Control-Allow-Credentials") == "true"
		if status != 204 || allowed != test.want || (header.Get("Access-Control-Allow-Methods") != "") != test.want {
			t.Errorf("%s asks: got %d %v, want it allowed: %v", test.origin, status, header, test.want)
		}
		if test.want && !strings.Contains(header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
			t.Errorf("%s may not send an Idempotency-Key", test.origin)
		}
		status, header, _ = page.send("POST", "/api/login", `{"name":"field","password":"example"}`)
		want := http.StatusForbidden
		if test.want {
			want = http.StatusOK
		}
		if status != want || (header.Get("Access-Control-Allow-Origin") != "") != test.want || header.Get("Vary") != "Origin" {
			t.Errorf("%s logs in: got %d %v, want %d", test.origin, status, header, want)
		}
		// The page can read an error as well.
		_, header, _ = page.send("GET", "/api/session", "")
		if exposed := header.Get("Access-Control-Expose-Headers"); test.want != strings.Contains(exposed, "X-Maintenance-Mode") {
			t.Errorf("%s: got exposed headers %q", test.origin, exposed)
		}
	}
}

// TestSeveralCookiesOfTheName checks that the cookie that is a session counts.
// Any application of the domain can set a cookie of the name.
func TestSeveralCookiesOfTheName(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		token := strings.TrimPrefix(s.login("field").headers["Authorization"], "Bearer ")
		good, bad := cookieName+"="+token, cookieName+"=tossed"
		for _, cookies := range []string{good, bad + "; " + good, good + "; " + bad, cookieName + "=; " + good, bad + "; other=1; " + bad + "; " + good} {
			s.as("Cookie", cookies).want(200, `"field"`, "GET", "/api/session", "")
		}
		s.as("Cookie", bad).want(401, "", "GET", "/api/session", "")
		s.as("Cookie", bad+"; "+good).want(204, "", "POST", "/api/logout", "")
		s.as("Cookie", good).want(401, "", "GET", "/api/session", "")
	})
}

// TestLoginEndsTheSessionItCameWith checks that a new session of a browser or app
// ends the previous one.
func TestLoginEndsTheSessionItCameWith(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		other := s.login("field")
		first := s.login("field")
		second := first.login("manager")
		first.want(401, "", "GET", "/api/session", "")
		second.want(200, `"manager"`, "GET", "/api/session", "")
		other.want(200, `"field"`, "GET", "/api/session", "") // another phone
		cookie := cookieName + "=" + strings.TrimPrefix(second.headers["Authorization"], "Bearer ")
		s.as("Cookie", cookie).want(200, "", "POST", "/api/login", `{"name":"field","password":"example","cookie":true}`)
		second.want(401, "", "GET", "/api/session", "")
		// A wrong password ends nothing.
		other.want(401, "", "POST", "/api/login", `{"name":"field","password":"wrong"}`)
		other.want(200, "", "GET", "/api/session", "")
	})
}

// TestLoginByReading checks that a read with a name and password logs a browser
// in, as POST does.
func TestLoginByReading(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, db database) {
		s := serveAPI(t, db)
		basic := func(name, password string) string {
			r, _ := http.NewRequest(http.MethodGet, s.URL, nil)
			r.SetBasicAuth(name, password)
			return r.Header.Get("Authorization")
		}
		browser := s.browser().as("Referer", s.URL+"/")
		browser.as("Authorization", basic("manager", "wrong")).want(401, "wrong-password", "GET", "/api/session", "")
		status, header, body := browser.as("Authorization", basic("manager", "example")).send("GET", "/api/session", "")
		if status != 200 || !strings.Contains(body, `"name":"manager"`) || strings.Contains(body, "token") || !strings.Contains(header.Get("Set-Cookie"), "HttpOnly") {
			t.Errorf("got %d %v %s, want a session in a cookie", status, header, body)
		}
		browser.want(200, `"manager"`, "GET", "/api/session", "")
		if status, header, _ := s.as("Authorization", basic("manager", "example")).send("HEAD", "/api/session", ""); status != 401 || header.Get("Set-Cookie") != "" {
			t.Errorf("HEAD: got %d %v, want no session", status, header)
		}
		if status, header, _ := s.send("GET", "/api/session", ""); status != 401 || strings.Contains(header.Get("WWW-Authenticate"), "Basic") {
			t.Errorf("got %d %v, want a browser not to ask for a password by itself", status, header)
		}
		for range 2 * pairLimit.burst {
			s.as("Authorization", basic("field", "guess")).send("GET", "/api/session", "")
		}
		s.as("Authorization", basic("field", "example")).want(429, "too-many-attempts", "GET", "/api/session", "")
	})
}
