package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Marks are recorded about the objects that a statement changes before it is
// executed. After a crash they tell whether it was executed. Evidence is only
// what is seen of these very objects.
type marks struct {
	Before map[string]string  `json:"before,omitempty"` // definitions of the changed tables; "" if they do not exist
	After  map[string]string  `json:"after,omitempty"`  // definitions as the shadows were left
	IDs    map[string][]int64 `json:"ids,omitempty"`    // table ids before

	Object      *object `json:"object,omitempty"` // the view, trigger or routine before; nil for tables
	ObjectAfter *object `json:"objectAfter,omitempty"`

	Position *position `json:"position,omitempty"` // of a statement in portions
}

// An object is what the server says about a view, a trigger, a routine or an
// event.
type object struct {
	Text  string `json:"text,omitempty"` // "" if it does not exist
	Body  string `json:"body,omitempty"` // as its author wrote it; "" for views
	Stamp string `json:"stamp,omitempty"`
	On    string `json:"on,omitempty"` // table of a trigger
}

// A finding is what the evidence says about a statement.
type finding int

const (
	notExecuted finding = iota // or it may be executed again without harm
	executed
	undecided
)

// marksOf returns the marks of a planned step.
func (d *Database) marksOf(ctx context.Context, step *Step) (marks, error) {
	m := marks{After: step.after}
	var err error
	switch {
	case step.Kind == sqltext.Program:
		if m.Object, err = d.object(ctx, step.parsed.Object); err != nil {
			return m, err
		}
		m.ObjectAfter = d.viewAfter(ctx, step)
	case step.Kind.Shadowed():
		m.Before, m.IDs = map[string]string{}, map[string][]int64{}
		for name := range step.before {
			if m.Before[name], err = showCreate(ctx, d.pool, d.Schema, name); err != nil {
				return m, err
			}
			if m.IDs[name], err = d.tableIDs(ctx, d.pool, d.Schema, name); err != nil {
				return m, err
			}
		}
	}
	return m, err
}

// find determines whether a statement with these marks has been executed, and
// says where to look if that is not known.
func (d *Database) find(ctx context.Context, step *Step, m marks) (found finding, look string, err error) {
	switch {
	case step.Kind == sqltext.Program:
		if m.Object == nil {
			return undecided, step.parsed.Object.String(), nil
		}
		now, err := d.object(ctx, step.parsed.Object)
		if err != nil {
			return undecided, "", err
		}
		return m.findObject(step.parsed, *now), step.parsed.Object.String(), nil
	case step.Kind.Shadowed():
		return d.findTables(ctx, step, m)
	}
	return notExecuted, "", nil // rows are written in one transaction with the journal
}

func (m marks) findObject(st sqltext.Statement, now object) finding {
	before := *m.Object
	same := now.Text == before.Text && now.Stamp == before.Stamp
	switch {
	case st.Object.Verb == "DROP" && now.Text == "" && before.Text != "":
		return executed
	case same:
		return notExecuted
	case st.Object.Verb == "DROP":
		return undecided
	case m.ObjectAfter != nil && now.Text == m.ObjectAfter.Text && now.Text != "":
		return executed
	case st.Object.Verb == "CREATE" && now.Body != "" && sqltext.EndsWith(st.SQL, now.Body) && strings.EqualFold(now.On, st.Object.On.Name):
		return executed
	}
	return undecided
}

func (d *Database) findTables(ctx context.Context, step *Step, m marks) (found finding, look string, err error) {
	isBefore, isAfter, sameIDs := true, true, true
	ids := map[string][]int64{}
	var names []string
	for name, before := range m.Before {
		now, err := showCreate(ctx, d.pool, d.Schema, name)
		if err != nil {
			return undecided, "", err
		}
		if ids[name], err = d.tableIDs(ctx, d.pool, d.Schema, name); err != nil {
			return undecided, "", err
		}
		names = append(names, sqltext.Quote(name))
		isBefore = isBefore && settled(now) == settled(before)
		isAfter = isAfter && settled(now) == settled(m.After[name])
		sameIDs = sameIDs && slices.Equal(ids[name], m.IDs[name])
	}
	slices.Sort(names)
	look = "table " + strings.Join(names, ", ")
	switch {
	case isBefore != isAfter && isBefore:
		return notExecuted, look, nil
	case isBefore != isAfter:
		return executed, look, nil
	case !isBefore: // someone else has changed it
		return undecided, look, nil
	}
	// The statement leaves the definitions unchanged.
	st := step.parsed
	switch {
	case slices.ContainsFunc(st.RenamedColumns, func(r sqltext.ColumnRename) bool { return !strings.EqualFold(r.From, r.To) }):
		return undecided, look, nil // columns have exchanged their names, and doing it again would undo it
	case len(st.Loses) == 0:
		return notExecuted, look, nil // a rebuild, or nothing: it may be done again
	case st.Exchanges && !sameIDs && exchanged(m.IDs, ids):
		return executed, look, nil
	case sameIDs && slices.ContainsFunc(st.Loses, func(by string) bool { return strings.HasPrefix(by, "DROP COLUMN") }):
		return undecided, look, nil // what was dropped exists, as before or recreated
	case sameIDs:
		return notExecuted, look, nil // whatever else loses rows gives a table another id
	}
	if st.Kind == sqltext.Truncate || st.Replaces {
		empty, err := collect[int](ctx, d.pool, "SELECT 1 FROM "+d.table(st.Changed()[0].Name).String()+" LIMIT 1")
		if err == nil && len(empty) == 0 {
			return executed, look, nil
		}
		if err != nil {
			return undecided, look, err
		}
	}
	return undecided, look, nil
}

