package cfn

import (
	"maps"
	"slices"
	"strings"
)

// Use is a place of a template that refers to a resource or a parameter.
type Use struct {
	// Output is the name of an output, or "".
	Output string

	// Resource is the resource that refers, zero for an output. Its Properties
	// are as written, including intrinsic functions.
	Resource Resource
}

// user is a resource or an output that refers to something.
type user struct {
	name      string
	output    bool
	attribute string // of what it refers to, "" for the value of Ref
}

// Uses returns the resources and outputs that refer to a resource or a parameter,
// in the order of their names. It leaves out those whose condition is false in
// the template.
func (t *Template) Uses(logicalID string) []Use {
	return t.uses(logicalID, func(string) bool { return true })
}

// UsesOf is like [Template.Uses], for only one attribute of a resource.
func (t *Template) UsesOf(logicalID, attribute string) []Use {
	return t.uses(logicalID, func(other string) bool { return other == attribute })
}

func (t *Template) uses(logicalID string, which func(attribute string) bool) []Use {
	doc := t.resolver.doc
	if doc.uses == nil {
		doc.uses = doc.users()
	}
	var uses []Use
	last := user{}
	for _, u := range doc.uses[logicalID] {
		if !which(u.attribute) || u.name == last.name && u.output == last.output {
			continue
		}
		last = u
		if !u.output {
			res := doc.Resources[u.name]
			if u.name != logicalID && t.mayBe(res.Condition) {
				properties, _ := res.Properties.(map[string]any)
				uses = append(uses, Use{Resource: Resource{LogicalID: u.name, Type: res.Type, Properties: properties, template: t}})
			}
			continue
		}
		output, _ := doc.Outputs[u.name].(map[string]any)
		if t.mayBe(output["Condition"]) {
			uses = append(uses, Use{Output: u.name})
		}
	}
	return uses
}

// mayBe reports whether something with the given condition may exist.
func (t *Template) mayBe(condition any) bool {
	name, ok := condition.(string)
	if !ok {
		return true
	}
	truth, err := t.resolver.truth(name)
	return err != nil || truth != untrue
}

// users returns the resources and the outputs that refer to something, by what
// they refer to.
func (d *document) users() map[string][]user {
	users := map[string][]user{}
	for _, name := range slices.Sorted(maps.Keys(d.Resources)) {
		eachReference(d.Resources[name].Properties, func(id, attribute string) {
			users[id] = append(users[id], user{name, false, attribute})
		})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Outputs)) {
		value := d.Outputs[name] // what Fn::ForEach makes of it may be anything
		if output, ok := value.(map[string]any); ok {
			value = output["Value"]
		}
		eachReference(value, func(id, attribute string) {
			users[id] = append(users[id], user{name, true, attribute})
		})
	}
	return users
}

// References returns the logical ids and parameters that a value with intrinsic
// functions refers to.
func References(value any) []string {
	var ids []string
	eachReference(value, func(id, _ string) { ids = append(ids, id) })
	return ids
}

// eachReference calls f for each resource or parameter that a value with
// intrinsic functions refers to, with the attribute, "" for the value of Ref.
func eachReference(value any, f func(id, attribute string)) {
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			eachReference(entry, f)
		}
	case map[string]any:
		for key, argument := range v {
			switch key {
			case "Ref", "Fn::GetAtt":
				referenced(argument, f)
			case "Fn::Sub":
				substituted(argument, f)
			default:
				eachReference(argument, f)
			}
		}
	}
}

// referenced calls f with what the argument of Ref or Fn::GetAtt names.
func referenced(argument any, f func(id, attribute string)) {
	switch v := argument.(type) {
	case string:
		id, attribute, _ := strings.Cut(v, ".")
		f(id, attribute)
	case []any:
		if len(v) == 0 {
			return
		}
		if id, ok := v[0].(string); ok {
			attribute := ""
			if len(v) > 1 {
				attribute, _ = v[1].(string)
			}
			f(id, attribute)
		}
	}
}

// substituted calls f with the names in the text of Fn::Sub.
func substituted(argument any, f func(id, attribute string)) {
	if list, ok := argument.([]any); ok && len(list) == 2 {
		eachReference(list[1], f)
		argument = list[0]
	}
	text, _ := argument.(string)
	for {
		_, rest, ok := strings.Cut(text, "${")
		if !ok {
			return
		}
		name, after, _ := strings.Cut(rest, "}")
		referenced(strings.TrimSpace(name), f)
		text = after
	}
}
