package witness

import (
	"cmp"
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
)

// compareParts orders parts, always in the same way.
func compareParts(a, b alb.Part) int {
	return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Name, b.Name))
}

// part is a part of a request, with a value for each combination of outcomes of
// the conditions that look at it.
type part struct {
	key        alb.Part
	space      alb.Space
	conditions []alb.Condition
	ready      []alb.Matcher // the conditions, prepared
	values     []value
	cut        bool // there may be more values
}

// value is a value of a part. holds says whether each condition of the part, or
// later each rule, holds.
type value struct {
	set   func(*alb.Draft)
	holds []byte
}

// newPart finds the values. Of values with the same outcomes it keeps the first,
// so that the plainest come first.
func newPart(key alb.Part, conditions []alb.Condition) part {
	p := part{key: key, space: alb.SpaceOf(conditions[0]), conditions: conditions}
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
	if p.space.Repeats {
		p.repeat(seen)
	}
	return p
}

// outcome returns which of the conditions hold.
func (p *part) outcome(set func(*alb.Draft)) []byte {
	d := alb.NewDraft()
	set(&d)
	request := d.Request()
	holds := make([]byte, len(p.conditions))
	for i, c := range p.ready {
		if c.Match(&request).Verdict.Matches() {
			holds[i] = 1
		}
	}
	return holds
}

// candidates returns values that represent all possible ones: for each side the
// usual texts, the texts that conditions name, and one for each combination of
// outcomes.
func (p *part) candidates() (sets []func(*alb.Draft), cut bool) {
	if p.space.Repeats {
		sets = append(sets, func(*alb.Draft) {})
	}
	combinations := [][]string{nil}
	for i, side := range p.space.Sides {
		texts, more := p.texts(i, side)
		cut = cut || more
		var longer [][]string
		for _, before := range combinations {
			for _, text := range texts {
				longer = append(longer, append(slices.Clone(before), text))
			}
		}
		combinations = longer
	}
	for _, texts := range combinations {
		if d := alb.NewDraft(); p.space.Set(&d, texts) {
			sets = append(sets, func(d *alb.Draft) { p.space.Set(d, texts) })
		}
	}
	return sets, cut
}

// texts returns the texts of side i.
func (p *part) texts(i int, side alb.Side) (texts []string, cut bool) {
	texts = slices.Clone(side.Usual)
	var regexes []string
	for _, c := range p.conditions {
		if samples := alb.Samples(c); i < len(samples) {
			texts = append(texts, samples[i].Texts...)
			regexes = append(regexes, samples[i].Regexes...)
		}
	}
	found, cut := enumerate(regexes, side.Languages)
	texts = append(texts, found...)
	if side.Blank {
		texts = append(texts, "")
	}
	return texts, cut
}

// mostRepeated limits the number of values of a part that may be repeated.
const mostRepeated = 1 << 10

// repeat adds values of several header lines or several query pairs: a condition
// holds if one of them matches.
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
func (p *part) together(a, b func(*alb.Draft)) func(*alb.Draft) {
	return func(d *alb.Draft) {
		one, other := alb.NewDraft(), alb.NewDraft()
		a(&one)
		b(&other)
		one.Add(other)
		d.Add(one)
	}
}

// byRule returns the values by their meaning for rules: whether all conditions
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
				if alb.PartOf(c) == p.key {
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
