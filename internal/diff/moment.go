package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
)

// moments returns hazards for requests that, while rules are updated one by one,
// go elsewhere than they went before and will go after.
func (d *deploy) moments() []Hazard {
	var found []Hazard
	for _, pair := range listenerPairs(d.old.Template, d.next.Template) {
		if pair[0].Ref != pair[1].Ref || d.fates[pair[0].Ref.LogicalID] != "" && d.fates[pair[0].Ref.LogicalID] != Changed {
			continue // another listener: no intermediate state has rules of both
		}
		w := newWalk(pair[0], pair[1])
		found = append(found, w.moments(d)...)
		if w.cut {
			found = append(found, Hazard{Unseen, "not every state between the two templates was looked at: requests to " + pair[1].Name() + " may go elsewhere for a moment", nil, ""})
		}
	}
	return found
}

// stages are the rules that a resource may be during a deploy. It may be in any
// of its stages at any time, independently of others. A nil stage means that it
// does not exist.
type stages []*alb.Rule

// walk is the states between two listeners. A rule that is created or updated is
// in one of two stages until all are done; then the removed ones disappear, one
// by one.
type walk struct {
	old, next *alb.Listener
	halves    [2]map[string]stages // by logical id: while rules are created and updated, and while some are removed
	differ    map[string]bool      // ids of rules that differ
	cut       bool
}

func newWalk(old, next *alb.Listener) *walk {
	w := &walk{old: old, next: next, differ: map[string]bool{}}
	w.halves[0], w.halves[1] = map[string]stages{}, map[string]stages{}
	for i := range old.Rules {
		before := &old.Rules[i]
		at := slices.IndexFunc(next.Rules, func(r alb.Rule) bool { return r.LogicalID == before.LogicalID })
		if at < 0 {
			w.halves[0][before.LogicalID], w.halves[1][before.LogicalID] = stages{before}, stages{before, nil}
			w.differ[before.LogicalID] = true
			continue
		}
		after := &next.Rules[at]
		w.halves[1][before.LogicalID] = stages{after}
		if sameRule(before, after) {
			w.halves[0][before.LogicalID] = stages{after}
			continue
		}
		w.halves[0][before.LogicalID] = stages{before, after}
		w.differ[before.LogicalID] = true
	}
	for i := range next.Rules {
		after := &next.Rules[i]
		if w.halves[0][after.LogicalID] == nil {
			w.halves[0][after.LogicalID], w.halves[1][after.LogicalID] = stages{nil, after}, stages{after}
			w.differ[after.LogicalID] = true
		}
	}
	return w
}

func sameRule(a, b *alb.Rule) bool {
	return a.Priority == b.Priority && effect(a) == effect(b) && slices.EqualFunc(a.Conditions, b.Conditions, func(a, b alb.Condition) bool { return a.String() == b.String() })
}

// moments looks at every rule that may decide a request during the deploy. The
// listener itself is updated before its rules, which refer to it.
func (w *walk) moments(d *deploy) []Hazard {
	var found []Hazard
	seen := map[string]bool{}
	for _, half := range w.halves {
		deciders := []*alb.Rule{&w.next.Default}
		for _, id := range sortedIDs(half) {
			for _, rule := range half[id] {
				if rule != nil {
					deciders = append(deciders, rule)
				}
			}
		}
		for _, decider := range deciders {
			blockers, involved := w.blockers(half, decider)
			if len(involved) == 0 {
				continue // it decides what it decided, or what it will decide
			}
			for _, m := range w.between(decider, blockers) {
				request := requestText(requestOf(m.request, [2]*alb.Listener{w.old, w.next}))
				key := effect(decider) + "\x00" + effect(m.before) + "\x00" + effect(m.after)
				if seen[key] {
					continue
				}
				seen[key] = true
				if w.differ[decider.LogicalID] && !slices.Contains(involved, decider.LogicalID) {
					involved = append(involved, decider.LogicalID)
				}
				slices.Sort(involved)
				where := fmt.Sprintf("to %s before and to %s after", d.old.ActionName(m.before), d.next.ActionName(m.after))
				if effect(m.before) == effect(m.after) {
					where = fmt.Sprintf("to %s before and after", d.next.ActionName(m.after))
				}
				found = append(found, Hazard{Moment, fmt.Sprintf("%s may go to %s, while it goes %s: %s change one by one", request, d.next.ActionName(decider), where, strings.Join(involved, ", ")), involved,
					"In two deploys it does not: first let the rule that is to take it match it as well, then change the other"})
			}
		}
	}
	return found
}

