package alb

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestPatternsAgreeWithRegexps checks that a pattern matches what the equivalent
// regexp matches.
func TestPatternsAgreeWithRegexps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[abAB/.]{0,3}([*?]{1,2}[abAB/.]{0,3}){0,4}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[abAB/.*?]{0,10}`).Draw(t, "text")
		if rapid.Bool().Draw(t, "near") { // a text that is likely to match
			fill := rapid.StringMatching(`[abAB]{1,2}`).Draw(t, "fill")
			text = strings.NewReplacer("*", fill, "?", fill[:1], "a", rapid.SampledFrom([]string{"a", "A"}).Draw(t, "a")).Replace(value)
		}
		fold := rapid.Bool().Draw(t, "fold")
		flags := ""
		if fold {
			flags = "(?i)"
		}
		p := readPattern(value, fold, false)
		if got, want := p.matches(text), globRegexps(flags, []string{value})[0].MatchString(text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", value, text, got, want)
		}
	})
}

// TestEscapedPatterns checks that a text in which every * and ? is escaped
// matches only itself.
func TestEscapedPatterns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ab*?]{0,6}`).Draw(t, "text")
		other := rapid.StringMatching(`[ab*?]{0,6}`).Draw(t, "other")
		p := readPattern(strings.NewReplacer("*", `\*`, "?", `\?`).Replace(text), true, true)
		if !p.matches(text) || p.matches(other) != (text == other) {
			t.Fatalf("escaped %q: itself %v, %q %v", text, p.matches(text), other, p.matches(other))
		}
	})
}

// TestOpaqueIsCautious checks that what is certain with an opaque value stays
// true whatever the value turns out to be.
func TestOpaqueIsCautious(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.StringMatching(`[ab*]{0,2}`).Draw(t, "before")
		after := rapid.StringMatching(`[ab?]{0,2}`).Draw(t, "after")
		secret := rapid.StringMatching(`[abc]{1,3}`).Draw(t, "secret")
		sent := rapid.StringMatching(`[abc]{0,6}`).Draw(t, "sent")
		request := with("X", sent)
		unknown := Header{"X", []string{before + bypass + after}}.Match(&request)
		known := Header{"X", []string{before + secret + after}}.Match(&request)
		if unknown.Verdict.Certain() && unknown.Verdict != known.Verdict {
			t.Fatalf("%v without the value, %v with it", unknown.Verdict, known.Verdict)
		}
	})
}

// TestRouteAgreesWithExplain checks that Route and Explain decide the same.
func TestRouteAgreesWithExplain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawListener(t)
		r := drawRequest(t)
		e := l.Explain(&r)
		if e.Rule == nil {
			return
		}
		var first, possible *Rule
		for _, step := range e.Steps {
			fresh := r
			fresh.prepared, fresh.fields = false, nil
			if got := step.Rule.Match(&fresh); got != step.Outcome {
				t.Fatalf("rule %s: %v by itself, %v in the listener", step.Rule.Name(), got, step.Outcome)
			}
			if first == nil && step.Outcome.Verdict.Matches() {
				first = step.Rule
			}
			if possible == nil && step.Outcome.Verdict != No {
				possible = step.Rule
			}
		}
		if first != e.Rule {
			t.Fatalf("Route says rule %s, the steps say %s", e.Rule.Name(), first.Name())
		}
		if certain := possible == first && e.Steps[len(e.Steps)-1].Rule == first; certain != (e.RuleDoubt == 0) {
			t.Fatalf("doubt about the rule %q, but the steps say certain: %v", e.RuleDoubt, certain)
		}
	})
}

// TestFirstMatchWins checks that adding a rule after the deciding one changes
// nothing.
func TestFirstMatchWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawListener(t)
		r := drawRequest(t)
		d := l.Route(&r)
		if d.Rule == nil || !d.Certain() {
			return
		}
		longer := &Listener{Ref: l.Ref, Rules: append(append([]Rule{}, l.Rules...), drawRule(t, 60000)), Default: l.Default}
		if after := longer.Route(&r); !d.Rule.Default() && after.Rule.Priority != d.Rule.Priority {
			t.Fatalf("rule %s, then rule %s", d.Rule.Name(), after.Rule.Name())
		}
	})
}

