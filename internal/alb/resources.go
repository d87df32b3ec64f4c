package alb

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Resource is a resource of a template that is not a load balancer's, such as
// the function behind a target group, as far as the template tells what it is.
type Resource struct {
	LogicalID string
	Type      string
	Path      string // the construct path, if CDK wrote the template

	// Properties are the properties with their intrinsic functions evaluated.
	// Numbers and booleans are texts, as CloudFormation makes no difference.
	// What is known only after a deploy is an opaque part of a text: see
	// [IsOpaque] and [Attribute].
	Properties map[string]any
}

// Resources reads the resources of the types, in the order of their logical
// ids; those whose condition is false in the template are left out. Its error
// names the logical id.
func Resources(r io.Reader, options Options, types ...string) ([]Resource, error) {
	doc, err := readDocument(r, func(t string) bool { return slices.Contains(types, t) })
	if err != nil {
		return nil, err
	}
	resolver := &resolver{doc: doc, options: options, truths: map[string]truth{}}
	var resources []Resource
	for _, id := range slices.Sorted(maps.Keys(doc.Resources)) {
		res := doc.Resources[id]
		if !slices.Contains(types, res.Type) {
			continue
		}
		if res.Condition != "" {
			exists, err := resolver.truth(res.Condition)
			if err != nil {
				return nil, fmt.Errorf("resource %q: %w", id, err)
			}
			if exists == untrue {
				continue
			}
		}
		properties, err := resolver.properties(res)
		if err != nil {
			return nil, fmt.Errorf("resource %q: %w", id, err)
		}
		resources = append(resources, Resource{
			LogicalID: id, Type: res.Type, Path: res.Metadata.Path,
			Properties: resolver.texts(properties).(map[string]any),
		})
	}
	return resources, nil
}

// texts makes texts of all values and reveals what the caller knows.
func (r *resolver) texts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = r.texts(value)
		}
	case []any:
		for i, value := range v {
			v[i] = r.texts(value)
		}
	case string:
		return r.revealed(v)
	case json.Number, bool:
		text, _ := asText(v) // both have one
		return text
	}
	return v
}

// Attribute returns the resource that a text names and the attribute of it that
// the text is, empty for Ref. ok is false for any other text.
func Attribute(text string) (logicalID, attribute string, ok bool) {
	name, ok := strings.CutPrefix(text, openRef)
	if !ok || braces(text) != len(text) {
		return "", "", false
	}
	logicalID, attribute, _ = strings.Cut(strings.TrimSuffix(name, "}}"), ".")
	return logicalID, attribute, true
}
