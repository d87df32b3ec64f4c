package environment

import (
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// keysOf returns the keys of a struct in order, and the fields that they set.
func keysOf(t reflect.Type) (names []string, fields map[string]reflect.StructField) {
	fields = map[string]reflect.StructField{}
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("yaml"), ","); name != "-" {
			names = append(names, name)
			fields[name] = field
		}
	}
	return names, fields
}

// option reports whether a field's yaml tag has an option after the key.
func option(tag reflect.StructTag, name string) bool {
	_, options, _ := strings.Cut(tag.Get("yaml"), ",")
	return strings.Contains(","+options+",", ","+name+",")
}

// isSection reports whether a type is a mapping of further keys.
func isSection(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[netip.Prefix](), reflect.TypeFor[time.Time]():
		return false
	}
	return t.Kind() == reflect.Struct
}

// wanted says what values of a type are allowed.
func wanted(t reflect.Type, tag reflect.StructTag) string {
	if want := tag.Get("want"); want != "" {
		return want
	}
	if oneof := tag.Get("oneof"); oneof != "" {
		return alternatives(strings.Split(oneof, ","))
	}
	bounds := ""
	if least, most, ok := strings.Cut(tag.Get("range"), ","); ok {
		bounds = " from " + least + " to " + most
	}
	switch t {
	case reflect.TypeFor[maintenance.Mode]():
		return maintenance.FlagValues()
	case reflect.TypeFor[netip.Prefix]():
		return "a network such as 10.0.0.0/16"
	case reflect.TypeFor[time.Time]():
		return "a time such as 2026-12-01T04:00:00+09:00"
	case reflect.TypeFor[time.Duration]():
		return "whole seconds, minutes or hours" + bounds + ", such as 10m"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number" + bounds
	case reflect.Float64:
		return "a number" + bounds
	case reflect.Struct:
		return "a mapping of keys"
	}
	return "text"
}
