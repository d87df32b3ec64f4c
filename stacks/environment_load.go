package stacks

import (
	"fmt"
)

// A Problem is something wrong, or worth a warning, at a place in an
// environment file.
type Problem struct {
	File         string
	Line, Column int    // both from 1
	Key          string // such as database.readers; empty when it is no key's
	Text         string // what is wrong and what is allowed
}

// Error is FILE:LINE:COLUMN: KEY: TEXT.
func (p Problem) Error() string {
	place := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Key == "" {
		return place + p.Text
	}
	return place + p.Key + ": " + p.Text
}

// LoadEnvironment reads the environment called name from dir/name.yaml, checks
// it and fills in the defaults. The error joins every Problem of the file, in
// the order of the file; the warnings are problems that a deploy survives.
func LoadEnvironment(dir, name string) (env Environment, warnings []Problem, err error) {
	return env, nil, fmt.Errorf("reading environment %q: not yet", name)
}
