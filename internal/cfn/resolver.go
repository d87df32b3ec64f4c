package cfn

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// resolver evaluates a template's intrinsic functions as far as the template
// tells. What it does not tell stays as an opaque part of a string.
type resolver struct {
	doc     *document
	options Options
	truths  map[string]truth
	depth   int
	spent   int
}

// maxDepth bounds how deep conditions refer to each other.
const maxDepth = 100

// maxResolved bounds what a template's intrinsic functions may grow to, in
// values and bytes.
const maxResolved = 4 * MaxTemplateSize

func (r *resolver) spend(n int) error {
	if r.spent += n; r.spent > maxResolved {
		return fmt.Errorf("the template's intrinsic functions grow to more than %d bytes", maxResolved)
	}
	return nil
}

// noValue is Ref AWS::NoValue: the property or entry is not there.
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
		if err != nil {
			return nil, err
		}
		if value != (noValue{}) {
			out = append(out, value)
		}
	}
	return out, nil
}

func (r *resolver) resolveObject(object map[string]any) (any, error) {
	out := make(map[string]any, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if intrinsicName(key) {
			return nil, fmt.Errorf("%s stands beside other keys", key)
		}
		value, err := r.resolve(object[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if value != (noValue{}) {
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

// asText is a resolved value as a text: CloudFormation makes no difference
// between a number or a boolean and its text.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", fmt.Errorf("want a string, got %s", kind(v))
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
	}
	return fmt.Sprint(v)
}
