package cfn

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Template is a template that is being read. It records what cannot be read, when
// it is used: see [Template.Err].
type Template struct {
	resolver *resolver
	faults   []Fault
}

// Fault is a part of a template that cannot be read.
type Fault struct {
	LogicalID string // of the resource
	Path      string // its construct path, if CDK wrote the template
	Property  string // where in the resource, such as "Conditions[0]"
	Err       error

	// Line and Column are its position, 0 if it is not known.
	Line, Column int
}

// Error names the resource and the property.
func (f Fault) Error() string {
	err := f.Err
	if f.Property != "" {
		err = fmt.Errorf("%s: %w", f.Property, err)
	}
	if f.LogicalID == "" {
		return err.Error()
	}
	return fmt.Sprintf("resource %q: %v", f.LogicalID, err)
}

// Unwrap returns the cause.
func (f Fault) Unwrap() error { return f.Err }

// Read reads a CloudFormation template in JSON or YAML. Oddities in resources
// that are not used do not matter.
func Read(r io.Reader, options Options) (*Template, error) {
	doc, err := readDocument(r)
	if err != nil {
		return nil, err
	}
	if err := doc.checkParameters(options.Parameters); err != nil {
		return nil, err
	}
	t := &Template{resolver: &resolver{doc: doc, options: options, truths: map[string]truth{}}}
	t.resolver.assume()
	return t, nil
}

// Each calls read for every resource of a type, in the order of their logical
// ids. It leaves out resources whose condition is false in the template.
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
		resource := Resource{LogicalID: id, Type: res.Type, Path: res.path(), If: unsure, template: t}
		var err error
		if resource.Properties, err = t.resolver.properties(res); err != nil {
			t.fault(id, "", err)
			resource.Unread = true
		}
		read(resource)
	}
}

// Parameters returns the names of the template's parameters, in order.
func (t *Template) Parameters() []string { return slices.Sorted(maps.Keys(t.resolver.doc.Parameters)) }

// Type returns the type of a resource, "" if there is no such resource.
func (t *Template) Type(logicalID string) string { return t.resolver.doc.Resources[logicalID].Type }

// LogicalIDs returns the logical ids of the template's resources, in order.
func (t *Template) LogicalIDs() []string { return slices.Sorted(maps.Keys(t.resolver.doc.Resources)) }

// Position returns where a property of a resource is written, 0 if it is not
// known.
func (t *Template) Position(logicalID, property string) (line, column int) {
	return t.resolver.doc.source.position(logicalID, property)
}

// Has reports whether the template has a resource of one of the types.
func (t *Template) Has(types ...string) bool {
	for _, res := range t.resolver.doc.Resources {
		if slices.Contains(types, res.Type) {
			return true
		}
	}
	return false
}

// Faults returns what could not be read so far.
func (t *Template) Faults() []Fault { return t.faults }

// Err returns everything that could not be read so far, each with the logical id
// and the property, or nil.
func (t *Template) Err() error {
	errs := make([]error, len(t.faults))
	for i, f := range t.faults {
		errs[i] = f
	}
	return errors.Join(errs...)
}

// maxFaults limits how many faults of a template are reported.
const maxFaults = 50

func (t *Template) fault(id, at string, err error) {
	f := Fault{LogicalID: id, Path: t.resolver.doc.Resources[id].path(), Property: at, Err: err}
	switch n := len(t.faults); {
	case n > maxFaults:
	case slices.ContainsFunc(t.faults, func(other Fault) bool { return other.Error() == f.Error() }):
	case n == maxFaults:
		t.faults = append(t.faults, Fault{Err: errors.New("and more")})
	default:
		f.Line, f.Column = t.resolver.doc.source.position(id, at)
		t.faults = append(t.faults, f)
	}
}

// isThere reports whether a resource with a condition exists, as far as that can
// be decided. unsureIf is the condition if it cannot be decided.
func (t *Template) isThere(id string, condition any) (unsureIf string, there bool) {
	if condition == nil {
		return "", true
	}
	name, ok := condition.(string)
	if !ok {
		t.fault(id, "Condition", fmt.Errorf("want the name of a condition, got %s", kind(condition)))
		return "", false
	}
	value, err := t.resolver.truth(name)
	if err != nil {
		t.fault(id, "Condition", err)
		return "", false
	}
	if value == unsure {
		unsureIf = name
	}
	return unsureIf, value != untrue
}

// Exists reports whether the template creates a resource, according to its
// condition. certain is false if only a deploy decides that.
func (t *Template) Exists(logicalID string) (exists, certain bool) {
	res, ok := t.resolver.doc.Resources[logicalID]
	if !ok || res.Condition == nil {
		return ok, true
	}
	name, _ := res.Condition.(string)
	value, err := t.resolver.truth(name)
	if err != nil || value == unsure {
		return true, false
	}
	return value == sure, true
}

// Value returns a property of a resource as text, and whether it is known before
// a deploy.
func (t *Template) Value(logicalID, property string) (text string, known bool) {
	properties, _ := t.resolver.doc.Resources[logicalID].Properties.(map[string]any)
	value, err := t.resolver.resolve(properties[property])
	if err != nil || value == nil {
		return "", false
	}
	text, err = asText(value)
	return text, err == nil && !IsOpaque(text)
}

// properties returns a resource's properties with intrinsic functions evaluated.
func (r *resolver) properties(res resource) (map[string]any, error) {
	if res.Properties == nil {
		return map[string]any{}, nil
	}
	value, err := r.resolve(res.Properties)
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
