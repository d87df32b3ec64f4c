package cfn

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// call evaluates an intrinsic function. An unknown function stays opaque.
func (r *resolver) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		id, ok := argument.(string)
		if !ok {
			return nil, errors.New("want a name")
		}
		return r.ref(id)
	case "Fn::GetAtt":
		return r.getAtt(argument)
	case "Fn::Sub":
		return r.sub(argument)
	case "Fn::Join":
		return r.join(argument)
	case "Fn::If":
		return r.choose(argument)
	case "Fn::FindInMap":
		return r.findInMap(argument)
	case "Fn::Select":
		return r.pick(argument)
	case "Fn::Split":
		return r.split(argument)
	case "Fn::ImportValue":
		export, err := r.text(argument)
		if err != nil {
			return nil, err
		}
		return Import(export), nil
	}
	return Opaque(strings.TrimPrefix(name, "Fn::")), nil
}

// ref returns the value of a parameter, or the name of a resource.
func (r *resolver) ref(id string) (any, error) {
	if id == "AWS::NoValue" {
		return noValue{}, nil
	}
	if value, ok := r.options.Values[id]; ok {
		return value, nil
	}
	p, ok := r.doc.Parameters[id]
	given, isGiven := r.options.Parameters[id]
	if bound, ok := r.options.Bound[id]; ok && (!isGiven || !IsOpaque(bound)) {
		given, isGiven = bound, true
	}
	switch {
	case isGiven:
		return r.parameterValue(p, given)
	case !ok:
		return Opaque(id), r.spend(len(id)) // a resource, a pseudo parameter, or something a macro defines
	case p.NoEcho:
		return OpaqueSecret(id), nil
	case p.Default == nil || strings.HasPrefix(p.Type, "AWS::SSM::"):
		return Opaque(id), nil // the default of an SSM parameter is its name
	}
	text, err := asText(p.Default)
	if err != nil {
		return nil, fmt.Errorf("default of parameter %q: %w", id, err)
	}
	return r.parameterValue(p, text)
}

func (r *resolver) parameterValue(p parameter, text string) (any, error) {
	if err := r.spend(len(text)); err != nil {
		return nil, err
	}
	if !p.isList() || IsOpaque(text) {
		return text, nil
	}
	var list []any
	for _, entry := range strings.Split(text, ",") {
		list = append(list, strings.TrimSpace(entry))
	}
	return list, nil
}

func (r *resolver) getAtt(argument any) (any, error) {
	if list, ok := argument.([]any); ok && len(list) == 2 {
		id, err := r.text(list[0])
		if err != nil {
			return nil, err
		}
		attribute, err := r.text(list[1])
		if err != nil {
			return nil, err
		}
		return r.attribute(id + "." + attribute), nil
	}
	if s, ok := argument.(string); ok {
		return r.attribute(s), nil
	}
	return nil, errors.New("want a resource and an attribute")
}

// attribute returns the caller's value of an attribute, or an opaque text.
func (r *resolver) attribute(name string) string {
	if value, ok := r.options.Values[name]; ok {
		return value
	}
	return Opaque(Display(name))
}

func (r *resolver) join(argument any) (any, error) {
	list, err := r.arguments(argument, 2, 2)
	if err != nil {
		return nil, err
	}
	delimiter, err := asText(list[0])
	if err != nil {
		return nil, err
	}
	entries, ok := list[1].([]any)
	if u, isOpen := list[1].(undecided); isOpen {
		yes, err := r.join([]any{list[0], u.yes})
		if err != nil {
			return nil, err
		}
		no, err := r.join([]any{list[0], u.no})
		return choice(u.condition, yes, no), err
	}
	if !ok {
		return asText(list[1]) // an unknown list, as one opaque text
	}
	var texts []string
	for _, entry := range entries {
		text, err := asText(entry)
		if err != nil {
			return nil, err
		}
		if err := r.spend(len(delimiter) + len(text)); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, delimiter), nil
}

func (r *resolver) findInMap(argument any) (any, error) {
	list, err := r.arguments(argument, 3, 4)
	if err != nil {
		return nil, err
	}
	names := make([]string, 3)
	for i := range names {
		if names[i], err = asText(list[i]); err != nil {
			return nil, err
		}
		if IsOpaque(names[i]) {
			return Opaque("map " + Display(names[0])), nil
		}
	}
	top, _ := r.doc.Mappings[names[0]].(map[string]any)
	second, _ := top[names[1]].(map[string]any)
	value, ok := second[names[2]]
	if !ok && len(list) == 4 {
		if options, isMap := list[3].(map[string]any); isMap {
			value, ok = options["DefaultValue"]
		}
	}
	if !ok {
		return nil, fmt.Errorf("no entry %q, %q in mapping %q", names[1], names[2], names[0])
	}
	return r.resolve(value)
}

func (r *resolver) pick(argument any) (any, error) {
	list, err := r.arguments(argument, 2, 2)
	if err != nil {
		return nil, err
	}
	position, err := asText(list[0])
	if err != nil {
		return nil, err
	}
	entries, ok := list[1].([]any)
	if !ok || IsOpaque(position) {
		from, _ := list[1].(string)
		return Opaque("part " + Display(position) + " of " + Display(from)), r.spend(len(from))
	}
	i, err := strconv.Atoi(position)
	if err != nil || i < 0 || i >= len(entries) {
		return nil, fmt.Errorf("no entry %q in a list of %d", position, len(entries))
	}
	return entries[i], nil
}

func (r *resolver) split(argument any) (any, error) {
	list, err := r.arguments(argument, 2, 2)
	if err != nil {
		return nil, err
	}
	delimiter, err := asText(list[0])
	if err != nil {
		return nil, err
	}
	text, err := asText(list[1])
	if err != nil {
		return nil, err
	}
	if delimiter == "" {
		return nil, errors.New("the delimiter is empty")
	}
	if IsOpaque(text) || IsOpaque(delimiter) {
		return Opaque(Display(text)), r.spend(len(text))
	}
	var out []any
	for _, part := range strings.Split(text, delimiter) {
		out = append(out, part)
	}
	return out, r.spend(8 * len(out))
}

// arguments resolves a function's list of arguments.
func (r *resolver) arguments(argument any, least, most int) ([]any, error) {
	list, ok := argument.([]any)
	if !ok || len(list) < least || len(list) > most {
		return nil, fmt.Errorf("want a list of %d arguments", least)
	}
	value, err := r.resolve(list)
	if err != nil {
		return nil, err
	}
	if list = value.([]any); len(list) < least {
		return nil, fmt.Errorf("want a list of %d arguments", least)
	}
	for _, entry := range list {
		if b, ok := entry.(broken); ok {
			return nil, b.err
		}
	}
	return list, nil
}
