// Package witness finds, for every pair of rules of two listeners that can decide
// the same request, such a request.
//
// Each condition of a rule looks at one part of a request: its method, path,
// host, source, query, or one header. For each part, the package finds texts that
// represent all possible ones: a text for each combination of outcomes of the
// conditions of both listeners. Then it combines the parts. Every result is
// confirmed by routing, so a witness is never wrong. None is missed unless there
// are more combinations than the package tries, which it reports.
package witness

import (
	"maps"
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
)

// Class is the requests that one rule of each listener decides.
type Class struct {
	Old, New *alb.Rule

	// Request is one of them. Values known only after a deploy, such as a secret,
	// appear as [cfn.Display] shows them.
	Request alb.Request
}

// Classes returns the classes of two listeners. complete is false if there may be
// more. If both are the same listener, the classes are its rules that can decide.
func Classes(old, next *alb.Listener) (classes []Class, complete bool) {
	a, b := filled(old), filled(next)
	s := newSearch(a, b)
	drafts := s.drafts()
	seen := map[[2]*alb.Rule]bool{}
	for _, d := range drafts {
		request := d.Request()
		before := a.Route(&request).Rule
		after := b.Route(&request).Rule
		if before == nil || after == nil {
			continue // rejected before any rule
		}
		if before.Disarmed() || after.Disarmed() {
			continue // no client sends such a request
		}
		before, after = original(a, old, before), original(b, next, after)
		if pair := [2]*alb.Rule{before, after}; !seen[pair] {
			seen[pair] = true
			classes = append(classes, Class{before, after, d.Request()})
		}
	}
	return classes, !s.cut
}

// original returns the rule of listener that the given rule of its filled copy
// was made from.
func original(copied, listener *alb.Listener, rule *alb.Rule) *alb.Rule {
	for i := range copied.Rules {
		if &copied.Rules[i] == rule {
			return &listener.Rules[i]
		}
	}
	return &listener.Default
}

// mostTries limits how many combinations of parts are tried.
const mostTries = 1 << 20

// search combines parts of requests.
type search struct {
	rules []*alb.Rule // of both listeners
	first int         // how many of them belong to the first
	parts []part
	tries int
	cut   bool // there may be more
}

func newSearch(a, b *alb.Listener) *search {
	s := &search{first: len(a.Rules)}
	for i := range a.Rules {
		s.rules = append(s.rules, &a.Rules[i])
	}
	for i := range b.Rules {
		s.rules = append(s.rules, &b.Rules[i])
	}
	conditions := map[alb.Part][]alb.Condition{}
	for _, rule := range s.rules {
		for _, c := range rule.Conditions {
			key := alb.PartOf(c)
			conditions[key] = append(conditions[key], c)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(conditions), compareParts) {
		p := newPart(key, conditions[key])
		s.parts = append(s.parts, p)
		s.cut = s.cut || p.cut
	}
	return s
}

// state is a draft and, for each rule, whether the conditions on the parts
// drafted so far hold.
type state struct {
	draft alb.Draft
	holds []byte
}

// drafts returns a draft for each combination of rules that match.
func (s *search) drafts() []alb.Draft {
	start := state{alb.NewDraft(), make([]byte, len(s.rules))}
	for i := range start.holds {
		start.holds[i] = 1
	}
	states := []state{start}
	for done, p := range s.parts {
		states = s.grow(states, p.byRule(s.rules), s.settled(s.parts[done+1:]))
	}
	drafts := make([]alb.Draft, len(states))
	for i, st := range states {
		drafts[i] = st.draft
	}
	return drafts
}

// grow combines states with the values of one more part. Of states in which the
// same rules match, it keeps the first.
func (s *search) grow(states []state, values []value, settled []bool) []state {
	seen := map[string]bool{}
	var grown []state
	holds := make([]byte, len(s.rules))
	for _, before := range states {
		for _, v := range values {
			if s.tries++; s.tries > mostTries {
				s.cut = true
				return grown
			}
			for i := range holds {
				holds[i] = before.holds[i] & v.holds[i]
			}
			s.forgetDecided(holds, settled)
			if seen[string(holds)] {
				continue
			}
			seen[string(holds)] = true
			d := before.draft
			v.set(&d)
			grown = append(grown, state{d, slices.Clone(holds)})
		}
	}
	return grown
}

// settled reports for each rule whether it looks at none of the remaining parts.
func (s *search) settled(toCome []part) []bool {
	settled := make([]bool, len(s.rules))
	for i, rule := range s.rules {
		settled[i] = rule.If == "" && !slices.ContainsFunc(rule.Conditions, func(c alb.Condition) bool {
			return slices.ContainsFunc(toCome, func(p part) bool { return p.key == alb.PartOf(c) })
		})
	}
	return settled
}

// forgetDecided clears, for each listener, the rules after the first one that
// matches whatever the remaining parts are: they no longer make a difference.
func (s *search) forgetDecided(holds []byte, settled []bool) {
	decided := false
	for i := range holds {
		if i == s.first {
			decided = false
		}
		if decided {
			holds[i] = 0
			continue
		}
		decided = holds[i] == 1 && settled[i]
	}
}
