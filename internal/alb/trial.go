package alb

import "fmt"

// trial is a rule prepared for many requests. Plain methods and paths are
// compared without calling Condition; conditions has all conditions, further
// those that are not plain.
type trial struct {
	rule       *Rule
	methods    methodSet
	paths      []pattern // nil if any path matches
	further    []Matcher
	plain      bool // there are no others
	anywhere   bool // the rule may come first, or later
	conditions []Matcher
	status     int // with which the rule answers without a target
	effect     int // equal for rules that do the same
	doubt      Doubt
}

// prepare makes the trials, once.
func (l *Listener) prepare() { l.once.Do(func() { l.makeTrials() }) }

func (l *Listener) makeTrials() {
	effects := map[string]int{}
	l.trials = make([]trial, 0, len(l.Rules)+1)
	for i := range l.Rules { // a rule of unknown priority may come first
		if l.Rules[i].Priority == UnknownPriority {
			first := l.trial(&l.Rules[i], effects)
			first.anywhere, first.plain = true, false
			l.trials = append(l.trials, first)
		}
	}
	for i := range l.Rules {
		l.trials = append(l.trials, l.trial(&l.Rules[i], effects))
	}
	for i := range l.DefaultIf {
		l.trials = append(l.trials, l.trial(&l.DefaultIf[i], effects))
	}
	l.trials = append(l.trials, l.trial(&l.Default, effects))
}

func (l *Listener) trial(rule *Rule, effects map[string]int) trial {
	t := trial{rule: rule, methods: anyMethod, doubt: l.actionDoubt(rule)}
	key := fmt.Sprintf("%#v", rule.Actions)
	if _, ok := effects[key]; !ok {
		effects[key] = len(effects)
	}
	t.effect = effects[key]
	switch action := rule.Final().(type) {
	case Redirect:
		t.status = action.Status
	case FixedResponse:
		t.status = action.Status
	}
	for _, c := range rule.Conditions {
		if rule.Unread != "" {
			break // the part that was read decides nothing
		}
		ready := l.asSeen(c.prepare(), c)
		t.conditions = append(t.conditions, ready)
		if !t.isPlain(ready) {
			t.further = append(t.further, ready)
		}
	}
	t.plain = len(t.further) == 0 && rule.If == "" && rule.Unread == ""
	return t
}

// A quick matcher can be put into a trial and compared without calling it.
type quick interface {
	quick(t *trial) bool
}

// isPlain reports whether a condition is compared without its matcher.
func (t *trial) isPlain(m Matcher) bool {
	q, ok := m.(quick)
	return ok && q.quick(t)
}

// match returns the outcome of the rule.
func (t *trial) match(r *Request) Outcome {
	if t.methods&r.methodBit == 0 {
		return Outcome{}
	}
	if t.anywhere {
		if o := t.rule.matchAll(t.conditions, r); o.Verdict != No {
			return Outcome{Unlikely, o.Doubt | UnknownOrder}
		}
		return Outcome{}
	}
	o := Outcome{Verdict: Yes}
	if r.path.doubt == 0 {
		if !t.matchesPath(r.path.text) {
			return Outcome{}
		}
	} else if t.paths != nil {
		o = pathPatterns(t.paths).Match(r)
	}
	if t.plain || o.Verdict == No {
		return o
	}
	return o.and(t.rule.matchAll(t.further, r))
}

// matchesPath reports whether the rule's plain paths, if it has any, match.
func (t *trial) matchesPath(path string) bool {
	if t.paths == nil {
		return true
	}
	for i := range t.paths {
		p := &t.paths[i]
		n := len(p.text)
		switch p.shape {
		case literal:
			if n == len(path) && p.text == path {
				return true
			}
		case prefix:
			if n <= len(path) && p.text == path[:n] {
				return true
			}
		default:
			if p.matches(path) {
				return true
			}
		}
	}
	return false
}

// actionDoubt returns what is uncertain once a rule is chosen.
func (l *Listener) actionDoubt(rule *Rule) Doubt {
	var doubt Doubt
	switch {
	case rule.Unread != "":
		doubt |= UnreadRule
	case len(rule.Actions) == 0:
		doubt |= ForeignListener
	}
	if rule.Moved != "" {
		doubt |= MovedGroups
	}
	if l.If != "" {
		doubt |= ConditionalListener
	}
	if len(l.Unseen) > 0 && (rule.Default() && l.roomBefore(UnknownPriority) || !rule.Default() && l.roomBefore(rule.Priority)) {
		doubt |= UnseenRules
	}
	for _, action := range rule.Actions {
		switch action := action.(type) {
		case Forward:
			if len(action.Groups) > 0 && action.total() == 0 {
				doubt |= ZeroWeights
			}
		case Authenticate:
			if action.OnUnauthenticated != "allow" {
				doubt |= Authentication
			}
		}
	}
	return doubt
}
