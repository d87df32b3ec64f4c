package alb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

var headerField = &field{
	name:   "http-header",
	config: "HttpHeaderConfig",
	keys:   []string{"HttpHeaderName", "Values", "RegexValues"},
	repeat: true,
	read: func(r *reader, n, config cfn.Node) []Condition {
		values, regexes := r.spelled(n, "Values", config, false), r.spelled(n, "RegexValues", config, true)
		name := config.Field("HttpHeaderName").Text()
		return valuesAndRegexes(Header{name, values}, HeaderRegexes{name, regexes}, len(values), len(regexes))
	},
	normal: strings.ToLower,
	space: func(name string) Space {
		return Space{
			Sides:   []Side{{Languages: []Language{word, headerToken, headerLine}, Blank: true}},
			Repeats: true,
			Set:     func(d *Draft, texts []string) bool { d.setHeader(name, texts); return true },
		}
	},
}

var (
	headerToken = Language{`\A[!-~]+\z`, visible}
	headerLine  = Language{`\A[!-~](?:[ -~]*[!-~])?\z`, visible}
)

// Header matches a header of a request against patterns in which * stands for any
// characters or none and ? for exactly one. Names and values are compared without
// case. Repeated header lines are tried one after the other; a value is compared
// as a whole, never split at commas. Source: BC.
type Header struct {
	Name   string
	Values []string
}

// Match matches a line of the header.
func (h Header) Match(r *Request) Outcome { return h.prepare().Match(r) }

// String returns text such as `header X-App "mobile"`.
func (h Header) String() string { return "header " + h.Name + " " + quoted(h.Values) }

func (h Header) field() *field     { return headerField }
func (h Header) header() string    { return h.Name }
func (h Header) values() []Value   { return wildcardValues(h.Values) }
func (h Header) regexes() bool     { return false }
func (h Header) always() bool      { return false }
func (h Header) nobody() bool      { return false }
func (h Header) samples() []Sample { return []Sample{sampleOf(h.Values, "(?i)", false)} }

func (h Header) config() map[string]any {
	return map[string]any{"HttpHeaderName": h.Name, "Values": h.Values}
}

func (h Header) split(n int) []Condition {
	return splitInto(h.Values, n, func(v []string) Condition { return Header{h.Name, v} })
}

func (h Header) replace(text func(string) string) Condition {
	return Header{h.Name, replaced(h.Values, text)}
}

func (h Header) mismatch(r *Request) string {
	return headerMismatch(h.Name, r, "is not "+quoted(h.Values))
}

func (h Header) check(c *checker) {
	c.checkHeaderName(h.Name)
	checkSome(c, "value of header "+h.Name, h.Values)
	for _, value := range h.Values {
		c.checkText("header value", value, MaxValueLength)
		c.checkVisible("header value", value)
	}
}

func (c *checker) checkHeaderName(name string) {
	c.checkText("header name", name, MaxHeaderNameLength)
	if strings.ContainsAny(name, "*?") {
		c.errorf(name, "a header name", "header name %q contains a wildcard, ALB allows none", name)
		return
	}
	c.checkCharacters("header name", name, headerCharacters, "the characters of an HTTP token")
	if equalFold(name, "Host") {
		c.errorf(name, "any other header", "header name %q is refused by ALB: use a host condition", name)
	}
}

func headerMismatch(name string, r *Request, otherwise string) string {
	var sent []string
	for i := range r.fields {
		if equalFold(r.fields[i].name, name) {
			sent = append(sent, fmt.Sprintf("%q", r.fields[i].value))
		}
	}
	if len(sent) == 0 {
		return "header " + name + " is not sent"
	}
	return "header " + name + " " + strings.Join(sent, ", ") + " " + otherwise
}

func (h Header) prepare() Matcher {
	patterns := make([]pattern, len(h.Values))
	for i, value := range h.Values {
		patterns[i] = readPattern(value, true, false)
	}
	return &header{h.Name, patterns}
}

type header struct {
	name   string
	values []pattern
}

func (h *header) Match(r *Request) Outcome {
	return r.headerLines(h.name, func(f *line) Outcome {
		var o Outcome
		for i := range h.values {
			if o = o.or(h.values[i].match(f.value, f.doubt)); o.Verdict == Yes {
				break
			}
		}
		return o
	})
}

