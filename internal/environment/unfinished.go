package environment

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// placeholder matches the comment of a value that must be replaced.
var placeholder = regexp.MustCompile(`(?:^|\s)# REPLACE\b`)

// Unfinished returns what a file leaves open that can be synthesized but should
// not be deployed: values whose comment says REPLACE, and a guard without anyone
// to notify. Load must have read the file.
func Unfinished(dir, name string) ([]Problem, error) {
	path := filepath.Join(dir, name+".yaml")
	source, err := readEnvironment(path)
	if err != nil {
		return nil, fmt.Errorf("reading environment %q: %w", name, err)
	}
	return unfinished(filepath.ToSlash(path), source), nil
}

func unfinished(file string, source []byte) []Problem {
	var env Environment
	d := newDecoder(file)
	if root, ok := d.parse(source); ok {
		d.decodeRoot(root, &env)
	}
	var open []Problem
	told := map[string]bool{}
	for i, line := range strings.Split(string(source), "\n") {
		if !placeholder.MatchString(line) {
			continue
		}
		at, key := d.inLine(i + 1)
		told[key] = true
		open = append(open, Problem{file, at.line, at.column, key, "the value is a placeholder: replace it, and take REPLACE out of its comment"})
	}
	if key := "alarmEmail"; env.Maintenance.Guard && env.AlarmEmail == "" && len(env.AlarmTopics)+len(env.ChatTopics) == 0 && !told[key] {
		at := d.placeOf(key)
		open = append(open, Problem{file, at.line, at.column, key, "nobody is told of alarms, of an environment that is guarded: want an address, alarmTopics or chatTopics"})
	}
	sortProblems(open)
	return open
}

// inLine returns the last key on a line, and its place.
func (d *decoder) inLine(line int) (place, string) {
	at, found := place{line, 1}, ""
	for _, key := range slices.Sorted(maps.Keys(d.found)) {
		if p := d.found[key]; p.line == line && p.column >= at.column {
			at, found = p, key
		}
	}
	return at, found
}