// exchanged reports whether tables have the ids that they had before, but each
// has another's.
func exchanged(before, after map[string][]int64) bool {
	all := func(ids map[string][]int64) []int64 {
		var all []int64
		for _, some := range ids {
			all = append(all, some...)
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(all(before), all(after))
}

// object reads a view, a trigger, a routine or an event.
func (d *Database) object(ctx context.Context, o sqltext.Object) (*object, error) {
	schema := o.Schema
	if schema == "" {
		schema = d.Schema
	}
	query := map[string]string{
		"VIEW":      "SELECT CONCAT_WS('|', view_definition, check_option, security_type), '', '', '' FROM information_schema.views WHERE table_schema = ? AND table_name = ?",
		"TRIGGER":   "SELECT CONCAT_WS('|', action_timing, event_manipulation, event_object_table, action_statement), action_statement, COALESCE(created, ''), event_object_table FROM information_schema.triggers WHERE trigger_schema = ? AND trigger_name = ?",
		"PROCEDURE": "SELECT CONCAT_WS('|', routine_definition, is_deterministic, sql_data_access, security_type, routine_comment), routine_definition, last_altered, '' FROM information_schema.routines WHERE routine_schema = ? AND routine_name = ? AND routine_type = 'PROCEDURE'",
		"FUNCTION":  "SELECT CONCAT_WS('|', routine_definition, is_deterministic, sql_data_access, security_type, routine_comment), routine_definition, last_altered, '' FROM information_schema.routines WHERE routine_schema = ? AND routine_name = ? AND routine_type = 'FUNCTION'",
		"EVENT":     "SELECT CONCAT_WS('|', event_definition, event_type, execute_at, interval_value, interval_field, status, on_completion, event_comment), event_definition, last_altered, '' FROM information_schema.events WHERE event_schema = ? AND event_name = ?",
	}[o.Type]
	rows, err := d.pool.QueryContext(ctx, query, schema, o.Name)
	if err != nil {
		return nil, fmt.Errorf("reading the definition of %s: %w", o, err)
	}
	defer rows.Close()
	found := &object{}
	for rows.Next() {
		var text, body, stamp *string
		if err := rows.Scan(&text, &body, &stamp, &found.On); err != nil {
			return nil, err
		}
		found.Text = "there|" + value(text)
		found.Body, found.Stamp = value(body), value(stamp)
	}
	return found, rows.Err()
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// viewAfter returns what a view will be. Servers keep their own text of a view,
// so it is made under another name. It returns nil if that is not possible.
func (d *Database) viewAfter(ctx context.Context, step *Step) *object {
	o := step.parsed.Object
	if o.Type != "VIEW" || o.Verb != "CREATE" {
		return nil
	}
	s, err := openScratch(ctx, d)
	if err != nil {
		return nil
	}
	defer func() { _ = s.close(ctx) }()
	view := sqltext.Table{Schema: ScratchSchema, Name: s.prefix + "view"}
	if err := errors.Join(s.exec(ctx, "USE "+sqltext.Quote(d.Schema)), s.exec(ctx, step.parsed.Renamed(view.String()))); err != nil {
		return nil
	}
	after, err := d.object(ctx, sqltext.Object{Type: "VIEW", Table: view})
	if failed := s.exec(ctx, "DROP VIEW "+view.String()); err != nil || failed != nil {
		return nil
	}
	return after
}
