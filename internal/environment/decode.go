package environment

import (
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/noren-cdk/noren/internal/term"
)

// A decoder strictly fills a struct from YAML according to the struct's tags. It
// continues after a problem, to find all of them, and remembers where keys are,
// so that later checks can name the place too.
type decoder struct {
	file     string
	problems []Problem
	found    map[string]place // by key, such as database.readers or maintenance.allow[0]
	broken   map[string]bool  // keys without a usable value
	brokenIn map[string]bool  // keys that contain these
}

func newDecoder(file string) *decoder {
	return &decoder{file: file, found: map[string]place{}, broken: map[string]bool{}, brokenIn: map[string]bool{}}
}

// reject reports a problem at a place.
func (d *decoder) reject(at place, key, format string, args ...any) {
	d.problems = append(d.problems, Problem{d.file, at.line, at.column, key, fmt.Sprintf(format, args...)})
}

// refuse reports that a key has no usable value.
func (d *decoder) refuse(key, format string, args ...any) {
	d.markBroken(key)
	d.reject(d.placeOf(key), key, format, args...)
}

func (d *decoder) markBroken(key string) {
	d.broken[key] = true
	for outer := outerKey(key); outer != ""; outer = outerKey(outer) {
		d.brokenIn[outer] = true
	}
}

// placeOf returns the place of key, or of the nearest enclosing key.
func (d *decoder) placeOf(key string) place {
	for key != "" {
		if at, ok := d.found[key]; ok {
			return at
		}
		key = outerKey(key)
	}
	return place{1, 1}
}

func (d *decoder) decodeRoot(root ast.Node, env *Environment) {
	if _, ok := entries(root); !ok && indirect(root) == "" {
		d.reject(placeOf(root.GetToken()), "", "want the keys of an environment, got %s", described(root))
		d.markBroken("")
		return
	}
	d.decode(root, "", reflect.ValueOf(env).Elem(), "")
}

// decode sets to from node, the value of key, within the bounds of tag.
func (d *decoder) decode(node ast.Node, key string, to reflect.Value, tag reflect.StructTag) {
	if what := indirect(node); what != "" {
		d.refuse(key, "want the value itself, got %s: environments use none of YAML's anchors, aliases, merge keys and tags", what)
		return
	}
	switch to.Addr().Interface().(type) {
	case *netip.Prefix, *time.Time, *time.Duration:
		d.decodeScalar(node, key, to, tag)
		return
	}
	switch to.Kind() {
	case reflect.Struct:
		d.decodeStruct(node, key, to)
	case reflect.Map:
		d.decodeMap(node, key, to, tag)
	case reflect.Slice:
		d.decodeSlice(node, key, to, tag)
	default:
		d.decodeScalar(node, key, to, tag)
	}
}

func (d *decoder) decodeSlice(node ast.Node, key string, to reflect.Value, tag reflect.StructTag) {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		d.refuse(key, "want a list, each %s, got %s", wanted(to.Type().Elem(), tag), described(node))
		return
	}
	values := reflect.MakeSlice(to.Type(), len(list.Values), len(list.Values))
	for i, item := range list.Values {
		itemKey := fmt.Sprintf("%s[%d]", key, i)
		d.found[itemKey] = placeOf(firstToken(item))
		d.decode(item, itemKey, values.Index(i), tag)
	}
	to.Set(values)
}

// decodeMap decodes a mapping whose keys are data.
func (d *decoder) decodeMap(node ast.Node, key string, to reflect.Value, tag reflect.StructTag) {
	if _, ok := entries(node); !ok {
		d.refuse(key, "want a mapping to %s, got %s", wanted(to.Type().Elem(), tag), described(node))
		return
	}
	values := reflect.MakeMap(to.Type())
	d.eachEntry(node, key, func(name, entryKey string, value ast.Node) {
		text := reflect.New(to.Type().Elem()).Elem()
		d.decode(value, entryKey, text, tag)
		values.SetMapIndex(reflect.ValueOf(name), text)
	})
	to.Set(values)
}

// decodeStruct decodes a mapping whose keys are fields. If node is nil, it only
// reports what is required.
func (d *decoder) decodeStruct(node ast.Node, key string, to reflect.Value) {
	names, fields := keysOf(to.Type())
	if _, ok := entries(node); !ok && node != nil {
		d.refuse(key, "want a mapping of %s, got %s", alternatives(names), described(node))
		return
	}

	given := map[string]bool{}
	meant := map[string]bool{} // by their misspelling
	d.eachEntry(node, key, func(name, entryKey string, value ast.Node) {
		field, ok := fields[name]
		switch near := term.Nearest(name, names); {
		case ok && !absent(value):
			given[name] = true
			d.decode(value, entryKey, to.FieldByIndex(field.Index), field.Tag)
		case ok:
			// A key without a value counts as missing.
		case near != "":
			meant[near] = true
			d.reject(d.found[entryKey], entryKey, "unknown key: did you mean %s? want one of %s", near, alternatives(names))
		default:
			d.reject(d.found[entryKey], entryKey, "unknown key: want one of %s", alternatives(names))
		}
	})

	for _, name := range names {
		field, fieldKey := fields[name], joinKey(key, name)
		value := to.FieldByIndex(field.Index)
		empty := !given[name] || field.Type.Kind() == reflect.String && value.IsZero()
		switch {
		case meant[name] && !given[name]:
			d.markBroken(fieldKey) // one problem is enough
		case isSection(field.Type) && !given[name]:
			d.decodeStruct(nil, fieldKey, value)
		case option(field.Tag, "required") && empty && !d.broken[fieldKey]:
			d.refuse(fieldKey, "missing: want %s", wanted(field.Type, field.Tag))
		}
	}
}

// eachEntry calls do with each entry of a mapping and remembers its place.
func (d *decoder) eachEntry(node ast.Node, key string, do func(name, entryKey string, value ast.Node)) {
	first := map[string]place{}
	values, _ := entries(node)
	for _, entry := range values {
		at := placeOf(entry.Key.GetToken())
		if what := indirect(entry.Key); what != "" {
			d.reject(at, key, "want plain keys, got %s: environments use none of YAML's anchors, aliases, merge keys and tags", what)
			continue
		}
		name, _, ok := scalar(entry.Key)
		if !ok {
			d.reject(at, key, "want plain keys, got %s", described(entry.Key))
			continue
		}
		entryKey := joinKey(key, name)
		if earlier, ok := first[name]; ok {
			d.reject(at, entryKey, "given twice: it is on line %d already", earlier.line)
			continue
		}
		first[name], d.found[entryKey] = at, at
		do(name, entryKey, entry.Value)
	}
}

// sound reports whether no value of keys, nor an enclosing or enclosed one, is
// known to be unusable, so that it makes sense to check it.
func (d *decoder) sound(keys ...string) bool {
	for _, key := range keys {
		if d.broken[""] || d.brokenIn[key] {
			return false
		}
		for ; key != ""; key = outerKey(key) {
			if d.broken[key] {
				return false
			}
		}
	}
	return true
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)

// joinKey returns the key of a name within outer. A name that is not plain is
// quoted.
func joinKey(outer, name string) string {
	if !plainName.MatchString(name) {
		name = quoted(name)
	}
	if outer == "" {
		return name
	}
	return outer + "." + name
}

// outerKey returns the key that encloses key.
func outerKey(key string) string { return key[:max(0, strings.LastIndexAny(key, ".["))] }

func absent(value ast.Node) bool { return value == nil || value.Type() == ast.NullType }
