package cfn

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Template is a template that is being read. It notes what cannot be read, as
// it is asked for: see [Template.Err].
type Template struct {
	resolver *resolver
	faults   []error
}

// Read reads a CloudFormation template in JSON. Of resources whose type is not
// wanted it reads the type only, so that nothing odd in them matters.
func Read(r io.Reader, options Options, wanted func(resourceType string) bool) (*Template, error) {
	doc, err := readDocument(r, wanted)
	if err != nil {
		return nil, err
	}
	return &Template{resolver: &resolver{doc: doc, options: options, truths: map[string]truth{}}}, nil
}

// Each calls read for every resource of a type, in the order of their logical
// ids. Those whose condition is false in the template are left out.
func (t *Template) Each(resourceType string, read func(Resource)) {
	for _, id := range slices.Sorted(maps.Keys(t.resolver.doc.Resources)) {
		res := t.resolver.doc.Resources[id]
		if res.Type != resourceType || len(t.faults) > maxFaults {
			continue
		}
		unsure, there := t.isThere(id, res.Condition)
		if !there {
			continue
		}
		properties, err := t.resolver.properties(res)
		if err != nil {
			t.fault(id, "", err)
			continue
		}
		read(Resource{LogicalID: id, Type: res.Type, Path: res.Metadata.Path, If: unsure, Properties: properties, template: t})
	}
}

// Err is all that could not be read so far, each with the logical id and the
// property.
func (t *Template) Err() error { return errors.Join(t.faults...) }

// maxFaults bounds how much is said about a template that cannot be read.
const maxFaults = 50

func (t *Template) fault(id, at string, err error) {
	if at != "" {
		err = fmt.Errorf("%s: %w", at, err)
	}
	err = fmt.Errorf("resource %q: %w", id, err)
	switch n := len(t.faults); {
	case n > 0 && t.faults[n-1].Error() == err.Error(): // as when each field of what is no object is asked for
	case n == maxFaults:
		t.faults = append(t.faults, errors.New("and more"))
	case n < maxFaults:
		t.faults = append(t.faults, err)
	}
}

// isThere reports whether a resource with a condition exists, as far as that
// can be decided; unsure is a condition that cannot be.
func (t *Template) isThere(id, condition string) (unsureIf string, there bool) {
	if condition == "" {
		return "", true
	}
	value, err := t.resolver.truth(condition)
	if err != nil {
		t.fault(id, "Condition", err)
		return "", false
	}
	if value == unsure {
		unsureIf = condition
	}
	return unsureIf, value != untrue
}

// properties are a resource's properties, intrinsic functions evaluated.
func (r *resolver) properties(res resource) (map[string]any, error) {
	var raw any = map[string]any{}
	if len(res.Properties) > 0 {
		if err := Decode(res.Properties, &raw); err != nil {
			return nil, err
		}
	}
	value, err := r.resolve(raw)
	if err != nil {
		return nil, err
	}
	properties, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want an object as Properties, got %s", kind(value))
	}
	return properties, nil
}

// revealed replaces the parts of a text that the caller knows.
func (r *resolver) revealed(text string) string {
	if r.options.Reveal == nil {
		return text
	}
	return Replace(text, func(part string) string {
		if value, ok := r.options.Reveal(Display(part)); ok {
			return value
		}
		return part
	})
}
