package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// resource is a resource as written in the template.
type resource struct {
	Type                string
	Properties          map[string]any
	Metadata            map[string]any
	DependsOn           any
	Condition           any
	DeletionPolicy      any
	UpdateReplacePolicy any
	CreationPolicy      any
	UpdatePolicy        any

	other map[string]any // any other attributes, such as an Fn::Transform

	existence existence
	ends      string // why the deploy deletes it, although the next template has it
}

// UnmarshalJSON implements json.Unmarshaler. It keeps attributes that it does not
// know.
func (r *resource) UnmarshalJSON(data []byte) error {
	type known resource
	if err := json.Unmarshal(data, (*known)(r)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for key, raw := range all {
		if slices.Contains([]string{"Type", "Properties", "Metadata", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy"}, key) {
			continue
		}
		if r.other == nil {
			r.other = map[string]any{}
		}
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return err
		}
		r.other[key] = value
	}
	return nil
}

// value returns a property of a resource as text: its value, or its parts if only
// a deploy knows the value.
func (t Template) value(id, property string) string {
	if text, known := t.source.Value(id, property); known {
		return text
	}
	return show(t.resources[id].Properties[property])
}

func (r resource) path() string {
	path, _ := r.Metadata["aws:cdk:path"].(string)
	return path
}

// Resource is a resource that differs.
type Resource struct {
	LogicalID string     `json:"logicalId"`
	Path      string     `json:"path"` // construct path, if CDK wrote the template
	Type      string     `json:"type"`
	Fate      Fate       `json:"fate"`
	Data      bool       `json:"data"` // whether resources of the type hold data
	Why       string     `json:"why"`  // the reason for a replacement, or what happens to the data
	Changes   []Property `json:"changes"`
}

// Fate is what a deploy does with a resource.
type Fate string

const (
	Added         Fate = "added"
	Removed       Fate = "removed"
	Replaced      Fate = "replaced"        // a new one is created, and the old one deleted
	MaybeReplaced Fate = "may be replaced" // it depends on the values, or is not known
	MaybeRemoved  Fate = "may be removed"  // its condition may not hold
	Changed       Fate = "changed"         // in place
)

// rank orders what happens to resources, the worst first.
func (r Resource) rank() int {
	order := slices.Index([]Fate{Removed, Replaced, MaybeRemoved, MaybeReplaced, Changed, Added}, r.Fate)
	if r.Data && order < 4 {
		return order
	}
	return order + 6
}

func compareResources(old, next map[string]resource) []Resource {
	ids := maps.Clone(old)
	maps.Copy(ids, next)
	changed := []Resource{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		before, was := old[id]
		after, is := next[id]
		r := Resource{LogicalID: id, Path: cmp.Or(after.path(), before.path()), Type: cmp.Or(after.Type, before.Type), Changes: []Property{}}
		r.Data = holdsData(before.Type) || holdsData(after.Type)
		switch {
		case (!was || before.Type == typeCDKMetadata) && (!is || after.Type == typeCDKMetadata):
			continue
		case !was:
			r.Fate, r.Changes = Added, leavesOf("", after.Properties)
		case !is:
			r.Fate, r.Why = Removed, joined(before.ends, before.keeps(before.DeletionPolicy))
			for _, p := range leavesOf("", before.Properties) {
				r.Changes = append(r.Changes, Property{p.Name, p.After, ""})
			}
		default:
			r.Changes = before.differences(after)
			if len(r.Changes) == 0 {
				continue
			}
			r.Fate, r.Why = fateOf(before, after, r.Changes)
			if mayEnd(before, after, r.Changes) {
				r.Why = joined(r.Why, fmt.Sprintf("its condition %s may not hold", show(next[id].Condition)), before.keeps(before.DeletionPolicy))
				if r.Fate == Changed {
					r.Fate = MaybeRemoved
				}
			}
		}
		changed = append(changed, r)
	}
	changed = spread(changed, next)
	for i, r := range changed {
		before := old[r.LogicalID]
		switch r.Fate {
		case Replaced:
			changed[i].Why = joined(r.Why, before.loses(), before.keeps(next[r.LogicalID].UpdateReplacePolicy))
		case MaybeReplaced:
			changed[i].Why = joined(r.Why, before.keeps(next[r.LogicalID].UpdateReplacePolicy))
		}
	}
	slices.SortStableFunc(changed, func(a, b Resource) int { return a.rank() - b.rank() })
	return changed
}

// differences returns the differences between two resources with the same logical
// id. It ignores construct paths and asset paths, which are not deployed.
func (r resource) differences(other resource) []Property {
	changes := []Property{}
	if r.Type != other.Type {
		changes = append(changes, Property{"Type", r.Type, other.Type})
	}
	changes = append(changes, differences("", r.Properties, other.Properties)...)
	for _, attribute := range []struct {
		name          string
		before, after any
	}{
		{"DependsOn", r.DependsOn, other.DependsOn},
		{"Condition", r.Condition, other.Condition},
		{"DeletionPolicy", r.DeletionPolicy, other.DeletionPolicy},
		{"UpdateReplacePolicy", r.UpdateReplacePolicy, other.UpdateReplacePolicy},
		{"CreationPolicy", r.CreationPolicy, other.CreationPolicy},
		{"UpdatePolicy", r.UpdatePolicy, other.UpdatePolicy},
		{"Metadata", r.ownMetadata(), other.ownMetadata()},
	} {
		if !reflect.DeepEqual(attribute.before, attribute.after) {
			changes = append(changes, Property{"(" + attribute.name + ")", show(attribute.before), show(attribute.after)})
		}
	}
	for _, change := range differences("", anyMap(r.other), anyMap(other.other)) {
		change.Name = "(" + change.Name + ")"
		changes = append(changes, change)
	}
	return changes
}

// ownMetadata returns the metadata without CDK's own entries.
func (r resource) ownMetadata() any {
	own := map[string]any{}
	for key, value := range r.Metadata {
		if !strings.HasPrefix(key, "aws:") {
			own[key] = value
		}
	}
	if len(own) == 0 {
		return nil
	}
	return own
}

// loses returns what the resource that replaces this one does not have.
func (r resource) loses() string {
	if !holdsData(r.Type) || r.isMember() {
		return ""
	}
	return "the new one has none of its data"
}

// isMember reports whether the resource is an instance of a database cluster,
// which holds the data.
func (r resource) isMember() bool {
	return strings.HasSuffix(r.Type, "::DBInstance") && r.Properties["DBClusterIdentifier"] != nil
}

// keeps returns what happens to the data of a removed or replaced resource under
// the given policy.
func (r resource) keeps(policy any) string {
	switch {
	case !holdsData(r.Type):
		return ""
	case r.isMember():
		return "its data is the cluster's"
	case policy == "Retain" || policy == "RetainExceptOnCreate":
		return "the old one is kept, outside the stack"
	case policy == "Snapshot":
		return "a snapshot of the old one is kept"
	case policy == nil && strings.HasPrefix(r.Type, "AWS::RDS::"):
		return "no policy says what becomes of its data"
	}
	if r.Type == typeStack {
		return "what is in it is deleted"
	}
	return "ITS DATA IS DELETED"
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}
