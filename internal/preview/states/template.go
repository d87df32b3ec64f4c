package states

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// node is a part of a payload template that produces a value.
type node interface {
	value(scope) (any, error)
}

type (
	literal struct{ of any }
	object  map[string]node
	list    []node
)

func (l literal) value(scope) (any, error) { return l.of, nil }

func (o object) value(s scope) (any, error) {
	made := map[string]any{}
	for name, inner := range o {
		v, err := inner.value(s)
		if err != nil {
			return nil, err
		}
		made[name] = v
	}
	return made, nil
}

func (l list) value(s scope) (any, error) {
	made := []any{}
	for _, inner := range l {
		v, err := inner.value(s)
		if err != nil {
			return nil, err
		}
		made = append(made, v)
	}
	return made, nil
}

func (p *path) value(s scope) (any, error) {
	v, ok := p.in(s)
	if !ok {
		return nil, fmt.Errorf("there is no %s", p.text)
	}
	return v, nil
}

// readTemplate parses a payload template. It returns nil if there is none.
func readTemplate(data json.RawMessage) (node, error) {
	if data == nil {
		return nil, nil
	}
	v, err := decode(data)
	if err != nil {
		return nil, err
	}
	return compile(v)
}

func compile(v any) (node, error) {
	switch v := v.(type) {
	case map[string]any:
		made := object{}
		for name, inner := range v {
			plain, dynamic := strings.CutSuffix(name, ".$")
			if !dynamic {
				n, err := compile(inner)
				if err != nil {
					return nil, err
				}
				made[name] = n
				continue
			}
			text, ok := inner.(string)
			if !ok {
				return nil, fmt.Errorf("%s is %v: want a path or a function", name, inner)
			}
			n, err := readExpression(text)
			if err != nil {
				return nil, err
			}
			if _, twice := v[plain]; twice {
				return nil, fmt.Errorf("%s and %s are both given", plain, name)
			}
			made[plain] = n
		}
		return made, nil
	case []any:
		made := list{}
		for _, inner := range v {
			n, err := compile(inner)
			if err != nil {
				return nil, err
			}
			made = append(made, n)
		}
		return made, nil
	}
	return literal{v}, nil
}

// decode parses JSON and keeps numbers as they are written.
func decode(data []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("there is more than one value")
	}
	return v, nil
}

// encode encodes JSON as Step Functions does, without escapes for HTML.
func encode(v any) (string, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(text.String(), "\n"), err
}
