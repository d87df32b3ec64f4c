package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxTemplateSize is the largest template that is read, in bytes.
// CloudFormation takes 1 MB; what CDK writes before it is minified may be more.
const MaxTemplateSize = 4 << 20

// document is a template as JSON says it.
type document struct {
	Parameters map[string]parameter
	Mappings   map[string]any
	Conditions map[string]any
	Resources  map[string]resource
	Outputs    map[string]json.RawMessage
	source     source
}

type parameter struct {
	Type           string
	Default        any
	NoEcho         any
	AllowedValues  []any
	AllowedPattern string
}

type resource struct {
	Type       string
	Condition  string
	Properties json.RawMessage
	Metadata   struct {
		Path string `json:"aws:cdk:path"`
	}
	raw json.RawMessage // the whole of it
}

// readDocument reads a template, and of its resources the whole of those whose
// type is wanted.
func readDocument(r io.Reader, wanted func(resourceType string) bool) (*document, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxTemplateSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxTemplateSize {
		return nil, fmt.Errorf("larger than %d bytes", MaxTemplateSize)
	}
	src, err := readSource(data)
	if err != nil {
		return nil, err
	}
	var sections struct {
		Parameters map[string]parameter
		Mappings   map[string]any
		Conditions map[string]any
		Resources  map[string]json.RawMessage
		Outputs    map[string]json.RawMessage
	}
	if err := Decode(src.json, &sections); err != nil {
		return nil, fmt.Errorf("not a CloudFormation template in JSON: %w", err)
	}
	if sections.Resources == nil {
		return nil, errors.New("not a CloudFormation template: it has no Resources")
	}
	doc := &document{sections.Parameters, sections.Mappings, sections.Conditions, map[string]resource{}, sections.Outputs, src}
	for id, raw := range sections.Resources {
		var res resource
		if err := readResource(id, raw, wanted, &res); err != nil {
			return nil, fmt.Errorf("resource %q: %w", id, err)
		}
		res.raw = raw
		doc.Resources[id] = res
	}
	return doc, nil
}

// readResource reads only the type of a resource that is not wanted, so that
// nothing odd in it matters.
func readResource(id string, raw json.RawMessage, wanted func(string) bool, res *resource) error {
	if intrinsicName(id) {
		return fmt.Errorf("cannot be read before CloudFormation has expanded it")
	}
	var head struct{ Type any }
	if err := Decode(raw, &head); err != nil {
		return err
	}
	res.Type, _ = head.Type.(string)
	if !wanted(res.Type) {
		return nil
	}
	var body struct {
		Condition  string
		Properties json.RawMessage
		Metadata   map[string]any
	}
	if err := Decode(raw, &body); err != nil {
		return err
	}
	res.Condition = body.Condition
	res.Properties = body.Properties
	res.Metadata.Path, _ = body.Metadata["aws:cdk:path"].(string)
	return nil
}

// Decode reads exactly one JSON value and keeps numbers as they are written.
func Decode(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return withoutGoTypes(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("more follows after the end")
	}
	return nil
}

// withoutGoTypes says of a value of the wrong kind what it is and where, not
// into which Go type it does not go.
func withoutGoTypes(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return err
	case wrong.Field == "":
		return fmt.Errorf("did not expect a JSON %s", wrong.Value)
	}
	return fmt.Errorf("%s: did not expect a JSON %s", wrong.Field, wrong.Value)
}
