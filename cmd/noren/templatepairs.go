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

// read reads the templates of a path by file name, and those of nested stacks by
// the name of their parent and their logical id, with the parameters that the
// parent gives them.
func (s *side) read() error {
	files, err := templateFiles(s.path)
	if err != nil {
		return err
	}
	alone, nested := map[string]diff.Template{}, map[string]bool{}
	for _, file := range files {
		if alone[file], err = s.readFile(file, nil); err != nil {
			return err
		}
		for _, n := range alone[file].Nested() {
			if child := nestedFile(file, n); child != file {
				nested[child] = true
			}
		}
	}
	s.templates = map[string]diff.Template{}
	var all []source
	var add func(name string, t diff.Template, open []string) error
	add = func(name string, t diff.Template, open []string) error {
		file := open[len(open)-1]
		s.templates[name] = t
		all = append(all, source{file: file, Template: t.Template})
		for _, n := range t.Nested() {
			child := nestedFile(file, n)
			if child == "" || slices.Contains(open, child) {
				s.unread = append(s.unread, nestedText(file, n))
				continue
			}
			t, err := s.readFile(child, n.Bound("parent"))
			if err == nil {
				err = add(name+"/"+n.LogicalID, t, append(slices.Clone(open), child))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, file := range files {
		if nested[file] {
			continue
		}
		if err := add(filepath.Base(file), alone[file], []string{file}); err != nil {
			return err
		}
	}
	return s.flags.known(all)
}

// readFile reads a template; bound are the texts that a parent gives its
// parameters.
func (s *side) readFile(file string, bound map[string]string) (diff.Template, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return diff.Template{}, err
	}
	options := s.flags.options()
	options.Bound = bound
	t, err := diff.Read(data, options)
	if err != nil {
		return diff.Template{}, fmt.Errorf("reading template %q: %w", file, err)
	}
	return t, nil
}

// faults returns what could not be read, each with its file.
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

// String describes it in a sentence without a full stop.
func (c comparison) String() string {
	text := fmt.Sprintf("compared %s with %s", term.Plural(c.Old, "template"), term.Plural(c.New, "template"))
	if len(c.NotRead) > 0 {
		text += "; not read: " + strings.Join(c.NotRead, ", ")
	}
	return text
}

// templatePairs compares the templates of two sides. It pairs those in folders by
// name, or the only ones of two folders whatever their names. What could not be
// read may change anything for clients.
func templatePairs(before, after *side) ([]diff.Pair, error) {
	if err := errors.Join(before.read(), after.read()); err != nil {
		return nil, err
	}
	old, next := before.templates, after.templates
	if a, b := only(old), only(next); a != "" && b != "" && a != b {
		old, next = renamed(old, a, a+" and "+b), renamed(next, b, a+" and "+b)
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

// only returns the name of the single template that is not a nested stack's, ""
// if there are several.
func only(templates map[string]diff.Template) string {
	only := ""
	for name := range templates {
		if strings.Contains(name, "/") {
			continue
		}
		if only != "" {
			return ""
		}
		only = name
	}
	return only
}

// renamed returns templates in which one, and its nested stacks, have another
// name.
func renamed(templates map[string]diff.Template, from, to string) map[string]diff.Template {
	all := map[string]diff.Template{}
	for name, t := range templates {
		all[to+strings.TrimPrefix(name, from)] = t
	}
	return all
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
