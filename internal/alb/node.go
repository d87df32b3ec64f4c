package alb

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// node is a place in a resource's properties, all intrinsic functions
// evaluated. Its methods read what must be there and note, with the place,
// what cannot be read.
type node struct {
	reader *reader
	at     string // such as "Conditions[0].Values"
	value  any    // nil if the property is not there
}

// fault notes that the node cannot be read.
func (n node) fault(format string, args ...any) {
	n.reader.fault(n.at, fmt.Errorf(format, args...))
}

func (n node) exists() bool { return n.value != nil }

// field is a property of an object.
func (n node) field(name string) node {
	at := name
	if n.at != "" {
		at = n.at + "." + name
	}
	child := node{reader: n.reader, at: at}
	if n.value == nil {
		return child
	}
	object, ok := n.value.(map[string]any)
	if !ok {
		n.fault("want an object, got %s", kind(n.value))
		return child
	}
	value, ok := object[name]
	if ok && value == nil {
		child.fault("is null")
	}
	child.value = value
	return child
}

// only notes properties that are not among the known ones: to skip one could
// change what a rule means.
func (n node) only(known ...string) {
	object, _ := n.value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			n.field(name).fault("unknown property")
		}
	}
}

// items are the entries of a list.
func (n node) items() []node {
	if n.value == nil {
		return nil
	}
	list, ok := n.value.([]any)
	if !ok {
		n.fault("want a list, got %s", kind(n.value))
		return nil
	}
	nodes := make([]node, len(list))
	for i, value := range list {
		nodes[i] = node{n.reader, n.at + "[" + strconv.Itoa(i) + "]", value}
	}
	return nodes
}

// text is a string, or "" if it is not there.
func (n node) text() string {
	if n.value == nil {
		return ""
	}
	text, err := asText(n.value)
	if err != nil {
		n.fault("%w", err)
		return ""
	}
	return n.reader.revealed(text)
}

// texts are the entries of a list of strings. A list that is known only after
// a deploy is one opaque text.
func (n node) texts() []string {
	if text, ok := n.value.(string); ok && IsOpaque(text) {
		return []string{n.reader.revealed(text)}
	}
	var texts []string
	for _, item := range n.items() {
		if item.value == nil {
			item.fault("is null")
			continue
		}
		texts = append(texts, item.text())
	}
	return texts
}

var errUnknown = errors.New("is known only after a deploy")

// integer is a number, or a string that is one. It is 0 if it is not there;
// the error is errUnknown if it is known only after a deploy.
func (n node) integer() (int, error) {
	if n.value == nil {
		return 0, nil
	}
	text, err := asText(n.value)
	if err != nil {
		return 0, err
	}
	if text = n.reader.revealed(text); IsOpaque(text) {
		return 0, fmt.Errorf("%s %w: give its parameter", Display(text), errUnknown)
	}
	i, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("want an integer, got %s", kind(n.value))
	}
	return i, nil
}

// known is an integer without which the template cannot be understood.
func (n node) known() int {
	i, err := n.integer()
	if err != nil {
		n.fault("%w", err)
	}
	return i
}

// perhaps is an integer without which the template can be understood: 0 if it
// is known only after a deploy.
func (n node) perhaps() int {
	i, err := n.integer()
	if err != nil && !errors.Is(err, errUnknown) {
		n.fault("%w", err)
	}
	return i
}

func (n node) boolean() bool {
	switch text := n.text(); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		if !IsOpaque(text) {
			n.fault("want true or false, got %s", kind(n.value))
		}
		return false
	}
}
