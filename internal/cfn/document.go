package cfn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// MaxTemplateSize is the largest template that is read, in bytes. CloudFormation
// accepts 1 MB; what CDK writes before minifying may be larger.
const MaxTemplateSize = 4 << 20

// document is a template as written.
type document struct {
	Parameters map[string]parameter
	Mappings   map[string]any
	Conditions map[string]any
	Resources  map[string]resource
	Outputs    map[string]any
	source     source
	uses       map[string][]user // by what they refer to: see references
}

type resource struct {
	Type       string
	Condition  any // the name of a condition, or nil
	Properties any
	Metadata   map[string]any
}

func (r resource) path() string {
	path, _ := r.Metadata["aws:cdk:path"].(string)
	return path
}

func readDocument(r io.Reader) (*document, error) {
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
	if src.value["Resources"] == nil {
		return nil, errors.New("not a CloudFormation template: it has no Resources")
	}
	doc := &document{Parameters: map[string]parameter{}, Resources: map[string]resource{}, source: src}
	section := func(name string) map[string]any {
		object, ok := src.value[name].(map[string]any)
		if !ok && src.value[name] != nil && err == nil {
			err = fmt.Errorf("not a CloudFormation template: %s: want an object, got %s", name, kind(src.value[name]))
		}
		return object
	}
	parameters, resources := section("Parameters"), section("Resources")
	doc.Mappings, doc.Conditions, doc.Outputs = section("Mappings"), section("Conditions"), section("Outputs")
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if doc.Parameters[name], err = newParameter(parameters[name]); err != nil {
			return nil, fmt.Errorf("parameter %q: %w", name, err)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		if intrinsicName(id) {
			return nil, fmt.Errorf("resource %q: cannot be read before CloudFormation has expanded it", id)
		}
		body, ok := resources[id].(map[string]any)
		if !ok && resources[id] != nil {
			return nil, fmt.Errorf("resource %q: want an object, got %s", id, kind(resources[id]))
		}
		for key := range body {
			if intrinsicName(key) {
				return nil, fmt.Errorf("resource %q: %s cannot be read before CloudFormation has expanded it", id, key)
			}
		}
		res := resource{Condition: body["Condition"], Properties: body["Properties"]}
		res.Type, _ = body["Type"].(string)
		res.Metadata, _ = body["Metadata"].(map[string]any)
		doc.Resources[id] = res
	}
	return doc, nil
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

// withoutGoTypes rewrites the error for a value of the wrong kind: it says what
// the value is and where, not which Go type it does not fit.
func withoutGoTypes(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return err
	case wrong.Field == "":
		return fmt.Errorf("unexpected JSON %s", wrong.Value)
	}
	return fmt.Errorf("%s: unexpected JSON %s", wrong.Field, wrong.Value)
}
