package environment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is something wrong, or worth a warning, at a place in an
// environment file.
type Problem struct {
	File         string
	Line, Column int    // both from 1
	Key          string // such as database.readers; empty if it is not about a key
	Text         string // what is wrong, and what is allowed
}

// Error returns FILE:LINE:COLUMN: KEY: TEXT.
func (p Problem) Error() string {
	place := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Key == "" {
		return place + p.Text
	}
	return place + p.Key + ": " + p.Text
}

// A place is a line and a column of a file, both counted from 1.
type place struct{ line, column int }

func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// alternatives joins words as in English: a, b or c.
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