// blockers returns rules that match what a decider cannot decide in any state of
// the deploy: earlier rules that stay and, for a rule that is earlier in all its
// stages, what all of its stages match. involved are the rules that differ and
// have an earlier stage.
func (w *walk) blockers(half map[string]stages, decider *alb.Rule) (blockers []alb.Rule, involved []string) {
	for _, id := range sortedIDs(half) {
		if !decider.Default() && id == decider.LogicalID {
			continue
		}
		var all []alb.Condition
		always := true
		for _, stage := range half[id] {
			if stage == nil || !precedes(stage, decider) {
				always = false
				continue
			}
			all = append(all, stage.Conditions...)
		}
		if w.differ[id] && len(all) > 0 {
			involved = append(involved, id)
		}
		if always {
			blockers = append(blockers, alb.Rule{Conditions: all})
		}
	}
	return blockers, involved
}

// precedes reports whether a rule is tried before another.
func precedes(a, b *alb.Rule) bool {
	return !a.Default() && (b.Default() || a.Priority < b.Priority)
}

// between is a request that a rule may decide during the deploy, and the rules
// with other effects that decide it before and after.
type between struct {
	request       alb.Request
	before, after *alb.Rule
}

func (w *walk) between(decider *alb.Rule, blockers []alb.Rule) []between {
	var found []between
	seen := map[string]bool{}
	for _, c := range w.classes(listenerOf(w.old, blockers, decider.Conditions), w.old) {
		if effect(c.New) == effect(decider) || seen[effect(c.New)] {
			continue
		}
		// Among those, what the same rule decided before: earlier rules block,
		// too.
		more := slices.Clone(blockers)
		for i := range w.old.Rules {
			if precedes(&w.old.Rules[i], c.New) {
				more = append(more, alb.Rule{Conditions: w.old.Rules[i].Conditions})
			}
		}
		for _, after := range w.classes(listenerOf(w.old, more, slices.Concat(decider.Conditions, c.New.Conditions)), w.next) {
			if effect(after.New) != effect(decider) {
				found = append(found, between{after.Request, c.New, after.New})
				seen[effect(c.New)] = true
				break
			}
		}
	}
	return found
}

// classes returns the requests that the last rule of a listener decides, by the
// rule of the other listener that decides them.
func (w *walk) classes(l, other *alb.Listener) []witness.Class {
	all, complete := witness.Classes(l, other)
	w.cut = w.cut || !complete
	last := &l.Default
	if len(last.Actions) == 0 {
		last = &l.Rules[len(l.Rules)-1]
	}
	return slices.DeleteFunc(all, func(c witness.Class) bool { return c.Old != last })
}

// listenerOf returns a listener with blocking rules and one that decides the
// rest, which is its default rule if it has no conditions.
func listenerOf(like *alb.Listener, blockers []alb.Rule, conditions []alb.Condition) *alb.Listener {
	l := &alb.Listener{Ref: like.Ref, Port: like.Port, Protocol: like.Protocol}
	l.Rules = slices.Clone(blockers)
	if len(conditions) > 0 {
		l.Rules = append(l.Rules, alb.Rule{Conditions: conditions})
	} else {
		l.Default.Actions = []alb.Action{nobody{}}
	}
	for i := range l.Rules {
		l.Rules[i].Priority = i + 1
		l.Rules[i].LogicalID = cmp.Or(l.Rules[i].LogicalID, fmt.Sprint(i))
		l.Rules[i].Actions = []alb.Action{nobody{}}
	}
	return l
}
