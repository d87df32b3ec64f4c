package alb

import "slices"

// Decision is where a request goes.
type Decision struct {
	// Rule is the rule that decides; it may be the default rule. It is nil if the
	// load balancer answers before it looks at rules.
	Rule *Rule

	// Status is the status of an answer from the load balancer itself: a
	// rejection, a redirect, a fixed response. It is 0 if a target answers.
	Status int

	// Rejection says why the request does not reach the rules.
	Rejection string

	// Doubt says why it is uncertain what happens to the request. It is 0 if the
	// same happens however the doubts about the rule turn out.
	Doubt Doubt

	// RuleDoubt says why it is uncertain which rule decides.
	RuleDoubt Doubt

	// Alternatives are the rules that would decide instead of Rule if the doubts
	// turned out the other way. It leaves out rules whose doubt is nominal.
	Alternatives []*Rule
}

// Certain reports whether the answer rests only on documented or observed
// behaviour.
func (d Decision) Certain() bool { return d.Doubt == 0 }

// Action returns the action that answers the request. It is nil if the request is
// rejected, or if the listener's default action is not known.
func (d Decision) Action() Action {
	if d.Rule == nil {
		return nil
	}
	return d.Rule.Final()
}

// Target is a target group and its share of the requests, 0 to 1.
type Target struct {
	Group Ref
	Share float64
}

// Targets returns the target groups that the request may be sent to, without
// those of weight 0. If all weights are 0, the shares are not known, and Share is
// 0.
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

// Target returns the single target group that the request is sent to. It is zero
// if there is none, or if weights choose between several.
func (d Decision) Target() Ref {
	if targets := d.Targets(); len(targets) == 1 {
		return targets[0].Group
	}
	return Ref{}
}

// Undecided returns the conditions on which the decision depends: those, in the
// rules that may decide, that may or may not match.
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

// Route decides where a request goes. It only compares, and does not allocate
// unless a regex or a doubt is involved. [Listener.Explain] gives the reasons.
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
// continues to the first trial that certainly matches, to find out what else may
// happen.
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
