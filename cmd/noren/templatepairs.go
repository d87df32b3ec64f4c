package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
)

// templatePairs compares the templates of two files or folders. Those of
// folders are compared by name; the only ones of two folders, whatever their
// names.
func templatePairs(oldPath, newPath string, parameters map[string]string) ([]diff.Pair, error) {
	old, err := diffTemplates(oldPath, parameters)
	if err != nil {
		return nil, err
	}
	next, err := diffTemplates(newPath, parameters)
	if err != nil {
		return nil, err
	}
	if len(old) == 1 && len(next) == 1 {
		for name, before := range old {
			for other, after := range next {
				if name != other {
					name += " and " + other
				}
				return []diff.Pair{{Template: name, Diff: diff.Compare(before, after)}}, nil
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
		pairs = append(pairs, diff.Pair{Template: name, Diff: diff.Compare(before, after)})
	}
	return pairs, nil
}

// diffTemplates reads the templates of a path by file name.
func diffTemplates(path string, parameters map[string]string) (map[string]diff.Template, error) {
	files, err := templateFiles(path)
	if err != nil {
		return nil, err
	}
	templates := map[string]diff.Template{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		t, err := diff.Read(data, cfn.Options{Parameters: parameters})
		if err != nil {
			return nil, fmt.Errorf("reading template %q: %w", file, err)
		}
		templates[filepath.Base(file)] = t
	}
	return templates, nil
}
