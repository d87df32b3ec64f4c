package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// source is a template as it is written.
type source struct {
	json []byte   // the template in JSON, whatever it is written in
	yaml ast.Node // what it was in, if it was YAML
	at   bool     // positions in it mean something: it is not wrapped
}

// JSON returns a template in JSON, whether it is written in JSON or YAML, with
// or without a byte order mark, or as "aws cloudformation get-template" prints
// it.
func JSON(template []byte) ([]byte, error) {
	s, err := readSource(template)
	return s.json, err
}

func readSource(data []byte) (source, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	s := source{json: data, at: true}
	if begin := bytes.TrimLeft(data, " \t\r\n"); !bytes.HasPrefix(begin, []byte("{")) {
		var err error
		if s, err = readYAML(data); err != nil {
			return source{}, fmt.Errorf("not a CloudFormation template in JSON or YAML: %w", err)
		}
	}
	if !bytes.Contains(s.json, []byte(`"TemplateBody"`)) {
		return s, nil
	}
	var got struct {
		TemplateBody json.RawMessage
		Resources    json.RawMessage
	}
	if err := Decode(s.json, &got); err != nil || got.TemplateBody == nil || got.Resources != nil {
		return s, nil
	}
	body := []byte(got.TemplateBody)
	if text := ""; json.Unmarshal(body, &text) == nil {
		body = []byte(text)
	}
	inner, err := readSource(body)
	inner.at = false
	return inner, err
}

func readYAML(data []byte) (source, error) {
	root, err := yamlTree(data)
	if err != nil {
		return source{}, err
	}
	y := &yamlReader{anchors: map[string]ast.Node{}, open: map[string]bool{}}
	value, err := y.value(root)
	if err != nil {
		return source{}, err
	}
	if _, ok := value.(map[string]any); !ok {
		return source{}, errors.New("want a mapping with Resources")
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return source{}, err
	}
	return source{json: b.Bytes(), yaml: root, at: true}, nil
}

// position is where a property of a resource begins, or as much of the way
// there as there is. It is 0 where it is not known.
func (s source) position(logicalID, at string) (line, column int) {
	if !s.at {
		return 0, 0
	}
	steps := append([]string{"Resources", logicalID}, steps(at)...)
	if s.yaml != nil {
		return yamlPosition(s.yaml, steps)
	}
	return jsonPosition(s.json, steps)
}

// steps are the keys and indexes of a place such as "Conditions[0].Values", from
// a resource on.
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

func yamlPosition(n ast.Node, steps []string) (line, column int) {
	line, column = position(firstToken(n))
	for _, step := range steps {
		for {
			if anchor, ok := n.(*ast.AnchorNode); ok {
				n = anchor.Value
				continue
			}
			break
		}
		var next ast.Node
		switch n := n.(type) {
		case *ast.MappingNode:
			for _, entry := range n.Values {
				if keyOf(entry.Key) == step {
					next = entry.Value
					line, column = position(entry.Key.GetToken())
				}
			}
		case *ast.MappingValueNode:
			if keyOf(n.Key) == step {
				next = n.Value
				line, column = position(n.Key.GetToken())
			}
		case *ast.SequenceNode:
			if i, err := strconv.Atoi(step); err == nil && i < len(n.Values) {
				next = n.Values[i]
				line, column = position(firstToken(next))
			}
		}
		if next == nil {
			break
		}
		n = next
	}
	return line, column
}

// firstToken is the token that a node begins with: of a mapping, its first key.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// jsonPosition walks the tokens of JSON to where the last step that is there
// begins.
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
