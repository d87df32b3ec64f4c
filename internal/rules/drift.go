package rules

import (
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
)

// Drift is a rule of a listener that is not as it was deployed.
type Drift struct {
	// Rule is the rule as it is, nil if it is missing.
	Rule *alb.Rule

	// Text says what is different.
	Text string
}

// Compare holds the whole of a listener against what was deployed: the default
// action, and every rule by its priority, conditions and actions. The names in
// both must be the same. The order of conditions and of their values does not
// count, nor the secret in a header; conditions that only a deploy knows are not
// compared.
func Compare(deployed, now *alb.Listener) []Drift {
	var all []Drift
	if text := differs(&deployed.Default, &now.Default); text != "" && !deployed.Foreign() {
		all = append(all, Drift{&now.Default, text})
	}
	for i := range now.Rules {
		r := &now.Rules[i]
		at := slices.IndexFunc(deployed.Rules, func(d alb.Rule) bool { return d.Priority == r.Priority })
		switch {
		case at < 0 && deployed.Foreign():
			// Rules of other stacks are not known.
		case at < 0:
			all = append(all, Drift{r, described(r) + " is not deployed"})
		default:
			if text := differs(&deployed.Rules[at], r); text != "" {
				all = append(all, Drift{r, text})
			}
		}
	}
	for i := range deployed.Rules {
		d := &deployed.Rules[i]
		if d.If == "" && !slices.ContainsFunc(now.Rules, func(r alb.Rule) bool { return d.Priority == r.Priority }) {
			all = append(all, Drift{nil, described(d) + " is missing"})
		}
	}
	return all
}

// differs says what is different of a rule, or nothing.
func differs(deployed, now *alb.Rule) string {
	a, b := Digest(deployed.Conditions), Digest(now.Conditions)
	if a != "" && b != "" && a != b {
		return fmt.Sprintf("%s was deployed as %s", described(now), described(deployed))
	}
	if a, b := did(deployed), did(now); a != b {
		return fmt.Sprintf("%s does %s, and was deployed to %s", described(now), b, a)
	}
	return ""
}

// did is what a rule does, action by action.
func did(r *alb.Rule) string {
	text := ""
	for _, a := range r.Actions {
		if text != "" {
			text += ", then "
		}
		text += fmt.Sprint(a)
	}
	return text
}
