package cloudfront

import (
	"fmt"
	"strconv"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// node is a place in a resource's properties. Its methods read the value that
// should be there and record, with the place, what cannot be read.
type node struct {
	reader *reader
	id     string // of the resource
	at     string // such as "DistributionConfig.Origins[0]"
	value  any    // nil if it is missing
}

func (r *reader) properties(resource cfn.Resource) node {
	return node{reader: r, id: resource.LogicalID, value: resource.Properties}
}

func (n node) fault(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	if n.at != "" {
		err = fmt.Errorf("%s: %w", n.at, err)
	}
	n.reader.faults = append(n.reader.faults, fmt.Errorf("resource %q: %w", n.id, err))
}

func (n node) exists() bool { return n.value != nil }

func (n node) field(name string) node {
	child := node{reader: n.reader, id: n.id, at: name}
	if n.at != "" {
		child.at = n.at + "." + name
	}
	if n.value == nil {
		return child
	}
	object, ok := n.value.(map[string]any)
	if !ok {
		n.fault("want an object")
		return child
	}
	child.value = object[name]
	return child
}

func (n node) items() []node {
	if n.value == nil {
		return nil
	}
	list, ok := n.value.([]any)
	if !ok {
		n.fault("want a list")
		return nil
	}
	nodes := make([]node, len(list))
	for i, value := range list {
		nodes[i] = node{n.reader, n.id, n.at + "[" + strconv.Itoa(i) + "]", value}
	}
	return nodes
}

func (n node) text() string {
	if n.value == nil {
		return ""
	}
	text, ok := n.value.(string)
	if !ok {
		n.fault("want a string")
	}
	return text
}

func (n node) texts() []string {
	var texts []string
	for _, item := range n.items() {
		texts = append(texts, item.text())
	}
	return texts
}

func (n node) boolean() bool { return n.text() == "true" }

func (n node) integer(otherwise int) int {
	text := n.text()
	if text == "" || cfn.IsOpaque(text) {
		return otherwise
	}
	i, err := strconv.ParseFloat(text, 64)
	if err != nil {
		n.fault("want a number, got %q", text)
		return otherwise
	}
	return int(i)
}

func (n node) seconds(otherwise time.Duration) time.Duration {
	return time.Duration(n.integer(int(otherwise/time.Second))) * time.Second
}
