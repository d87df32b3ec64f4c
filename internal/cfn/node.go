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

// Node is a place in a resource's properties, with all intrinsic functions
// evaluated. Its methods read the value that must be there and record, with the
// place, what cannot be read.
type Node struct {
	template *Template
	id       string // of the resource
	at       string // such as "Conditions[0].Values"
	value    any    // nil if the property is missing
}

// Node returns the resource's properties.
func (r Resource) Node() Node {
	return Node{template: r.template, id: r.LogicalID, value: r.Properties}
}

// At returns the place in the resource, such as "Conditions[0].Values".
func (n Node) At() string { return n.at }

// Opaque reports whether the node, or a part of its text, is known only after a
// deploy.
func (n Node) Opaque() bool {
	switch v := n.value.(type) {
	case string:
		return IsOpaque(v)
	case undecided:
		return true
	}
	return false
}

// Open returns the undecidable conditions that decide what the node is, unless it
// is a text.
func (n Node) Open() []string { return open(n.value, nil) }

// Decide returns the node as it is if a condition is true, or false.
func (n Node) Decide(condition string, is bool) Node {
	n.value = decided(n.value, condition, is)
	if _, none := n.value.(noValue); none {
		n.value = nil
	}
	return n
}

// Fault records that the node cannot be read.
func (n Node) Fault(format string, args ...any) {
	n.template.fault(n.id, n.at, fmt.Errorf(format, args...))
}

// Exists reports whether the property exists.
func (n Node) Exists() bool { return n.value != nil }

// Broken records a node that cannot be read and reports whether it is one.
func (n Node) Broken() bool {
	b, ok := n.value.(broken)
	if ok {
		n.Fault("%w", b.err)
	}
	return ok
}

// Either returns the node as it is if a condition that cannot be decided is true,
// and as it is if it is false.
func (n Node) Either() (condition string, yes, no Node, ok bool) {
	u, ok := n.value.(undecided)
	yes, no = n, n
	yes.value, no.value = u.yes, u.no
	return u.condition, yes, no, ok
}

// within returns the place of a property, without its value.
func (n Node) within(name string) Node {
	if n.at != "" {
		name = n.at + "." + name
	}
	return Node{template: n.template, id: n.id, at: name}
}

// entry returns the place of an entry of a list, without its value.
func (n Node) entry(i int) Node {
	return Node{template: n.template, id: n.id, at: n.at + "[" + strconv.Itoa(i) + "]"}
}

// Field returns a property of an object.
func (n Node) Field(name string) Node {
	child := n.within(name)
	switch v := n.value.(type) {
	case nil:
		return child
	case broken:
		n.Fault("%w", v.err)
		return child
	case undecided:
		yes, no := n, n
		yes.value, no.value = v.yes, v.no
		child.value = choice(v.condition, yes.Field(name).value, no.Field(name).value)
		return child
	case noValue:
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

// Only records properties that are not among the known ones: skipping one could
// change the meaning of a rule.
func (n Node) Only(known ...string) {
	object, _ := n.value.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			n.Field(name).Fault("unknown property")
		}
	}
}

// Items returns the entries of a list.
func (n Node) Items() []Node {
	if n.value == nil {
		return nil
	}
	switch v := n.value.(type) {
	case broken:
		n.Fault("%w", v.err)
		return nil
	case undecided:
		n.Fault("%w", v.err())
		return nil
	case noValue:
		return nil
	}
	list, ok := n.value.([]any)
	if !ok {
		n.Fault("want a list, got %s", kind(n.value))
		return nil
	}
	nodes := make([]Node, len(list))
	for i, value := range list {
		nodes[i] = n.entry(i)
		nodes[i].value = value
	}
	return nodes
}

// Count returns the number of entries of a list, 1 if it cannot be decided or
// read.
func (n Node) Count() int {
	switch v := n.value.(type) {
	case nil, noValue:
		return 0
	case []any:
		return len(v)
	}
	return 1
}

// Text returns a string, or "" if it is missing.
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

// Texts returns the entries of a list of strings. A list known only after a
// deploy is one opaque text.
func (n Node) Texts() []string {
	if u, ok := n.value.(undecided); ok {
		return []string{Opaque("if " + u.condition + " " + listText(u.yes) + " else " + listText(u.no))}
	}
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

// listText formats a list for display.
func listText(v any) string {
	list, ok := v.([]any)
	if !ok {
		text, _ := optionalText(v)
		return Display(text)
	}
	texts := make([]string, len(list))
	for i, entry := range list {
		texts[i] = listText(entry)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// ErrUnknown says that a value is known only after a deploy.
var ErrUnknown = errors.New("is known only after a deploy")

// Int returns a number, or the number in a string. It is 0 if it is missing. The
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
		return 0, fmt.Errorf("%s %w: give its parameter", Display(text), ErrUnknown)
	}
	i, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("want an integer, got %s", kind(n.value))
	}
	return i, nil
}

// RequiredInt returns an integer that is needed to understand the template.
func (n Node) RequiredInt() int {
	i, err := n.Int()
	if err != nil {
		n.Fault("%w", err)
	}
	return i
}

// OptionalInt returns an integer that is not needed to understand the template.
// It is 0 if it is known only after a deploy.
func (n Node) OptionalInt() int {
	i, err := n.Int()
	if err != nil && !errors.Is(err, ErrUnknown) {
		n.Fault("%w", err)
	}
	return i
}

// Bool returns a boolean. It is false if it is missing or known only after a
// deploy.
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

// Seconds returns a duration in whole seconds, 0 if it is missing or known only
// after a deploy.
func (n Node) Seconds() time.Duration { return time.Duration(n.OptionalInt()) * time.Second }

// Reference returns the logical id of the resource of a type ("" for any) that a
// text refers to, by Ref or as an attribute. If the text refers to no resource of
// the template, the id is "" and text is what the template says.
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
