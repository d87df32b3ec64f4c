package responder

import (
	"io"
	"strings"
	"testing"
)

func TestValidateOrigins(t *testing.T) {
	for origin, want := range map[string]string{
		"https://app.example.com":       "",
		"https://app.example.com:8443":  "",
		"https://*.example.com":         "",
		"https://*.app.example.com":     "",
		"https://*.example.com:8443":    "",
		"http://localhost:3000":         "",
		"http://127.0.0.1:8080":         "",
		"capacitor://localhost":         "",
		"*":                             "name the origins",
		"null":                          "name the origins",
		"":                              "is not an origin",
		"app.example.com":               "is not an origin",
		"https://":                      "is not an origin",
		"https://app.example.com/":      "no slash at the end",
		"https://app.example.com/api":   "no path",
		"https://user@app.example.com":  "is not an origin",
		"https://app..example.com":      "is not an origin",
		"https://app.*.example.com":     "is not an origin",
		"https://*":                     "is not an origin",
		"https://*example.com":          "is not an origin",
		"https://例え.jp":                 "is not an origin",
		"https://App.example.com":       `browsers write "https://app.example.com"`,
		"https://app.example.com:443":   "browsers leave out :443",
		"http://app.example.com:80":     "browsers leave out :80",
		"https://app.example.com:":      `port ""`,
		"https://app.example.com:65536": `port "65536"`,
		"https://app.example.com:08443": `port "08443"`,
		"http://*.example.com":          "wildcard without https",
		"https://*.com":                 "every site under .com",
	} {
		switch err := (Config{CORSOrigins: []string{origin}}).Validate(); {
		case want == "" && err != nil:
			t.Errorf("%q is refused: %v", origin, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: got %v, want %q", origin, err, want)
		}
	}
}

func TestAnswersAreReadByConfiguredOriginsOnly(t *testing.T) {
	h := at(now, Config{CORSOrigins: []string{"https://app.example.com", "https://*.example.net", "https://*.example.org:8443", "http://localhost:3000"}}, io.Discard)
	for origin, allowed := range map[string]bool{
		"https://app.example.com":            true,
		"https://a.example.net":              true,
		"https://a.b.example.net":            true,
		"https://a.example.org:8443":         true,
		"http://localhost:3000":              true,
		"":                                   false,
		"null":                               false,
		"*":                                  false,
		"https://example.com":                false,
		"https://www.app.example.com":        false,
		"http://app.example.com":             false,
		"https://app.example.com:8443":       false,
		"https://app.example.com.evil.io":    false,
		"https://example.net":                false,
		"https://.example.net":               false,
		"https://evilexample.net":            false,
		"https://evil.io/.example.net":       false,
		"https://evil.io:1.example.net":      false,
		"https://user@a.example.net":         false,
		"http://a.example.net":               false,
		"https://a.example.net:8443":         false,
		"https://a.example.org":              false,
		"http://localhost":                   false,
		"https://app.example.com, null":      false,
		"https://A.example.net":              false,
		"https://a\u0000b.example.net":       false,
		"https://a\".example.net":            false,
		"https://" + long() + ".example.net": false,
	} {
		r := get(t, h, "origin", origin)
		got, credentials, exposed := r.headers["Access-Control-Allow-Origin"], r.headers["Access-Control-Allow-Credentials"], r.headers["Access-Control-Expose-Headers"]
		switch {
		case allowed && (got != origin || credentials != "true" || exposed != "Retry-After, X-Maintenance-Mode"):
			t.Errorf("%q: got origin %q, credentials %q, exposed %q", origin, got, credentials, exposed)
		case !allowed && got+credentials+exposed != "":
			t.Errorf("%q may read the answer: origin %q", origin, got)
		}
	}
}

func long() string { return strings.Repeat("a.", 500) + "a" }

func TestPreflight(t *testing.T) {
	h := at(now, fieldReports, io.Discard)
	preflight := func(method string, headers ...string) response {
		fields := map[string]string{}
		for i := 0; i < len(headers); i += 2 {
			fields[headers[i]] = headers[i+1]
		}
		return send(t, h, []byte(encode(map[string]any{"httpMethod": method, "headers": fields})))
	}
	const origin, method, requested = "origin", "access-control-request-method", "access-control-request-headers"
	t.Run("says yes to what is asked", func(t *testing.T) {
		r := preflight("OPTIONS", origin, "https://app.example.com", method, "PATCH", requested, "authorization,x-client")
		if r.status != 204 || r.body != "" || r.headers["Access-Control-Allow-Methods"] != "PATCH" || r.headers["Access-Control-Allow-Headers"] != "authorization,x-client" {
			t.Errorf("got %v", r)
		}
	})
	t.Run("without headers", func(t *testing.T) {
		r := preflight("OPTIONS", origin, "https://app.example.com", method, "DELETE")
		if _, ok := r.headers["Access-Control-Allow-Headers"]; ok || r.status != 204 {
			t.Errorf("got %v, want no allowed headers", r)
		}
	})
	t.Run("of a stranger", func(t *testing.T) {
		r := preflight("OPTIONS", origin, "https://example.org", method, "DELETE")
		if _, ok := r.headers["Access-Control-Allow-Origin"]; ok || r.status != 204 {
			t.Errorf("got %v, want 204 that allows nothing", r)
		}
	})
	t.Run("does not repeat what is not a header", func(t *testing.T) {
		r := preflight("OPTIONS", origin, "https://app.example.com", method, "GET\r\nX: y", requested, "a\"}")
		if len(r.headers["Access-Control-Allow-Methods"]+r.headers["Access-Control-Allow-Headers"]) > 0 || r.status != 204 {
			t.Errorf("got %v", r)
		}
	})
	for name, r := range map[string]response{
		"not OPTIONS":    preflight("GET", origin, "https://app.example.com", method, "DELETE"),
		"no origin":      preflight("OPTIONS", method, "DELETE"),
		"no method":      preflight("OPTIONS", origin, "https://app.example.com"),
		"another method": preflight("options", origin, "https://app.example.com", method, "DELETE"),
	} {
		if r.status != 503 || r.body == "" {
			t.Errorf("%s: got %v, want an ordinary answer", name, r)
		}
	}
}
