package diff

import (
	"fmt"
	"slices"
)

// leavesOf returns the values within a value that have no parts. Entries of lists
// with a key and a value are named by the key. The values that an Fn::If chooses
// are shown with the condition.
func leavesOf(name string, value any) []Property {
	if condition, yes, no, ok := branchesOf(value); ok {
		all := leavesUnder(condition, leavesOf(name, yes))
		return append(all, leavesUnder("not "+condition, leavesOf(name, no))...)
	}
	if isNoValue(value) {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		if isReference(v) || len(v) == 0 && name != "" {
			break
		}
		var all []Property
		for _, key := range sortedIDs(v) {
			all = append(all, leavesOf(joinName(name, key), v[key])...)
		}
		return all
	case []any:
		if !slices.ContainsFunc(v, hasParts) {
			break
		}
		var all []Property
		for i, entry := range v {
			object, _ := entry.(map[string]any)
			if key, ok := object["Key"].(string); ok && len(object) == 2 && object["Value"] != nil {
				all = append(all, Property{fmt.Sprintf("%s[%s]", name, key), "", readably(object["Value"])})
				continue
			}
			all = append(all, leavesOf(fmt.Sprintf("%s[%d]", name, i), entry)...)
		}
		return all
	}
	return []Property{{name, "", readably(value)}}
}

// hasParts reports whether an entry of a list is shown by its parts.
func hasParts(entry any) bool {
	if _, yes, no, ok := branchesOf(entry); ok {
		return hasParts(yes) || hasParts(no)
	}
	object, ok := entry.(map[string]any)
	return ok && !isReference(object)
}

// leavesUnder returns leaves that exist under a condition of the template.
func leavesUnder(condition string, leaves []Property) []Property {
	for i := range leaves {
		leaves[i].After = given(leaves[i].After, condition)
	}
	return leaves
}
