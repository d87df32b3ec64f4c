package alb

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Rule is a rule of a listener.
type Rule struct {
	// Priority is the rule's priority, 1 to MaxPriority: rules are tried from the
	// lowest priority on, and the first that matches decides. 0 is the default
	// rule, which is tried last and has no conditions.
	Priority int

	// PriorityFrom says what the priority depends on if only a deploy knows it.
	// Priority is then UnknownPriority, as it is if it cannot be read. Default:
	// "", the priority is known.
	PriorityFrom string

	// Unread says why a part of the rule could not be read. Default: "",
	// everything was read.
	Unread string

	// Conditions must all match.
	Conditions []Condition

	// Transforms change the request after matching. They never change where it
	// goes.
	Transforms []Transform

	// Actions are the actions in the order in which they run. The last one
	// answers.
	Actions []Action

	// LogicalID is the rule's id in its template; for a default rule, the listener's.
	LogicalID string

	// Path is the construct path, if CDK wrote the template.
	Path string

	// Moved says what swaps the rule's target groups outside CloudFormation, ""
	// if nothing does.
	Moved string

	// If is the template's condition under which the rule exists, where it
	// cannot be decided from the template.
	If string
}

// Transform rewrites the host or the URL of a request after matching. Only the
// target sees the result. Source: UGnow rule-transforms.
type Transform struct {
	Type    string // "url-rewrite" or "host-header-rewrite"
	Regex   string
	Replace string
}

// String describes the transform, including values known only after a deploy.
func (t Transform) String() string {
	what := "path"
	if t.Type == "host-header-rewrite" {
		what = "host"
	}
	return fmt.Sprintf("the target gets %s %q as %q", what, cfn.Display(t.Regex), cfn.Display(t.Replace))
}

// Default reports whether the rule is the listener's default rule.
func (r *Rule) Default() bool { return r.Priority == 0 }

// Disarmed reports whether the rule exists but takes no requests, because one of
// its conditions never holds.
func (r *Rule) Disarmed() bool { return slices.ContainsFunc(r.Conditions, Nobody) }

// UnknownPriority is the priority of a rule whose priority is not known. Such
// rules come last.
const UnknownPriority = 1 << 30

// Name returns "default" or the priority.
func (r *Rule) Name() string {
	if r.Priority == UnknownPriority {
		return "of unknown priority"
	}
	if r.Default() {
		return "default"
	}
	return strconv.Itoa(r.Priority)
}

// Match returns the outcome of all conditions. A rule without conditions matches
// every request.
func (r *Rule) Match(req *Request) Outcome {
	matchers := make([]Matcher, len(r.Conditions))
	for i, c := range r.Conditions {
		matchers[i] = c
	}
	return r.matchAll(matchers, req)
}

func (r *Rule) matchAll(conditions []Matcher, req *Request) Outcome {
	if r.Unread != "" && !r.Default() {
		return Outcome{Unlikely, UnreadRule}
	}
	o := Outcome{Verdict: Yes}
	for _, c := range conditions {
		if o = o.and(c.Match(req)); o.Verdict == No {
			return o
		}
	}
	if r.If != "" {
		o = o.and(Outcome{Likely, ConditionalRule})
	}
	return o
}

// Methods returns the methods that the rule takes, nil if it takes any.
func (r *Rule) Methods() []string { return r.texts(methodField) }

// Hosts returns the hosts that the rule takes, with wildcards, nil if it takes
// any or compares with a regex.
func (r *Rule) Hosts() []string { return r.texts(hostField) }

// texts returns the values that the rule compares a field with, without regexes.
func (r *Rule) texts(f *field) []string {
	var texts []string
	for _, c := range r.Conditions {
		if c.field() != f || c.regexes() {
			continue
		}
		for _, v := range c.values() {
			texts = append(texts, v.Text)
		}
	}
	return texts
}

// Final returns the action that answers, or nil if the rule has none.
func (r *Rule) Final() Action {
	if len(r.Actions) == 0 {
		return nil
	}
	return r.Actions[len(r.Actions)-1]
}
