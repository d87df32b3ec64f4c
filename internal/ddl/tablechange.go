package ddl

import (
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A TableChange is the result of a migration for a table.
type TableChange struct {
	Name string

	// Before and After are the columns, in order. Before is empty if the
	// migration creates the table.
	Before, After []Column

	// Origins maps the name of each column of After that exists in Before to its
	// name there.
	Origins map[string]string

	// KeyAfter are the columns of the primary key of After.
	KeyAfter []string

	// WritesBefore and WritesAfter are the foreign keys through which deleting or
	// updating a row of another table deletes or updates rows of this one,
	// without names: "REFERENCES `p` (`id`) ON DELETE CASCADE".
	WritesBefore, WritesAfter []string

	// Statements are the statements that are not about columns, keys or options,
	// such as renaming the table or deleting rows.
	Statements []string
}

// changed records the effect of a step on its table.
func (p *Plan) changed(step *Step, before, after []Column) {
	st := step.parsed
	name := step.Tables[0]
	i := slices.IndexFunc(p.Changes, func(c TableChange) bool { return c.Name == name })
	if i < 0 {
		origins := map[string]string{}
		for _, c := range before {
			origins[c.Name] = c.Name
		}
		p.Changes, i = append(p.Changes, TableChange{Name: name, Before: before, Origins: origins, WritesBefore: writingKeys(step.before[name])}), len(p.Changes)
	}
	c := &p.Changes[i]
	origins := map[string]string{}
	for _, now := range after {
		was := now.Name
		if r := slices.IndexFunc(st.RenamedColumns, func(r sqltext.ColumnRename) bool { return strings.EqualFold(r.To, now.Name) }); r >= 0 {
			was = st.RenamedColumns[r].From
		} else if slices.ContainsFunc(st.DroppedColumns, func(d string) bool { return strings.EqualFold(d, now.Name) }) || slices.ContainsFunc(st.RenamedColumns, func(r sqltext.ColumnRename) bool { return strings.EqualFold(r.From, now.Name) }) {
			continue // a new column with an old name
		}
		for name, origin := range c.Origins {
			if strings.EqualFold(name, was) {
				origins[now.Name] = origin
			}
		}
	}
	c.After, c.Origins = after, origins
	c.KeyAfter, c.WritesAfter = primaryKeyOf(step.after[name]), writingKeys(step.after[name])
	switch {
	case st.Kind == sqltext.AlterTable && len(st.Changed()) > 1 && !st.Exchanges, !st.Kind.Laddered() && st.Kind != sqltext.CreateTable, st.Replaces:
		c.Statements = append(c.Statements, step.SQL)
	case len(st.Loses) > len(st.DroppedColumns):
		c.Statements = append(c.Statements, step.SQL)
	}
}

// writingKeys returns the foreign keys of a definition that write rows.
func writingKeys(definition string) []string {
	var all []string
	for _, line := range lines(definition) {
		if at := strings.Index(line, "REFERENCES "); at >= 0 && writes(line) {
			all = append(all, line[at:])
		}
	}
	return all
}

// primaryKeyOf returns the columns of the primary key in a server's definition.
func primaryKeyOf(definition string) []string {
	for line := range strings.Lines(definition) {
		list, ok := strings.CutPrefix(strings.TrimSpace(line), "PRIMARY KEY (")
		if !ok {
			continue
		}
		var all []string
		for _, found := range keyColumnName.FindAllStringSubmatch(list, -1) {
			all = append(all, strings.ReplaceAll(found[1], "``", "`"))
		}
		return all
	}
	return nil
}

var keyColumnName = regexp.MustCompile("`((?:[^`]|``)+)`")