// TestNormalPathsAreCertain checks that a path without %, dot segments and double
// slashes has only one reading.
func TestNormalPathsAreCertain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.StringMatching(`(/[a-z.]{1,3}){1,4}/?`).Draw(t, "path")
		path, aboveRoot := readPath(raw)
		if path.doubt == 0 && (path.text != raw || aboveRoot) {
			t.Fatalf("%q is read as %q, above the root: %v", raw, path.text, aboveRoot)
		}
		resolved, ok := resolveDots(raw)
		if dotted := path.doubt&PathDots != 0; dotted != (!ok || resolved != raw) {
			t.Fatalf("%q: doubt about dots %v, resolved to %q", raw, dotted, resolved)
		}
	})
}

func drawListener(t *rapid.T) *Listener {
	l := &Listener{Ref: Ref{LogicalID: "Listener"}, Default: Rule{Actions: forwardTo("Default")}}
	for i := range rapid.IntRange(0, 6).Draw(t, "rules") {
		l.Rules = append(l.Rules, drawRule(t, 10*(i+1)))
	}
	return l
}

func drawRule(t *rapid.T, priority int) Rule {
	rule := Rule{Priority: priority, Actions: forwardTo(rapid.SampledFrom([]string{"App", "Other"}).Draw(t, "target"))}
	for range rapid.IntRange(1, 3).Draw(t, "conditions") {
		rule.Conditions = append(rule.Conditions, drawCondition(t))
	}
	if rapid.IntRange(0, 9).Draw(t, "if") == 0 {
		rule.If = "Sometimes"
	}
	return rule
}

func drawCondition(t *rapid.T) Condition {
	paths := rapid.SliceOfN(rapid.SampledFrom([]string{"/", "/a", "/a/*", "/*b", "/?", "*", "/*", "/a/b", "/" + cfn.Opaque("P")}), 1, 3)
	hosts := rapid.SliceOfN(rapid.SampledFrom([]string{"example.com", "*.example.com", "API.example.com", "x." + cfn.Opaque("D")}), 1, 2)
	values := rapid.SliceOfN(rapid.SampledFrom([]string{"ios", "A*", "?", bypass}), 1, 2)
	regexes := rapid.SliceOfN(rapid.SampledFrom([]string{"^/a$", "/a", "^/A/[^/]+$", "ios", "example", "^.*$"}), 1, 2)
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return Methods(rapid.SliceOfN(rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PURGE", cfn.Opaque("M")}), 1, 2).Draw(t, "methods"))
	case 1, 2, 3:
		return PathPatterns(paths.Draw(t, "paths"))
	case 4:
		return PathRegexes(regexes.Draw(t, "regexes"))
	case 5:
		return Hosts(hosts.Draw(t, "hosts"))
	case 6:
		return HostRegexes(regexes.Draw(t, "regexes"))
	case 7:
		return Header{"X-Client", values.Draw(t, "values")}
	case 8:
		return QueryStrings{{rapid.SampledFrom([]string{"", "a", "a*"}).Draw(t, "key"), values.Draw(t, "values")[0]}}
	default:
		return SourceIPs{netip.MustParsePrefix(rapid.SampledFrom([]string{"10.0.0.0/8", "0.0.0.0/0"}).Draw(t, "cidr"))}
	}
}

func drawRequest(t *rapid.T) Request {
	r := Request{
		Method: rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PURGE", "TRACE"}).Draw(t, "method"),
		Target: rapid.SampledFrom([]string{"/", "/a", "/a/b", "/a//b", "/a/../b", "/%61", "/A/x", "/b", "http://example.com/a", "*"}).Draw(t, "path"),
		Host:   rapid.SampledFrom([]string{"", "example.com", "Example.com", "api.example.com", "x.y", "example.com:443"}).Draw(t, "host"),
		Source: netip.MustParseAddr(rapid.SampledFrom([]string{"10.1.2.3", "8.8.8.8"}).Draw(t, "source")),
	}
	r.Target += rapid.SampledFrom([]string{"", "?a=ios", "?a=%41&b", "?alpha=a+b"}).Draw(t, "query")
	if client := rapid.SampledFrom([]string{"", "ios", "Android", "x"}).Draw(t, "client"); client != "" {
		r.Header = map[string][]string{"x-client": {client}}
	}
	r.HeadersUnknown = rapid.Bool().Draw(t, "log")
	return r
}

// BenchmarkPrepare measures what a request costs before any rule looks at it.
func BenchmarkPrepare(b *testing.B) {
	header := map[string][]string{}
	for i := range 12 {
		header[fmt.Sprintf("X-Header-%d", i)] = []string{"some value of usual length"}
	}
	b.ReportAllocs()
	for b.Loop() {
		r := Request{Method: "GET", Target: "/api/v1/resource7/items?a=1&b=2", Host: "api.example.com", Header: header}
		r.prepare()
	}
}
