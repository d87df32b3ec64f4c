package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// choice is a rule of a Choice state: one comparison, or several that are joined.
type choice struct {
	Next string

	join     string // "And", "Or", "Not" or empty
	parts    []*choice
	variable *path
	compare  func(value any, given bool, s scope) (bool, error)
}

// orders maps each comparison by order to the signs for which it is true.
var orders = map[string][]int{
	"Equals": {0}, "LessThan": {-1}, "LessThanEquals": {-1, 0}, "GreaterThan": {1}, "GreaterThanEquals": {0, 1},
}

// readChoice reads a rule. Only an outermost rule has Next.
func readChoice(data []byte, outer bool) (*choice, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	c := &choice{}
	if next, ok := fields["Next"]; ok {
		if err := json.Unmarshal(next, &c.Next); err != nil {
			return nil, err
		}
	}
	if (c.Next != "") != outer {
		return nil, errors.New("want Next, on a rule that is not part of another")
	}
	delete(fields, "Next")
	delete(fields, "Comment")
	if variable, ok := fields["Variable"]; ok {
		var text string
		if err := json.Unmarshal(variable, &text); err != nil {
			return nil, err
		}
		var err error
		if c.variable, err = readPath(text); err != nil {
			return nil, err
		}
		delete(fields, "Variable")
	}
	if len(fields) != 1 {
		return nil, fmt.Errorf("want one comparison, got %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	for name, operand := range fields {
		if name == "And" || name == "Or" || name == "Not" {
			return c, c.readParts(name, operand)
		}
		if c.variable == nil {
			return nil, fmt.Errorf("%s: want Variable", name)
		}
		return c, c.readComparison(name, operand)
	}
	return c, nil
}

func (c *choice) readParts(name string, data json.RawMessage) error {
	c.join = name
	parts := []json.RawMessage{data}
	if name != "Not" {
		if err := json.Unmarshal(data, &parts); err != nil {
			return err
		}
	}
	for _, part := range parts {
		p, err := readChoice(part, false)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		c.parts = append(c.parts, p)
	}
	return nil
}

// kinds maps IsNull and the comparisons like it to a test of the value.
var kinds = map[string]func(any) bool{
	"IsNull":    func(v any) bool { return v == nil },
	"IsString":  func(v any) bool { _, ok := v.(string); return ok },
	"IsNumeric": func(v any) bool { _, ok := v.(json.Number); return ok },
	"IsBoolean": func(v any) bool { _, ok := v.(bool); return ok },
	"IsTimestamp": func(v any) bool {
		text, _ := v.(string)
		_, err := timestamp(text)
		return err == nil
	},
}

func (c *choice) readComparison(name string, data json.RawMessage) error {
	operand, err := decode(data)
	if err != nil {
		return err
	}
	if kind, ok := kinds[name]; ok || name == "IsPresent" {
		wanted, ok := operand.(bool)
		if !ok {
			return fmt.Errorf("%s is %v: want a boolean", name, operand)
		}
		c.compare = func(value any, given bool, _ scope) (bool, error) {
			if name == "IsPresent" {
				return given == wanted, nil
			}
			return kind(value) == wanted, missing(c.variable, given)
		}
		return nil
	}
	operator, fromPath := strings.CutSuffix(name, "Path")
	read := func(scope) (any, error) { return operand, nil }
	if fromPath {
		text, _ := operand.(string)
		p, err := readPath(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		read = p.value
	}
	if operator == "StringMatches" && !fromPath {
		pattern, err := stringPattern(operand)
		c.compare = func(value any, given bool, _ scope) (bool, error) {
			text, ok := value.(string)
			return ok && pattern.MatchString(text), missing(c.variable, given)
		}
		return err
	}
	for _, kind := range []string{"String", "Numeric", "Boolean", "Timestamp"} {
		signs := orders[strings.TrimPrefix(operator, kind)]
		if signs == nil || !strings.HasPrefix(operator, kind) || kind == "Boolean" && operator != "BooleanEquals" {
			continue
		}
		if _, ok := sign(kind, operand, operand); !ok && !fromPath {
			return fmt.Errorf("%s is %v, which is not of that kind", name, operand)
		}
		c.compare = func(value any, given bool, s scope) (bool, error) {
			with, err := read(s)
			if err := errors.Join(missing(c.variable, given), err); err != nil {
				return false, err
			}
			found, ok := sign(kind, value, with)
			return ok && slices.Contains(signs, found), nil
		}
		return nil
	}
	return fmt.Errorf("comparison %q is not supported here", name)
}

func missing(variable *path, given bool) error {
	if given {
		return nil
	}
	return fmt.Errorf("there is no %s", variable.text)
}

// sign compares two values of a kind, and reports whether both are of that kind.
func sign(kind string, a, b any) (int, bool) {
	switch kind {
	case "Numeric":
		x, okX := a.(json.Number)
		y, okY := b.(json.Number)
		if !okX || !okY {
			return 0, false
		}
		m, errX := x.Float64()
		n, errY := y.Float64()
		switch {
		case m < n:
			return -1, errX == nil && errY == nil
		case m > n:
			return 1, errX == nil && errY == nil
		}
		return 0, errX == nil && errY == nil
	case "Boolean":
		x, okX := a.(bool)
		y, okY := b.(bool)
		if x != y {
			return 1, okX && okY
		}
		return 0, okX && okY
	}
	x, okX := a.(string)
	y, okY := b.(string)
	if !okX || !okY {
		return 0, false
	}
	if kind == "String" {
		return strings.Compare(x, y), true
	}
	m, errX := timestamp(x)
	n, errY := timestamp(y)
	return m.Compare(n), errX == nil && errY == nil
}

// stringPattern returns the pattern that StringMatches compares with: * is any
// text, \* a star.
func stringPattern(operand any) (*regexp.Regexp, error) {
	text, ok := operand.(string)
	if !ok {
		return nil, fmt.Errorf("StringMatches is %v: want a text", operand)
	}
	var pattern strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			pattern.WriteString(regexp.QuoteMeta(text[i : i+1]))
		case text[i] == '*':
			pattern.WriteString(".*")
		default:
			pattern.WriteString(regexp.QuoteMeta(text[i : i+1]))
		}
	}
	return regexp.Compile("(?s)^" + pattern.String() + "$")
}

// holds reports whether the rule is true.
func (c *choice) holds(s scope) (bool, error) {
	if c.join == "" {
		value, given := c.variable.in(s)
		return c.compare(value, given, s)
	}
	for _, p := range c.parts {
		is, err := p.holds(s)
		switch {
		case err != nil:
			return false, err
		case c.join == "Not":
			return !is, nil
		case is == (c.join == "Or"):
			return is, nil
		}
	}
	return c.join == "And", nil
}

// timestamp parses a time in the format that Step Functions accepts.
func timestamp(text string) (time.Time, error) { return time.Parse(time.RFC3339Nano, text) }
