package alb

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

var methodField = &field{
	name:   "http-request-method",
	config: "HttpRequestMethodConfig",
	keys:   []string{"Values"},
	read: func(r *reader, n, config cfn.Node) []Condition {
		return []Condition{Methods(r.spelled(n, "Values", config, false))}
	},
	space: func(string) Space {
		return Space{
			Sides: []Side{{Usual: []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PURGE"}}},
			Set:   func(d *Draft, texts []string) bool { d.Method = texts[0]; return true },
		}
	},
}

// Methods matches the method of a request exactly: case matters, there are no
// wildcards, and GET does not include HEAD. Sources: BC; LBC-conf
// HTTPRouteMethodMatching.
type Methods []string

// Match matches the method against the list.
func (m Methods) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for _, method := range m {
		if method == r.method {
			return Outcome{Verdict: Yes}
		}
		if cfn.IsOpaque(method) {
			o = o.or(Outcome{Unlikely, opaqueDoubt(method)})
		}
	}
	return o
}

// String returns text such as "method GET or HEAD".
func (m Methods) String() string { return "method " + strings.Join(displayed(m), " or ") }

func (m Methods) field() *field          { return methodField }
func (m Methods) header() string         { return "" }
func (m Methods) values() []Value        { return plainValues(m) }
func (m Methods) regexes() bool          { return false }
func (m Methods) always() bool           { return false }
func (m Methods) nobody() bool           { return false }
func (m Methods) samples() []Sample      { return []Sample{{Texts: m}} }
func (m Methods) config() map[string]any { return map[string]any{"Values": []string(m)} }
func (m Methods) prepare() Matcher       { return m }

func (m Methods) split(n int) []Condition {
	return splitInto(m, n, func(v []string) Condition { return Methods(v) })
}

func (m Methods) replace(text func(string) string) Condition { return Methods(replaced(m, text)) }

func (m Methods) mismatch(r *Request) string {
	return fmt.Sprintf("method %q is not %s%s", r.method, strings.Join(displayed(m), " or "), m.hint(r))
}

func (m Methods) hint(r *Request) string {
	if r.method == "HEAD" && m.Match(&Request{Method: "GET"}).Verdict == Yes {
		return ": GET does not include HEAD"
	}
	if m.Match(&Request{Method: strings.ToUpper(r.method)}).Verdict == Yes {
		return ": case counts"
	}
	return ""
}

func (m Methods) check(c *checker) {
	checkSome(c, "method", m)
	for _, method := range m {
		c.checkText("method", method, MaxMethodLength)
		c.checkCharacters("method", method, methodCharacters, "A-Z - _")
		if method == "TRACE" {
			c.warnf(method, "any other method", "method %q never matches: ALB answers it with 405", method)
		}
	}
}

// methodSet is a set of the usual methods, for quick comparison.
type methodSet uint16

const (
	otherMethod methodSet = 1 << 15 // any method without a bit of its own
	anyMethod   methodSet = 1<<16 - 1
)

func methodBit(method string) methodSet {
	switch method {
	case "GET":
		return 1
	case "HEAD":
		return 1 << 1
	case "POST":
		return 1 << 2
	case "PUT":
		return 1 << 3
	case "PATCH":
		return 1 << 4
	case "DELETE":
		return 1 << 5
	case "OPTIONS":
		return 1 << 6
	}
	return otherMethod
}

// bits returns the methods as a set, or false if they must be compared as text.
func (m Methods) bits() (set methodSet, ok bool) {
	for _, method := range m {
		set |= methodBit(method)
	}
	return set, set&otherMethod == 0
}

// quick puts the methods into a trial, to be compared as a set.
func (m Methods) quick(t *trial) bool {
	set, ok := m.bits()
	if ok {
		t.methods &= set
	}
	return ok
}
