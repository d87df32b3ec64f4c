package diff

import (
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/maintenance"
)

// summarize says in a few words which requests a change is about, if all changes
// go one way: the requests of the default rule, or the part of them that a few
// rules take or give back. refuses reports whether a rule sends to the function
// that answers during maintenance; allowed is the phrase for what other rules
// take.
func summarize(changes []*found, classes []witness.Class, refuses func(*alb.Rule) bool, allowed string) {
	if len(changes) != 1 {
		return
	}
	f := changes[0]
	for _, s := range []side{{refuses, allowed, oldFirst}, {refuses, allowed, newFirst}} {
		if f.Summary == "" {
			f.Summary = s.summary(f.classes, classes)
		}
	}
}

// side is the side of a comparison on which the default rule decides all the
// changed requests.
type side struct {
	refuses func(*alb.Rule) bool
	allowed string // the phrase for what rules of their own let through
	rules   func(witness.Class) (here, there *alb.Rule)
}

func oldFirst(c witness.Class) (here, there *alb.Rule) { return c.Old, c.New }
func newFirst(c witness.Class) (here, there *alb.Rule) { return c.New, c.Old }

// summary returns the summary for the side. It is empty if the side does not fit.
func (s side) summary(changed, all []witness.Class) string {
	var takers, turned []*alb.Rule // the rules there, without the default rule; those for reads that turn
	byDefault := false
	for _, c := range changed {
		here, there := s.rules(c)
		switch {
		case isNumbered(here, maintenance.ReadID) && isNumbered(there, maintenance.ReadID):
			turned = added(turned, here)
		case !here.Default():
			return ""
		case there.Default():
			byDefault = true
		default:
			takers = added(takers, there)
		}
	}
	switch {
	case byDefault:
		for _, c := range all {
			if here, _ := s.rules(c); here.Default() && effect(c.Old) == effect(c.New) {
				return "" // a part of the default rule's requests did not change
			}
		}
		return "everything" + s.exceptions(all)
	case len(takers) > 0:
		return "everything with " + conditionsOf(takers) + s.exceptions(all)
	}
	return "everything with " + conditionsOf(turned) + s.exceptions(all)
}

// added returns rules with r, without duplicates.
func added(rules []*alb.Rule, r *alb.Rule) []*alb.Rule {
	if slices.Contains(rules, r) {
		return rules
	}
	return append(rules, r)
}

// exceptions says what did not change.
func (s side) exceptions(all []witness.Class) string {
	allowed := false
	var reads []*alb.Rule
	for _, c := range all {
		here, _ := s.rules(c)
		switch {
		case here.Default() || effect(c.Old) != effect(c.New) || s.refuses(here):
		case isNumbered(here, maintenance.ReadID):
			reads = added(reads, here)
		default:
			allowed = true
		}
	}
	text := ""
	if allowed {
		text = " but " + s.allowed
	}
	if len(reads) > 0 {
		if text += " and"; !allowed {
			text = " but"
		}
		text += " those with " + conditionsOf(reads)
	}
	return text
}

// conditionsOf describes which requests rules match.
func conditionsOf(rules []*alb.Rule) string {
	var texts []string
	for _, r := range rules {
		var conditions []string
		for _, c := range r.Conditions {
			conditions = append(conditions, c.String())
		}
		texts = append(texts, strings.Join(conditions, " and "))
	}
	return strings.Join(texts, ", or with ")
}
