package replay

import (
	"reflect"

	"github.com/noren-cdk/noren/internal/alb"
)

// extras are the rules of the closed listener that the open one does not have. If
// the open one has no rules that the closed one lacks, routing through the extras
// alone determines the rest of what the closed one decides.
type extras struct {
	listener *alb.Listener
	original map[*alb.Rule]*alb.Rule // from a rule of listener to the closed listener's rule
}

// findExtras returns the extras, or nil if the closed listener must be routed as
// a whole.
func (p *pair) findExtras() *extras {
	if len(p.twin) != len(p.open.Rules)+1 || !reflect.DeepEqual(p.open.Balancer, p.closed.Balancer) {
		return nil
	}
	e := &extras{listener: &alb.Listener{Balancer: p.closed.Balancer}, original: map[*alb.Rule]*alb.Rule{}}
	var originals []*alb.Rule
	for i := range p.closed.Rules {
		if rule := &p.closed.Rules[i]; p.origin[rule] == nil {
			originals = append(originals, rule)
			e.listener.Rules = append(e.listener.Rules, *rule)
		}
	}
	for i, rule := range originals {
		e.original[&e.listener.Rules[i]] = rule
	}
	return e
}

// closedRules returns the rules of the closed listener that may decide a request
// which open decides in the other mode, in the order in which they are tried; the
// last one certainly matches. It returns none if the closed listener rejects the
// request. The doubt is what they depend on apart from open's doubts.
func (p *pair) closedRules(open alb.Decision, request *alb.Request) ([]*alb.Rule, alb.Doubt) {
	if p.extras == nil {
		closed := p.closed.Route(request)
		if closed.Rule == nil {
			return nil, 0
		}
		p.use(closed, request)
		return possible(closed), closed.RuleDoubt
	}
	rules := possible(open)
	for i, rule := range rules {
		rules[i] = p.twin[rule]
	}
	if len(p.extras.listener.Rules) == 0 {
		return rules, 0
	}
	end := place(rules[len(rules)-1])
	more := p.extras.listener.Route(request)
	candidates := possible(more)
	for i, rule := range candidates {
		original := p.extras.original[rule]
		if original == nil || place(original) > end {
			break
		}
		p.allowed[original].use(request)
		rules = append(rules, original)
		if i == len(candidates)-1 {
			end = place(original)
		}
	}
	inOrder(rules)
	for len(rules) > 0 && place(rules[len(rules)-1]) > end {
		rules = rules[:len(rules)-1]
	}
	return rules, more.RuleDoubt
}
