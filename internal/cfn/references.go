package cfn

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Use is a place of a template that refers to a resource.
type Use struct {
	// Output is the name of an output, or "".
	Output string

	// Resource is the resource that refers, zero for an output.
	Resource Resource
}

// Uses are the resources whose properties refer to a resource, and the outputs
// that do, in the order of their names. Those whose condition is false in the
// template are left out. What cannot be read is taken to refer to it.
func (t *Template) Uses(logicalID string) []Use {
	var uses []Use
	for _, id := range slices.Sorted(maps.Keys(t.resolver.doc.Resources)) {
		res := t.resolver.doc.Resources[id]
		if id == logicalID || !mentions(res.raw, logicalID) {
			continue
		}
		var body struct {
			Condition  string
			Properties any
		}
		err := Decode(res.raw, &body)
		if err == nil && !slices.Contains(References(body.Properties), logicalID) {
			continue
		}
		if truth, err := t.resolver.truth(body.Condition); body.Condition != "" && err == nil && truth == untrue {
			continue
		}
		properties, _ := body.Properties.(map[string]any)
		uses = append(uses, Use{Resource: Resource{LogicalID: id, Type: res.Type, Properties: properties, template: t}})
	}
	for _, name := range slices.Sorted(maps.Keys(t.resolver.doc.Outputs)) {
		raw := t.resolver.doc.Outputs[name]
		var output struct {
			Condition string
			Value     any
		}
		if !mentions(raw, logicalID) || Decode(raw, &output) == nil && !slices.Contains(References(output.Value), logicalID) {
			continue
		}
		if truth, err := t.resolver.truth(output.Condition); output.Condition != "" && err == nil && truth == untrue {
			continue
		}
		uses = append(uses, Use{Output: name})
	}
	return uses
}

// mentions is quick: whether a logical id is somewhere in JSON.
func mentions(raw json.RawMessage, logicalID string) bool {
	return bytes.Contains(raw, []byte(logicalID))
}

// References are the logical ids, and parameters, that a value with its
// intrinsic functions refers to.
func References(value any) []string {
	switch v := value.(type) {
	case []any:
		var ids []string
		for _, entry := range v {
			ids = append(ids, References(entry)...)
		}
		return ids
	case map[string]any:
		var ids []string
		for key, argument := range v {
			switch key {
			case "Ref", "Fn::GetAtt":
				ids = append(ids, referenced(argument)...)
			case "Fn::Sub":
				ids = append(ids, substituted(argument)...)
			default:
				ids = append(ids, References(argument)...)
			}
		}
		return ids
	}
	return nil
}

// referenced is what the argument of Ref or Fn::GetAtt names.
func referenced(argument any) []string {
	switch v := argument.(type) {
	case string:
		id, _, _ := strings.Cut(v, ".")
		return []string{id}
	case []any:
		if len(v) > 0 {
			if id, ok := v[0].(string); ok {
				return []string{id}
			}
		}
	}
	return nil
}

// substituted are the names in the text of Fn::Sub.
func substituted(argument any) []string {
	var ids []string
	if list, ok := argument.([]any); ok && len(list) == 2 {
		ids = References(list[1])
		argument = list[0]
	}
	text, _ := argument.(string)
	for {
		_, rest, ok := strings.Cut(text, "${")
		if !ok {
			return ids
		}
		name, after, _ := strings.Cut(rest, "}")
		ids = append(ids, referenced(name)...)
		text = after
	}
}
