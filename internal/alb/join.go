package alb

import (
	"cmp"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Join makes one template of several, such as the stacks of an assembly and their
// nested stacks. If one of them defines a listener and others add rules to it, by
// ARN, by the export of its ARN or by a parameter, it becomes one listener. If
// two templates use the same logical id, the name of the template is added to it.
func Join(all []Stack) *Template {
	if len(all) == 1 {
		return all[0].Template
	}
	j := &joiner{stacks: all, joined: &Template{origins: map[string]origin{}}, names: map[origin]string{}, outside: map[string]string{}}
	for _, s := range all { // first the names, to which others refer
		for _, id := range s.Resources {
			j.name(s.Name, id)
		}
	}
	for _, s := range all {
		j.add(s)
	}
	j.joinListeners()
	j.joined.stacks = all
	j.joined.readUnseen(all)
	j.joined.arrange()
	return j.joined
}

// origin is a resource of a stack.
type origin struct{ stack, id string }

type joiner struct {
	stacks stacks
	joined *Template
	names  map[origin]string // in the joined template

	// outside maps resources outside the stacks to the stack that first named
	// them so.
	outside map[string]string
}

// name returns the name of a resource in the joined template.
func (j *joiner) name(stack, id string) string {
	if id == "" {
		return ""
	}
	from := origin{stack, id}
	name, ok := j.names[from]
	if !ok {
		if name = id; j.joined.origins[id] != (origin{}) {
			name = stack + ":" + id
		}
		j.names[from], j.joined.origins[name] = name, from
	}
	return name
}

// ref returns the load balancer, listener or target group that a stack refers to.
func (j *joiner) ref(stack string, r Ref) Ref { return j.refTo(stack, r, isALB) }

// refTo returns the resource that a stack refers to, if its type is wanted.
func (j *joiner) refTo(stack string, r Ref, wanted func(resourceType string) bool) Ref {
	if r == (Ref{}) {
		return r
	}
	if r.LogicalID != "" {
		return Ref{LogicalID: j.name(stack, r.LogicalID)}
	}
	if in, id, ok := j.stacks.resolve(stack, r.External); ok && wanted(in.document.Type(id)) {
		return Ref{LogicalID: j.name(in.Name, id)}
	}
	// Two stacks may have parameters of the same name: the second one gets the
	// name of its stack as well.
	scoped := cfn.Scoped(r.External, stack)
	short := cfn.Unscoped(scoped)
	if _, taken := j.outside[short]; !taken {
		j.outside[short] = scoped
	}
	if j.outside[short] == scoped {
		return Ref{External: short}
	}
	return Ref{External: scoped}
}

// add adds a copy of a stack's template.
func (j *joiner) add(s Stack) {
	t := j.joined
	t.Faults = append(t.Faults, s.Faults...)
	for _, p := range s.problems {
		p.LogicalID = j.name(s.Name, p.LogicalID)
		t.problems = append(t.problems, p)
	}
	t.Parameters = append(t.Parameters, s.Parameters...)
	t.Resources = append(t.Resources, s.Resources...)
	for _, b := range s.LoadBalancers {
		other := *b
		other.LogicalID = j.name(s.Name, b.LogicalID)
		t.LoadBalancers = append(t.LoadBalancers, &other)
	}
	for _, g := range s.TargetGroups {
		other := *g
		other.LogicalID = j.name(s.Name, g.LogicalID)
		other.Targets = nil
		for _, target := range g.Targets {
			other.Targets = append(other.Targets, j.refTo(s.Name, target, func(string) bool { return true }))
		}
		t.TargetGroups = append(t.TargetGroups, &other)
	}
	for _, l := range s.Listeners {
		other := &Listener{
			Ref: j.ref(s.Name, l.Ref), Path: l.Path, LoadBalancer: j.ref(s.Name, l.LoadBalancer), Port: l.Port, Protocol: l.Protocol,
			Certificates: l.Certificates, Attributes: l.Attributes, Default: j.rule(s, l.Default), If: j.under(s, l.If),
			joins: l.Foreign(),
		}
		for _, r := range l.Rules {
			other.Rules = append(other.Rules, j.rule(s, r))
		}
		for _, r := range l.DefaultIf {
			other.DefaultIf = append(other.DefaultIf, j.rule(s, r))
		}
		for _, p := range l.problems {
			p.LogicalID = j.name(s.Name, p.LogicalID)
			other.problems = append(other.problems, p)
		}
		t.Listeners = append(t.Listeners, other)
	}
}

// rule returns a copy of a rule of a stack.
func (j *joiner) rule(s Stack, r Rule) Rule {
	r.LogicalID = j.name(s.Name, r.LogicalID)
	if !r.Default() || r.If != "" {
		r.If = j.under(s, r.If)
	}
	r.Actions = slices.Clone(r.Actions)
	for i, action := range r.Actions {
		if forward, ok := action.(Forward); ok {
			forward.Groups = slices.Clone(forward.Groups)
			for k := range forward.Groups {
				forward.Groups[k].Group = j.ref(s.Name, forward.Groups[k].Group)
			}
			r.Actions[i] = forward
		}
	}
	return r
}

// under returns a condition of a stack combined with the conditions under which
// the stack exists. Conditions of two stacks are never the same.
func (j *joiner) under(s Stack, condition string) string {
	if condition != "" && s.Name != j.stacks[0].Name {
		condition = s.Name + ": " + condition
	}
	for s.Parent != "" {
		if s.If != "" {
			condition = both(s.Parent+": "+s.If, condition)
		}
		parent, ok := j.stacks.named(s.Parent)
		if !ok {
			break
		}
		s = parent
	}
	return condition
}

// joinListeners merges the listeners that are the same.
func (j *joiner) joinListeners() {
	t := j.joined
	first := func(l *Listener) int {
		if l.joins {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(t.Listeners, func(a, b *Listener) int { return cmp.Compare(first(a), first(b)) })
	var listeners []*Listener
	for _, l := range t.Listeners {
		i := slices.IndexFunc(listeners, func(same *Listener) bool { return same.Ref == l.Ref })
		if i < 0 {
			if l.joins && !l.Foreign() && !j.isListener(l.Ref) {
				continue // of a network load balancer
			}
			listeners = append(listeners, l)
			continue
		}
		same := listeners[i]
		same.Rules = append(same.Rules, l.Rules...)
		same.problems = append(same.problems, l.problems...)
	}
	for _, l := range listeners {
		for _, b := range t.LoadBalancers {
			if b.LogicalID == l.LoadBalancer.LogicalID {
				l.Balancer = b
			}
		}
	}
	t.Listeners = listeners
}

// isListener reports whether a resource of the stacks is a listener.
func (j *joiner) isListener(ref Ref) bool {
	from := j.joined.origins[ref.LogicalID]
	s, ok := j.stacks.named(from.stack)
	return ok && s.document != nil && s.document.Type(from.id) == typeListener && s.Listener(Ref{LogicalID: from.id}) != nil
}
