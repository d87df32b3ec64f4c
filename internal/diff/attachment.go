package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// attachment is the relation of a listener or rule to a target group that it
// sends to.
type attachment struct {
	id       string // of the listener or rule
	group    string // its physical id
	shown    string // the group, for people
	balancer string // its physical id
}

// attachments returns hazards for target groups that end up on two load
// balancers, which ELB refuses: a group stays on the old one until its listeners
// are deleted, at the end.
func (d *deploy) attachments() []Hazard {
	before, after := d.attached(d.old, false), d.attached(d.next, true)
	var found []Hazard
	for _, a := range after {
		if !d.made(a.id) && slices.ContainsFunc(before, func(b attachment) bool { return b == a }) {
			continue // it is already attached
		}
		for _, b := range before {
			if b.group != a.group || b.balancer == a.balancer {
				continue
			}
			h := Hazard{Resources: []string{b.id, a.id}, Kind: MayFail}
			still := slices.ContainsFunc(after, func(c attachment) bool { return c.id == b.id && c.group == b.group && c.balancer == b.balancer })
			switch {
			case d.gone(b.id) || still || d.first(a.id, b.id):
				h.Kind = Fails
			case d.first(b.id, a.id):
				continue
			}
			h.What = fmt.Sprintf("%s attaches target group %s to another load balancer, and %s still has it on the old one", a.id, a.shown, b.id)
			h.Way = "Make a target group of its own for the new load balancer"
			if !slices.ContainsFunc(found, func(f Hazard) bool { return f.What == h.What }) {
				found = append(found, h)
			}
		}
	}
	return found
}

// attached returns the attachments of a template.
func (d *deploy) attached(t Template, next bool) []attachment {
	var all []attachment
	for _, id := range sortedIDs(t.resources) {
		r := t.resources[id]
		var balancer string
		switch r.Type {
		case typeListener:
			balancer = d.physical(r.Properties["LoadBalancerArn"], next)
		case typeListenerRule:
			balancer = d.balancerOf(t, r.Properties["ListenerArn"], next)
		default:
			continue
		}
		for _, group := range targetGroups(r.Properties) {
			a := attachment{id, d.physical(group, next), strings.Trim(readably(group), "${}"), balancer}
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

// balancerOf returns the load balancer of a listener.
func (d *deploy) balancerOf(t Template, listener any, next bool) string {
	if ids := cfn.References(listener); len(ids) == 1 && t.resources[ids[0]].Type == typeListener {
		return d.physical(t.resources[ids[0]].Properties["LoadBalancerArn"], next)
	}
	return "that of " + readably(listener)
}

// targetGroups returns the target groups in the actions of a listener or a rule.
func targetGroups(value any) []any {
	var all []any
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			all = append(all, targetGroups(entry)...)
		}
	case map[string]any:
		for _, key := range sortedIDs(v) {
			if key == "TargetGroupArn" {
				all = append(all, v[key])
			} else {
				all = append(all, targetGroups(v[key])...)
			}
		}
	}
	return all
}
