package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// yamlTree parses a template in YAML, which must be a single document.
func yamlTree(data []byte) (*yaml.Node, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty")
	} else if err != nil {
		return nil, yamlFault(data, err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("%s: a second document begins", place(&second))
	case !errors.Is(err, io.EOF):
		return nil, yamlFault(data, err)
	}
	return document.Content[0], nil
}

// yamlFault improves an error of the parser, which does not give the position of
// an unknown anchor.
func yamlFault(data []byte, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if anchor := unknownAnchor.FindStringSubmatch(text); anchor != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+anchor[1]))
		n := &yaml.Node{Line: bytes.Count(before, []byte("\n")) + 1, Column: len(before) - bytes.LastIndexByte(before, '\n')}
		text = fmt.Sprintf("%s: unknown anchor %q", place(n), anchor[1])
	}
	return errors.New(text)
}

var unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)

func place(n *yaml.Node) string { return fmt.Sprintf("line %d, column %d", n.Line, n.Column) }

// yamlReader converts YAML to the values that JSON would have.
type yamlReader struct {
	open  map[*yaml.Node]bool // anchors whose aliases are being read
	count int
	depth int
}

// Limits on how far aliases may grow a template, and on its depth.
const (
	maxNodes  = 1 << 20
	maxLevels = 1000
)

func (y *yamlReader) value(n *yaml.Node) (any, error) {
	if y.count++; y.count > maxNodes {
		return nil, fmt.Errorf("its aliases grow to more than %d values", maxNodes)
	}
	if y.depth++; y.depth > maxLevels {
		return nil, fmt.Errorf("%s: more than %d levels deep", place(n), maxLevels)
	}
	defer func() { y.depth-- }()
	if n.Kind == yaml.AliasNode {
		return y.alias(n)
	}
	value, err := y.untagged(n)
	if err != nil || strings.HasPrefix(n.Tag, "!!") || n.Tag == "" {
		return value, err
	}
	return shortForm(n, value)
}

// untagged returns a value with the short form in its tag, if any, expanded.
func (y *yamlReader) untagged(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return scalar(n), nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, entry := range n.Content {
			var err error
			if list[i], err = y.value(entry); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return y.mapping(n)
	}
	return nil, fmt.Errorf("%s: did not expect this", place(n))
}

func (y *yamlReader) alias(n *yaml.Node) (any, error) {
	if y.open[n.Alias] {
		return nil, fmt.Errorf("%s: anchor %q holds itself", place(n), n.Value)
	}
	y.open[n.Alias] = true
	defer delete(y.open, n.Alias)
	return y.value(n.Alias)
}

func (y *yamlReader) mapping(n *yaml.Node) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	var merged []any
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("%s: want a text as key", place(key))
		}
		if _, twice := object[key.Value]; twice {
			return nil, fmt.Errorf("%s: key %q is there twice", place(key), key.Value)
		}
		value, err := y.value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if key.Tag != "!!merge" {
			object[key.Value] = value
		} else if list, ok := value.([]any); ok {
			merged = append(merged, list...)
		} else {
			merged = append(merged, value)
		}
	}
	for _, more := range merged { // an earlier one takes precedence, a key of the mapping itself over all
		values, ok := more.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: <<: want a mapping to merge", place(n))
		}
		for key, value := range values {
			if _, own := object[key]; !own {
				object[key] = value
			}
		}
	}
	return object, nil
}

// shortForm returns the intrinsic function that a tag such as !Ref is short for.
func shortForm(n *yaml.Node, value any) (any, error) {
	switch name := strings.TrimPrefix(n.Tag, "!"); {
	case name == "Ref", name == "Condition":
		return map[string]any{name: value}, nil
	case name == "GetAtt":
		if text, ok := value.(string); ok {
			resource, attribute, ok := strings.Cut(text, ".")
			if !ok {
				return nil, fmt.Errorf("%s: !GetAtt %q: want a resource and an attribute", place(n), text)
			}
			value = []any{resource, attribute}
		}
		return map[string]any{"Fn::GetAtt": value}, nil
	case functionName.MatchString(name):
		return map[string]any{"Fn::" + name: value}, nil
	}
	return nil, fmt.Errorf("%s: unknown tag %s", place(n), n.Tag)
}

// functionName matches names of functions, including future ones.
var functionName = regexp.MustCompile(`^[A-Z][A-Za-z0-9]+$`)

// scalar returns the value of a text in YAML 1.1, as CloudFormation reads it.
func scalar(n *yaml.Node) any {
	plain := n.Style&^yaml.TaggedStyle == 0
	switch {
	case n.Tag == "!!null", plain && n.Value == "":
		return nil
	case n.Tag == "!!bool":
		return strings.EqualFold(n.Value, "true")
	case n.Tag == "!!int", n.Tag == "!!float":
		return number(n.Value)
	case n.Tag != "!!str" || n.Style != 0:
		return n.Value
	}
	switch n.Value {
	case "yes", "Yes", "YES", "on", "On", "ON":
		return true
	case "no", "No", "NO", "off", "Off", "OFF":
		return false
	}
	return n.Value
}

// number returns a number of YAML, as a text if JSON cannot represent it.
func number(text string) any {
	if n := json.Number(text); json.Valid([]byte(n)) {
		return n
	}
	return text
}
