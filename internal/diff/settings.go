package diff

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// settings are where the resources of a template take values from: its
// parameters, mappings and conditions.
type settings struct {
	given                            map[string]string // parameter values
	parameters, mappings, conditions map[string]any
	other                            *settings // of the other template
}

// settled returns the resources of two templates, with references to a parameter,
// mapping or condition that differs replaced by its value. A resource with such a
// reference changes, although its own text does not.
func settled(old, next Template) (before, after map[string]resource) {
	a, b := old.settings(), next.settings()
	a.other, b.other = &b, &a
	return a.settle(old.resources), b.settle(next.resources)
}

func (t Template) settings() settings {
	section := func(name string) map[string]any { s, _ := t.sections[name].(map[string]any); return s }
	given := map[string]string{}
	for _, values := range []map[string]string{t.options.Parameters, t.options.Bound} {
		for name, value := range values {
			given[name] = cfn.Display(value)
		}
	}
	return settings{given: given, parameters: section("Parameters"), mappings: section("Mappings"), conditions: section("Conditions")}
}

func (s settings) settle(resources map[string]resource) map[string]resource {
	all := make(map[string]resource, len(resources))
	for id, r := range resources {
		r.Properties, _ = s.value(r.Properties).(map[string]any)
		if name, ok := r.Condition.(string); ok {
			r.Condition = s.condition(name)
		}
		r.UpdatePolicy, r.CreationPolicy = s.value(r.UpdatePolicy), s.value(r.CreationPolicy)
		r.DeletionPolicy, r.UpdateReplacePolicy = s.value(r.DeletionPolicy), s.value(r.UpdateReplacePolicy)
		all[id] = r
	}
	return all
}

// parameter returns the value of a parameter if the templates differ in it, and
// whether they do.
func (s settings) parameter(name string) (text string, differs bool) {
	value, given := s.given[name]
	if other, also := s.other.given[name]; given != also || value != other {
		if given {
			return value, true
		}
	} else if given || reflect.DeepEqual(s.parameters[name], s.other.parameters[name]) {
		return "", false
	}
	definition, _ := s.parameters[name].(map[string]any)
	if s.parameters[name] == nil {
		return "", false
	}
	text = "without a default"
	if value, ok := definition["Default"]; ok {
		text = show(value) + " by default"
	}
	if other, _ := s.other.parameters[name].(map[string]any); other != nil && !reflect.DeepEqual(definition["Type"], other["Type"]) {
		text += ", of type " + show(definition["Type"])
	}
	return fmt.Sprintf("${%s (%s)}", name, text), true
}

// condition returns the name of a condition and, if the templates differ in it,
// its definition.
func (s settings) condition(name string) string {
	if s.conditions[name] == nil || s.other.conditions[name] == nil {
		return name
	}
	mine := s.expanded(s.conditions[name], 0)
	if reflect.DeepEqual(mine, s.other.expanded(s.other.conditions[name], 0)) {
		return name
	}
	return name + ", which is " + exactly(short(mine))
}

// expanded returns a condition with the conditions that it refers to inserted.
func (s settings) expanded(value any, depth int) any {
	switch v := value.(type) {
	case map[string]any:
		if name, ok := v["Condition"].(string); ok && len(v) == 1 && depth < 100 {
			return s.expanded(s.conditions[name], depth+1)
		}
		if replaced, ok := s.reference(v); ok {
			return replaced
		}
		object := make(map[string]any, len(v))
		for key, inner := range v {
			object[key] = s.expanded(inner, depth)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = s.expanded(inner, depth)
		}
		return list
	}
	return value
}

// value returns a value in which references to what differs are replaced.
func (s settings) value(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		if replaced, ok := s.reference(v); ok {
			return replaced
		}
		object := make(map[string]any, len(v))
		for key, inner := range v {
			object[key] = s.value(inner)
		}
		if branches, ok := object["Fn::If"].([]any); ok && len(v) == 1 && len(branches) == 3 {
			if name, ok := branches[0].(string); ok {
				branches[0] = s.condition(name)
			}
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, inner := range v {
			list[i] = s.value(inner)
		}
		return list
	}
	return value
}

// reference returns the replacement for a Ref, Fn::FindInMap or Fn::Sub, and
// whether there is one.
func (s settings) reference(v map[string]any) (any, bool) {
	if len(v) != 1 {
		return nil, false
	}
	if name, ok := v["Ref"].(string); ok {
		if text, differs := s.parameter(name); differs {
			return text, true
		}
	}
	if keys, ok := v["Fn::FindInMap"].([]any); ok && len(keys) >= 3 {
		return s.mapped(keys)
	}
	if text, ok := v["Fn::Sub"].(string); ok {
		if replaced := s.substituted(text, nil); !strings.Contains(replaced, "${") {
			return replaced, replaced != text
		} else if replaced != text {
			return map[string]any{"Fn::Sub": replaced}, true
		}
	}
	if list, ok := v["Fn::Sub"].([]any); ok && len(list) == 2 {
		text, _ := list[0].(string)
		own, _ := list[1].(map[string]any)
		return map[string]any{"Fn::Sub": []any{s.substituted(text, own), s.value(own)}}, true
	}
	return nil, false
}

// mapped returns the value of a mapping if the templates differ in it.
func (s settings) mapped(keys []any) (any, bool) {
	name, _ := keys[0].(string)
	if reflect.DeepEqual(s.mappings[name], s.other.mappings[name]) {
		return nil, false
	}
	at := s.mappings[name]
	for _, key := range keys[1:3] {
		text, known := key.(string)
		object, _ := at.(map[string]any)
		if !known || object[text] == nil {
			return map[string]any{"Fn::FindInMap": append(s.value(keys).([]any), map[string]any{"of": s.mappings[name]})}, true
		}
		at = object[text]
	}
	return at, true
}

// substituted returns the text of an Fn::Sub, with its own variables left alone.
func (s settings) substituted(text string, own map[string]any) string {
	for name := range s.parameters {
		if _, ok := own[name]; ok || !strings.Contains(text, "${"+name+"}") {
			continue
		}
		if value, differs := s.parameter(name); differs {
			text = strings.ReplaceAll(text, "${"+name+"}", value)
		}
	}
	return text
}
