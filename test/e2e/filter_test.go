//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// secret replaces a reference to a secret: moto resolves none.
const secret = "e2eBypassSecret0123456789"

// filter removes the resources that the emulator lacks from a template of an
// assembly, and replaces references to them by a text. It returns how many there
// were of each type. It keeps the types in keep.
func filter(t *testing.T, path string, keep ...string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var template map[string]any
	if err := json.Unmarshal(data, &template); err != nil {
		t.Fatalf("reading template %q: %v", path, err)
	}
	known := emulatedTypes(t)
	resources := template["Resources"].(map[string]any)
	gone := map[string]bool{}
	types, strangers := map[string]int{}, map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		resourceType := resources[id].(map[string]any)["Type"].(string)
		_, lacking := lackingType(resourceType)
		switch {
		case slices.Contains(keep, resourceType):
		case lacking:
			gone[id] = true
			types[resourceType]++
			delete(resources, id)
		case !known[resourceType]:
			strangers[resourceType] = id
		}
	}
	for resourceType, id := range strangers {
		t.Errorf("%s is of type %s, which the emulator would ignore: add the type to lacking_test.go, with the test that covers it", id, resourceType)
	}
	if len(strangers) > 0 {
		t.FailNow()
	}
	for _, r := range resources {
		dropDependencies(r.(map[string]any), gone)
	}
	data, err = json.MarshalIndent(withoutReferences(template, gone), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return types
}

func dropDependencies(resource map[string]any, gone map[string]bool) {
	switch on := resource["DependsOn"].(type) {
	case string:
		if gone[on] {
			delete(resource, "DependsOn")
		}
	case []any:
		on = slices.DeleteFunc(on, func(id any) bool { return gone[id.(string)] })
		resource["DependsOn"] = on
		if len(on) == 0 {
			delete(resource, "DependsOn")
		}
	}
}

// withoutReferences returns v with texts in place of references to removed
// resources and to secrets.
func withoutReferences(v any, gone map[string]bool) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutReferences(v[i], gone)
		}
	case map[string]any:
		if id, ok := v["Ref"].(string); ok && gone[id] {
			return absent(id)
		}
		if list, ok := v["Fn::GetAtt"].([]any); ok && gone[list[0].(string)] {
			return absent(fmt.Sprint(list[0], ".", list[1]))
		}
		for key := range v {
			v[key] = withoutReferences(v[key], gone)
		}
		if text, ok := joined(v); ok {
			return text
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			v["Fn::Sub"] = withoutSubstitutions(text, gone)
		}
	case string:
		return dynamic.ReplaceAllLiteralString(v, secret)
	}
	return v
}

// absent replaces a resource that is not deployed, or an attribute of it. It is
// an ARN, since a policy requires one.
func absent(name string) string { return "arn:aws:not-deployed:::" + name }

var (
	dynamic      = regexp.MustCompile(`\{\{resolve:secretsmanager:[^}]*\}\}`)
	substitution = regexp.MustCompile(`\$\{(\w+)(\.[\w.]+)?\}`)
)

func withoutSubstitutions(text string, gone map[string]bool) string {
	return substitution.ReplaceAllStringFunc(text, func(s string) string {
		if parts := substitution.FindStringSubmatch(s); gone[parts[1]] {
			return absent(parts[1])
		}
		return s
	})
}

// joined returns the text that an Fn::Join of texts produces.
func joined(v map[string]any) (string, bool) {
	argument, ok := v["Fn::Join"].([]any)
	if !ok || len(argument) != 2 {
		return "", false
	}
	list, ok := argument[1].([]any)
	if !ok {
		return "", false
	}
	var parts []string
	for _, part := range list {
		text, ok := part.(string)
		if !ok {
			return "", false
		}
		parts = append(parts, text)
	}
	return dynamic.ReplaceAllLiteralString(strings.Join(parts, argument[0].(string)), secret), true
}
