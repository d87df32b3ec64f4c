package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is a template as written.
type source struct {
	value map[string]any // what it contains
	json  []byte         // its text, if it is JSON
	yaml  *yaml.Node     // its tree, if it is YAML
}

// JSON converts a template to JSON. The template may be in JSON or YAML, with or
// without a byte order mark, or the output of "aws cloudformation get-template".
func JSON(template []byte) ([]byte, error) {
	s, err := readSource(template)
	if err != nil || s.json != nil {
		return s.json, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(s.value)
	return b.Bytes(), err
}

func readSource(data []byte) (source, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var s source
	var err error
	if begin := bytes.TrimLeft(data, " \t\r\n"); bytes.HasPrefix(begin, []byte("{")) {
		s.json = data
		if err = Decode(data, &s.value); err != nil {
			return source{}, fmt.Errorf("not a CloudFormation template in JSON: %w", err)
		}
		if err = unique(data); err != nil {
			return source{}, fmt.Errorf("not a CloudFormation template in JSON: %w", err)
		}
	} else if s, err = readYAML(data); err != nil {
		return source{}, fmt.Errorf("not a CloudFormation template in JSON or YAML: %w", err)
	}
	if _, own := s.value["Resources"]; own {
		return s, nil
	}
	switch body := s.value["TemplateBody"].(type) {
	case string:
		inner, err := readSource([]byte(body))
		return source{value: inner.value}, err
	case map[string]any:
		return source{value: body}, nil
	}
	return s, nil
}

func readYAML(data []byte) (source, error) {
	root, err := yamlTree(data)
	if err != nil {
		return source{}, err
	}
	y := &yamlReader{open: map[*yaml.Node]bool{}}
	value, err := y.value(root)
	if err != nil {
		return source{}, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return source{}, errors.New("want a mapping with Resources")
	}
	return source{value: object, yaml: root}, nil
}

// position returns the position where a property of a resource begins, or the
// closest parent that exists. It is 0 if it is not known.
func (s source) position(logicalID, at string) (line, column int) {
	steps := append([]string{"Resources", logicalID}, steps(at)...)
	switch {
	case s.yaml != nil:
		return yamlPosition(s.yaml, steps)
	case s.json != nil:
		return jsonPosition(s.json, steps)
	}
	return 0, 0
}

// steps returns the keys and indexes of a place such as "Conditions[0].Values",
// relative to a resource.
func steps(at string) []string {
	if at == "" {
		return nil
	}
	if at == "Condition" {
		return []string{at}
	}
	at = strings.ReplaceAll(strings.ReplaceAll(at, "[", "."), "]", "")
	return append([]string{"Properties"}, strings.Split(at, ".")...)
}

func yamlPosition(n *yaml.Node, steps []string) (line, column int) {
	line, column = n.Line, n.Column
	for _, step := range steps {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		var next, at *yaml.Node
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == step {
					at, next = n.Content[i], n.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(step); err == nil && i < len(n.Content) {
				at, next = n.Content[i], n.Content[i]
			}
		}
		if next == nil {
			break
		}
		line, column, n = at.Line, at.Column, next
	}
	return line, column
}

// jsonPosition walks the tokens of JSON to the beginning of the last step that
// exists.
func jsonPosition(data []byte, steps []string) (line, column int) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	offset := int64(0)
walk:
	for _, step := range steps {
		open, err := decoder.Token()
		if err != nil {
			break
		}
		for i := 0; decoder.More(); i++ {
			here := step == strconv.Itoa(i) && open == json.Delim('[')
			start := decoder.InputOffset()
			if open == json.Delim('{') {
				key, err := decoder.Token()
				if err != nil {
					break walk
				}
				here = key == step
			}
			if here {
				offset = start
				continue walk
			}
			var skipped json.RawMessage
			if open != json.Delim('{') && open != json.Delim('[') || decoder.Decode(&skipped) != nil {
				break walk
			}
		}
		break
	}
	rest := data[offset:]
	before := data[:int(offset)+len(rest)-len(bytes.TrimLeft(rest, ", \t\r\n"))]
	return bytes.Count(before, []byte("\n")) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}
