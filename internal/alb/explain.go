package alb

import (
	"fmt"
	"slices"
	"strings"
)

// Explanation is a decision with its reasons.
type Explanation struct {
	Decision

	// Steps are the rules in the order in which they are tried, up to the first
	// one that certainly decides.
	Steps []Step

	listener *Listener
}

// Step is a rule that was tried.
type Step struct {
	Rule    *Rule
	Outcome Outcome

	// Reason is a sentence without a full stop: why the rule matches, or why not.
	Reason string
}

// Explain decides as [Listener.Route] does, and says why.
func (l *Listener) Explain(r *Request) Explanation {
	e := Explanation{Decision: l.Route(r), listener: l}
	if e.Rule == nil {
		return e
	}
	for i := range l.trials {
		t := &l.trials[i]
		if t.anywhere {
			if o := t.match(r); o.Verdict != No {
				e.Steps = append(e.Steps, Step{t.rule, o, "may come here, wherever its priority is"})
			}
			continue
		}
		step := Step{Rule: t.rule, Outcome: t.rule.matchAll(t.conditions, r)}
		step.Reason = t.reason(r, step.Outcome)
		e.Steps = append(e.Steps, step)
		if step.Outcome.Verdict == Yes {
			break
		}
	}
	return e
}

// Reasons returns sentences without full stops: why each rule matches or not,
// then what is not certain.
func (e Explanation) Reasons() []string {
	var reasons []string
	if e.Rejection != "" {
		reasons = append(reasons, fmt.Sprintf("the load balancer answers %d before it looks at rules: %s", e.Status, e.Rejection))
	}
	for _, step := range e.Steps {
		if step.Rule.Default() {
			reasons = append(reasons, "default rule: "+step.Reason)
			continue
		}
		reasons = append(reasons, "rule "+step.Rule.Name()+" "+step.Reason)
	}
	doubt := e.Doubt | e.RuleDoubt
	if doubt&UnseenRules != 0 {
		for _, why := range e.listener.Unseen {
			reasons = append(reasons, "rules that are not seen may come before: "+why)
		}
	}
	for _, rule := range slices.Compact(append([]*Rule{e.Rule}, e.Alternatives...)) {
		if doubt&UnknownOrder != 0 && rule != nil && rule.PriorityFrom != "" {
			reasons = append(reasons, fmt.Sprintf("the priority of %s hangs on %s: --value gives it", rule.LogicalID, rule.PriorityFrom))
		}
		if doubt&UnreadRule != 0 && rule != nil && rule.Unread != "" {
			reasons = append(reasons, "not read: "+rule.Unread)
		}
	}
	if doubt&MovedGroups != 0 {
		reasons = append(reasons, "the target group may be another: "+e.Rule.Moved)
	}
	return append(reasons, (doubt &^ (UnseenRules | MovedGroups | UnknownOrder | UnreadRule)).Reasons()...)
}

func (t *trial) reason(r *Request, o Outcome) string {
	switch {
	case t.rule.Default() && t.rule.If != "":
		return "matches if it exists: condition " + t.rule.If
	case t.rule.Default():
		return "no rule before it matches"
	case t.rule.Unread != "":
		return "cannot be read: it may match"
	case o.Verdict == Yes && len(t.conditions) == 0:
		return "matches every request"
	case o.Verdict == Yes:
		return "matches: " + t.describe(r, func(Outcome) bool { return true })
	case o.Verdict == No:
		for i, c := range t.conditions {
			if c.Match(r).Verdict == No {
				return "does not match: " + t.rule.Conditions[i].mismatch(r)
			}
		}
	case t.rule.If != "" && o.Doubt == ConditionalRule:
		return "matches if it exists: condition " + t.rule.If
	}
	if o.Doubt.NotGiven() {
		return "depends on " + t.describe(r, func(o Outcome) bool { return !o.Verdict.Certain() }) + ", which is not given"
	}
	certainty := "probably matches: "
	if !o.Verdict.Matches() {
		certainty = "probably does not match: "
	}
	return certainty + t.describe(r, func(o Outcome) bool { return !o.Verdict.Certain() })
}

// describe describes the conditions whose outcome which selects.
func (t *trial) describe(r *Request, which func(Outcome) bool) string {
	var texts []string
	for i, c := range t.conditions {
		if which(c.Match(r)) {
			texts = append(texts, t.rule.Conditions[i].String())
		}
	}
	return strings.Join(texts, ", ")
}
