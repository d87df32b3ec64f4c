package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/internal/term"
)

// side is one of two templates, or assemblies, that are compared.
type side struct {
	path      string
	flags     templateFlags
	templates map[string]diff.Template // by file name
	unread    []string                 // nested stacks whose templates are not here
}

// read reads the templates of a path by file name.
func (s *side) read() error {
	files, err := templateFiles(s.path)
	if err != nil {
		return err
	}
	s.templates = map[string]diff.Template{}
	var all []source
	for i := 0; i < len(files); i++ { // nested stacks come on top
		file := files[i]
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		t, err := diff.Read(data, s.flags.options())
		if err != nil {
			return fmt.Errorf("reading template %q: %w", file, err)
		}
		s.templates[filepath.Base(file)] = t
		all = append(all, source{file: file, Template: t.Template})
		for _, n := range t.Nested() {
			switch nested := nestedFile(file, n); {
			case nested == "":
				s.unread = append(s.unread, nestedText(file, n))
			case !slices.Contains(files, nested):
				files = append(files, nested)
			}
		}
	}
	return s.flags.known(all)
}

// faults are what could not be read, each with its file.
func (s side) faults() []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.templates)) {
		for _, fault := range s.templates[name].Faults {
			all = append(all, placed(name, fault.Line, fault.Column)+": "+fault.Error())
		}
	}
	return all
}

// comparison is how much was read for a diff.
type comparison struct {
	Old     int      `json:"oldTemplates"` // how many templates of this side were read
	New     int      `json:"newTemplates"`
	NotRead []string `json:"notRead"` // nested stacks of either side without a template
}

func newComparison(old, next side) comparison {
	unread := slices.Compact(slices.Sorted(slices.Values(slices.Concat(old.unread, next.unread))))
	return comparison{len(old.templates), len(next.templates), append([]string{}, unread...)}
}

// String is a sentence without full stop.
func (c comparison) String() string {
	text := fmt.Sprintf("compared %s with %s", term.Plural(c.Old, "template"), term.Plural(c.New, "template"))
	if len(c.NotRead) > 0 {
		text += "; not read: " + strings.Join(c.NotRead, ", ")
	}
	return text
}

// templatePairs compares the templates of two sides. Those of folders are
// compared by name; the only ones of two folders, whatever their names. What
// could not be read may change anything for clients.
func templatePairs(before, after *side) ([]diff.Pair, error) {
	if err := errors.Join(before.read(), after.read()); err != nil {
		return nil, err
	}
	old, next := before.templates, after.templates
	if len(old) == 1 && len(next) == 1 {
		for name, before := range old {
			for other, after := range next {
				if name != other {
					name += " and " + other
				}
				return []diff.Pair{newPair(name, before, after)}, nil
			}
		}
	}
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range next {
		names[name] = true
	}
	var pairs []diff.Pair
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, was := old[name]
		after, is := next[name]
		if !was {
			before = diff.Nothing()
		}
		if !is {
			after = diff.Nothing()
		}
		pairs = append(pairs, newPair(name, before, after))
	}
	return pairs, nil
}

func newPair(name string, before, after diff.Template) diff.Pair {
	d := diff.Compare(before, after)
	for _, fault := range slices.Concat(before.Faults, after.Faults) {
		d.Complete = false
		if warning := "not read, so what it does to clients is not known: " + fault.Error(); !slices.Contains(d.Warnings, warning) {
			d.Warnings = append(d.Warnings, warning)
		}
	}
	return diff.Pair{Template: name, Diff: d}
}
