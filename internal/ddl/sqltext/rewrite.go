package sqltext

import (
	"cmp"
	"slices"
	"strings"
)

// An Edit replaces a part of a statement.
type Edit struct {
	Span
	Text string
}

// rewrite returns sql with edits made. The edits must not overlap. Text inserted
// where another edit begins comes before it.
func rewrite(sql string, edits []Edit) string {
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(sql[at:e.Start])
		out.WriteString(e.Text)
		at = e.End
	}
	out.WriteString(sql[at:])
	return out.String()
}

// With returns the statement with the clauses of rung instead of the author's,
// and with edits made. An OPTIMIZE TABLE, which accepts no clauses, becomes the
// rebuild that it means, and a DROP INDEX, for which MariaDB accepts none,
// becomes the equivalent ALTER TABLE.
func (s Statement) With(r Rung, more ...Edit) string {
	if s.Kind == Optimize || s.Kind == DropIndex {
		t := s.Tables[0]
		name := t.String()
		for _, e := range more {
			if e.Span == t.Span {
				name = e.Text
			}
		}
		action := "FORCE"
		if s.Kind == DropIndex {
			action = "DROP INDEX " + s.SQL[s.index.Start:s.index.End]
		}
		if clauses := r.clauses(", "); clauses != "" {
			return "ALTER TABLE " + name + clauses + ", " + action
		}
		return "ALTER TABLE " + name + " " + action
	}
	edits := slices.Clone(more)
	for _, c := range s.clauses {
		edits = append(edits, Edit{c.Span, " "})
	}
	if s.Kind.Laddered() {
		text := r.clauses(" ")
		if s.Kind == AlterTable {
			text = r.clauses(", ")
			if s.comma && text != "" {
				text += ","
			}
		}
		edits = append(edits, Edit{Span{s.insert, s.insert}, text})
	}
	return rewrite(s.SQL, edits)
}

// Shadow returns the definition of a table with edits made, with additional
// options, and without file locations.
func (s Statement) Shadow(edits []Edit, options string) string {
	for _, place := range s.places {
		edits = append(edits, Edit{place, " "})
	}
	edits = append(edits, Edit{Span{s.options, s.options}, " " + options})
	return rewrite(s.SQL, edits)
}

// Charset returns the edit that gives a CREATE TABLE without a character set the
// one in clauses, as its schema would; ok is false if no edit is needed.
func (s Statement) Charset(clauses string) (e Edit, ok bool) {
	if s.Kind != CreateTable || s.options == 0 || s.charset {
		return Edit{}, false
	}
	return Edit{Span{s.options, s.options}, " " + clauses}, true
}
