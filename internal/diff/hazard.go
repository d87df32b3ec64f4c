package diff

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Hazard is something that goes wrong between two templates, although both are
// valid: CloudFormation creates before it deletes, updates one by one along
// references, and intermediate states matter.
type Hazard struct {
	Kind      HazardKind `json:"kind"`
	What      string     `json:"what"`
	Resources []string   `json:"resources"` // logical ids
	Way       string     `json:"way"`       // what to do instead
}

// HazardKind is how bad a hazard is.
type HazardKind string

const (
	Fails   HazardKind = "fails"    // the deploy fails, and is rolled back
	MayFail HazardKind = "may fail" // the deploy may fail, depending on the order of updates
	Moment  HazardKind = "moment"   // requests go elsewhere during the deploy
	Offline HazardKind = "offline"  // something does not answer during the deploy
	Unseen  HazardKind = "unseen"   // not everything was looked at
)

func (h Hazard) String() string { return hazardLeads[h.Kind] + h.text() }

// hazardLeads begin sentences about hazards that must name the kind.
var hazardLeads = map[HazardKind]string{
	Fails: "this deploy fails: ", MayFail: "this deploy may fail, by the order in which CloudFormation updates: ", Moment: "for a moment, ",
}

// text returns the hazard without its kind.
func (h Hazard) text() string {
	if h.Way != "" {
		return h.What + ". " + h.Way
	}
	return h.What
}

// under returns the hazard with a condition of the templates under which it
// exists.
func (h Hazard) under(when string) Hazard {
	h.What = given(h.What, when)
	return h
}

// deploy is a deploy of one template over another.
type deploy struct {
	old, next Template
	fates     map[string]Fate // of resources that differ
	before    map[string]map[string]bool
}

func newDeploy(old, next Template, changed []Resource) *deploy {
	d := &deploy{old: old, next: next, fates: map[string]Fate{}, before: map[string]map[string]bool{}}
	for _, r := range changed {
		d.fates[r.LogicalID] = r.Fate
	}
	return d
}

// hazards returns all that is found.
func (d *deploy) hazards() []Hazard {
	found := []Hazard{}
	found = append(found, d.conflicts("rule priority", d.priorities(d.old, false), d.priorities(d.next, true))...)
	found = append(found, d.conflicts("listener port", d.ports(d.old, false), d.ports(d.next, true))...)
	found = append(found, d.conflicts("name", d.names(d.old), d.names(d.next))...)
	found = append(found, d.attachments()...)
	found = append(found, d.moments()...)
	found = append(found, d.upgrades()...)
	return found
}

// claim is a unique place that a resource takes, such as a priority of a
// listener.
type claim struct {
	id    string
	place string // identifies the place
	shown string // for people
	when  any    // the condition under which the resource is created, nil if there is none
}

// excludes reports whether two resources may be alternatives, of which a
// condition chooses one.
func (c claim) excludes(other claim) bool {
	return c.when != nil && other.when != nil && c.when != other.when
}

// made reports whether a deploy creates a new resource with a logical id.
func (d *deploy) made(id string) bool { return d.fates[id] == Added || d.fates[id] == Replaced }

// gone reports whether the existing resource with a logical id is deleted at the
// end of a deploy.
func (d *deploy) gone(id string) bool { return d.fates[id] == Removed || d.fates[id] == Replaced }

// physical returns a name that identifies the physical resource: after a
// replacement, it differs.
func (d *deploy) physical(reference any, next bool) string {
	text := readably(reference)
	if ids := cfn.References(reference); next && len(ids) == 1 && d.fates[ids[0]] == Replaced {
		return text + " (new)"
	}
	return text
}

// first reports whether a deploy finishes one resource before it begins another,
// because the second refers to the first or depends on it.
func (d *deploy) first(id, then string) bool {
	if d.before[then] == nil {
		d.before[then] = map[string]bool{}
		open := []string{then}
		for len(open) > 0 {
			at := open[0]
			open = open[1:]
			for _, next := range d.next.waitsFor(at) {
				if !d.before[then][next] {
					d.before[then][next] = true
					open = append(open, next)
				}
			}
		}
	}
	return d.before[then][id]
}

