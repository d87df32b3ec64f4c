package states

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// path is a path that names one value: $.a.b[0], $['a'], or $$.Execution.Id in
// the context object.
type path struct {
	text    string
	context bool
	steps   []step
}

// step is a name or, if it has none, an index.
type step struct {
	name  string
	index int
	named bool
}

var pathStep = regexp.MustCompile(`^(?:\.([\pL_][\pL\pN_-]*)|\['([^']+)'\]|\[(\d+)\])`)

func readPath(text string) (*path, error) {
	p := &path{text: text}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, fmt.Errorf("path %q: want one that begins with $", text)
	}
	rest, p.context = strings.CutPrefix(rest, "$")
	for rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		switch {
		case m == nil:
			return nil, fmt.Errorf("path %q is not supported here: want names and indices only, such as $.a.b[0]", text)
		case m[3] != "":
			index, err := strconv.Atoi(m[3])
			if err != nil {
				return nil, fmt.Errorf("path %q: %w", text, err)
			}
			p.steps = append(p.steps, step{index: index})
		default:
			p.steps = append(p.steps, step{name: m[1] + m[2], named: true})
		}
		rest = rest[len(m[0]):]
	}
	return p, nil
}

// optionalPath returns a path that may be omitted, for the whole document, or
// null, for none of it.
func optionalPath(data json.RawMessage) (*path, error) {
	if data == nil {
		return readPath("$")
	}
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return nil, err
	}
	if text == nil {
		return nil, nil
	}
	return readPath(*text)
}

// in returns the value that the path names, and whether there is one.
func (p *path) in(s scope) (any, bool) {
	value := s.input
	if p.context {
		value = s.context
	}
	for _, step := range p.steps {
		switch of := value.(type) {
		case map[string]any:
			inner, ok := of[step.name]
			if !step.named || !ok {
				return nil, false
			}
			value = inner
		case []any:
			if step.named || step.index >= len(of) {
				return nil, false
			}
			value = of[step.index]
		default:
			return nil, false
		}
	}
	return value, true
}

// put returns a copy of the document with the value at the path. It creates the
// objects on the way.
func (p *path) put(document, value any) (any, error) {
	if p.context {
		return nil, fmt.Errorf("path %q: nothing can be put into the context", p.text)
	}
	return putAt(document, p.steps, value, p.text)
}

func putAt(document any, steps []step, value any, text string) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	fields, ok := document.(map[string]any)
	if !ok || !steps[0].named {
		return nil, fmt.Errorf("path %q does not lead through objects", text)
	}
	inner, exists := fields[steps[0].name]
	if !exists {
		inner = map[string]any{}
	}
	inner, err := putAt(inner, steps[1:], value, text)
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(fields)
	changed[steps[0].name] = inner
	return changed, nil
}

// scope is the document, and the context object, in which paths are read.
type scope struct {
	input   any
	context any
}
