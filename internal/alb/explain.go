package alb

import (
	"fmt"
	"strings"
)

// Explanation is a decision with its reasons.
type Explanation struct {
	Decision

	// Steps are the rules in the order in which they are tried, up to the one
	// that certainly decides.
	Steps []Step
}

// Step is a rule that was tried.
type Step struct {
	Rule    *Rule
	Outcome Outcome

	// Reason is a sentence without full stop: why the rule matches, or why not.
	Reason string
}

// Explain decides as [Listener.Route] does, and says why.
func (l *Listener) Explain(r *Request) Explanation {
	e := Explanation{Decision: l.Route(r)}
	if e.Rule == nil {
		return e
	}
	for i := range l.trials {
		t := &l.trials[i]
		step := Step{Rule: t.rule, Outcome: t.rule.matchAll(t.conditions, r)}
		step.Reason = t.reason(r, step.Outcome)
		e.Steps = append(e.Steps, step)
		if step.Outcome.Verdict == Yes {
			break
		}
	}
	return e
}

// Reasons are sentences without full stop: for each rule why it matches or
// not, then what is not certain.
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
	return append(reasons, (e.Doubt | e.RuleDoubt).Reasons()...)
}

func (t *trial) reason(r *Request, o Outcome) string {
	switch {
	case t.rule.Default():
		return "no rule before it matches"
	case o.Verdict == Yes && len(t.conditions) == 0:
		return "matches every request"
	case o.Verdict == Yes:
		return "matches: " + t.describe(r, func(Outcome) bool { return true })
	case o.Verdict == No:
		for i, c := range t.conditions {
			if c.Match(r).Verdict == No {
				return "does not match: " + mismatch(t.rule.Conditions[i], r)
			}
		}
	case t.rule.If != "" && o.Doubt == ConditionalRule:
		return "matches if it exists: condition " + t.rule.If
	}
	certainty := "probably matches: "
	if !o.Verdict.Matches() {
		certainty = "probably does not match: "
	}
	return certainty + t.describe(r, func(o Outcome) bool { return !o.Verdict.Certain() })
}

// describe describes the conditions with certain outcomes.
func (t *trial) describe(r *Request, which func(Outcome) bool) string {
	var texts []string
	for i, c := range t.conditions {
		if which(c.Match(r)) {
			texts = append(texts, Describe(t.rule.Conditions[i]))
		}
	}
	return strings.Join(texts, ", ")
}

// mismatch says why a condition does not match a request.
func mismatch(condition Condition, r *Request) string {
	switch c := condition.(type) {
	case Methods:
		return fmt.Sprintf("method %q is not %s%s", r.method, strings.Join(displayed(c), " or "), methodHint(c, r))
	case PathPatterns:
		return fmt.Sprintf("path %q is not %s%s", r.path.text, quoted(c), caseHint(c, r))
	case PathRegexes:
		return fmt.Sprintf("path %q is not ~ %s", r.path.text, quoted(c))
	case Hosts:
		return fmt.Sprintf("host %q is not %s%s", r.Host, quoted(c), portHint(c, r))
	case HostRegexes:
		return fmt.Sprintf("host %q is not ~ %s", r.Host, quoted(c))
	case Header:
		return headerMismatch(c.Name, r, "is not "+quoted(c.Values))
	case HeaderRegexes:
		return headerMismatch(c.Name, r, "is not ~ "+quoted(c.Values))
	case QueryStrings:
		return fmt.Sprintf("query %q has no %s", r.query, strings.Join(c.texts(), " or "))
	case SourceIPs:
		return fmt.Sprintf("source %s is not in %s", r.Source, strings.Join(c.texts(), " or "))
	}
	return "not " + Describe(condition)
}

func methodHint(c Methods, r *Request) string {
	if r.method == "HEAD" && c.Match(&Request{Method: "GET"}).Verdict == Yes {
		return ": GET does not include HEAD"
	}
	if c.Match(&Request{Method: strings.ToUpper(r.method)}).Verdict == Yes {
		return ": case counts"
	}
	return ""
}

func caseHint(c PathPatterns, r *Request) string {
	for _, value := range c {
		if p := readPattern(value, true, false); p.doubt == 0 && p.matches(r.path.text) {
			return ": case counts"
		}
	}
	return ""
}

func portHint(c Hosts, r *Request) string {
	name, _, ok := strings.Cut(r.Host, ":")
	if ok && c.Match(&Request{Host: name}).Verdict == Yes {
		return ": rules see the port too"
	}
	return ""
}

func headerMismatch(name string, r *Request, otherwise string) string {
	var sent []string
	for i := range r.fields {
		if equalFold(r.fields[i].name, name) {
			sent = append(sent, fmt.Sprintf("%q", r.fields[i].value))
		}
	}
	if len(sent) == 0 {
		return "header " + name + " is not sent"
	}
	return "header " + name + " " + strings.Join(sent, ", ") + " " + otherwise
}