// conflicts returns hazards for resources that want a place that another one
// still has.
func (d *deploy) conflicts(kind string, before, after []claim) []Hazard {
	var found []Hazard
	has, holders := map[string]claim{}, map[string][]claim{} // before: by resource, and by place
	for _, c := range before {
		has[c.id] = c
		holders[c.place] = append(holders[c.place], c)
	}
	wants, takers := map[string]claim{}, map[string]claim{} // after: by resource, and by place
	for _, c := range after {
		wants[c.id] = c
	}
	for _, c := range after {
		if other, ok := takers[c.place]; ok && c.excludes(other) {
			continue
		} else if ok {
			found = append(found, Hazard{Fails, fmt.Sprintf("%s and %s both want %s", other.id, c.id, c.shown), []string{other.id, c.id}, ""})
		} else {
			takers[c.place] = c
		}
		if old, ok := has[c.id]; ok && old.place == c.place && !d.made(c.id) {
			continue // it already has the place
		}
		for _, holder := range holders[c.place] {
			h := Hazard{Resources: []string{holder.id, c.id}}
			later, stays := wants[holder.id]
			switch {
			case holder.id == c.id:
				h.Kind, h.What = Fails, fmt.Sprintf("%s is replaced, and the new one wants %s while the old one has it", c.id, c.shown)
				h.Way = "Give it another " + kind + ", or none"
			case d.gone(holder.id):
				h.Kind, h.What = Fails, fmt.Sprintf("%s wants %s, which %s has until it is deleted, at the end", c.id, c.shown, holder.id)
				h.Way = "Take another " + kind + ", or delete " + holder.id + " in a deploy before this one"
			case !stays || later.place == c.place:
				continue // both want it, which is already reported
			case d.first(holder.id, c.id):
				continue
			case d.first(c.id, holder.id) || d.circle(c.id, wants, holders):
				h.Kind, h.What = Fails, fmt.Sprintf("%s wants %s before %s has left it", c.id, c.shown, holder.id)
				h.Way = "Move " + holder.id + " to a free " + kind + " in a deploy before this one"
			default:
				h.Kind, h.What = MayFail, fmt.Sprintf("%s wants %s, and %s may not have left it yet", c.id, c.shown, holder.id)
				h.Way = "Move " + holder.id + " in a deploy before this one, or let " + c.id + " depend on it"
			}
			found = append(found, h)
		}
	}
	return found
}

// circle reports whether resources want each other's places in a circle, so that
// none of them can be first.
func (d *deploy) circle(id string, wants map[string]claim, holders map[string][]claim) bool {
	seen := map[string]bool{}
	for at := id; !seen[at]; {
		seen[at] = true
		there := holders[wants[at].place]
		if len(there) != 1 || there[0].id == at || d.made(there[0].id) || d.gone(there[0].id) {
			return false
		}
		if at = there[0].id; at == id {
			return true
		}
	}
	return false
}

// priorities returns the priorities of rules. A priority that is known only after
// a deploy claims nothing.
func (d *deploy) priorities(t Template, next bool) []claim {
	return d.claims(t, next, typeListenerRule, "ListenerArn", "Priority", "priority")
}

func (d *deploy) ports(t Template, next bool) []claim {
	return d.claims(t, next, typeListener, "LoadBalancerArn", "Port", "port")
}

// claims returns the places that resources of a type name in a property, each
// within another resource.
func (d *deploy) claims(t Template, next bool, resourceType, within, property, name string) []claim {
	var all []claim
	for _, id := range sortedIDs(t.resources) {
		r := t.resources[id]
		if r.Type != resourceType || r.existence == missing {
			continue
		}
		value := t.value(id, property)
		if strings.Trim(value, "0123456789") != "" || value == "" {
			continue
		}
		of := d.physical(r.Properties[within], next)
		all = append(all, claim{id, of + " " + value, fmt.Sprintf("%s %s of %s", name, value, strings.Trim(readably(r.Properties[within]), "${}")), r.unsureWhen()})
	}
	return all
}

// names returns the names given to resources, by type, for names that are set on
// creation.
func (d *deploy) names(t Template) []claim {
	var all []claim
	for _, id := range sortedIDs(t.resources) {
		r := t.resources[id]
		if r.existence == missing || strings.HasPrefix(r.Type, "AWS::Route53::") || strings.HasPrefix(r.Type, "Custom::") {
			continue
		}
		noun := r.Type[strings.LastIndex(r.Type, ":")+1:]
		for _, c := range typesKnown()[r.Type].creating {
			if len(c.path) != 1 || !isNameOf(c.path[0], noun) || r.Properties[c.path[0]] == nil {
				continue
			}
			name, known := t.source.Value(id, c.path[0])
			if !known {
				name = readably(r.Properties[c.path[0]])
			}
			all = append(all, claim{id, r.Type + " " + name + " " + readably(r.Properties["Cluster"]), fmt.Sprintf("the name %s", name), r.unsureWhen()})
			break
		}
	}
	return all
}

// isNameOf reports whether a property is the name of a resource type.
func isNameOf(property, noun string) bool {
	if property == "Name" {
		return true
	}
	for _, ending := range []string{"Name", "Identifier"} {
		if part, ok := strings.CutSuffix(property, ending); ok && part != "" && strings.HasSuffix(noun, part) {
			return true
		}
	}
	return false
}