// HeaderRegexes matches a header of a request against case-insensitive regular
// expressions, line by line like [Header]. It is uncertain in the same cases as
// [PathRegexes]. Source: BC.
type HeaderRegexes struct {
	Name   string
	Values []string
}

// Match matches a line of the header.
func (h HeaderRegexes) Match(r *Request) Outcome { return h.prepare().Match(r) }

// String returns text such as `header X-App ~ "^mobile/"`.
func (h HeaderRegexes) String() string { return "header " + h.Name + " ~ " + quoted(h.Values) }

func (h HeaderRegexes) field() *field     { return headerField }
func (h HeaderRegexes) header() string    { return h.Name }
func (h HeaderRegexes) values() []Value   { return regexValues(h.Values) }
func (h HeaderRegexes) regexes() bool     { return true }
func (h HeaderRegexes) always() bool      { return false }
func (h HeaderRegexes) nobody() bool      { return false }
func (h HeaderRegexes) samples() []Sample { return regexSample(h.Values, true) }

func (h HeaderRegexes) config() map[string]any {
	return map[string]any{"HttpHeaderName": h.Name, "RegexValues": h.Values}
}

func (h HeaderRegexes) split(n int) []Condition {
	return splitInto(h.Values, n, func(v []string) Condition { return HeaderRegexes{h.Name, v} })
}

// A regex is not replaced: values known only after a deploy are never part of
// one.
func (h HeaderRegexes) replace(func(string) string) Condition { return h }

func (h HeaderRegexes) mismatch(r *Request) string {
	return headerMismatch(h.Name, r, "is not ~ "+quoted(h.Values))
}

func (h HeaderRegexes) check(c *checker) {
	c.checkHeaderName(h.Name)
	c.checkRegexes("header regex", h.Values)
}

func (h HeaderRegexes) prepare() Matcher {
	return &headerRegexes{h.Name, readRegexes(h.Values, true)}
}

type headerRegexes struct {
	name   string
	values []regex
}

func (h *headerRegexes) Match(r *Request) Outcome {
	return r.headerLines(h.name, func(f *line) Outcome {
		return anyOf(h.values, func(x regex) Outcome {
			o := x.match(f.value)
			return doubted(o.Verdict.Matches(), o.Doubt|f.doubt)
		})
	})
}

// headerLines returns the outcome of a test that at least one line of a header
// must pass.
func (r *Request) headerLines(name string, test func(*line) Outcome) Outcome {
	r.prepare()
	var o Outcome
	found := false
	for i := range r.fields {
		if !equalFold(r.fields[i].name, name) {
			continue
		}
		found = true
		if o = o.or(test(&r.fields[i])); o.Verdict == Yes {
			break
		}
	}
	switch {
	case !found && r.HeadersUnknown && !r.knownAbsent(name):
		return Outcome{Unlikely, UnknownHeader}
	case equalFold(name, forwardedFor):
		return r.eitherForwardedFor(o, test)
	}
	return o
}

const forwardedFor = "X-Forwarded-For"

func (r *Request) knownAbsent(name string) bool {
	return slices.ContainsFunc(r.absent, func(absent string) bool { return equalFold(absent, name) })
}

// eitherForwardedFor combines the outcome for X-Forwarded-For as received with
// the outcome after the client is added to it, since rules may see either.
func (r *Request) eitherForwardedFor(received Outcome, test func(*line) Outcome) Outcome {
	if !r.Source.IsValid() {
		return doubted(received.Verdict.Matches(), received.Doubt|ForwardedFor)
	}
	lines := slices.DeleteFunc(slices.Clone(r.fields), func(f line) bool { return !equalFold(f.name, forwardedFor) })
	if len(lines) == 0 {
		lines = []line{{value: r.Source.String()}}
	} else {
		lines[len(lines)-1].value += ", " + r.Source.String()
	}
	appended := anyOf(lines, func(f line) Outcome { return test(&f) })
	if appended == received {
		return received
	}
	return doubted(received.Verdict.Matches(), received.Doubt|ForwardedFor)
}
