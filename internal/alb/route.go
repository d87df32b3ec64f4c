package alb

import "fmt"

// Decision is where a request goes.
type Decision struct {
	// Rule is the rule that decides, the default rule included. It is nil if
	// the load balancer answers before it looks at rules.
	Rule *Rule

	// Status is what the load balancer answers by itself: a rejection, a
	// redirect, a fixed response. It is 0 if a target answers.
	Status int

	// Rejection says why the request does not get as far as the rules.
	Rejection string

	// Doubt is why it is not certain what happens to the request. It is 0
	// where the same happens whichever way the doubts about the rule turn out.
	Doubt Doubt

	// RuleDoubt is why it is not certain which rule decides.
	RuleDoubt Doubt

	// Alternatives are the rules that decide instead of Rule, should the
	// doubts turn out the other way.
	Alternatives []*Rule
}

// Certain reports whether what happens to the request rests on documented or
// observed behaviour only.
func (d Decision) Certain() bool { return d.Doubt == 0 }

// Action is the action that answers the request, or nil: it is rejected, or
// the listener's default action is not known.
func (d Decision) Action() Action {
	if d.Rule == nil {
		return nil
	}
	return d.Rule.Final()
}

// Targets are the target groups the request may be sent to, those of weight 0
// left out unless all are.
func (d Decision) Targets() []WeightedGroup {
	forward, ok := d.Action().(Forward)
	if !ok {
		return nil
	}
	if forward.total() == 0 {
		return forward.Groups
	}
	var targets []WeightedGroup
	for _, g := range forward.Groups {
		if g.Weight > 0 {
			targets = append(targets, g)
		}
	}
	return targets
}

// Target is the one target group the request is sent to. It is zero if there
// is none, or a choice by weight.
func (d Decision) Target() Ref {
	if targets := d.Targets(); len(targets) == 1 {
		return targets[0].Group
	}
	return Ref{}
}

// Route decides where a request goes. It costs no more than comparing, and
// allocates nothing if no regex and no doubt is involved; [Listener.Explain]
// has the reasons.
func (l *Listener) Route(r *Request) Decision {
	r.prepare()
	l.prepare()
	if status, why, doubt := l.reject(r); status != 0 {
		return Decision{Status: status, Rejection: why, Doubt: doubt}
	}
	for i := range l.routes {
		switch o := l.routes[i].match(r); o.Verdict {
		case No:
		case Yes:
			return l.routes[i].decide(r)
		default:
			return l.routeInDoubt(r, l.routes[i:])
		}
	}
	return Decision{} // not reached: the last route has no conditions
}

func (t *route) match(r *Request) Outcome { return t.rule.matchAll(t.conditions, r) }

// decide is the decision if the rule matches.
func (t *route) decide(r *Request) Decision {
	d := Decision{Rule: t.rule, Doubt: t.doubt | r.doubt}
	switch action := t.rule.Final().(type) {
	case Redirect:
		d.Status = action.Status
	case FixedResponse:
		d.Status = action.Status
	}
	return d
}

// routeInDoubt decides when the first of the routes may or may not match. It
// goes on to the first route that certainly matches, to know what else may
// happen.
func (l *Listener) routeInDoubt(r *Request, routes []route) Decision {
	var chosen *route
	var possible []*route
	var doubt Doubt
	for i := range routes {
		o := routes[i].match(r)
		if o.Verdict == No {
			continue
		}
		doubt |= o.Doubt
		possible = append(possible, &routes[i])
		if chosen == nil && o.Verdict.Matches() {
			chosen = &routes[i]
		}
		if o.Verdict == Yes {
			break
		}
	}
	d := chosen.decide(r)
	d.RuleDoubt = doubt
	for _, t := range possible {
		if t == chosen {
			continue
		}
		d.Alternatives = append(d.Alternatives, t.rule)
		if t.effect != chosen.effect {
			d.Doubt |= doubt | t.doubt
		}
	}
	return d
}

// effectKey is the same for rules that do the same.
func effectKey(rule *Rule) string { return fmt.Sprintf("%#v", rule.Actions) }
