package cfn

import (
	"errors"
	"fmt"
	"strings"
)

// sub evaluates Fn::Sub: ${Name} and ${Resource.Attribute} are replaced,
// ${!Name} stands for ${Name}.
func (r *resolver) sub(argument any) (any, error) {
	variables := map[string]any{}
	if list, ok := argument.([]any); ok {
		if len(list) != 2 {
			return nil, errors.New("want a string and its variables")
		}
		variables, ok = list[1].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("want variables, got %s", kind(list[1]))
		}
		argument = list[0]
	}
	text, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("want a string, got %s", kind(argument))
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), r.spend(b.Len())
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("%q is not closed", "${"+rest)
		}
		text = after
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			b.WriteString("${" + literal + "}")
			continue
		}
		value, err := r.variable(strings.TrimSpace(name), variables)
		if err != nil {
			return nil, fmt.Errorf("${%s}: %w", name, err)
		}
		b.WriteString(value)
	}
}

func (r *resolver) variable(name string, variables map[string]any) (string, error) {
	if value, ok := variables[name]; ok {
		return r.text(value)
	}
	if strings.Contains(name, ".") {
		return r.attribute(name), nil
	}
	value, err := r.ref(name)
	if err != nil {
		return "", err
	}
	if list, ok := value.([]any); ok {
		var texts []string
		for _, entry := range list {
			text, err := asText(entry)
			if err != nil {
				return "", err
			}
			texts = append(texts, text)
		}
		return strings.Join(texts, ","), nil
	}
	return asText(value)
}
