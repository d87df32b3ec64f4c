package diff

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
)

// possibility is one way in which a deploy may decide the undecided conditions of
// two templates, with the templates as they are then.
type possibility struct {
	assumed   map[string]bool
	old, next Template
}

// mostPossibilities limits how many are looked at.
const mostPossibilities = 16

// possibilities returns all ways in which the conditions that listeners and rules
// depend on may be decided. If there are no such conditions, there is one,
// without assumptions. all is false if there are too many; the conditions then
// stay undecided.
func possibilities(old, next Template) (found []possibility, all bool) {
	open := []possibility{{map[string]bool{}, old, next}}
	for len(open) > 0 {
		p := open[0]
		open = open[1:]
		undecided := p.undecided()
		if len(undecided) == 0 {
			found = append(found, p)
			continue
		}
		for _, holds := range []bool{true, false} {
			with, err := p.assuming(undecided[0], holds)
			if err != nil || len(found)+len(open) >= mostPossibilities {
				return []possibility{{map[string]bool{}, old, next}}, false
			}
			open = append(open, with)
		}
	}
	return found, true
}

// undecided returns the conditions that are still undecided.
func (p possibility) undecided() []string {
	var names []string
	for _, t := range []Template{p.old, p.next} {
		names = append(names, t.source.Undecided(typeListener, typeListenerRule)...)
	}
	return slices.DeleteFunc(names, func(name string) bool { _, assumed := p.assumed[name]; return assumed })
}

// assuming returns a possibility in which one more condition is decided.
func (p possibility) assuming(condition string, holds bool) (possibility, error) {
	q := possibility{assumed: maps.Clone(p.assumed)}
	q.assumed[condition] = holds
	var errOld, errNext error
	q.old, errOld = p.old.assuming(q.assumed)
	q.next, errNext = p.next.assuming(q.assumed)
	return q, errors.Join(errOld, errNext)
}

// assuming returns a template with conditions decided.
func (t Template) assuming(assumed map[string]bool) (Template, error) {
	options := t.options
	options.Assume = assumed
	return Read(bytes.Clone(t.data), options)
}

// whens says, for something found in some of all possibilities, under which
// conditions it is so: "" if in all of them.
func whens(in, all []possibility) string {
	if len(in) == len(all) {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(in[0].assumed)) {
		holds := in[0].assumed[name]
		same := func(p possibility) bool { value, ok := p.assumed[name]; return ok && value == holds }
		if n := count(all, same); n == len(in) && n == count(in, same) {
			return literal(name, holds)
		}
	}
	texts := make([]string, len(in))
	for i, p := range in {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(p.assumed)) {
			parts = append(parts, literal(name, p.assumed[name]))
		}
		texts[i] = strings.Join(parts, " and ")
	}
	return strings.Join(texts, ", or ")
}

func literal(name string, holds bool) string {
	if holds {
		return name
	}
	return "not " + name
}

func count(all []possibility, which func(possibility) bool) int {
	n := 0
	for _, p := range all {
		if which(p) {
			n++
		}
	}
	return n
}

// inEach collects what is found in each possibility, without duplicates, and says
// when each of it is so.
func inEach[T any](all []possibility, find func(possibility) []T, key func(T) string, under func(T, string) T) []T {
	found := []T{}
	at, in := map[string]int{}, [][]possibility{}
	for _, p := range all {
		seen := map[string]bool{}
		for _, each := range find(p) {
			k := key(each)
			i, ok := at[k]
			if !ok {
				i = len(found)
				at[k] = i
				found, in = append(found, each), append(in, nil)
			}
			if !seen[k] {
				in[i] = append(in[i], p)
			}
			seen[k] = true
		}
	}
	for i := range found {
		if when := whens(in[i], all); when != "" {
			found[i] = under(found[i], when)
		}
	}
	return found
}
