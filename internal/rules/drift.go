package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// Drift is a rule of a listener that differs from what was deployed.
type Drift struct {
	// Rule is the rule as it is, nil if it is missing.
	Rule *alb.Rule

	// Text says what differs.
	Text string

	// Opens says that the rule forwards at least some requests to something
	// outside the switch: what is refused elsewhere may get through, whatever the
	// rule's conditions look like.
	Opens bool
}

// Compare compares the whole of a listener with what was deployed: the default
// action, and every rule by its priority, conditions and actions. Both must use
// the same names. It ignores the order of conditions and of their values, the
// secret in a header, and conditions that only a deploy knows.
func Compare(deployed, now *alb.Listener, g Groups) []Drift {
	all := slices.Clone(deployed.Rules)
	if !deployed.Foreign() {
		all = append(all, deployed.Default)
	}
	return compare(now, deployed.Foreign(), all, g, func(d alb.Rule) (int, bool, string) {
		return d.Priority, d.If != "", described(&d)
	}, func(d alb.Rule, r *alb.Rule) string { return differs(&d, r) })
}

// compare compares a listener with deployed rules, in whatever form they are
// known: rule returns the priority of such a rule, whether it may be missing, and
// its name; differs says what differs, or nothing.
func compare[T any](now *alb.Listener, shared bool, deployed []T, g Groups, rule func(T) (priority int, optional bool, name string), differs func(T, *alb.Rule) string) []Drift {
	var all []Drift
	met := make([]bool, len(deployed))
	last := 0 // of the rules that refuse: later rules on a shared listener get only what is left
	for _, r := range now.Rules {
		if strings.ContainsRune(g.Does(&r), toResponder) {
			last = r.Priority
		}
	}
	for _, r := range slices.Concat([]alb.Rule{now.Default}, now.Rules) {
		text, known := "", false
		for i, d := range deployed {
			priority, _, _ := rule(d)
			if priority != r.Priority && priority != alb.UnknownPriority {
				continue
			}
			different := differs(d, &r)
			if priority == alb.UnknownPriority && different != "" {
				continue
			}
			met[i], known, text = true, true, different
			break
		}
		switch {
		case known:
		case !shared:
			text = described(&r) + " is not deployed"
		case !r.Default() && r.Priority < last && strings.ContainsRune(g.Does(&r), toApp):
			text = described(&r) + " is not deployed by this stack, and forwards to its application"
		}
		if text != "" {
			all = append(all, Drift{&r, text, g.opens(&r)})
		}
	}
	for i, d := range deployed {
		if _, optional, name := rule(d); !optional && !met[i] {
			all = append(all, Drift{nil, name + " is missing", false})
		}
	}
	return all
}

// opens reports whether a rule forwards to something outside the switch.
func (g Groups) opens(r *alb.Rule) bool {
	return strings.ContainsAny(g.Does(r), string([]rune{toApp, toOthers}))
}

// Opened says which of the drifts lets something through in a mode that refuses
// it. It is empty if none does.
func Opened(mode maintenance.Mode, all []Drift) string {
	for _, d := range all {
		if d.Opens && mode != maintenance.Open {
			return d.Text
		}
	}
	return ""
}

// Mangled says which rules of a listener are as deployed except for characters
// that CloudFormation returned as question marks, so that it is not known whether
// they differ.
func Mangled(deployed, now *alb.Listener) []string {
	var all []string
	for _, r := range now.Rules {
		for _, d := range deployed.Rules {
			if d.Priority == r.Priority && saysMangled(&d, &r) {
				all = append(all, fmt.Sprintf("%s: CloudFormation gives back a question mark for every character that is not ASCII, so that whether it differs from what was deployed is not known", described(&r)))
			}
		}
	}
	return all
}

// saysMangled reports whether a rule of a deployed template may be a rule whose
// non-ASCII characters have become question marks.
func saysMangled(deployed, now *alb.Rule) bool {
	says := described(now) + did(now)
	return cfn.Mangled(says) != says && cfn.Mangled(says) == described(deployed)+did(deployed)
}

// differs says how a rule differs, or returns "".
func differs(deployed, now *alb.Rule) string {
	if saysMangled(deployed, now) {
		return ""
	}
	a, b := Digest(deployed.Conditions), Digest(now.Conditions)
	if a != "" && b != "" && a != b {
		return fmt.Sprintf("%s was deployed as %s", described(now), described(deployed))
	}
	if a, b := did(deployed), did(now); a != b {
		return fmt.Sprintf("%s does %s, and was deployed to %s", described(now), b, a)
	}
	return ""
}

// did describes what a rule does, action by action.
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
