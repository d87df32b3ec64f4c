package alb

import (
	"fmt"
	"net/netip"
	"testing"
)

// golden is a publicly known fact about ALB: a condition, a request, and whether
// it matches. The sources are those of the package comment; "I" is inferred from
// documentation, "unknown" is not documented anywhere.
type golden struct {
	source    string
	condition Condition
	request   Request
	want      Outcome
}

var (
	yes = Outcome{Verdict: Yes}
	no  = Outcome{Verdict: No}
)

func likely(d Doubt) Outcome   { return Outcome{Likely, d} }
func unlikely(d Doubt) Outcome { return Outcome{Unlikely, d} }

// get returns a GET request for a target.
func get(target string) Request { return Request{Target: target, Host: "example.com"} }

// to returns a request to a host.
func to(host string) Request { return Request{Target: "/", Host: host} }

// with returns a request with header lines, given as alternating names and
// values.
func with(header ...string) Request {
	r := get("/")
	r.Header = map[string][]string{}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = append(r.Header[header[i]], header[i+1])
	}
	return r
}

// from returns a request from a client address.
func from(addr string) Request {
	r := get("/")
	r.Source = netip.MustParseAddr(addr)
	return r
}

func cidrs(prefixes ...string) SourceIPs {
	var s SourceIPs
	for _, p := range prefixes {
		s = append(s, netip.MustParsePrefix(p))
	}
	return s
}

// TestGolden checks each case twice: the condition alone, and in a listener with
// one rule.
func TestGolden(t *testing.T) {
	tables := map[string][]golden{
		"paths": goldenPaths, "path doubts": goldenPathDoubts, "path regexes": goldenPathRegexes,
		"hosts": goldenHosts, "host regexes": goldenHostRegexes,
		"headers": goldenHeaders, "header regexes": goldenHeaderRegexes,
		"methods": goldenMethods, "queries": goldenQueries, "sources": goldenSources, "opaque": goldenOpaque,
	}
	total := 0
	for name, table := range tables {
		total += len(table)
		for i, g := range table {
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				request := g.request
				if got := g.condition.Match(&request); got != g.want {
					t.Errorf("%s: %s for %s %q of %q with %q from %v: got %v (%v), want %v (%v)", g.source, g.condition.String(),
						request.Method, request.Target, request.Host, request.Header, request.Source,
						got.Verdict, got.Doubt, g.want.Verdict, g.want.Doubt)
				}
				checkListenerAgrees(t, g)
			})
		}
	}
	if total < 150 {
		t.Errorf("%d golden cases, want at least 150", total)
	}
}

func checkListenerAgrees(t *testing.T, g golden) {
	t.Helper()
	l := &Listener{
		Ref:     Ref{LogicalID: "Listener"},
		Rules:   []Rule{{Priority: 10, Conditions: []Condition{g.condition}, Actions: forwardTo("Rule")}},
		Default: Rule{Actions: forwardTo("Default")},
	}
	request := g.request
	d := l.Route(&request)
	target := "Default"
	if g.want.Verdict.Matches() {
		target = "Rule"
	}
	if got := d.Target().LogicalID; got != target {
		t.Errorf("%s: routed to %q, want %q", g.source, got, target)
	}
	if d.Certain() != g.want.Verdict.Certain() {
		t.Errorf("%s: certain %v (%v), want %v", g.source, d.Certain(), d.Doubt, g.want.Verdict.Certain())
	}
}

// forwardTo returns the actions of a rule that forwards to a target group.
func forwardTo(id string) []Action {
	return []Action{Forward{Groups: []WeightedGroup{{Ref{LogicalID: id}, 1}}}}
}
