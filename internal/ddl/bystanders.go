package ddl

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A bystander may use a table but is not compiled on the shadows: a routine, an
// event, or a view or trigger of another schema.
type bystander struct {
	what string // "procedure `shop`.`pay`"
	text string // "" if the user may not see it
	own  bool   // it belongs to the schema that is changed
}

// bystanders reads those that the user can see, once.
func (p *planner) bystanders(ctx context.Context) ([]bystander, error) {
	if p.looked {
		return p.around, nil
	}
	p.looked = true
	db := cmp.Or(p.options.eyes, p.scratch.db)
	rows, err := db.pool.QueryContext(ctx, `SELECT LOWER(routine_type), routine_schema, routine_name, COALESCE(routine_definition, '') FROM information_schema.routines
		UNION ALL SELECT 'event', event_schema, event_name, COALESCE(event_definition, '') FROM information_schema.events
		UNION ALL SELECT 'view', table_schema, table_name, COALESCE(view_definition, '') FROM information_schema.views WHERE table_schema <> ?
		UNION ALL SELECT 'trigger', trigger_schema, trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema <> ?`, db.Schema, db.Schema)
	if err != nil {
		return nil, fmt.Errorf("reading the routines and events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, schema, name, text string
		if err := rows.Scan(&kind, &schema, &name, &text); err != nil {
			return nil, err
		}
		if slices.Contains([]string{"mysql", "sys", "information_schema", "performance_schema", ScratchSchema}, strings.ToLower(schema)) {
			continue
		}
		p.around = append(p.around, bystander{kind + " " + sqltext.Table{Schema: schema, Name: name}.String(), text, strings.EqualFold(schema, db.Schema)})
	}
	return p.around, rows.Err()
}

// untried adds notes about bystanders that name a table from which a statement
// removes something.
func (p *planner) untried(ctx context.Context, step *Step) error {
	st := step.parsed
	if p.isFresh(step) || !st.Changes() || st.Kind == sqltext.AlterTable && len(st.DroppedColumns)+len(st.RenamedColumns) == 0 && len(step.Tables) == 1 {
		return nil
	}
	all, err := p.bystanders(ctx)
	if err != nil {
		return err
	}
	var found []string
	for _, one := range all {
		switch {
		case one.text == "":
			found = append(found, one.what+", whose text the user may not see")
		case (one.own || mentions(one.text, p.scratch.db.Schema)) && slices.ContainsFunc(step.Tables, func(name string) bool { return mentions(one.text, name) }):
			found = append(found, one.what)
		}
	}
	if len(found) > 0 {
		slices.Sort(found)
		step.note("not tried, and may use what it takes away: %s", strings.Join(found, ", "))
	}
	return nil
}

// mentions reports whether a text contains a name as a word, in any case.
func mentions(text, name string) bool {
	pattern := `(?i)(^|[^\pL\pN_$])` + regexp.QuoteMeta(strings.ReplaceAll(name, "`", "``")) + `($|[^\pL\pN_$])`
	found, err := regexp.MatchString(pattern, text)
	return err != nil || found
}
