package environment

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parse returns the root node of the single document in source. Anything else
// becomes a one-line problem.
func (d *decoder) parse(source []byte) (root ast.Node, ok bool) {
	source = bytes.TrimPrefix(source, []byte("\ufeff"))
	if !utf8.Valid(source) {
		d.reject(place{1, 1}, "", "not UTF-8")
		return nil, false
	}
	defer func() {
		// The parser has panicked on malformed input before. A mistyped
		// environment should not lead to a Go trace.
		if recover() != nil {
			d.reject(place{1, 1}, "", "not valid YAML")
			root, ok = nil, false
		}
	}()

	tokens := lexer.Tokenize(string(source))
	if at, deep := tooDeep(tokens); deep {
		d.reject(at, "", "want at most %d brackets within each other", maxBrackets)
		return nil, false
	}
	// The decoder finds duplicate keys, all of them.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, why := place{1, 1}, ""
		var syntax yaml.Error
		if errors.As(err, &syntax) {
			at, why = placeOf(syntax.GetToken()), ": "+oneLine(syntax.GetMessage())
		}
		d.reject(at, "", "not valid YAML%s", why)
		return nil, false
	}
	return d.soleDocument(file)
}

// maxBrackets is the maximum nesting of flow lists and mappings. The parser's
// memory grows with the square of their number.
const maxBrackets = 100

// tooDeep finds the first bracket that exceeds the limit.
func tooDeep(tokens token.Tokens) (at place, deep bool) {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxBrackets {
			return placeOf(t), true
		}
	}
	return place{}, false
}

func (d *decoder) soleDocument(file *ast.File) (ast.Node, bool) {
	var bodies []ast.Node
	for _, document := range file.Docs {
		if document.Body == nil {
			continue
		}
		if document.Body.Type() == ast.DirectiveType {
			d.reject(placeOf(document.Body.GetToken()), "", "want no %%YAML or %%TAG directive")
			return nil, false
		}
		bodies = append(bodies, document.Body)
	}
	switch {
	case len(bodies) == 0:
		d.reject(place{1, 1}, "", "empty: want the keys of an environment")
		return nil, false
	case len(bodies) > 1:
		d.reject(placeOf(firstToken(bodies[1])), "", "a second document: want one environment in a file")
		return nil, false
	}
	return bodies[0], true
}

// entries returns the keys and values of a mapping.
func entries(node ast.Node) (values []*ast.MappingValueNode, ok bool) {
	switch node := node.(type) {
	case *ast.MappingNode:
		return node.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{node}, true
	}
	return nil, false
}

// scalar returns the text of a single value and whether its type is text, rather
// than a number or a boolean.
func scalar(node ast.Node) (text string, isText, ok bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true, true
	case *ast.LiteralNode:
		// The line break that ends a block belongs to the file, not to the text.
		return strings.TrimRight(node.Value.Value, "\n"), true, true
	case *ast.BoolNode:
		return strconv.FormatBool(node.Value), false, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, false, true
	}
	return "", false, false
}

// indirect names the YAML indirection that a node is, or returns "".
func indirect(node ast.Node) string {
	switch node.(type) {
	case *ast.AnchorNode:
		return "an anchor"
	case *ast.AliasNode:
		return "an alias"
	case *ast.TagNode:
		return "a tag"
	case *ast.MergeKeyNode:
		return "a merge key"
	}
	return ""
}

// described formats a value for an error.
func described(node ast.Node) string {
	if node == nil {
		return "nothing"
	}
	switch text, isText, ok := scalar(node); {
	case isText:
		return quoted(text)
	case ok:
		return text
	}
	switch node.Type() {
	case ast.NullType:
		return "nothing"
	case ast.SequenceType:
		return "a list"
	case ast.MappingType, ast.MappingValueType:
		return "a mapping"
	}
	return "something else"
}

// quoted returns text, or its beginning, in quotes.
func quoted(text string) string {
	const most = 60
	if len(text) > most {
		return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "..."
	}
	return strconv.Quote(text)
}

// firstToken returns the token with which a node begins: for a mapping, its first
// key.
func firstToken(node ast.Node) *token.Token {
	if mapping, ok := node.(*ast.MappingNode); ok && !mapping.IsFlowStyle && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken()
	}
	if value, ok := node.(*ast.MappingValueNode); ok {
		return value.Key.GetToken()
	}
	return node.GetToken()
}

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{max(1, t.Position.Line), max(1, t.Position.Column)}
}

// oneLine returns text on one line.
func oneLine(text string) string {
	text = strings.ReplaceAll(text, "\t", `\t`) // a tab may be what the message is about
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, strings.Join(strings.Fields(text), " "))
}
