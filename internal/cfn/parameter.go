package cfn

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type parameter struct {
	Type           string
	Default        any
	NoEcho         bool
	AllowedValues  []any
	AllowedPattern string
}

func newParameter(v any) (parameter, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return parameter{}, fmt.Errorf("want an object, got %s", kind(v))
	}
	p := parameter{Default: object["Default"], NoEcho: fmt.Sprint(object["NoEcho"]) == "true"}
	p.Type, _ = object["Type"].(string)
	p.AllowedPattern, _ = object["AllowedPattern"].(string)
	p.AllowedValues, _ = object["AllowedValues"].([]any)
	return p, nil
}

// isList reports whether the value is a list of entries separated by commas.
func (p parameter) isList() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

// checkParameters checks the values given for parameters of the template.
func (d *document) checkParameters(given map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if p, ok := d.Parameters[name]; ok {
			if err := p.check(given[name]); err != nil {
				return fmt.Errorf("parameter %q: %w", name, err)
			}
		}
	}
	return nil
}

// check checks a value as CloudFormation does, each entry of a list separately.
func (p parameter) check(value string) error {
	values := []string{value}
	if p.isList() {
		values = strings.Split(value, ",")
	}
	var allowed []string
	for _, v := range p.AllowedValues {
		text, err := asText(v)
		if err != nil {
			return fmt.Errorf("AllowedValues: %w", err)
		}
		allowed = append(allowed, text)
	}
	for _, v := range values {
		v = strings.TrimSpace(v)
		if len(allowed) > 0 && !slices.Contains(allowed, v) {
			return fmt.Errorf("%q is not allowed, want %s", v, strings.Join(allowed, " or "))
		}
		if _, err := strconv.ParseFloat(v, 64); err != nil && (p.Type == "Number" || p.Type == "List<Number>") {
			return fmt.Errorf("%q is not a number", v)
		}
		if pattern, err := regexp.Compile(`\A(?:` + p.AllowedPattern + `)\z`); err == nil && p.AllowedPattern != "" && !pattern.MatchString(v) {
			return fmt.Errorf("%q does not match %s", v, p.AllowedPattern)
		}
	}
	return nil
}
