package ddl

import (
	"slices"
	"strings"
)

// An edit replaces a part of a statement.
type edit struct {
	span
	text string
}

// rewrite is sql with edits made, which must not overlap.
func rewrite(sql string, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(sql[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.WriteString(sql[at:])
	return out.String()
}

// with is the statement with the clauses of rung instead of the author's. An
// OPTIMIZE TABLE, which takes none, becomes the rebuild that it stands for.
func (s statement) with(r Rung, more ...edit) string {
	if s.kind == Optimize {
		t := s.tables[0]
		alter := "ALTER TABLE "
		for _, e := range more {
			if e.span == t.span {
				return alter + e.text + r.clauses(", ") + ", FORCE"
			}
		}
		return alter + t.String() + r.clauses(", ") + ", FORCE"
	}
	edits := slices.Clone(more)
	for _, c := range s.clauses {
		edits = append(edits, edit{c.span, " "})
	}
	if s.kind.laddered() {
		text := r.clauses(" ")
		if s.kind == AlterTable {
			text = r.clauses(", ")
			if s.comma && text != "" {
				text += ","
			}
		}
		edits = append(edits, edit{span{s.insert, s.insert}, text})
	}
	return rewrite(s.sql, edits)
}
