package witness

import (
	"cmp"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// partKey names a part of a request that conditions look at: the field of the
// conditions, and of a header its name in lower case.
type partKey struct{ field, header string }

func keyOf(c alb.Condition) partKey {
	key := partKey{field: alb.Field(c)}
	switch c := c.(type) {
	case alb.Header:
		key.header = strings.ToLower(c.Name)
	case alb.HeaderRegexes:
		key.header = strings.ToLower(c.Name)
	}
	return key
}

func (k partKey) compare(other partKey) int {
	return cmp.Or(cmp.Compare(k.field, other.field), cmp.Compare(k.header, other.header))
}

// part is a part of a request, with a value for every way in which the
// conditions that look at it can come out.
type part struct {
	key        partKey
	conditions []alb.Condition
	ready      []alb.Condition // the conditions, prepared
	values     []value
	cut        bool // there may be more values
}

// value is what a part can be. Holds says, for each condition of the part or
// later for each rule, whether it holds.
type value struct {
	set   func(*draft)
	holds []byte
}

// newPart finds the values. Of those that come out alike the first is kept, so
// that the plainest come first.
func newPart(key partKey, conditions []alb.Condition) part {
	p := part{key: key, conditions: conditions}
	for _, c := range conditions {
		p.ready = append(p.ready, alb.Prepared(c))
	}
	seen := map[string]bool{}
	candidates, cut := p.candidates()
	p.cut = cut
	for _, set := range candidates {
		v := value{set, p.outcome(set)}
		if !seen[string(v.holds)] {
			seen[string(v.holds)] = true
			p.values = append(p.values, v)
		}
	}
	if p.key.field == "http-header" || p.key.field == "query-string" {
		p.repeat(seen)
	}
	return p
}

// outcome is which of the conditions hold.
func (p *part) outcome(set func(*draft)) []byte {
	d := newDraft()
	set(&d)
	request := d.request()
	holds := make([]byte, len(p.conditions))
	for i, c := range p.ready {
		if c.Match(&request).Verdict.Matches() {
			holds[i] = 1
		}
	}
	return holds
}

func (p *part) candidates() (sets []func(*draft), cut bool) {
	switch p.key.field {
	case "http-request-method":
		return p.methods(), false
	case "path-pattern":
		return p.paths()
	case "host-header":
		return p.hosts()
	case "source-ip":
		return p.sources(), false
	case "query-string":
		return p.queries()
	}
	return p.headerLines()
}

// mostRepeated bounds the values of a part that may be repeated.
const mostRepeated = 1 << 10

// repeat adds values of several header lines, or of several query pairs: a
// condition holds if one of them matches.
func (p *part) repeat(seen map[string]bool) {
	singles := p.values
	for i := 0; i < len(p.values); i++ {
		for _, single := range singles {
			both := make([]byte, len(p.conditions))
			for j := range both {
				both[j] = p.values[i].holds[j] | single.holds[j]
			}
			if seen[string(both)] {
				continue
			}
			if len(p.values) == mostRepeated {
				p.cut = true
				return
			}
			seen[string(both)] = true
			p.values = append(p.values, value{p.together(p.values[i].set, single.set), both})
		}
	}
}

// together sets two values of a part that may be repeated.
func (p *part) together(a, b func(*draft)) func(*draft) {
	return func(d *draft) {
		one, other := newDraft(), newDraft()
		a(&one)
		b(&other)
		d.query = append(append([]string{}, one.query...), other.query...)
		for name, lines := range one.header {
			d.withHeader(name, append(append([]string{}, lines...), other.header[name]...))
		}
	}
}

// byRule returns the values by what they mean to rules: whether all conditions
// that a rule has on the part hold.
func (p *part) byRule(rules []*alb.Rule) []value {
	seen := map[string]bool{}
	var values []value
	for _, v := range p.values {
		holds := make([]byte, len(rules))
		next := 0
		for i, rule := range rules {
			holds[i] = 1
			for _, c := range rule.Conditions {
				if keyOf(c) == p.key {
					holds[i] &= v.holds[next]
					next++
				}
			}
		}
		if !seen[string(holds)] {
			seen[string(holds)] = true
			values = append(values, value{v.set, holds})
		}
	}
	return values
}
