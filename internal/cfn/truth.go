package cfn

import (
	"errors"
	"fmt"
	"reflect"
)

// truth is the value of a template's condition, which may depend on what only a
// deploy knows.
type truth uint8

const (
	untrue truth = iota
	unsure
	sure
)

func truthOf(b bool) truth {
	if b {
		return sure
	}
	return untrue
}

// truth evaluates a condition by name, once.
func (r *resolver) truth(name string) (truth, error) {
	if t, ok := r.truths[name]; ok {
		return t, nil
	}
	expression, ok := r.doc.Conditions[name]
	if !ok {
		return unsure, fmt.Errorf("the template has no condition %q", name)
	}
	if r.depth++; r.depth > maxDepth {
		return unsure, fmt.Errorf("condition %q: conditions refer to each other more than %d deep", name, maxDepth)
	}
	defer func() { r.depth-- }()
	r.truths[name] = unsure // for a condition that refers to itself, which CloudFormation refuses
	t, err := r.evaluate(expression)
	if err != nil {
		return unsure, fmt.Errorf("condition %q: %w", name, err)
	}
	r.truths[name] = t
	return t, nil
}

func (r *resolver) evaluate(expression any) (truth, error) {
	if err := r.spend(1); err != nil {
		return unsure, err
	}
	object, ok := expression.(map[string]any)
	if !ok || len(object) != 1 {
		return unsure, fmt.Errorf("want a condition function, got %s", kind(expression))
	}
	for name, argument := range object {
		switch name {
		case "Condition":
			other, ok := argument.(string)
			if !ok {
				return unsure, errors.New("Condition: want a name")
			}
			return r.truth(other)
		case "Fn::Equals":
			return r.equals(argument)
		case "Fn::Not", "Fn::And", "Fn::Or":
			return r.combine(name, argument)
		}
	}
	return unsure, nil // Fn::Contains and the like, which only the Rules of a template use
}

func (r *resolver) equals(argument any) (truth, error) {
	list, err := r.arguments(argument, 2, 2)
	if err != nil {
		return unsure, fmt.Errorf("Fn::Equals: %w", err)
	}
	a, errA := asText(list[0])
	b, errB := asText(list[1])
	_, openA := list[0].(undecided)
	_, openB := list[1].(undecided)
	switch {
	case openA && errA != nil, openB && errB != nil:
		return unsure, nil
	case errA != nil || errB != nil:
		return truthOf(reflect.DeepEqual(list[0], list[1])), nil
	}
	if a != b && (IsOpaque(a) || IsOpaque(b)) {
		return unsure, nil
	}
	return truthOf(a == b), nil
}

func (r *resolver) combine(name string, argument any) (truth, error) {
	list, ok := argument.([]any)
	if !ok || len(list) == 0 {
		return unsure, fmt.Errorf("%s: want a list of conditions", name)
	}
	all, some := sure, untrue
	for _, operand := range list {
		t, err := r.evaluate(operand)
		if err != nil {
			return unsure, err
		}
		all, some = min(all, t), max(some, t)
	}
	switch name {
	case "Fn::And":
		return all, nil
	case "Fn::Or":
		return some, nil
	default:
		return sure - some, nil
	}
}

// choose evaluates Fn::If.
func (r *resolver) choose(argument any) (any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 3 {
		return nil, errors.New("want a condition and two values")
	}
	name, ok := list[0].(string)
	if !ok {
		return nil, errors.New("want the name of a condition")
	}
	t, err := r.truth(name)
	if err != nil {
		return nil, err
	}
	switch t {
	case sure:
		return r.resolve(list[1])
	case untrue:
		return r.resolve(list[2])
	}
	return r.either(name, list[1], list[2])
}

// either returns a value for a condition that cannot be decided.
func (r *resolver) either(name string, yes, no any) (any, error) {
	a, err := r.branch(yes)
	if err != nil {
		return nil, err
	}
	b, err := r.branch(no)
	if err != nil {
		return nil, err
	}
	return choice(name, a, b), nil
}

func (r *resolver) branch(v any) (any, error) {
	value, err := r.resolve(v)
	if err != nil && !errors.Is(err, errGrown) {
		return broken{err}, nil
	}
	return value, err
}
