package alb

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// BenchmarkRoute routes a request that the last rule matches, and compares with
// the same rules evaluated with a compiled regexp for every pattern: the metric
// "x-regexp" says how many times longer the regexps take.
func BenchmarkRoute(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		for _, kind := range []string{"literal", "wildcard", "host"} {
			b.Run(fmt.Sprintf("rules=%d/%s", n, kind), func(b *testing.B) {
				l := benchListener(n, kind)
				r := &Request{Method: "GET", Target: fmt.Sprintf("/api/v1/resource%d/items", n), Host: "api.example.com"}
				byRegexp := newRegexpListener(l)
				want := l.Route(r).Rule
				if want.Default() || byRegexp.route(r) != want {
					b.Fatalf("routed to rule %s", want.Name())
				}
				b.ReportAllocs()
				for b.Loop() {
					l.Route(r)
				}
				ours := fastest(func(rounds int) {
					for range rounds {
						l.Route(r)
					}
				})
				theirs := fastest(func(rounds int) {
					for range rounds {
						byRegexp.route(r)
					}
				})
				b.ReportMetric(float64(theirs)/float64(ours), "x-regexp")
			})
		}
	}
}

// fastest returns the time of a thousand rounds when nothing else runs.
func fastest(f func(rounds int)) time.Duration {
	best := time.Hour
	for range 100 {
		start := time.Now()
		f(1000)
		best = min(best, time.Since(start))
	}
	return best
}

func benchListener(n int, kind string) *Listener {
	l := &Listener{Ref: Ref{LogicalID: "Listener"}, Default: Rule{Actions: forwardTo("Default")}}
	for i := 1; i <= n; i++ {
		conditions := []Condition{Methods{"GET", "HEAD"}}
		switch path := fmt.Sprintf("/api/v1/resource%d/", i); kind {
		case "literal":
			conditions = append(conditions, PathPatterns{path + "items"})
		case "wildcard":
			conditions = append(conditions, PathPatterns{path + "*"})
		case "host":
			conditions = append(conditions, Hosts{"*.example.com"}, PathPatterns{path + "items", path + "new/*"})
		}
		l.Rules = append(l.Rules, Rule{Priority: i, Conditions: conditions, Actions: forwardTo("App")})
	}
	return l
}

// regexpListener evaluates rules with a regexp for every value.
type regexpListener struct{ rules []regexpRule }

type regexpRule struct {
	rule       *Rule
	conditions []regexpCondition
}

type regexpCondition struct {
	field  string
	values []*regexp.Regexp
}

func newRegexpListener(l *Listener) regexpListener {
	var out regexpListener
	for i := range l.Rules {
		rule := regexpRule{rule: &l.Rules[i]}
		for _, c := range l.Rules[i].Conditions {
			condition := regexpCondition{field: Field(c)}
			switch c := c.(type) {
			case Methods:
				condition.values = globRegexps("", c)
			case PathPatterns:
				condition.values = globRegexps("", c)
			case Hosts:
				condition.values = globRegexps("(?i)", c)
			}
			rule.conditions = append(rule.conditions, condition)
		}
		out.rules = append(out.rules, rule)
	}
	return out
}

// globRegexps returns patterns as regexps, which are also the oracle of the
// pattern tests.
func globRegexps(flags string, values []string) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, value := range values {
		quoted := regexp.QuoteMeta(value)
		quoted = strings.NewReplacer(`\*`, "(?s:.*)", `\?`, "(?s:.)").Replace(quoted)
		out = append(out, regexp.MustCompile(flags+`\A`+quoted+`\z`))
	}
	return out
}

func (l regexpListener) route(r *Request) *Rule {
	path, _, _ := strings.Cut(r.Target, "?")
rules:
	for _, rule := range l.rules {
		for _, c := range rule.conditions {
			text := path
			switch c.field {
			case "http-request-method":
				text = r.Method
			case "host-header":
				text = r.Host
			}
			if !anyMatches(c.values, text) {
				continue rules
			}
		}
		return rule.rule
	}
	return nil
}

func anyMatches(values []*regexp.Regexp, text string) bool {
	for _, value := range values {
		if value.MatchString(text) {
			return true
		}
	}
	return false
}
