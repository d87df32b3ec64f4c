package ddl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A dependent is a view or a trigger of the schema, which may no longer work
// after a statement has changed a table.
type dependent struct {
	sqltext.Object        // the table without its schema if that is the one being changed
	text           string // the SELECT of a view, the body of a trigger
	event          string // INSERT, UPDATE or DELETE, which fires a trigger; "" if unknown
}

// dependents returns the views and triggers as the statements so far leave them.
func (p *planner) dependents(ctx context.Context) ([]*dependent, error) {
	if p.read {
		return p.known, nil
	}
	p.read = true
	db := cmp.Or(p.options.eyes, p.scratch.db)
	grants, err := db.grants(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the grants of the user: %w", err)
	}
	if !slices.ContainsFunc(grants, func(g sqltext.Grant) bool { return g.Object == "*" && gives(g, db.Schema, nil, "TRIGGER") }) {
		p.unseen = append(p.unseen, "triggers, which a user without TRIGGER does not see")
	}
	rows, err := db.pool.QueryContext(ctx, `SELECT 'VIEW', table_schema, table_name, COALESCE(view_definition, ''), '', '' FROM information_schema.views WHERE table_schema = ?
		UNION ALL SELECT 'TRIGGER', trigger_schema, trigger_name, action_statement, event_object_table, event_manipulation FROM information_schema.triggers WHERE trigger_schema = ?`, db.Schema, db.Schema)
	if err != nil {
		return nil, fmt.Errorf("reading the views and triggers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var one dependent
		if err := rows.Scan(&one.Type, &one.Schema, &one.Name, &one.text, &one.On.Name, &one.event); err != nil {
			return nil, err
		}
		one.Table = p.scratch.home(one.Table)
		if one.text == "" {
			p.unseen = append(p.unseen, one.String()+", whose definition the user may not see")
		}
		p.known = append(p.known, &one)
	}
	return p.known, rows.Err()
}

// tries reports for each view and trigger whether it compiles now. It omits those
// for which the server did not say.
func (p *planner) tries(ctx context.Context, step *Step) (map[*dependent]error, error) {
	if !step.parsed.Changes() {
		return nil, nil
	}
	all, err := p.dependents(ctx)
	if err != nil {
		return nil, err
	}
	if len(p.unseen) > 0 && !p.isFresh(step) {
		step.note("nobody knows whether it breaks %s", strings.Join(p.unseen, "; "))
	}
	return p.works(ctx, step, p.concerned(all, step.Tables))
}

// works finds out which views and triggers compile now. The result has only those
// about which the server has answered.
func (p *planner) works(ctx context.Context, step *Step, some []*dependent) (map[*dependent]error, error) {
	outcome := map[*dependent]error{}
	var unknown []string
	for _, one := range some {
		failed, known, err := p.compile(ctx, one)
		if err != nil {
			return nil, err
		}
		if known {
			outcome[one] = failed
		} else if one.text != "" {
			unknown = append(unknown, one.String())
		}
	}
	if len(unknown) > 0 && (len(step.Tables) == 0 || !p.isFresh(step)) {
		step.note("whether it breaks %s could not be tried", strings.Join(unknown, ", "))
	}
	return outcome, nil
}

// concerned returns the dependents that name one of the tables, or a view that
// does.
func (p *planner) concerned(all []*dependent, tables []string) []*dependent {
	names := slices.Clone(tables)
	var found []*dependent
	for grown := true; grown; {
		grown = false
		for _, one := range all {
			if slices.Contains(found, one) || !slices.ContainsFunc(names, func(name string) bool { return one.On.Name == name || mentions(one.text, name) }) {
				continue
			}
			found, grown = append(found, one), true
			if one.Type == "VIEW" {
				names = append(names, one.Name)
			}
		}
	}
	return found
}

// broken reports views and triggers that worked before a statement and no longer
// do. Those that a later statement of the file replaces or drops only get a note.
func (p *planner) broken(ctx context.Context, step *Step, before map[*dependent]error) error {
	p.follow(step)
	if len(before) == 0 {
		return nil
	}
	mended := p.mendedLater(step)
	for one, was := range before {
		if was != nil || !slices.Contains(p.known, one) {
			continue
		}
		failed, known, err := p.compile(ctx, one)
		if err != nil {
			return err
		}
		if !known || failed == nil {
			continue
		}
		what := fmt.Sprintf("view %s no longer works", one.Table)
		if one.Type == "TRIGGER" {
			what = fmt.Sprintf("trigger %s fails from then on, and with it what fires it on %s", one.Table, one.On)
		}
		if slices.Contains(mended, one) {
			step.note("until a later statement mends it: %s: %v", what, failed)
			continue
		}
		step.problem("%s: %v; change it in this migration, too", what, failed)
	}
	slices.Sort(step.Problems)
	return nil
}

// follow carries over what is known about a table when it is renamed, and drops
// it when the table is dropped.
func (p *planner) follow(step *Step) {
	st := step.parsed
	switch {
	case st.Kind == sqltext.DropTable:
		p.known = slices.DeleteFunc(p.known, func(d *dependent) bool { return d.Type == "TRIGGER" && slices.Contains(step.Tables, d.On.Name) })
	case st.Kind == sqltext.RenameTable || st.Kind == sqltext.AlterTable && len(step.Tables) == 2 && !st.Exchanges:
		for i := 0; i+1 < len(step.Tables); i += 2 {
			from, to := step.Tables[i], step.Tables[i+1]
			p.origins[to] = p.origin(from)
			for _, d := range p.known {
				if d.On.Name == from {
					d.On.Name = to
				}
			}
		}
	}
}

// origin returns the name that a table has before the migration.
func (p *planner) origin(name string) string {
	if from, ok := p.origins[name]; ok {
		return from
	}
	return name
}

// originOf returns the table before the migration.
func (p *planner) originOf(t sqltext.Table) sqltext.Table {
	if t.Schema == "" {
		t.Name = p.origin(t.Name)
	}
	return t
}

// isView reports whether a name is that of a view, including views that the
// migration itself makes.
func (p *planner) isView(t sqltext.Table) bool {
	return slices.ContainsFunc(p.known, func(d *dependent) bool { return d.Type == "VIEW" && d.Table == t })
}

// mendedLater returns the views and triggers that a later statement of the
// migration is about, and the views that read those.
func (p *planner) mendedLater(step *Step) []*dependent {
	var objects, views []string
	for _, s := range p.steps[step.Number:] {
		if o := s.parsed.Object; s.Kind == sqltext.Program {
			objects = append(objects, o.Type+p.scratch.home(o.Table).String())
			if o.Type == "VIEW" && o.Verb != "DROP" { // one that was dropped, too
				views = append(views, o.Name)
			}
		}
	}
	var mended []*dependent
	for _, one := range p.known {
		if slices.Contains(objects, one.Type+one.Table.String()) {
			mended = append(mended, one)
			if one.Type == "VIEW" {
				views = append(views, one.Name)
			}
		}
	}
	for _, one := range p.concerned(p.known, views) {
		if one.Type == "VIEW" && len(views) > 0 {
			mended = append(mended, one)
		}
	}
	return mended
}

// program asks about a statement on a view, a trigger, a routine or an event.
func (p *planner) program(ctx context.Context, step *Step) error {
	st := step.parsed
	all, err := p.dependents(ctx)
	if err != nil {
		return err
	}
	home := p.scratch.home(st.Object.Table)
	i := slices.IndexFunc(all, func(d *dependent) bool { return d.Type == st.Object.Type && d.Table == home })
	working, err := p.onView(ctx, step, all, i)
	if err != nil {
		return err
	}
	if st.Object.Verb == "DROP" {
		switch {
		case i >= 0:
			p.known = slices.Delete(p.known, i, i+1)
			if st.Object.Type != "VIEW" {
				return nil
			}
			p.gone[home] = working
			if err := p.scratch.exec(ctx, "DROP VIEW IF EXISTS "+p.shadowOf(home)); err != nil {
				return err
			}
			return p.broken(ctx, step, working)
		case (st.Object.Type == "VIEW" || st.Object.Type == "TRIGGER") && home.Schema == "" && !st.Object.Optional:
			step.problem("there is no %s", st.Object)
		}
		return nil
	}
	if failed, _, err := p.parses(ctx, st.SQL); err != nil || failed != nil {
		if failed != nil {
			step.problem("the server refuses it: %v", failed)
		}
		return err
	}
	one := &dependent{Object: sqltext.Object{Type: st.Object.Type, Table: home, On: p.scratch.home(st.Object.On)}}
	switch one.Type {
	case "VIEW":
		one.text, _ = st.SelectOf()
	case "TRIGGER":
		one.text = st.BodyOf()
	default:
		step.note("its text is good SQL; what it does is known when it is called")
		return nil
	}
	if i >= 0 {
		p.known[i] = one
	} else {
		p.known = append(p.known, one)
	}
	if before, gone := p.gone[home]; gone && one.Type == "VIEW" { // it is made again
		working = before
		delete(p.gone, home)
	}
	failed, known, err := p.compile(ctx, one)
	switch {
	case err != nil:
		return err
	case failed != nil:
		step.problem("it would not work: %v", failed)
	case !known:
		step.note("its text is good SQL; whether it works could not be tried")
	default:
		return p.broken(ctx, step, working)
	}
	return nil
}

// onView finds out which views and triggers that read a view work before a
// statement replaces or drops it; i is the view's index among all dependents,
// negative if the statement is not about an existing view.
func (p *planner) onView(ctx context.Context, step *Step, all []*dependent, i int) (map[*dependent]error, error) {
	if i < 0 || all[i].Type != "VIEW" {
		return nil, nil
	}
	view := all[i]
	some := slices.DeleteFunc(p.concerned(all, []string{view.Name}), func(d *dependent) bool { return d == view })
	return p.works(ctx, step, some)
}
