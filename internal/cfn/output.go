package cfn

import (
	"maps"
	"slices"
	"strings"
)

// Output is an output of a template.
type Output struct {
	Name string

	// Value is the output's text, "" if it cannot be read.
	Value string

	// Export is the name under which other stacks import the value, "" if they
	// cannot.
	Export string
}

// Outputs returns the outputs of the template in the order of their names,
// without those whose condition is false in the template.
func (t *Template) Outputs() []Output {
	var outputs []Output
	for _, name := range slices.Sorted(maps.Keys(t.resolver.doc.Outputs)) {
		body, ok := t.resolver.doc.Outputs[name].(map[string]any)
		if !ok || !t.mayBe(body["Condition"]) {
			continue
		}
		output := Output{Name: name}
		if text, err := t.resolver.text(body["Value"]); err == nil {
			output.Value = t.resolver.revealed(text)
		}
		export, _ := body["Export"].(map[string]any)
		if export["Name"] != nil {
			text, err := t.resolver.text(export["Name"])
			if err != nil {
				text = Opaque("export " + name)
			}
			output.Export = text
		}
		outputs = append(outputs, output)
	}
	return outputs
}

// Prose reports whether a text, such as a command for people, is more than a
// value that a template can use: whether it contains a space.
func Prose(text string) bool {
	return strings.ContainsAny(Replace(text, func(string) string { return "" }), " \n")
}
