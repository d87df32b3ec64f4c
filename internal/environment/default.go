package environment

import (
	"cmp"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml/parser"
)

// fillDefaults sets what the file leaves open, so that a stack reads values and
// never asks whether they were given: the defaults of the tags, and those that
// depend on other keys.
func (e *Environment) fillDefaults() {
	fillTagged(reflect.ValueOf(e).Elem())

	e.API.Memory = cmp.Or(e.API.Memory, fargateMemory[e.API.CPU][0])
	e.API.MaxTasks = cmp.Or(e.API.MaxTasks, 2*e.API.MinTasks)
	if len(e.API.SetupCommand) == 0 {
		e.API.SetupCommand = []string{"migrate"}
	}
	if e.SchemaChange.Image == "" {
		e.SchemaChange.Changes = cmp.Or(e.SchemaChange.Changes, "examples/fieldreports/schemachanges")
	}
}

// fillTagged sets the fields of a section that are not given and whose tags have
// a default. It reads the default as if it were in the file; a default that the
// key does not accept is a mistake in the definition.
func fillTagged(section reflect.Value) {
	_, fields := keysOf(section.Type())
	for key, field := range fields {
		value := section.FieldByIndex(field.Index)
		standard := field.Tag.Get("default")
		switch {
		case isSection(field.Type):
			fillTagged(value)
		case standard == "" || !value.IsZero():
		default:
			file, err := parser.ParseBytes([]byte(standard), 0)
			if err != nil {
				panic(fmt.Sprintf("the default of %s: %v", key, err))
			}
			d := newDecoder("")
			d.decode(file.Docs[0].Body, key, value, field.Tag)
			if len(d.problems) > 0 {
				panic(fmt.Sprintf("the default of %s: %v", key, d.problems[0]))
			}
		}
	}
}
