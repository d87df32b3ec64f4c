package stacks

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

// A place is where something stands in a file, both counted from 1.
type place struct{ line, column int }

func sortProblems(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// alternatives lists words as English does: a, b or c.
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// nearest is the word a misspelling most likely stands for, or "".
func nearest(misspelt string, words []string) string {
	best, least := "", 1+max(1, len(misspelt)/3)
	for _, word := range words {
		if d := distance(strings.ToLower(misspelt), strings.ToLower(word)); d < least {
			best, least = word, d
		}
	}
	return best
}

// distance is how many letters have to be put in, taken out or replaced to turn
// a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
