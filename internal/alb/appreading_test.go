package alb

import (
	"strings"
	"testing"
)

// TestAppReading_Notes checks that paths which applications read differently get
// a note where a subtree or a wildcard let them through.
func TestAppReading_Notes(t *testing.T) {
	subtree := &Listener{Rules: []Rule{
		{Priority: 1, Conditions: []Condition{PathPatterns{"/api/*"}}, Actions: []Action{FixedResponse{Status: 200}}},
		{Priority: 2, Conditions: []Condition{PathPatterns{"/files//x"}}, Actions: []Action{FixedResponse{Status: 200}}},
	}, Default: Rule{Actions: []Action{FixedResponse{Status: 404}}}}
	for _, test := range []struct{ target, want string }{
		{"/api/..;/admin", "as /admin, dropping what follows a ;"},
		{"/api/x;v=1/y?a;b", "as /api/x/y, dropping what follows a ;"},
		{"/api/..%5cadmin", `as /admin, taking a backslash for a slash`},
		{"/api/%252e%252e/admin", "as /admin, decoding it twice"},
		{"/api/a%2Fb", "as /api/a/b, taking an encoded slash for a slash"},
		{"/api//x", "as /api/x, merging slashes"},
		{"/api/plain", ""},
		{"/api/a%20b", ""},
		{"/files//x", ""}, // an exact pattern
		{"/other;x", ""},  // no rule with a path
	} {
		r := &Request{Target: test.target, Host: "h"}
		got := strings.Join(subtree.Explain(r).Notes(r), "\n")
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.target, got, test.want)
		}
	}
}

// TestSubtreesThatWrite checks that a subtree with a writing method is a warning.
func TestSubtreesThatWrite(t *testing.T) {
	for _, test := range []struct {
		conditions []Condition
		want       bool
	}{
		{[]Condition{PathPatterns{"/api/*"}, Methods{"GET", "POST"}}, true},
		{[]Condition{PathPatterns{"/api/*"}, Methods{"GET", "HEAD"}}, false},
		{[]Condition{PathPatterns{"/api/*"}}, false},
		{[]Condition{PathPatterns{"/*"}, Methods{"POST"}}, false},
		{[]Condition{PathPatterns{"/api/x"}, Methods{"POST"}}, false},
	} {
		rule := Rule{Priority: 1, Conditions: test.conditions, Actions: forwardTo("App")}
		problems := rule.Check()
		if got := len(problems) == 1 && strings.Contains(problems[0].Message, "lets POST through"); got != test.want {
			t.Errorf("%v: got %v", test.conditions, problems)
		}
	}
}
