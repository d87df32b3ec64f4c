package sqltext

import (
	"slices"
	"strings"
)

// A Rung is a way to execute a statement: an ALGORITHM and a LOCK. The zero
// Rung leaves both to the server.
type Rung struct {
	Algorithm string `json:"algorithm,omitempty"`
	Lock      string `json:"lock,omitempty"`
}

// ladder are the rungs to ask for, the least disturbing first. INSTANT has no
// LOCK, since some servers refuse the combination.
var ladder = []Rung{
	{Algorithm: "INSTANT"},
	{Algorithm: "INPLACE", Lock: "NONE"},
	{Algorithm: "INPLACE", Lock: "SHARED"},
	CopyShared,
}

// CopyShared copies the table while it can be read.
var CopyShared = Rung{Algorithm: "COPY", Lock: "SHARED"}

// String returns the rung for people: INPLACE/NONE.
func (r Rung) String() string {
	switch {
	case r.Algorithm == "":
		return "-"
	case r.Lock == "":
		return r.Algorithm
	}
	return r.Algorithm + "/" + r.Lock
}

// clauses returns the rung as clauses of a statement, with a leading space.
func (r Rung) clauses(separator string) string {
	if r.Algorithm == "" {
		return ""
	}
	text := " ALGORITHM=" + r.Algorithm
	if r.Lock != "" {
		text += separator + "LOCK=" + r.Lock
	}
	return text
}

// Rungs returns the rungs that the author of the statement allows: noren respects
// the author's clauses.
func (s Statement) Rungs() []Rung {
	var left []Rung
	for _, r := range ladder {
		if s.Admits(r) {
			left = append(left, r)
		}
	}
	return left
}

// Pinned returns what the author of the statement asks for, such as
// ALGORITHM=INSTANT; "" if nothing.
func (s Statement) Pinned() string {
	var all []string
	for _, c := range s.clauses {
		if c.value != "DEFAULT" {
			all = append(all, c.keyword+"="+c.value)
		}
	}
	return strings.Join(all, ", ")
}

// Loose returns the statement with every rung allowed.
func (s Statement) Loose() Statement {
	clauses := slices.Clone(s.clauses)
	for i := range clauses {
		clauses[i].value = "DEFAULT"
	}
	s.clauses = clauses
	return s
}

// Admits reports whether the author's clauses allow a rung.
func (s Statement) Admits(r Rung) bool {
	for _, c := range s.clauses {
		switch {
		case c.value == "DEFAULT":
		case c.keyword == "ALGORITHM" && c.value == "NOCOPY":
			if r.Algorithm == "COPY" {
				return false
			}
		case c.keyword == "ALGORITHM" && c.value != r.Algorithm:
			return false
		case c.keyword == "LOCK" && c.value == "NONE" && r.Lock == "SHARED",
			c.keyword == "LOCK" && c.value == "SHARED" && r.Lock != "SHARED",
			c.keyword == "LOCK" && c.value == "EXCLUSIVE":
			return false
		}
	}
	return true
}
