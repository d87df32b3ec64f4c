package alb

import "slices"

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
	// doubts turn out the other way; those left out of which the doubt is
	// nominal.
	Alternatives []*Rule
}

// Certain reports whether what happens to the request rests on documented or
// observed behaviour only.
func (d Decision) Certain() bool { return d.Doubt == 0 }

// Action returns the action that answers the request, or nil: it is rejected, or
// the listener's default action is not known.
func (d Decision) Action() Action {
	if d.Rule == nil {
		return nil
	}
	return d.Rule.Final()
}

// Target is a target group and the part of the requests it gets, 0 to 1.
type Target struct {
	Group Ref
	Share float64
}

// Targets returns the target groups the request may be sent to, those of weight 0
// left out. If all weights are 0 it is not known what each gets: Share is 0.
func (d Decision) Targets() []Target {
	forward, ok := d.Action().(Forward)
	if !ok {
		return nil
	}
	var targets []Target
	for i, g := range forward.Groups {
		if g.Weight > 0 || forward.total() == 0 {
			targets = append(targets, Target{g.Group, forward.Share(i)})
		}
	}
	return targets
}

// Target returns the one target group the request is sent to. It is zero if there
// is none, or a choice by weight.
func (d Decision) Target() Ref {
	if targets := d.Targets(); len(targets) == 1 {
		return targets[0].Group
	}
	return Ref{}
}

// Undecided returns the conditions, of the rules that may decide, on which the
// decision hangs: those that may match and may not.
func (d Decision) Undecided(r *Request) []Condition {
	var undecided []Condition
	for _, rule := range append([]*Rule{d.Rule}, d.Alternatives...) {
		if rule == nil {
			continue
		}
		for _, c := range rule.Conditions {
			if o := c.Match(r); !o.Verdict.Certain() && !o.Doubt.Nominal() {
				undecided = append(undecided, c)
			}
		}
	}
	return undecided
}

// Route decides where a request goes. It costs no more than comparing, and
// allocates nothing if no regex and no doubt is involved; [Listener.Explain]
// has the reasons.
func (l *Listener) Route(r *Request) Decision {
	r.prepare()
	l.prepare()
	if !r.ordinary {
		if status, why, doubt := l.reject(r); status != 0 {
			return Decision{Status: status, Rejection: why, Doubt: doubt}
		}
	}
	for i := range l.trials {
		t := &l.trials[i]
		if t.methods&r.methodBit == 0 {
			continue
		}
		if t.plain && r.path.doubt == 0 {
			if t.matchesPath(r.path.text) {
				return t.decide(r)
			}
			continue
		}
		switch o := t.match(r); o.Verdict {
		case No:
		case Yes:
			return t.decide(r)
		default:
			return routeInDoubt(r, l.trials[i:])
		}
	}
	return Decision{} // not reached: the last trial has no conditions
}

// decide returns the decision if the rule matches.
func (t *trial) decide(r *Request) Decision {
	return Decision{Rule: t.rule, Status: t.status, Doubt: t.doubt | r.doubt, RuleDoubt: t.doubt & UnseenRules}
}

// routeInDoubt decides when the first of the trials may or may not match. It
// goes on to the first that certainly matches, to know what else may happen.
func routeInDoubt(r *Request, trials []trial) Decision {
	var chosen *trial
	var possible []*trial
	var alternatives []*Rule
	var doubt Doubt
	settled := false // whether an alternative would have decided already
	for i := range trials {
		t := &trials[i]
		o := t.match(r)
		if o.Verdict == No {
			continue
		}
		doubt |= o.Doubt
		possible = append(possible, t)
		if chosen == nil && o.Verdict.Matches() {
			chosen = t
		} else if !settled && (chosen == nil || t.rule != chosen.rule) && (o.Verdict.Matches() || !o.Doubt.Nominal()) {
			alternatives = append(alternatives, t.rule)
		}
		settled = settled || o.Verdict == Yes || o.Verdict == Likely && o.Doubt.Nominal()
		if o.Verdict == Yes {
			break
		}
	}
	alternatives = slices.DeleteFunc(alternatives, func(rule *Rule) bool { return rule == chosen.rule })
	if !slices.ContainsFunc(possible, func(t *trial) bool { return t.rule != chosen.rule }) {
		doubt &^= UnknownOrder // wherever it comes, it decides
	}
	d := chosen.decide(r)
	d.RuleDoubt |= doubt
	d.Alternatives = alternatives
	if slices.ContainsFunc(possible, func(t *trial) bool { return t.effect != chosen.effect }) {
		d.Doubt |= doubt
	}
	return d
}
