package witness

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/alb"
)

// TestFindsWhatRandomRequestsFind checks, for thousands of pairs of rules, that
// there is a class whenever a request shows that the two rules can decide
// together.
func TestFindsWhatRandomRequestsFind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 8 {
			checkFound(t, drawListener(t, "a"), drawListener(t, "b"))
		}
	})
}

func checkFound(t *rapid.T, a, b *alb.Listener) {
	classes, complete := Classes(a, b)
	if !complete {
		t.Fatalf("the search was cut short")
	}
	found := map[string]bool{}
	for _, c := range classes {
		found[c.Old.Name()+" "+c.New.Name()] = true
	}
	for range 60 {
		request := drawRequest(t)
		again := request
		before, after := a.Route(&request).Rule, b.Route(&again).Rule
		if before != nil && !found[before.Name()+" "+after.Name()] {
			t.Fatalf("%s %s on %q from %s with %v: rule %s and rule %s, no witness\n%s\n%s", request.Method, request.Target, request.Host,
				request.Source, request.Header, before.Name(), after.Name(), listed(a), listed(b))
		}
	}
}

// TestWitnessesAreRouted checks that a witness is decided by the rules of its
// class.
func TestWitnessesAreRouted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawListener(t, "a"), drawListener(t, "b")
		classes, _ := Classes(a, b)
		for _, c := range classes {
			request, again := c.Request, c.Request
			if before, after := a.Route(&request).Rule, b.Route(&again).Rule; before != c.Old || after != c.New {
				t.Fatalf("%s %s: rule %s and rule %s, want %s and %s", request.Method, request.Target, before.Name(), after.Name(), c.Old.Name(), c.New.Name())
			}
		}
	})
}

func listed(l *alb.Listener) string {
	var b strings.Builder
	for _, rule := range l.Rules {
		fmt.Fprintf(&b, "%s", rule.Name())
		for _, c := range rule.Conditions {
			fmt.Fprintf(&b, " %s", c.String())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func drawListener(t *rapid.T, name string) *alb.Listener {
	l := &alb.Listener{Ref: alb.Ref{LogicalID: name}, Default: alb.Rule{Actions: []alb.Action{alb.FixedResponse{Status: 404}}}}
	for i := range rapid.IntRange(0, 5).Draw(t, name+" rules") {
		rule := alb.Rule{Priority: i + 1, Actions: []alb.Action{alb.FixedResponse{Status: 200 + i}}}
		for range rapid.IntRange(1, 3).Draw(t, "conditions") {
			rule.Conditions = append(rule.Conditions, drawCondition(t))
		}
		l.Rules = append(l.Rules, rule)
	}
	return l
}

func drawCondition(t *rapid.T) alb.Condition {
	some := func(of ...string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(of), 1, 3).Draw(t, "values")
	}
	name := rapid.SampledFrom([]string{"X-A", "x-a", "X-B"})
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0, 1:
		return alb.Methods(some("GET", "HEAD", "POST", "PURGE"))
	case 2, 3:
		return alb.PathPatterns(some("/", "/a", "/a/*", "/*b", "/?", "*", "/a/b", "*a*", "*.png", "/a?b", "//*", "/*/a"))
	case 4:
		return alb.PathRegexes(some("^/a/[^/]+$", "^/a$", "b", `\.png$`, "^/[0-9]{2}", `^/a\b`, "(?i)^/A$", "["))
	case 5:
		return alb.Hosts(some("example.com", "*.example.com", "API.example.com", "*a*", "?.b"))
	case 6:
		return alb.HostRegexes(some("^a", `\.com$`, `^example\.com:8443$`))
	case 7:
		return alb.Header{Name: name.Draw(t, "name"), Values: some("ios", "A*", "*b*", "?", "*")}
	case 8:
		if rapid.Bool().Draw(t, "regex") {
			return alb.HeaderRegexes{Name: name.Draw(t, "name"), Values: some("^i", "b$", "^a+$")}
		}
		key := rapid.SampledFrom([]string{"", "a", "a*", `\*`}).Draw(t, "key")
		return alb.QueryStrings{{Key: key, Value: some("1", "b*", "*")[0]}, {Key: "k", Value: "?"}}
	default:
		return alb.SourceIPs{netip.MustParsePrefix(some("10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "2001:db8::/32", "203.0.113.9/32")[0])}
	}
}

func drawRequest(t *rapid.T) alb.Request {
	one := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "part") }
	r := alb.Request{
		Method: one("GET", "HEAD", "POST", "PURGE", "PUT"),
		Host:   one("example.com", "api.example.com", "a.b", "x", "EXAMPLE.com", "example.com:8443", "banana.com"),
		Source: netip.MustParseAddr(one("10.1.2.3", "10.9.9.9", "8.8.8.8", "2001:db8::1", "2001:db9::1", "203.0.113.9")),
		Header: map[string][]string{},
	}
	r.Target = "/" + rapid.StringMatching(`[ab12./]{0,5}(\.png)?`).Draw(t, "path")
	r.Target += one("", "?a=1", "?a=b2&k=1", "?k=", "?ab=bb", "?*=1", "?z=1")
	for _, name := range []string{"X-A", "X-B"} {
		if values := rapid.SliceOfN(rapid.SampledFrom([]string{"ios", "a", "aab", "xbx", "zz", "b"}), 0, 3).Draw(t, name); len(values) > 0 {
			r.Header[name] = values
		}
	}
	return r
}
