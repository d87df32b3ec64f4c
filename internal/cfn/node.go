package cfn

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Node is a place in a resource's properties, all intrinsic functions
// evaluated. Its methods read what must be there and note, with the place,
// what cannot be read.
type Node struct {
	template *Template
	id       string // of the resource
	at       string // such as "Conditions[0].Values"
	value    any    // nil if the property is not there
}

// Node is the resource's properties.
func (r Resource) Node() Node {
	return Node{template: r.template, id: r.LogicalID, value: r.Properties}
}

// At is the place in the resource, such as "Conditions[0].Values".
func (n Node) At() string { return n.at }

// Opaque reports whether the whole node is known only after a deploy, or a part
// of its text.
func (n Node) Opaque() bool {
	text, ok := n.value.(string)
	return ok && IsOpaque(text)
}

// Fault notes that the node cannot be read.
func (n Node) Fault(format string, args ...any) {
	n.template.fault(n.id, n.at, fmt.Errorf(format, args...))
}

// Exists reports whether the property is there.
func (n Node) Exists() bool { return n.value != nil }

// Field is a property of an object.
func (n Node) Field(name string) Node {
	at := name
	if n.at != "" {
		at = n.at + "." + name
	}
	child := Node{template: n.template, id: n.id, at: at}
	if n.value == nil {
		return child
	}
	object, ok := n.value.(map[string]any)
	if !ok {
		n.Fault("want an object, got %s", kind(n.value))
		return child
	}
	value, ok := object[name]
	if ok && value == nil {
		child.Fault("is null")
	}
	child.value = value
	return child
}

// Only notes properties that are not among the known ones: to skip one could
// change what a rule means.
func (n Node) Only(known ...string) {
	object, _ := n.value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			n.Field(name).Fault("unknown property")
		}
	}
}

// Items are the entries of a list.
func (n Node) Items() []Node {
	if n.value == nil {
		return nil
	}
	list, ok := n.value.([]any)
	if !ok {
		n.Fault("want a list, got %s", kind(n.value))
		return nil
	}
	nodes := make([]Node, len(list))
	for i, value := range list {
		nodes[i] = Node{n.template, n.id, n.at + "[" + strconv.Itoa(i) + "]", value}
	}
	return nodes
}

// Text is a string, or "" if it is not there.
func (n Node) Text() string {
	if n.value == nil {
		return ""
	}
	text, err := asText(n.value)
	if err != nil {
		n.Fault("%w", err)
		return ""
	}
	return n.template.resolver.revealed(text)
}

// Texts are the entries of a list of strings. A list that is known only after
// a deploy is one opaque text.
func (n Node) Texts() []string {
	if n.Opaque() {
		return []string{n.Text()}
	}
	var texts []string
	for _, item := range n.Items() {
		if item.value == nil {
			item.Fault("is null")
			continue
		}
		texts = append(texts, item.Text())
	}
	return texts
}

var errUnknown = errors.New("is known only after a deploy")

// Int is a number, or a string that is one. It is 0 if it is not there. The
// error says what is wrong with it, such as that only a deploy knows it.
func (n Node) Int() (int, error) {
	if n.value == nil {
		return 0, nil
	}
	text, err := asText(n.value)
	if err != nil {
		return 0, err
	}
	if text = n.template.resolver.revealed(text); IsOpaque(text) {
		return 0, fmt.Errorf("%s %w: give its parameter", Display(text), errUnknown)
	}
	i, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("want an integer, got %s", kind(n.value))
	}
	return i, nil
}

// RequiredInt is an integer without which the template cannot be understood.
func (n Node) RequiredInt() int {
	i, err := n.Int()
	if err != nil {
		n.Fault("%w", err)
	}
	return i
}

// OptionalInt is an integer without which the template can be understood: 0 if it
// is known only after a deploy.
func (n Node) OptionalInt() int {
	i, err := n.Int()
	if err != nil && !errors.Is(err, errUnknown) {
		n.Fault("%w", err)
	}
	return i
}

// Bool is a boolean: false if it is not there or known only after a deploy.
func (n Node) Bool() bool {
	switch text := n.Text(); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		if !IsOpaque(text) {
			n.Fault("want true or false, got %s", kind(n.value))
		}
		return false
	}
}

// Seconds is a duration in whole seconds, 0 if it is not there or known only
// after a deploy.
func (n Node) Seconds() time.Duration { return time.Duration(n.OptionalInt()) * time.Second }

// Reference is the logical id of the resource of a type ("" for any) that a
// text refers to, by Ref or as an attribute. For what is no resource of the
// template it is "", and the text says what the template says.
func (n Node) Reference(resourceType string) (logicalID, text string) {
	if !n.Exists() {
		return "", ""
	}
	text, err := asText(n.value)
	if err != nil {
		n.Fault("%w", err)
	}
	if id, ok := strings.CutPrefix(text, openRef); ok {
		id, _, _ = strings.Cut(strings.TrimSuffix(id, "}}"), ".")
		res, ok := n.template.resolver.doc.Resources[id]
		if ok && (resourceType == "" || res.Type == resourceType) {
			return id, ""
		}
	}
	return "", text
}
