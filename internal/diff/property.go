package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Property is a property, or another part of a template, that differs.
type Property struct {
	Name   string `json:"name"`   // such as DefaultActions[0].TargetGroupArn; attributes of a resource in brackets
	Before string `json:"before"` // for people; "" if there was none
	After  string `json:"after"`  // for people; "" if there is none
}

// top is the property of the resource that the part belongs to.
func (p Property) top() string {
	if end := strings.IndexAny(p.Name, ".["); end > 0 {
		return p.Name[:end]
	}
	return p.Name
}

// path is the property and the parts of it down to this one. The entries of a
// list are all *.
func (p Property) path() []string {
	var path []string
	for _, name := range strings.Split(p.Name, ".") {
		name, entries, _ := strings.Cut(name, "[")
		path = append(path, name)
		for range strings.Count(entries, "]") {
			path = append(path, "*")
		}
	}
	return path
}

// differences are the smallest parts in which two values differ.
func differences(name string, a, b any) []Property {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	if name != "" {
		a, b = orEmpty(a, b), orEmpty(b, a)
	}
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || isReference(x) || isReference(y) {
			break
		}
		keys := maps.Clone(x)
		maps.Copy(keys, y)
		var all []Property
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			inner := key
			if name != "" {
				inner = name + "." + key
			}
			all = append(all, differences(inner, x[key], y[key])...)
		}
		return all
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			break
		}
		var all []Property
		for i := range x {
			all = append(all, differences(fmt.Sprintf("%s[%d]", name, i), x[i], y[i])...)
		}
		return all
	}
	return []Property{{name, show(a), show(b)}}
}

// orEmpty is an empty object in place of nothing beside an object, so that what
// comes or goes with it is told by its parts.
func orEmpty(value, other any) any {
	if object, ok := other.(map[string]any); ok && value == nil && len(object) > 0 && !isReference(object) {
		return map[string]any{}
	}
	return value
}

// isReference reports whether an object is an intrinsic function.
func isReference(object map[string]any) bool {
	if len(object) != 1 {
		return false
	}
	for key := range object {
		return key == "Ref" || strings.HasPrefix(key, "Fn::")
	}
	return false
}

// show is a value for people: a reference by what it names, anything else as
// JSON. Texts are not quoted.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any:
		if text, ok := showReference(v); ok {
			return text
		}
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(b.String())
}

func showReference(object map[string]any) (string, bool) {
	if !isReference(object) {
		return "", false
	}
	if name, ok := object["Ref"].(string); ok {
		return name, true
	}
	if path, ok := object["Fn::GetAtt"].([]any); ok {
		parts := make([]string, len(path))
		for i, part := range path {
			parts[i] = show(part)
		}
		return strings.Join(parts, "."), true
	}
	if text, ok := object["Fn::Sub"].(string); ok {
		return text, true
	}
	if join, ok := object["Fn::Join"].([]any); ok && len(join) == 2 {
		if list, ok := join[1].([]any); ok {
			parts := make([]string, len(list))
			for i, part := range list {
				parts[i] = show(part)
				if _, isText := part.(string); !isText {
					parts[i] = "${" + parts[i] + "}"
				}
			}
			return strings.Join(parts, show(join[0])), true
		}
	}
	return "", false
}

// compareSections compares the template but for its resources.
func compareSections(old, next map[string]any) []Property {
	all := differences("", anyMap(old), anyMap(next))
	if all == nil {
		return []Property{}
	}
	return all
}

func anyMap(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
