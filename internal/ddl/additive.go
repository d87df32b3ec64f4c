package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A column is what the server says of a column.
type column struct {
	name, definition string
	nullable, plain  bool // plain: no default, not generated
}

func (s *scratch) columns(ctx context.Context, t sqltext.Table) ([]column, error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT column_name, CONCAT_WS(' ', column_type, collation_name, is_nullable, column_default, extra, generation_expression),
		is_nullable = 'YES', COALESCE(column_default, 'NULL') = 'NULL' AND COALESCE(generation_expression, '') = '' AND extra = ''
		FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`, ScratchSchema, s.shadow(s.home(t)))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []column
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.name, &c.definition, &c.nullable, &c.plain); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// notAdditive is why a statement does more than Additive allows, or "". It
// compares what the server made of the table, not what the statement says.
func notAdditive(st sqltext.Statement, a answer, before, after []column) string {
	if len(st.Loses) > 0 {
		return "rows are lost: " + strings.Join(st.Loses, ", ")
	}
	switch st.Kind {
	case sqltext.CreateTable:
		return ""
	case sqltext.AlterTable:
	default:
		return "a release without a stop may only create tables and add columns, and this is " + string(st.Kind)
	}
	if len(st.Changed()) > 1 {
		return "it renames the table"
	}
	var added []string
	for _, c := range after {
		if slices.ContainsFunc(before, func(b column) bool { return b.name == c.name }) {
			continue
		}
		added = append(added, c.name)
		switch {
		case !c.nullable:
			return fmt.Sprintf("the new column %s is NOT NULL: released programs do not fill it", sqltext.Quote(c.name))
		case !c.plain:
			return fmt.Sprintf("the new column %s has a default or is generated", sqltext.Quote(c.name))
		}
	}
	for name := range a.before {
		old, now := lines(a.before[name], nil), lines(a.after[name], added)
		if !slices.Equal(old, now) {
			return "it does more than add columns"
		}
	}
	if len(added) == 0 {
		return "it adds no column"
	}
	return ""
}

// lines are the lines of a definition without those of the columns left out.
func lines(definition string, without []string) []string {
	var all []string
	for line := range strings.Lines(settled(definition)) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ",")
		if slices.ContainsFunc(without, func(name string) bool { return strings.HasPrefix(line, sqltext.Quote(name)+" ") }) {
			continue
		}
		all = append(all, line)
	}
	return all
}
