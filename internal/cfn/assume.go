package cfn

import (
	"maps"
	"slices"
)

// assume takes the conditions of the options to hold, or not to hold. What
// follows for other conditions and for parameters is assumed as well, unless it
// is known.
func (r *resolver) assume() {
	if len(r.options.Assume) == 0 {
		return
	}
	r.options.Parameters = maps.Clone(r.options.Parameters)
	if r.options.Parameters == nil {
		r.options.Parameters = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(r.options.Assume)) {
		r.follow(map[string]any{"Condition": name}, r.options.Assume[name], 0)
	}
}

// follow takes an expression of a condition to hold, or not to hold.
func (r *resolver) follow(expression any, holds bool, depth int) {
	object, ok := expression.(map[string]any)
	if !ok || len(object) != 1 || depth > maxDepth {
		return
	}
	for name, argument := range object {
		operands, _ := argument.([]any)
		switch {
		case name == "Condition":
			other, _ := argument.(string)
			if _, known := r.truths[other]; !known {
				r.truths[other] = truthOf(holds)
				r.follow(r.doc.Conditions[other], holds, depth+1)
			}
		case name == "Fn::Not" && len(operands) == 1:
			r.follow(operands[0], !holds, depth+1)
		case name == "Fn::And" && holds, name == "Fn::Or" && !holds:
			for _, operand := range operands {
				r.follow(operand, holds, depth+1)
			}
		case name == "Fn::Equals" && holds && len(operands) == 2:
			r.bind(operands[0], operands[1])
			r.bind(operands[1], operands[0])
		}
	}
}

// bind takes a parameter to have a value, unless its value is known.
func (r *resolver) bind(reference, value any) {
	object, _ := reference.(map[string]any)
	name, ok := object["Ref"].(string)
	text, isText := value.(string)
	if !ok || !isText {
		return
	}
	if now, err := r.ref(name); err == nil {
		if known, isText := now.(string); !isText || !IsOpaque(known) {
			return
		}
	}
	r.options.Parameters[name] = text
}

// Undecided returns the conditions that only a deploy decides and that resources
// of the types, or their properties, depend on.
func (t *Template) Undecided(types ...string) []string {
	names := map[string]bool{}
	for _, res := range t.resolver.doc.Resources {
		if slices.Contains(types, res.Type) && t.mayBe(res.Condition) {
			eachCondition(res.Properties, func(name string) { names[name] = true })
			if name, ok := res.Condition.(string); ok {
				names[name] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(names)), func(name string) bool {
		value, err := t.resolver.truth(name)
		return err != nil || value != unsure
	})
}

// eachCondition calls f for each condition that an Fn::If in a value names.
func eachCondition(value any, f func(name string)) {
	switch v := value.(type) {
	case []any:
		for _, entry := range v {
			eachCondition(entry, f)
		}
	case map[string]any:
		for key, argument := range v {
			if list, ok := argument.([]any); ok && key == "Fn::If" && len(list) == 3 {
				if name, ok := list[0].(string); ok {
					f(name)
				}
			}
			eachCondition(argument, f)
		}
	}
}
