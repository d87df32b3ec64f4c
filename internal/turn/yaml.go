package turn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/noren-cdk/noren/internal/cfn"
)

// yamlText is the text of a template in YAML, in which single values are replaced
// by JSON, which is YAML too. All other lines stay byte for byte.
type yamlText struct {
	source []byte
	read   text // the same in JSON
}

func newYAMLText(source []byte) (*yamlText, error) {
	data, err := cfn.JSON(source)
	if err != nil {
		return nil, err
	}
	read, err := newJSONText(data)
	if err != nil {
		return nil, err
	}
	return &yamlText{source, read}, nil
}

func (y *yamlText) text() text { return text{source: y.read.source, yaml: y} }

// put returns the text with the value at the path replaced. It fails where that
// would change anything else: in a flow mapping, or with anchors.
func (y *yamlText) put(value json.RawMessage, path ...string) (*yamlText, error) {
	want, err := y.read.put(value, path...)
	if err != nil {
		return nil, err
	}
	key, err := y.key(path)
	if err != nil {
		return nil, err
	}
	var written bytes.Buffer
	if err := json.Compact(&written, value); err != nil {
		return nil, err
	}
	lines := bytes.SplitAfter(y.source, []byte("\n"))
	at, indent := key.line-1, key.column-1
	if at >= len(lines) || indent > len(lines[at]) {
		return nil, errors.New("its line cannot be found")
	}
	line := bytes.TrimRight(lines[at], "\r\n")
	colon := bytes.IndexByte(line[min(indent+key.length, len(line)):], ':')
	if colon < 0 {
		return nil, errors.New("its line has no colon")
	}
	replaced := slices.Concat(line[:indent+key.length+colon+1], []byte(" "), written.Bytes(), lines[at][len(line):])
	last := at + 1 // the line after the value; blank lines at its end stay
	for i := at + 1; i < len(lines); i++ {
		content := bytes.TrimLeft(lines[i], " ")
		depth := len(lines[i]) - len(content)
		if len(bytes.TrimSpace(content)) == 0 {
			continue
		}
		if depth < indent || depth == indent && !bytes.HasPrefix(content, []byte("- ")) {
			break
		}
		last = i + 1
	}
	next, err := newYAMLText(slices.Concat(bytes.Join(lines[:at], nil), replaced, bytes.Join(lines[last:], nil)))
	if err != nil {
		return nil, fmt.Errorf("it is written in a way that cannot be replaced in place: %w", err)
	}
	if !same(next.read.source, want.source) {
		return nil, errors.New("it is written in a way that cannot be replaced in place: want YAML in block style, or JSON")
	}
	return next, nil
}

// yamlKey is the position of a key of a mapping; line and column start at 1.
type yamlKey struct{ line, column, length int }

// key returns the position of the last key of the path.
func (y *yamlText) key(path []string) (yamlKey, error) {
	// The parser counts CRLF lines differently.
	file, err := parser.ParseBytes(bytes.ReplaceAll(y.source, []byte("\r\n"), []byte("\n")), 0)
	if err != nil {
		return yamlKey{}, err
	}
	var node ast.Node
	for _, document := range file.Docs {
		if document.Body != nil && document.Body.Type() != ast.DirectiveType {
			node = document.Body
		}
	}
	var found yamlKey
	for _, name := range path {
		var entries []*ast.MappingValueNode
		switch n := node.(type) {
		case *ast.MappingNode:
			entries = n.Values
		case *ast.MappingValueNode:
			entries = []*ast.MappingValueNode{n}
		default:
			return yamlKey{}, errors.New("it is written in a way that cannot be replaced in place: want YAML in block style, or JSON")
		}
		i := slices.IndexFunc(entries, func(e *ast.MappingValueNode) bool {
			t := e.Key.GetToken()
			return t != nil && t.Value == name
		})
		if i < 0 {
			return yamlKey{}, errAbsent
		}
		token := entries[i].Key.GetToken()
		found = yamlKey{token.Position.Line, token.Position.Column, len(strings.TrimSpace(token.Origin))}
		node = entries[i].Value
	}
	return found, nil
}
