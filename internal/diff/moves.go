package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// movedPatterns warns of paths that move from one rule to another: rules are
// updated one by one, so that for a moment neither may have the path.
func movedPatterns(old, next Template) []string {
	var warnings []string
	for _, before := range old.Listeners {
		after := next.Listener(before.Ref)
		if after == nil {
			continue
		}
		for i := range before.Rules {
			from := &before.Rules[i]
			for _, path := range paths(from) {
				to := holder(after, from, path)
				if to == nil {
					continue
				}
				warnings = append(warnings, fmt.Sprintf("path %s moves from rule %s to rule %s: rules are updated one by one, and for a moment neither may let it through; while maintenance is on, append",
					path, from.ShortName(), to.ShortName()))
			}
		}
	}
	return warnings
}

// holder is the rule that a path of from has moved to, or nil if it has not:
// another rule with the same effect and the same other conditions, whose own
// rule before did not have the path.
func holder(l *alb.Listener, from *alb.Rule, path string) *alb.Rule {
	same := slices.IndexFunc(l.Rules, func(r alb.Rule) bool { return r.LogicalID == from.LogicalID })
	if same >= 0 && slices.Contains(paths(&l.Rules[same]), path) {
		return nil
	}
	for i := range l.Rules {
		to := &l.Rules[i]
		if to.LogicalID != from.LogicalID && effect(to) == effect(from) && others(to) == others(from) && slices.Contains(paths(to), path) {
			return to
		}
	}
	return nil
}

// paths are the path values of a rule, as they are written.
func paths(r *alb.Rule) []string {
	var values []string
	for _, c := range r.Conditions {
		if alb.Field(c) != "path-pattern" {
			continue
		}
		for _, v := range alb.Values(c) {
			values = append(values, v.Text)
		}
	}
	return values
}

// others are the conditions of a rule but for those on the path.
func others(r *alb.Rule) string {
	var texts []string
	for _, c := range r.Conditions {
		if alb.Field(c) != "path-pattern" {
			texts = append(texts, c.String())
		}
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
