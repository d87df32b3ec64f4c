package turn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// text is the text of a template in which single values are replaced. Everything
// else stays byte for byte, in its order: CloudFormation and the CDK CLI compare
// arrays and keys in order, so a decoded and encoded template would be a
// different one.
type text struct {
	source []byte
	indent string    // of one level, empty if the template is on one line
	yaml   *yamlText // of a template in YAML; source is the same in JSON
}

// place is the position of a value in a text.
type place struct {
	start, end int
	depth      int // how many objects and arrays contain the value
}

var errAbsent = errors.New("absent")

// newText reads the text of a template, in JSON or YAML.
func newText(source []byte) (text, error) {
	if bytes.HasPrefix(bytes.TrimSpace(source), []byte("{")) {
		return newJSONText(source)
	}
	y, err := newYAMLText(source)
	if err != nil {
		return text{}, err
	}
	return y.text(), nil
}

// written returns the text to deploy.
func (t text) written() []byte {
	if t.yaml != nil {
		return t.yaml.source
	}
	return t.source
}

// newJSONText fails if the source is not one object in JSON.
func newJSONText(source []byte) (text, error) {
	trimmed := bytes.TrimSpace(source)
	if len(trimmed) == 0 || trimmed[0] != '{' {
		return text{}, errors.New("not a template in JSON: it does not begin with {")
	}
	if !json.Valid(source) {
		return text{}, fmt.Errorf("not a template in JSON: %w", json.Unmarshal(source, new(any)))
	}
	t := text{source: source}
	if _, rest, found := bytes.Cut(trimmed, []byte("\n")); found {
		t.indent = string(rest[:len(rest)-len(bytes.TrimLeft(rest, " \t"))])
	}
	return t, nil
}

// at returns the value at the path, which has a key for each object. It returns
// errAbsent if the template has no such value.
func (t text) at(path ...string) (json.RawMessage, error) {
	p, err := t.find(path)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(t.source[p.start:p.end]), nil
}

// put returns the text with the value at the path replaced, in the layout of the
// template.
func (t text) put(value json.RawMessage, path ...string) (text, error) {
	if t.yaml != nil {
		y, err := t.yaml.put(value, path...)
		if err != nil {
			return text{}, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
		}
		return y.text(), nil
	}
	p, err := t.find(path)
	if err != nil {
		return text{}, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
	}
	var written bytes.Buffer
	if err := json.Compact(&written, value); err != nil {
		return text{}, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
	}
	if t.indent != "" {
		compact := slices.Clone(written.Bytes())
		written.Reset()
		if err := json.Indent(&written, compact, strings.Repeat(t.indent, p.depth), t.indent); err != nil {
			return text{}, fmt.Errorf("%s: %w", strings.Join(path, "."), err)
		}
	}
	return text{source: slices.Concat(t.source[:p.start], written.Bytes(), t.source[p.end:]), indent: t.indent}, nil
}

// keys returns the keys of the object at the path, in order.
func (t text) keys(path ...string) ([]string, error) {
	object, err := t.at(path...)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(object))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, fmt.Errorf("%s: want an object", strings.Join(path, "."))
	}
	var keys []string
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		keys = append(keys, key.(string)) // the decoder accepts no other keys
		if err := d.Decode(new(json.RawMessage)); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// find returns the position of the value at the path.
func (t text) find(path []string) (place, error) {
	d := json.NewDecoder(bytes.NewReader(t.source))
	var here place
	for depth, want := range path {
		token, err := d.Token()
		if err != nil {
			return place{}, err
		}
		if token != json.Delim('{') {
			return place{}, errAbsent
		}
		found := false
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return place{}, err
			}
			if key == want {
				found = true
				break
			}
			if err := d.Decode(new(json.RawMessage)); err != nil {
				return place{}, err
			}
		}
		if !found {
			return place{}, errAbsent
		}
		here.depth = depth + 1
	}
	// The decoder is after a key: the value begins after the colon.
	start := int(d.InputOffset())
	start += len(t.source[start:]) - len(bytes.TrimLeft(t.source[start:], " \t\r\n:"))
	if err := d.Decode(new(json.RawMessage)); err != nil {
		return place{}, err
	}
	here.start, here.end = start, int(d.InputOffset())
	return here, nil
}
