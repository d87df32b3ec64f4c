package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Types that belong to load balancers.
const (
	typeListener     = "AWS::ElasticLoadBalancingV2::Listener"
	typeListenerRule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	typeLoadBalancer = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	typeTargetGroup  = "AWS::ElasticLoadBalancingV2::TargetGroup"
	typeStack        = "AWS::CloudFormation::Stack"
	typeGuard        = "Custom::NorenReopenGuard"
	typeCDKMetadata  = "AWS::CDK::Metadata"
)

// fateOf returns what happens to a changed resource, and why.
func fateOf(before, after resource, changes []Property) (Fate, string) {
	if before.Type != after.Type {
		return MaybeReplaced, "CloudFormation refuses to change the type under one logical id"
	}
	fate, why := Changed, ""
	for _, change := range changes {
		if strings.HasPrefix(change.Name, "(") {
			continue // an attribute
		}
		f, w := fateOfProperty(after.Type, change.path())
		if f == Replaced {
			return f, w
		}
		if f == MaybeReplaced && fate == Changed {
			fate, why = f, w
		}
	}
	return fate, why
}

// fateOfProperty returns what a change of a part of a property does to a
// resource.
func fateOfProperty(resourceType string, path []string) (Fate, string) {
	known, ok := typesKnown()[resourceType]
	switch {
	case resourceType == typeGuard:
		return Changed, ""
	case strings.HasPrefix(resourceType, "Custom::"), resourceType == "AWS::CloudFormation::CustomResource":
		return MaybeReplaced, "its provider decides"
	case !ok:
		return MaybeReplaced, fmt.Sprintf("which properties of %s replace it is not known here", resourceType)
	case !known.properties[path[0]]:
		return MaybeReplaced, fmt.Sprintf("what a change of %s does to %s is not known here", path[0], resourceType)
	}
	fate, why := Changed, ""
	for _, c := range known.creating {
		name := strings.Join(c.path, ".")
		switch {
		case !c.touchedBy(path):
		case c.fate == Replaced && len(path) >= len(c.path):
			return Replaced, name + " cannot be changed in place"
		case c.fate == Replaced:
			fate, why = MaybeReplaced, name+" cannot be changed in place, and may be what changes"
		case fate == Changed:
			fate, why = MaybeReplaced, name+" cannot always be changed in place"
		}
	}
	return fate, why
}

// spread adds the consequences of replacements: a resource that refers to a
// replaced one in a property that cannot be changed in place is replaced too, and
// may be replaced if the other one may be.
func spread(changed []Resource, next map[string]resource) []Resource {
	at := map[string]int{}
	for i, r := range changed {
		at[r.LogicalID] = i
	}
	for again := true; again; {
		again = false
		for i := 0; i < len(changed); i++ {
			cause := changed[i]
			if severity(cause.Fate) == 0 {
				continue
			}
			for _, id := range sortedIDs(next) {
				fate, property := next[id].dependsOn(cause.LogicalID)
				if severity(cause.Fate) < severity(fate) {
					fate = cause.Fate
				}
				j, ok := at[id]
				if severity(fate) == 0 || ok && (changed[j].Fate == Added || severity(changed[j].Fate) >= severity(fate)) {
					continue
				}
				if !ok {
					j = len(changed)
					at[id] = j
					r := next[id]
					changed = append(changed, Resource{LogicalID: id, Path: r.path(), Type: r.Type, Data: holdsData(r.Type), Changes: []Property{}})
				}
				changed[j].Fate, again = fate, true
				changed[j].Why = fmt.Sprintf("%s refers to %s, which %s", property, cause.LogicalID, isFate(cause.Fate))
			}
		}
	}
	return changed
}

// severity orders the fates in which a resource gets another name.
func severity(fate Fate) int {
	return slices.Index([]Fate{MaybeReplaced, Replaced}, fate) + 1
}

// dependsOn returns what the replacement of another resource, which gets a new
// name, does to this one, and through which property.
func (r resource) dependsOn(id string) (Fate, string) {
	fate, property := Changed, ""
	for _, c := range typesKnown()[r.Type].creating {
		if severity(c.fate) > severity(fate) && slices.Contains(cfn.References(valuesAt(r.Properties, c.path)), id) {
			fate, property = c.fate, strings.Join(c.path, ".")
		}
	}
	return fate, property
}

// valuesAt returns the values at a path.
func valuesAt(value any, path []string) []any {
	if len(path) == 0 {
		return []any{value}
	}
	var all []any
	switch v := value.(type) {
	case map[string]any:
		if isReference(v) {
			return []any{v} // all of it is known only after a deploy
		}
		if inner, ok := v[path[0]]; ok {
			all = valuesAt(inner, path[1:])
		}
	case []any:
		for _, entry := range v {
			all = append(all, valuesAt(entry, path[1:])...)
		}
	}
	return all
}
