package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// yamlTree reads the one document of a template in YAML.
func yamlTree(data []byte) (root ast.Node, err error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	defer func() {
		// The parser has panicked on malformed input before.
		if recover() != nil {
			root, err = nil, errors.New("not valid YAML")
		}
	}()
	tokens := lexer.Tokenize(string(data))
	if err := tooDeep(tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("%s: %s", place(syntax.GetToken()), strings.Join(strings.Fields(syntax.GetMessage()), " "))
		}
		return nil, err
	}
	for _, document := range file.Docs {
		switch {
		case document.Body == nil, document.Body.Type() == ast.DirectiveType:
		case root != nil:
			return nil, fmt.Errorf("%s: a second document begins", place(document.Body.GetToken()))
		default:
			root = document.Body
		}
	}
	if root == nil {
		return nil, errors.New("it is empty")
	}
	return root, nil
}

// maxBrackets is how many flow lists and mappings may be within each other.
// What the parser needs for them grows with the square of their number.
const maxBrackets = 100

func tooDeep(tokens token.Tokens) error {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxBrackets {
			return fmt.Errorf("%s: more than %d brackets within each other", place(t), maxBrackets)
		}
	}
	return nil
}

func place(t *token.Token) string {
	line, column := position(t)
	return fmt.Sprintf("line %d, column %d", line, column)
}

func position(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(1, t.Position.Line), max(1, t.Position.Column)
}

// yamlReader makes of YAML the values that JSON would have.
type yamlReader struct {
	anchors map[string]ast.Node
	open    map[string]bool // aliases that are being read
	count   int
}

// maxNodes bounds what aliases may grow a template to.
const maxNodes = 1 << 20

func (y *yamlReader) value(n ast.Node) (any, error) {
	if y.count++; y.count > maxNodes {
		return nil, fmt.Errorf("its aliases grow to more than %d values", maxNodes)
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return nil, nil
	case *ast.StringNode:
		return plainScalar(n), nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return number(n.GetToken().Value), nil
	case *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.SequenceNode:
		list := make([]any, len(n.Values))
		for i, entry := range n.Values {
			var err error
			if list[i], err = y.value(entry); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *ast.MappingNode:
		return y.mapping(n.Values)
	case *ast.MappingValueNode:
		return y.mapping([]*ast.MappingValueNode{n})
	case *ast.AnchorNode:
		y.anchors[n.Name.GetToken().Value] = n.Value
		return y.value(n.Value)
	case *ast.AliasNode:
		return y.alias(n)
	case *ast.TagNode:
		return y.tagged(n)
	}
	return nil, fmt.Errorf("%s: did not expect %s", place(n.GetToken()), strings.ToLower(n.Type().String()))
}

func (y *yamlReader) alias(n *ast.AliasNode) (any, error) {
	name := n.Value.GetToken().Value
	target, ok := y.anchors[name]
	if !ok || y.open[name] {
		return nil, fmt.Errorf("%s: unknown anchor %q", place(n.GetToken()), name)
	}
	y.open[name] = true
	defer delete(y.open, name)
	return y.value(target)
}

func (y *yamlReader) mapping(entries []*ast.MappingValueNode) (any, error) {
	object := make(map[string]any, len(entries))
	var merged []any
	for _, entry := range entries {
		if _, ok := entry.Key.(*ast.MergeKeyNode); ok {
			value, err := y.value(entry.Value)
			if err != nil {
				return nil, err
			}
			if list, ok := value.([]any); ok {
				merged = append(merged, list...)
			} else {
				merged = append(merged, value)
			}
			continue
		}
		key := keyOf(entry.Key)
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("%s: key %q is there twice", place(entry.Key.GetToken()), key)
		}
		value, err := y.value(entry.Value)
		if err != nil {
			return nil, err
		}
		object[key] = value
	}
	for _, more := range merged { // an earlier one counts, a key of the mapping itself most
		values, ok := more.(map[string]any)
		if !ok {
			return nil, errors.New("<<: want a mapping to merge")
		}
		for key, value := range values {
			if _, own := object[key]; !own {
				object[key] = value
			}
		}
	}
	return object, nil
}

func keyOf(key ast.Node) string {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value
	case *ast.MappingKeyNode:
		return keyOf(k.Value)
	}
	return key.GetToken().Value
}

// tagged reads the short form of an intrinsic function, such as !Ref.
func (y *yamlReader) tagged(n *ast.TagNode) (any, error) {
	tag := n.Start.Value
	value, err := y.value(n.Value)
	if err != nil {
		return nil, err
	}
	switch name := strings.TrimPrefix(tag, "!"); {
	case strings.HasPrefix(tag, "!!"):
		if number, ok := value.(json.Number); ok && tag == "!!str" {
			return number.String(), nil
		}
		return value, nil
	case name == "Ref", name == "Condition":
		return map[string]any{name: value}, nil
	case name == "GetAtt":
		if text, ok := value.(string); ok {
			resource, attribute, ok := strings.Cut(text, ".")
			if !ok {
				return nil, fmt.Errorf("%s: !GetAtt %q: want a resource and an attribute", place(n.Start), text)
			}
			value = []any{resource, attribute}
		}
		return map[string]any{"Fn::GetAtt": value}, nil
	case shortForm.MatchString(name):
		return map[string]any{"Fn::" + name: value}, nil
	}
	return nil, fmt.Errorf("%s: unknown tag %s", place(n.Start), tag)
}

// shortForm are names of functions: of all there are, and to be.
var shortForm = regexp.MustCompile(`^[A-Z][A-Za-z0-9]+$`)

// plainScalar is what YAML 1.1 makes of a text without quotes, as CloudFormation
// reads it.
func plainScalar(n *ast.StringNode) any {
	if n.Token.Type != token.StringType {
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

// number is a number of YAML, as a text if JSON has no such number.
func number(text string) any {
	if n := json.Number(text); json.Valid([]byte(n)) {
		return n
	}
	return text
}
