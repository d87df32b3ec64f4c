package diff

import (
	"maps"
	"slices"
	"strings"
)

func sortedIDs[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// refersTo reports whether a value refers to a resource.
func refersTo(value any, id string) bool {
	return slices.Contains(references(value), id)
}

// references are the logical ids, and parameters, that a value refers to.
func references(value any) []string {
	switch v := value.(type) {
	case []any:
		var ids []string
		for _, entry := range v {
			ids = append(ids, references(entry)...)
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
				ids = append(ids, references(argument)...)
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
		ids = references(list[1])
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
