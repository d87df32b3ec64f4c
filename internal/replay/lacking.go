package replay

import (
	"cmp"
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
)

// findLacking records a rule that lets requests through if they have a header.
func (p *pair) findLacking(rule *alb.Rule) {
	bare := *rule
	bare.Conditions = slices.DeleteFunc(slices.Clone(rule.Conditions), func(c alb.Condition) bool {
		name := headerOf(c)
		if name == "" {
			return false
		}
		p.lines[rule.Priority] = canonical(name) + ": " + cmp.Or(wanted(c), "VALUE")
		return true
	})
	if p.lines[rule.Priority] != "" {
		p.bare.Rules = append(p.bare.Rules, bare)
	}
}

// lacking records a refused request that an allow rule would let through if it
// had a header.
func (p *pair) lacking(e *endpoint, request *alb.Request) {
	if len(p.bare.Rules) == 0 {
		return
	}
	if d := p.bare.Route(request); d.Rule != nil && !d.Rule.Default() {
		e.lacking++
		e.header = cmp.Or(e.header, p.lines[d.Rule.Priority])
	}
}
