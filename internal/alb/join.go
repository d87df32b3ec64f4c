package alb

import (
	"cmp"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Stack is a template of several that are deployed together.
type Stack struct {
	Name string // tells it from the others
	*Template
}

// Join makes one template of several, such as the stacks of an assembly: a
// listener that one of them defines and others add rules to, by ARN or by the
// export of its ARN, is one listener. What two templates call by the same
// logical id goes by the name of its template too.
func Join(stacks []Stack) *Template {
	if len(stacks) == 1 {
		return stacks[0].Template
	}
	joined := &Template{}
	exports := map[string]Ref{}
	seen := map[string]bool{}
	for _, s := range stacks {
		copied := s.renamed(seen)
		joined.LoadBalancers = append(joined.LoadBalancers, copied.LoadBalancers...)
		joined.TargetGroups = append(joined.TargetGroups, copied.TargetGroups...)
		joined.Listeners = append(joined.Listeners, copied.Listeners...)
		joined.Faults = append(joined.Faults, s.Faults...)
		joined.Parameters = append(joined.Parameters, s.Parameters...)
		joined.Resources = append(joined.Resources, s.Resources...)
		for name, id := range s.exports {
			exports[cfn.Opaque("import "+name)] = Ref{LogicalID: s.unique(id, copied)}
		}
	}
	joined.joinListeners(exports)
	joined.arrange()
	return joined
}

// unique is what a listener's logical id is called in the copy of its template.
func (s Stack) unique(id string, copied *Template) string {
	for i, l := range s.Listeners {
		if l.Ref.LogicalID == id {
			return copied.Listeners[i].Ref.LogicalID
		}
	}
	return id
}

// joinListeners makes one of the listeners that are the same.
func (t *Template) joinListeners(exports map[string]Ref) {
	var listeners []*Listener
	find := func(ref Ref) *Listener {
		i := slices.IndexFunc(listeners, func(l *Listener) bool { return l.Ref == ref })
		if i < 0 {
			return nil
		}
		return listeners[i]
	}
	own := func(l *Listener) int {
		if l.Foreign() {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(t.Listeners, func(a, b *Listener) int { return cmp.Compare(own(a), own(b)) })
	for _, l := range t.Listeners {
		ref := l.Ref
		if target, ok := exports[ref.External]; ok && l.Foreign() {
			ref = target
		}
		same := find(ref)
		if same == nil {
			listeners = append(listeners, l)
			continue
		}
		same.Rules = append(same.Rules, l.Rules...)
		same.problems = append(same.problems, l.problems...)
	}
	t.Listeners = listeners
}

// renamed is a copy of a template in which the logical ids that are taken are
// told apart.
func (s Stack) renamed(taken map[string]bool) *Template {
	names := map[string]string{}
	name := func(id string) string {
		if id == "" {
			return ""
		}
		if _, ok := names[id]; !ok {
			names[id] = id
			if taken[id] {
				names[id] = s.Name + ":" + id
			}
		}
		return names[id]
	}
	ref := func(r Ref) Ref { return Ref{LogicalID: name(r.LogicalID), External: r.External} }
	rule := func(r Rule) Rule {
		r.LogicalID = name(r.LogicalID)
		r.Actions = slices.Clone(r.Actions)
		for i, action := range r.Actions {
			if forward, ok := action.(Forward); ok {
				forward.Groups = slices.Clone(forward.Groups)
				for j := range forward.Groups {
					forward.Groups[j].Group = ref(forward.Groups[j].Group)
				}
				r.Actions[i] = forward
			}
		}
		return r
	}
	rules := func(list []Rule) []Rule {
		var all []Rule
		for _, r := range list {
			all = append(all, rule(r))
		}
		return all
	}
	copied := &Template{}
	for _, b := range s.LoadBalancers {
		other := *b
		other.LogicalID = name(b.LogicalID)
		copied.LoadBalancers = append(copied.LoadBalancers, &other)
	}
	for _, g := range s.TargetGroups {
		other := *g
		other.LogicalID = name(g.LogicalID)
		copied.TargetGroups = append(copied.TargetGroups, &other)
	}
	for _, l := range s.Listeners {
		copied.Listeners = append(copied.Listeners, &Listener{
			Ref: ref(l.Ref), Path: l.Path, LoadBalancer: ref(l.LoadBalancer), Balancer: l.Balancer, Port: l.Port, Protocol: l.Protocol,
			Certificates: l.Certificates, Attributes: l.Attributes, Rules: rules(l.Rules), Default: rule(l.Default), DefaultIf: rules(l.DefaultIf),
			Unseen: l.Unseen, Moved: l.Moved, If: l.If, problems: slices.Clone(l.problems),
		})
	}
	for _, unique := range names {
		taken[unique] = true
	}
	return copied
}
