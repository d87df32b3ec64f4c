package environment

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/noren-cdk/noren/maintenance"
)

var update = flag.Bool("update", false, "write environments/schema.json")

const schemaFile = "../../environments/schema.json"

// TestSchema compares environments/schema.json, with which editors complete and
// check the files, with the definition that the reader uses.
func TestSchema(t *testing.T) {
	schema := schemaOf(reflect.TypeFor[Environment](), "", fieldComments(t))
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = "An environment of noren"
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("environments/schema.json is not what the definition says (%v): run make golden", err)
	}
}

// TestSchema_TakesWhatTheReaderTakes checks files against the schema.
func TestSchema_TakesWhatTheReaderTakes(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../environments/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %q, %v, want three environments", files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(source, []byte("# yaml-language-server: $schema=schema.json\n")) {
			t.Errorf("%s does not name its schema to editors", file)
		}
		if err := schema.Validate(valueOf(t, string(source))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	const least = "stackName: shop\nregion: us-east-1\nnetwork: {cidr: 10.0.0.0/16}\ndatabase: {engineVersion: 8.0.mysql_aurora.3.10.3, name: shop, minCapacity: 1, maxCapacity: 2}\n"
	tests := []struct {
		name, more string
		right      bool
	}{
		{"the least", "", true},
		{"keys without a value", "api:\nmaintenance: {message:, until:, mode:}", true},
		{"a mode as text", "maintenance: {mode: \"true\"}", true},
		{"a mode as a boolean", "maintenance: {mode: false}", true},
		{"an account as a number", "account: 111111111111", true},
		{"times and durations", "maintenance: {until: 2026-12-01T04:00:00+09:00, retryAfter: 90s, expectedDuration: 1h30m}", true},
		{"a misspelt key", "maintenace: {}", false},
		{"a misspelt key of a section", "maintenance: {alow: []}", false},
		{"a mode that does not exist", "maintenance: {mode: on}", false},
		{"a number that is text", "database: {readers: two}", false},
		{"a number above its range", "api: {port: 65536}", false},
		{"a value that is not among the choices", "logDays: 31", false},
		{"a duration without a unit", "maintenance: {retryAfter: 10}", false},
		{"a time without a zone", "maintenance: {until: 2026-12-01T04:00:00}", false},
		{"a network that is not one", "maintenance: {bypass: {cidrs: [office]}}", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := schema.Validate(valueOf(t, least+test.more)); (err == nil) != test.right {
				t.Errorf("got %v, want right: %v", err, test.right)
			}
		})
	}
}

// valueOf reads YAML as an editor does: with the core schema, in which a time is
// text. A repeated section replaces the first.
func valueOf(t *testing.T, source string) any {
	t.Helper()
	var value any
	if err := yaml.UnmarshalWithOptions([]byte(source), &value, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// schemaOf returns the JSON schema of a type within the bounds of its tags. Every
// key may have no value, which counts as missing.
func schemaOf(of reflect.Type, tag reflect.StructTag, comments map[string]string) map[string]any {
	schema := map[string]any{}
	switch {
	case isSection(of):
		names, fields := keysOf(of)
		properties := map[string]any{}
		var required []string
		for _, name := range names {
			field := fields[name]
			property := schemaOf(field.Type, field.Tag, comments)
			if comment := comments[of.Name()+"."+field.Name]; comment != "" {
				property["description"] = comment
			}
			if standard := field.Tag.Get("default"); standard != "" {
				var value any
				if err := yaml.Unmarshal([]byte(standard), &value); err != nil {
					panic(err)
				}
				property["default"] = value
			}
			properties[name] = property
			if option(field.Tag, "required") || requires(field.Type) {
				required = append(required, name)
			}
		}
		schema["type"], schema["properties"], schema["additionalProperties"] = []string{"object", "null"}, properties, false
		if len(required) > 0 {
			schema["type"], schema["required"] = "object", required
		}
		return schema
	case of.Kind() == reflect.Slice && of != reflect.TypeFor[netip.Prefix]():
		return map[string]any{"type": []string{"array", "null"}, "items": schemaOf(of.Elem(), tag, comments)}
	case of.Kind() == reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": schemaOf(of.Elem(), "", comments)}
	case of == reflect.TypeFor[maintenance.Mode]():
		values := []any{true, false, nil}
		for _, mode := range maintenance.Modes() {
			values = append(values, mode.Flag())
		}
		return map[string]any{"enum": values}
	}
	types := []string{"string", "null"}
	switch {
	case of == reflect.TypeFor[netip.Prefix]():
		schema["pattern"] = `^[0-9a-fA-F.:]+/[0-9]{1,3}$|^$`
	case of == reflect.TypeFor[time.Time]():
		schema["pattern"] = `^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$|^$`
	case of == reflect.TypeFor[time.Duration]():
		schema["pattern"] = `^([0-9]+h)?([0-9]+m)?([0-9]+s)?$`
	case of.Kind() == reflect.Bool:
		types = []string{"boolean", "null"}
	case of.Kind() == reflect.Int, of.Kind() == reflect.Int64:
		types = []string{"integer", "null"}
	case of.Kind() == reflect.Float64:
		types = []string{"number", "null"}
	case option(tag, "scalar"):
		types = []string{"string", "integer", "null"}
	}
	schema["type"] = types
	if oneof := tag.Get("oneof"); oneof != "" {
		values := []any{nil}
		for _, choice := range strings.Split(oneof, ",") {
			if number, err := strconv.Atoi(choice); err == nil {
				values = append(values, number)
			} else {
				values = append(values, choice)
			}
		}
		schema["enum"] = values
	}
	if least, most, ok := strings.Cut(tag.Get("range"), ","); ok && of != reflect.TypeFor[time.Duration]() {
		schema["minimum"], schema["maximum"] = json.Number(least), json.Number(most)
	}
	return schema
}

// requires reports whether a section has a required key.
func requires(of reflect.Type) bool {
	if !isSection(of) {
		return false
	}
	_, fields := keysOf(of)
	for _, field := range fields {
		if option(field.Tag, "required") {
			return true
		}
	}
	return false
}

// fieldComments returns the docstrings of the definition, by type and field.
func fieldComments(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"environment.go", "../../maintenance/monitor.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						if comment := strings.Join(strings.Fields(field.Doc.Text()), " "); comment != "" {
							all[spec.Name.Name+"."+name.Name] = comment
						}
					}
				}
			}
			return false
		})
	}
	return all
}
