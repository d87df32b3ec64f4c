package diff

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// zzProperties has a line for each resource type, in the format that generate
// describes.
//
//go:generate sh -c "go run ./generate ../../.venv/lint >zz_generated_properties.txt"
//go:embed zz_generated_properties.txt
var zzProperties string

// typeKnown is what is known about a resource type.
type typeKnown struct {
	data       bool            // its resources hold what a deploy cannot recreate
	properties map[string]bool // those that a template may set
	creating   []creating
}

// creating is a property, or a part of one, that is set on creation: it cannot be
// changed in place, or not always.
type creating struct {
	path []string // names; * for the entries of a list
	fate Fate     // Replaced or MaybeReplaced
}

// typesKnown returns the known resource types, by name.
var typesKnown = sync.OnceValue(func() map[string]typeKnown {
	types := map[string]typeKnown{}
	for line := range strings.Lines(zzProperties) {
		words := strings.Fields(line)
		name, data := strings.CutSuffix(words[0], "$")
		if name == "#" {
			continue
		}
		t := typeKnown{data: data, properties: map[string]bool{}}
		for _, word := range words[1:] {
			path := strings.Split(strings.TrimRight(word, "!?"), "/")
			t.properties[path[0]] = true
			switch word[len(word)-1] {
			case '!':
				t.creating = append(t.creating, creating{path, Replaced})
			case '?':
				t.creating = append(t.creating, creating{path, MaybeReplaced})
			}
		}
		types[name] = t
	}
	return types
})

// holdsData reports whether resources of a type hold what a deploy cannot
// recreate. A nested stack may.
func holdsData(resourceType string) bool {
	return typesKnown()[resourceType].data || resourceType == typeStack
}

// touchedBy reports whether a change of a part of a property may change this one:
// if either is a part of the other. It does not distinguish entries of lists.
func (c creating) touchedBy(path []string) bool {
	n := min(len(c.path), len(path))
	return slices.EqualFunc(c.path[:n], path[:n], func(a, b string) bool { return a == "*" || a == b })
}
