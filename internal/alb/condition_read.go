package alb

import (
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
)

// conditions reads the conditions of a rule.
func (r *reader) conditions(n cfn.Node) []Condition {
	var conditions []Condition
	for _, item := range n.Items() {
		for _, c := range r.condition(item) {
			conditions = append(conditions, c)
			r.count(c)
		}
		if r.values > maxValues || r.regexes > maxRegexes {
			item.Fault("the template has more than %d condition values, or %d regexes", maxValues, maxRegexes)
			return nil
		}
	}
	return conditions
}

func (r *reader) count(c Condition) {
	values, _ := Count(c)
	r.values += values + 1
	if c.regexes() {
		r.regexes += values
	}
}

// condition reads one condition. It returns two conditions if n holds both values
// and regexes, which the API refuses.
func (r *reader) condition(n cfn.Node) []Condition {
	if n.Broken() {
		return nil
	}
	known := []string{"Field", "Values", "RegexValues"}
	for _, f := range fields {
		known = append(known, f.config)
	}
	n.Only(known...)
	name := r.conditionField(n)
	f := fieldNamed(name)
	if f == nil {
		n.Field("Field").Fault("unknown field %q", name)
		return nil
	}
	for _, other := range fields {
		if other != f && n.Field(other.config).Exists() {
			r.problem(n, Error, "%s does not apply to a %s condition", other.config, name)
		}
	}
	config := n.Field(f.config)
	config.Only(f.keys...)
	return f.read(r, n, config)
}

// conditionField returns the condition's field; if it is not given, the one whose
// configuration is.
func (r *reader) conditionField(n cfn.Node) string {
	if field := n.Field("Field"); field.Exists() {
		return field.Text()
	}
	for _, f := range fields {
		if n.Field(f.config).Exists() {
			return f.name
		}
	}
	return ""
}

// spelled returns a condition's values from its configuration or from the
// condition itself. A rule as the API describes it has regexes in both places.
func (r *reader) spelled(n cfn.Node, name string, config cfn.Node, topAllowed bool) []string {
	top, nested := n.Field(name), config.Field(name)
	if !top.Exists() {
		return nested.Texts()
	}
	values := top.Texts()
	if !topAllowed {
		r.problem(n, Error, "%s at the top of a condition is for host-header and path-pattern only", name)
	}
	if nested.Exists() {
		if inner := nested.Texts(); !slices.Equal(inner, values) || name == "Values" {
			r.problem(n, Error, "condition has both %s and %s", name, nested.At()[len(n.At())+1:])
			return append(values, inner...)
		}
	}
	if name == "Values" && len(values) > 1 {
		r.problem(n, Warning, "condition has %d Values at its top, and the API may take 1 only", len(values))
	}
	return values
}

func valuesAndRegexes(values, regexes Condition, n, m int) []Condition {
	switch {
	case m == 0:
		return []Condition{values}
	case n == 0:
		return []Condition{regexes}
	}
	return []Condition{values, regexes}
}
