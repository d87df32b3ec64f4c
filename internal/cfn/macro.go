package cfn

import "slices"

// Macros returns the macros that CloudFormation expands the template with before
// a deploy, in the order in which the template names them.
func (t *Template) Macros() []string {
	var names []string
	add := func(v any) {
		if object, ok := v.(map[string]any); ok {
			v = object["Name"]
		}
		if name, ok := v.(string); ok {
			names = append(names, name)
		}
	}
	if _, ok := t.resolver.doc.source.value["Fn::Transform"]; ok {
		names = append(names, "Fn::Transform")
	}
	switch v := t.resolver.doc.source.value["Transform"].(type) {
	case []any:
		for _, entry := range v {
			add(entry)
		}
	case nil:
	default:
		add(v)
	}
	return names
}

// Hooks returns the types of the template's hooks.
func (t *Template) Hooks() []string {
	hooks, _ := t.resolver.doc.source.value["Hooks"].(map[string]any)
	var types []string
	for _, v := range hooks {
		hook, _ := v.(map[string]any)
		if hookType, ok := hook["Type"].(string); ok {
			types = append(types, hookType)
		}
	}
	slices.Sort(types)
	return types
}
