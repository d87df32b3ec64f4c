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
	Name   string `json:"name"`   // such as DefaultActions[0].TargetGroupArn; resource attributes are in brackets
	Before string `json:"before"` // for people; "" if it did not exist
	After  string `json:"after"`  // for people; "" if it does not exist
}

// top returns the top-level property that the part belongs to.
func (p Property) top() string {
	if end := strings.IndexAny(p.Name, ".["); end > 0 {
		return p.Name[:end]
	}
	return p.Name
}

// path returns the names from the property down to this part. Entries of lists
// are *; intrinsic functions are left out.
func (p Property) path() []string {
	var path []string
	for _, name := range strings.Split(p.Name, ".") {
		name, entries, _ := strings.Cut(name, "[")
		if strings.HasPrefix(name, "Fn::") {
			continue
		}
		path = append(path, name)
		for range strings.Count(entries, "]") {
			path = append(path, "*")
		}
	}
	return path
}

// differences returns the smallest parts in which two values differ.
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
		if !ok || isReference(x) && (!isReference(y) || !sameFunction(x, y)) || isReference(y) && !isReference(x) {
			break
		}
		keys := map[string]any{}
		maps.Copy(keys, x)
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
		if y, ok := b.([]any); ok {
			return listDifferences(name, x, y)
		}
	}
	before, after := show(a), show(b)
	if inner := insideJSON(name, before, after); inner != nil {
		return inner
	}
	if before == after { // written in two ways, such as 1 and "1"
		before, after = exactly(a), exactly(b)
	}
	return []Property{{name, before, after}}
}

// sameFunction reports whether two intrinsic functions are the same and their
// arguments are best compared by parts.
func sameFunction(x, y map[string]any) bool {
	for key := range x {
		_, both := y[key]
		return both && key != "Ref" && key != "Fn::GetAtt" && key != "Fn::Join" && key != "Fn::Sub"
	}
	return false
}

// listDifferences returns the entries of two lists that differ. Entries that are
// equal in both are aligned; of the rest, it compares entries with the same
// identity or, failing that, those at the same position in a gap.
func listDifferences(name string, x, y []any) []Property {
	var all []Property
	i, j := 0, 0
	gap := func(toI, toJ int) {
		removed, added := x[i:toI], y[j:toJ]
		pairs := counterparts(removed, added)
		for n, entry := range removed {
			if m, ok := pairs[n]; ok {
				all = append(all, differences(fmt.Sprintf("%s[%d]", name, j+m), entry, added[m])...)
				continue
			}
			all = append(all, Property{fmt.Sprintf("%s[%d]", name, i+n), show(entry), ""})
		}
		taken := slices.Collect(maps.Values(pairs))
		for m, entry := range added {
			if !slices.Contains(taken, m) {
				all = append(all, Property{fmt.Sprintf("%s[%d]", name, j+m), "", show(entry)})
			}
		}
	}
	for _, match := range align(len(x), len(y), func(i, j int) bool { return reflect.DeepEqual(x[i], y[j]) }) {
		gap(match[0], match[1])
		i, j = match[0]+1, match[1]+1
	}
	gap(len(x), len(y))
	return all
}

// identities are the properties by which people distinguish entries of lists.
var identities = []string{"Sid", "Id", "Name", "Key", "Field", "PolicyName", "Type", "AttributeName", "IndexName"}

// counterparts pairs entries of a list with those that replace them: those with
// the same identity, or of the same kind in the same order.
func counterparts(removed, added []any) map[int]int {
	pairs, taken := map[int]int{}, map[int]bool{}
	pair := func(fits func(a, b any) bool) {
		for n, a := range removed {
			if _, ok := pairs[n]; ok {
				continue
			}
			for m, b := range added {
				if !taken[m] && fits(a, b) {
					pairs[n], taken[m] = m, true
					break
				}
			}
		}
	}
	pair(func(a, b any) bool {
		key := identity(a)
		return key != "" && key == identity(b)
	})
	if len(removed) == len(added) {
		pair(func(a, b any) bool { return identity(a) == "" || identity(b) == "" || len(removed) == 1 })
	}
	return pairs
}

// identity returns a text that distinguishes an entry of a list from the others.
// Empty if nothing does.
func identity(entry any) string {
	object, _ := entry.(map[string]any)
	for _, key := range identities {
		if value, ok := object[key].(string); ok {
			return key + "=" + value
		}
	}
	return ""
}

// insideJSON returns the differences of two texts that contain JSON, such as
// dashboards. Nil if they do not.
func insideJSON(name, before, after string) []Property {
	var values [2]any
	for i, text := range []string{before, after} {
		if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &values[i]) != nil {
			return nil
		}
		if object, ok := values[i].(map[string]any); ok && isReference(object) {
			return nil
		}
	}
	if reflect.TypeOf(values[0]) != reflect.TypeOf(values[1]) {
		return nil
	}
	return differences(name, values[0], values[1])
}

// orEmpty returns an empty object in place of nothing beside an object, so that
// added and removed objects are shown by their parts.
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

// show formats a value for people: a reference by what it names, anything else as
// JSON. Texts are not quoted.
func show(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		if v == "" {
			return `""`
		}
		return v
	case map[string]any:
		if text, ok := showReference(v); ok {
			return text
		}
	}
	return exactly(value)
}

// exactly returns a value as JSON.
func exactly(value any) string {
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
			separator, _ := join[0].(string)
			return strings.Join(parts, separator), true
		}
	}
	return "", false
}

// compareSections compares the sections of the template other than its resources.
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
