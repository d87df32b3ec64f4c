package cfn

import (
	"maps"
	"slices"
	"strings"
)

// Nested is a nested stack of a template.
type Nested struct {
	LogicalID string
	If        string // its condition, if that cannot be decided

	// Template is the location of its template: a file beside the parent's, as
	// CDK and "aws cloudformation package" write it, or a URL.
	Template string

	// Parameters are the texts that its parameters get.
	Parameters map[string]string
}

// Nested returns the nested stacks of the template, in the order of their logical
// ids.
func (t *Template) Nested() []Nested {
	var all []Nested
	for _, resourceType := range []string{"AWS::CloudFormation::Stack", "AWS::Serverless::Application"} {
		t.Each(resourceType, func(r Resource) {
			n := Nested{LogicalID: r.LogicalID, If: r.If, Parameters: map[string]string{}}
			for _, property := range []string{"TemplateURL", "Location"} {
				if text, err := asText(r.Properties[property]); err == nil {
					n.Template = Display(text)
				}
			}
			if asset, ok := t.resolver.doc.Resources[r.LogicalID].Metadata["aws:asset:path"].(string); ok {
				n.Template = asset
			}
			parameters, _ := r.Properties["Parameters"].(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(parameters)) {
				text, err := parameterText(parameters[name])
				if err != nil {
					text = Opaque(r.LogicalID + "." + name)
				}
				n.Parameters[name] = text
			}
			all = append(all, n)
		})
	}
	return all
}

// Bound returns the texts that a parent with that name gives the parameters of
// the nested stack: see [Options].
func (n Nested) Bound(parent string) map[string]string {
	bound := map[string]string{}
	for name, text := range n.Parameters {
		bound[name] = Scoped(text, parent)
	}
	return bound
}

// parameterText returns the text that a parameter gets: for a list, its entries
// separated by commas.
func parameterText(v any) (string, error) {
	list, ok := v.([]any)
	if !ok {
		return asText(v)
	}
	texts := make([]string, len(list))
	for i, entry := range list {
		var err error
		if texts[i], err = asText(entry); err != nil {
			return "", err
		}
	}
	return strings.Join(texts, ","), nil
}

// Scoped returns a text of one stack as other stacks refer to it: the names of
// values that only a deploy knows begin with the name of the stack.
func Scoped(text, stack string) string {
	return Replace(text, func(part string) string {
		name, ok := strings.CutPrefix(part, openRef)
		if !ok || strings.HasPrefix(name, "AWS::") || strings.HasPrefix(name, "import ") || strings.Contains(name, scopeEnd) {
			return part
		}
		return openRef + plain.Replace(stack) + scopeEnd + name
	})
}

// Unscoped returns a text without the stack names that [Scoped] adds.
func Unscoped(text string) string {
	return Replace(text, func(part string) string {
		name, ok := strings.CutPrefix(part, openRef)
		if at := strings.LastIndex(name, scopeEnd); ok && at >= 0 && !strings.HasPrefix(name, "import ") {
			return openRef + name[at+len(scopeEnd):]
		}
		return part
	})
}

// scopeEnd follows a stack's name. No logical id contains it.
const scopeEnd = "/"

// Scope returns the stack and the name in it if a text consists only of a name
// with a scope.
func Scope(text string) (stack, name string, ok bool) {
	name, ok = strings.CutPrefix(text, openRef)
	if !ok || braces(text) != len(text) {
		return "", "", false
	}
	at := strings.LastIndex(name, scopeEnd)
	if at < 0 {
		return "", "", false
	}
	return name[:at], strings.TrimSuffix(name[at+len(scopeEnd):], "}}"), true
}
