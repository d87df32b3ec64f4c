package cfn

import (
	"io"
	"slices"
	"strings"
)

// Resource is a resource of a template.
type Resource struct {
	LogicalID string
	Type      string
	Path      string // the construct path, if CDK wrote the template

	// If is the template's condition under which the resource exists, if it
	// cannot be decided from the template.
	If string

	// Properties are the properties with their intrinsic functions evaluated. A
	// value known only after a deploy is an opaque part of a text: see [IsOpaque]
	// and [Attribute].
	Properties map[string]any

	// Unread says that the properties cannot be read, which is a fault.
	Unread bool

	template *Template
}

// Resources reads the resources of the types, in the order of their logical ids.
// Numbers and booleans in their properties become texts, since CloudFormation
// does not distinguish them, and values that the options reveal are revealed.
// Resources whose condition is false in the template are left out. The error
// names the logical id.
func Resources(r io.Reader, options Options, types ...string) ([]Resource, error) {
	t, err := Read(r, options)
	if err != nil {
		return nil, err
	}
	var resources []Resource
	for _, resourceType := range types {
		t.Each(resourceType, func(res Resource) {
			if !res.Unread {
				res.Properties = t.texts(res.Node(), res.Properties).(map[string]any)
			}
			resources = append(resources, res)
		})
	}
	slices.SortStableFunc(resources, func(a, b Resource) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return resources, t.Err()
}

// texts converts all values to texts and reveals what the caller knows; n is
// their place.
func (t *Template) texts(n Node, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = t.texts(n.within(key), value)
		}
	case []any:
		for i, value := range v {
			v[i] = t.texts(n.entry(i), value)
		}
	case string:
		return t.resolver.revealed(v)
	case nil:
		return nil
	default:
		text, err := asText(v)
		if err != nil {
			n.Fault("%w", err)
		}
		return t.resolver.revealed(text)
	}
	return v
}

// Attribute returns the resource that a text refers to and the attribute that the
// text is, "" for Ref. ok is false for any other text.
func Attribute(text string) (logicalID, attribute string, ok bool) {
	name, ok := strings.CutPrefix(text, openRef)
	if !ok || braces(text) != len(text) {
		return "", "", false
	}
	logicalID, attribute, _ = strings.Cut(strings.TrimSuffix(name, "}}"), ".")
	return logicalID, attribute, true
}
