package diff

import (
	"encoding/json"
	"slices"
	"strings"
)

// policyDocument is a policy document in a property, and the condition of the
// template under which it exists.
type policyDocument struct {
	object map[string]any
	when   string
}

// policyDocuments finds the policy documents in a value, by their place: objects
// with statements, and JSON texts with such objects. An Fn::If may have two in
// one place.
func policyDocuments(name string, value any, when string, found map[string][]policyDocument) {
	if condition, yes, no, ok := branchesOf(value); ok {
		for _, branch := range []struct {
			value any
			when  string
		}{{yes, both(when, condition)}, {no, both(when, "not "+condition)}} {
			policyDocuments(name, branch.value, branch.when, found)
		}
		return
	}
	switch v := value.(type) {
	case string:
		if inner := policyText(v); inner != nil {
			found[name] = append(found[name], policyDocument{inner, when})
		}
	case []any:
		for i, entry := range v {
			policyDocuments(name+"["+show(float64(i))+"]", entry, when, found)
		}
	case map[string]any:
		if _, ok := v["Statement"]; ok {
			found[name] = append(found[name], policyDocument{v, when})
			return
		}
		if text, ok := showReference(v); ok {
			if inner := policyText(text); inner != nil {
				found[name] = append(found[name], policyDocument{inner, when})
			}
			return
		}
		for key, inner := range v {
			policyDocuments(joinName(name, key), inner, when, found)
		}
	}
}

// statements returns the statements of the document.
func (d policyDocument) statements() []statement {
	var all []statement
	for entry, when := range entriesOf(d.object["Statement"]) {
		when = both(d.when, when)
		if object, ok := entry.(map[string]any); ok {
			all = append(all, readStatement(object, when))
		} else {
			all = append(all, statement{when: when, other: exactly(entry)})
		}
	}
	return all
}

// more returns the keys of the document that do not belong to a policy, such as a
// transform that adds statements.
func (d policyDocument) more() []string {
	return slices.DeleteFunc(sortedIDs(d.object), func(key string) bool { return key == "Version" || key == "Id" || key == "Statement" })
}

// ignoresVariables reports whether a document has variables that its version
// treats as text.
func (d policyDocument) ignoresVariables() bool {
	return d.object["Version"] != "2012-10-17" && strings.Contains(exactly(d.object), "${aws:")
}

func policyText(text string) map[string]any {
	var object map[string]any
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || !strings.Contains(text, "Statement") || json.Unmarshal([]byte(text), &object) != nil {
		return nil
	}
	if _, ok := object["Statement"]; !ok {
		return nil
	}
	return object
}
