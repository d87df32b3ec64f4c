package alb

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

var hostField = &field{
	name:   "host-header",
	config: "HostHeaderConfig",
	keys:   []string{"Values", "RegexValues"},
	read: func(r *reader, n, config cfn.Node) []Condition {
		values, regexes := r.spelled(n, "Values", config, true), r.spelled(n, "RegexValues", config, true)
		return valuesAndRegexes(Hosts(values), HostRegexes(regexes), len(values), len(regexes))
	},
	normal: strings.ToLower,
	space: func(string) Space {
		return Space{
			Sides: []Side{{Usual: []string{"example.com"}, Languages: []Language{usualHost, anyHost}}},
			Set:   func(d *Draft, texts []string) bool { d.Host = texts[0]; return true },
		}
	},
}

var (
	usualHost = Language{`\A[a-z0-9-]+(?:\.[a-z0-9-]+)*\z`, "xabcdefghijklmnopqrstuvwyz0123456789-."}
	anyHost   = Language{`\A[!-.0-@\[-~]+\z`, visible}
)

// Hosts matches the whole Host header of a request, its port included, against
// patterns in which * stands for any characters or none, dots included, and ?
// for exactly one. Case does not count. Sources: BC; LBC-conf
// HTTPRouteHostnameIntersection.
type Hosts []string

// Match matches the Host header of the request.
func (h Hosts) Match(r *Request) Outcome { return h.prepare().Match(r) }

// String returns text such as `host "api.example.com"`.
func (h Hosts) String() string { return "host " + quoted(h) }

func (h Hosts) field() *field          { return hostField }
func (h Hosts) header() string         { return "" }
func (h Hosts) values() []Value        { return wildcardValues(h) }
func (h Hosts) regexes() bool          { return false }
func (h Hosts) always() bool           { return slices.Contains(h, "*") }
func (h Hosts) nobody() bool           { return false }
func (h Hosts) samples() []Sample      { return []Sample{sampleOf(h, "(?i)", false)} }
func (h Hosts) config() map[string]any { return map[string]any{"Values": []string(h)} }

func (h Hosts) split(n int) []Condition {
	return splitInto(h, n, func(v []string) Condition { return Hosts(v) })
}

func (h Hosts) replace(text func(string) string) Condition { return Hosts(replaced(h, text)) }

func (h Hosts) mismatch(r *Request) string {
	return fmt.Sprintf("host %q is not %s%s", r.Host, quoted(h), h.hint(r))
}

func (h Hosts) hint(r *Request) string {
	name, _, ok := strings.Cut(r.Host, ":")
	if ok && h.Match(&Request{Host: name}).Verdict == Yes {
		return ": rules see the port too"
	}
	return ""
}

func (h Hosts) check(c *checker) {
	checkSome(c, "host", h)
	for _, host := range h {
		c.checkHost(host)
	}
}

func (c *checker) checkHost(host string) {
	c.checkText("host", host, MaxValueLength)
	if strings.Contains(host, ":") && !cfn.IsOpaque(host) {
		c.errorf(host, "a host without port", "host %q contains a port, which ALB allows in a regex only, such as %q",
			host, "^"+regexp.QuoteMeta(host)+"$")
		return
	}
	c.checkCharacters("host", host, hostCharacters, "A-Z a-z 0-9 - . * ? _")
	if cfn.IsOpaque(host) || host == "" {
		return
	}
	if strings.Contains(host, "_") {
		c.warnf(host, "a host without _", "host %q contains _, which the console allows, but no host name of the DNS has", host)
	}
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 {
		c.errorf(host, "a host with a dot", "host %q has no dot, ALB wants at least one", host)
		return
	}
	if top := host[dot+1:]; strings.Trim(top, letters) != "" {
		c.errorf(host, "letters after the last dot", "host %q has %q after the last dot, ALB allows letters only", host, top)
	}
}

func (h Hosts) prepare() Matcher {
	patterns := make(hosts, len(h))
	for i, value := range h {
		patterns[i] = readPattern(lowerLiterals(value), false, false)
	}
	return patterns
}

type hosts []pattern

func (h hosts) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for i := range h {
		if h[i].shape == anything && h[i].doubt == 0 {
			return Outcome{Verdict: Yes}
		}
		if r.authority == "" && r.Host != "" {
			o = o.or(h[i].match(r.host, r.hostDoubt).assumed(h[i].doubt))
		} else {
			o = o.or(r.oddHost(func(host string) Outcome { return h[i].match(host, r.hostDoubt) }))
		}
		if o.Verdict == Yes {
			break
		}
	}
	return o
}

// assumed takes a host whose unknown parts may match as matching, since people
// ask about hosts that a listener has.
func (o Outcome) assumed(d Doubt) Outcome {
	if o.Verdict == Unlikely && d == UnresolvedValue {
		o.Verdict = Likely
	}
	return o
}

// oddHost returns the outcome for a request without Host, or with a URL as its
// request-target. What rules see then is not documented.
func (r *Request) oddHost(test func(string) Outcome) Outcome {
	host := test(r.host)
	if r.HostUnknown && r.authority == "" {
		return Outcome{Unlikely, UnknownHost}
	}
	if r.Host == "" && r.authority == "" {
		return doubted(host.Verdict.Matches(), NoHost|host.Doubt)
	}
	authority := test(r.authority)
	if host == authority {
		return host
	}
	return doubted(authority.Verdict.Matches(), AbsoluteTarget|host.Doubt|authority.Doubt)
}

// HostRegexes matches the Host header of a request, port included, against
// case-insensitive regular expressions. It is uncertain in the same cases as
// [PathRegexes]. Source: BC.
type HostRegexes []string

// Match matches the Host header of the request.
func (h HostRegexes) Match(r *Request) Outcome { return h.prepare().Match(r) }

// String returns text such as `host ~ "^/a$"`.
func (h HostRegexes) String() string { return "host ~ " + quoted(h) }

func (h HostRegexes) field() *field          { return hostField }
func (h HostRegexes) header() string         { return "" }
func (h HostRegexes) values() []Value        { return regexValues(h) }
func (h HostRegexes) regexes() bool          { return true }
func (h HostRegexes) always() bool           { return false }
func (h HostRegexes) nobody() bool           { return false }
func (h HostRegexes) samples() []Sample      { return regexSample(h, true) }
func (h HostRegexes) config() map[string]any { return map[string]any{"RegexValues": []string(h)} }

func (h HostRegexes) split(n int) []Condition {
	return splitInto(h, n, func(v []string) Condition { return HostRegexes(v) })
}

// A regex is not replaced: values known only after a deploy are never part of
// one.
func (h HostRegexes) replace(func(string) string) Condition { return h }

func (h HostRegexes) mismatch(r *Request) string {
	return fmt.Sprintf("host %q is not ~ %s", r.Host, quoted(h))
}

func (h HostRegexes) check(c *checker) { c.checkRegexes("host regex", h) }

func (h HostRegexes) prepare() Matcher { return hostRegexes(readRegexes(h, true)) }

type hostRegexes []regex

func (h hostRegexes) Match(r *Request) Outcome {
	r.prepare()
	return anyOf(h, func(x regex) Outcome {
		if r.authority == "" && r.Host != "" {
			o := x.match(r.Host)
			return doubted(o.Verdict.Matches(), o.Doubt|r.hostDoubt)
		}
		return r.oddHost(x.match)
	})
}
