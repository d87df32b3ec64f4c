package replay

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
)

// TestPatternsAreShownAsWritten checks that the conditions compiled from the
// allowlist are shown as they were written.
func TestPatternsAreShownAsWritten(t *testing.T) {
	for _, line := range []string{
		"POST /api/login", "GET /", "GET /{$}", "GET /api/", "GET /api/{$}", "GET /api/files/{path...}", "GET /api/templates/{id}",
		"GET /api/v1.2/{id}/", "PUT /api/{id}/photos/{id2}/{$}", "GET /{id}/{rest...}",
	} {
		compiled, err := allowlist.Compile([]string{line}, nil)
		if err != nil {
			t.Fatal(err)
		}
		rule := alb.Rule{Priority: 1, Conditions: compiled[0]}
		got := ""
		switch path := compiled[0][1].(type) {
		case alb.PathPatterns:
			got = patternOf(&rule, path[0], false)
		case alb.PathRegexes:
			got = patternOf(&rule, path[0], true)
		}
		again, err := allowlist.Compile([]string{got}, nil)
		if err != nil || again[0][1].String() != compiled[0][1].String() {
			t.Errorf("%q became %q, %v", line, got, err)
		}
		if !strings.HasSuffix(line, "/") && !strings.Contains(line, "rest") && got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
	odd := alb.Rule{Priority: 1, Conditions: []alb.Condition{alb.Methods{"PUT", "PATCH"}, alb.PathPatterns{"/a*b"}}}
	if got := patternOf(&odd, "/a*b", false); got != "PUT, PATCH /a*b" {
		t.Errorf("got %q", got)
	}
}

func TestNumbered(t *testing.T) {
	for path, want := range map[string]string{
		"/a":                        "/a",
		"/a/{id}":                   "/a/{id}",
		"/{id}/b/{id}/":             "/{id}/b/{id2}/",
		strings.Repeat("/{id}", 12): "/{id}/{id2}/{id3}/{id4}/{id5}/{id6}/{id7}/{id8}/{id9}/{id10}/{id11}/{id12}",
	} {
		if got := numbered(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
