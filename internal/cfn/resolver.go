package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// resolver evaluates a template's intrinsic functions as far as the template
// allows. The rest stays as opaque parts of strings.
type resolver struct {
	doc     *document
	options Options
	truths  map[string]truth
	depth   int
	spent   int
}

// maxDepth limits how deep conditions refer to each other.
const maxDepth = 100

// maxResolved limits how far a template's intrinsic functions may grow it, in
// values and bytes.
const maxResolved = 4 * MaxTemplateSize

func (r *resolver) spend(n int) error {
	if r.spent += n; r.spent > maxResolved {
		return errGrown
	}
	return nil
}

// errGrown says that a template's functions grow without limit.
var errGrown = fmt.Errorf("the template's intrinsic functions grow to more than %d bytes", maxResolved)

// broken is a value that cannot be read. It becomes a fault only when it is used:
// most of a template does not matter to its reader.
type broken struct{ err error }

// undecided is a value that depends on a condition that cannot be decided.
type undecided struct {
	condition string
	yes, no   any
}

// noValue is Ref AWS::NoValue: the property or entry does not exist.
type noValue struct{}

// resolve returns v with its intrinsic functions evaluated.
func (r *resolver) resolve(v any) (any, error) {
	if err := r.spend(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		return v, r.spend(len(v))
	case []any:
		return r.resolveList(v)
	case map[string]any:
		if name, argument, ok := intrinsic(v); ok {
			value, err := r.call(name, argument)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			return value, nil
		}
		return r.resolveObject(v)
	}
	return v, nil
}

func (r *resolver) resolveList(list []any) (any, error) {
	out := make([]any, 0, len(list))
	for _, entry := range list {
		value, err := r.resolve(entry)
		if errors.Is(err, errGrown) {
			return nil, err
		}
		if err != nil {
			value = broken{err}
		}
		if _, none := value.(noValue); !none {
			out = append(out, value)
		}
	}
	return out, nil
}

func (r *resolver) resolveObject(object map[string]any) (any, error) {
	out := make(map[string]any, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if intrinsicName(key) {
			return nil, fmt.Errorf("%s is beside other keys", key)
		}
		value, err := r.resolve(object[key])
		if errors.Is(err, errGrown) {
			return nil, err
		}
		if err != nil {
			value = broken{err}
		}
		if _, none := value.(noValue); !none {
			out[key] = value
		}
	}
	return out, nil
}

func intrinsicName(key string) bool { return key == "Ref" || strings.HasPrefix(key, "Fn::") }

// intrinsic returns the intrinsic function that an object is, if it is one.
func intrinsic(object map[string]any) (name string, argument any, ok bool) {
	if len(object) != 1 {
		return "", nil, false
	}
	for key, value := range object {
		if intrinsicName(key) {
			return key, value, true
		}
	}
	return "", nil, false
}

// text resolves v to a text.
func (r *resolver) text(v any) (string, error) {
	value, err := r.resolve(v)
	if err != nil {
		return "", err
	}
	return asText(value)
}

// asText returns a resolved value as a text: CloudFormation does not distinguish
// a number or a boolean from its text.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	case broken:
		return "", v.err
	case undecided:
		return v.text()
	}
	return "", fmt.Errorf("want a string, got %s", kind(v))
}

// text returns the value as an opaque text.
func (u undecided) text() (string, error) {
	yes, errYes := optionalText(u.yes)
	no, errNo := optionalText(u.no)
	if errYes != nil || errNo != nil {
		return "", u.err()
	}
	return Opaque("if " + u.condition + " " + Display(yes) + " else " + Display(no)), nil
}

func (u undecided) err() error {
	return fmt.Errorf("condition %q cannot be decided from the template: give its parameters", u.condition)
}

func optionalText(v any) (string, error) {
	switch v.(type) {
	case nil, noValue:
		return "", nil
	}
	return asText(v)
}

// decided returns a value with a condition decided.
func decided(v any, condition string, yes bool) any {
	switch v := v.(type) {
	case undecided:
		if v.condition != condition {
			return choice(v.condition, decided(v.yes, condition, yes), decided(v.no, condition, yes))
		}
		if yes {
			return decided(v.yes, condition, yes)
		}
		return decided(v.no, condition, yes)
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, value := range v {
			value = decided(value, condition, yes)
			if _, none := value.(noValue); !none {
				object[key] = value
			}
		}
		return object
	case []any:
		list := make([]any, 0, len(v))
		for _, entry := range v {
			entry = decided(entry, condition, yes)
			if _, none := entry.(noValue); !none {
				list = append(list, entry)
			}
		}
		return list
	}
	return v
}

// choice returns one of two values depending on a condition, or the value if both
// are equal.
func choice(condition string, yes, no any) any {
	if reflect.DeepEqual(yes, no) {
		return yes
	}
	return undecided{condition, yes, no}
}

// open returns the conditions that decide a value, unless it is a text.
func open(v any, conditions []string) []string {
	switch v := v.(type) {
	case undecided:
		if _, err := v.text(); err != nil && !slices.Contains(conditions, v.condition) {
			conditions = append(conditions, v.condition)
		}
		conditions = open(v.no, open(v.yes, conditions))
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			conditions = open(v[key], conditions)
		}
	case []any:
		for _, entry := range v {
			if u, ok := entry.(undecided); ok && (u.yes == any(noValue{}) || u.no == any(noValue{})) && !slices.Contains(conditions, u.condition) {
				conditions = append(conditions, u.condition)
			}
			conditions = open(entry, conditions)
		}
	}
	return conditions
}

// kind names a JSON value for an error.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return strconv.Quote(Display(v))
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case noValue:
		return "AWS::NoValue"
	case broken:
		return v.err.Error()
	case undecided:
		return fmt.Sprintf("what condition %q decides", v.condition)
	}
	return fmt.Sprint(v)
}
