package ddl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A planner asks about one statement after the other.
type planner struct {
	scratch  *scratch
	options  PlanOptions
	instance instance

	steps  []*Step      // of the migration that is planned
	known  []*dependent // views and triggers, once they are read
	read   bool
	making map[*dependent]bool
}

// plan fills in the verdict on a step.
func (p *planner) plan(ctx context.Context, step *Step) error {
	st := step.parsed
	for _, t := range st.Changed() {
		t = p.scratch.home(t)
		if t.Schema != "" {
			return fmt.Errorf("it changes %s, and the migration is for the schema %q", t, p.scratch.db.Schema)
		}
		step.Tables = append(step.Tables, t.Name)
	}
	step.Judged = p.options.judgedFor(step.Tables)
	var err error
	switch {
	case st.Kind.Shadowed():
		err = p.ask(ctx, step)
	case st.Kind == sqltext.Session:
		step.Reads, step.Writes = true, true
		err = p.session(ctx, step)
	default:
		step.judgeRows(st.Bulk)
		if st.Kind == sqltext.Program {
			err = p.program(ctx, step)
		} else {
			err = p.rows(ctx, step)
		}
	}
	if p.options.Policy == Additive && !st.Kind.Shadowed() && st.Kind != sqltext.Session {
		step.problem("%s", notAdditive(st, answer{}, nil, nil))
	}
	return err
}

// rows asks about a statement on rows.
func (p *planner) rows(ctx context.Context, step *Step) error {
	if _, err := p.dependents(ctx); err != nil {
		return err
	}
	failed, known, err := p.prepare(ctx, step.parsed.SQL)
	switch {
	case err != nil:
		return err
	case failed != nil:
		step.problem("the server refuses it: %v", failed)
	case !known:
		step.note("whether the server takes it could not be tried: it uses what noren does not know to only calculate")
	}
	return nil
}

// session sets variables as a step says, but for noren's own.
func (p *planner) session(ctx context.Context, step *Step) error {
	if own := step.parsed.Own; len(own) > 0 {
		step.note("%s is noren's to set, and stays as noren wants it", strings.Join(own, ", "))
	}
	if step.parsed.SQL == "" {
		return nil
	}
	if err := p.scratch.exec(ctx, step.parsed.SQL); err != nil {
		if code(err) == 0 {
			return err
		}
		step.problem("the server refuses it: %s", reason(err))
	}
	return plainText(ctx, p.scratch.conn)
}

// ask asks the server about a step, and once more where Aurora has a trap.
func (p *planner) ask(ctx context.Context, step *Step) error {
	st := step.parsed
	target := p.scratch.home(st.Tables[0].Table)
	size, err := p.scratch.db.size(ctx, target.Name)
	if err != nil {
		return err
	}
	step.Rows, step.Bytes = size.rows, size.bytes()
	if err := p.scratch.load(ctx, target); err != nil {
		return err
	}
	var before []column
	if p.options.Policy == Additive {
		if before, err = p.scratch.columns(ctx, target); err != nil {
			return err
		}
	}
	working, err := p.tries(ctx, step)
	if err != nil {
		return err
	}
	a, err := p.scratch.ask(ctx, st)
	if own := (statementError{}); errors.As(err, &own) {
		step.problem("the server refuses it: %v", own)
		return nil
	}
	if err != nil {
		return err
	}
	traps := p.scratch.db.Server.traps(a.rung, size.bytes(), p.instance)
	if a, err = p.avoid(ctx, step, a, traps); err != nil {
		return err
	}
	step.judge(a)
	if err := tooLong(a.after); err != nil {
		step.problem("%v", err)
	}
	if past, there := p.scratch.pasts[target]; step.Algorithm == "INSTANT" && there && !past.known {
		step.note("how many INSTANT changes the table has had could not be counted, because somebody else's schema change waits: after %d of them the server refuses another", p.scratch.db.Server.rowVersionLimit())
	}
	if err := p.parents(ctx, step); err != nil {
		return err
	}
	if err := p.broken(ctx, step, working); err != nil {
		return err
	}
	for _, t := range p.scratch.db.Server.traps(a.rung, size.bytes(), p.instance) {
		if t.reads {
			step.Reads, step.raises = false, true
			step.problem("%s", t.text)
		} else {
			step.note("%s", t.text)
		}
	}
	if p.options.Policy == Additive {
		after, err := p.scratch.columns(ctx, target)
		if err != nil {
			return err
		}
		if why := notAdditive(st, a, before, after); why != "" {
			step.problem("%s", why)
		}
	}
	return nil
}

// tooLong says that a constraint gets a name which servers refuse. A shadow has
// a name of its own, so that its constraints' are shorter.
func tooLong(definitions map[string]string) error {
	for _, definition := range definitions {
		for _, found := range constraintName().FindAllStringSubmatch(definition, -1) {
			if utf8.RuneCountInString(found[1]) > 64 {
				return fmt.Errorf("the server refuses it: the name of the constraint %q is too long: give it one of your own", found[1])
			}
		}
	}
	return nil
}

var constraintName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("CONSTRAINT `((?:[^`]|``)+)`") })

// parents judges the tables that foreign keys of a copied table refer to: each
// row that is copied locks its row there until all are, so that who writes
// there waits. Without foreign_key_checks nothing is looked up.
func (p *planner) parents(ctx context.Context, step *Step) error {
	if step.Algorithm != "COPY" {
		return nil
	}
	var checks bool
	if err := p.scratch.conn.QueryRowContext(ctx, "SELECT @@foreign_key_checks").Scan(&checks); err != nil || !checks {
		return err
	}
	for _, name := range step.Tables {
		definition, err := sqltext.ParseDefinition(step.after[name], p.scratch.db.Dialect())
		if step.after[name] == "" {
			continue
		}
		if err != nil {
			return err
		}
		for _, t := range definition.Tables[1:] {
			parent := p.scratch.home(t.Table)
			if parent.Name == name || slices.Contains(step.Tables, parent.Name) || p.options.judgedFor([]string{parent.Name}) != Live {
				continue
			}
			step.Writes, step.raises = false, true
			text := fmt.Sprintf("writes to %s would wait as long as the copy takes: a foreign key refers to it, and every row that is copied locks its row there; with SET foreign_key_checks = 0 before it nothing is looked up there", parent)
			if !strings.Contains(step.before[name], "REFERENCES "+sqltext.Quote(parent.Name)) {
				text += ", and the server adds a foreign key INPLACE/NONE: look for rows without a parent yourself, before"
			}
			step.problem("%s", text)
		}
	}
	return nil
}

// avoid asks for a copy of the table where that avoids a trap and nobody
// writes to the table anyway.
func (p *planner) avoid(ctx context.Context, step *Step, a answer, traps []trap) (answer, error) {
	for _, t := range traps {
		if !t.copying || step.Judged != Stopped || !step.parsed.Admits(sqltext.CopyShared) {
			continue
		}
		copied, err := p.scratch.again(ctx, step.parsed, a, sqltext.CopyShared)
		if err != nil {
			return answer{}, err
		}
		if copied.accepted {
			step.note("COPY/SHARED instead of %s: %s", a.rung, t.text)
			return copied, nil
		}
		return p.scratch.again(ctx, step.parsed, a, a.rung)
	}
	return a, nil
}

// known refuses names that are no table's: a misspelt table would be judged as
// quiet.
func (d *Database) known(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	tables, err := collect[string](ctx, d.pool, "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", d.Schema)
	if err != nil {
		return fmt.Errorf("reading the names of the tables: %w", err)
	}
	var errs []error
	for _, name := range names {
		if !slices.Contains(tables, name) {
			errs = append(errs, fmt.Errorf("there is no table %q in %q that could be still written", name, d.Schema))
		}
	}
	return errors.Join(errs...)
}

// A tableSize is how much a table holds, by the server's statistics.
type tableSize struct {
	rows, data, index, rowLength int64
}

func (s tableSize) bytes() int64 { return s.data + s.index }

// size reads the statistics of a table; all 0 if it is not there.
func (d *Database) size(ctx context.Context, name string) (tableSize, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return tableSize{}, err
	}
	defer conn.Close()
	if d.Server.Flavor != "MariaDB" && atLeast(d.Server.Version, 8) { // which would answer from yesterday
		if _, err := conn.ExecContext(ctx, "SET SESSION information_schema_stats_expiry = 0"); err != nil {
			return tableSize{}, err
		}
	}
	var s tableSize
	rows, err := conn.QueryContext(ctx, `SELECT COALESCE(table_rows, 0), COALESCE(data_length, 0), COALESCE(index_length, 0), COALESCE(avg_row_length, 0)
		FROM information_schema.tables WHERE table_schema = ? AND table_name = ?`, d.Schema, name)
	if err != nil {
		return s, fmt.Errorf("reading the size of %s: %w", sqltext.Quote(name), err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&s.rows, &s.data, &s.index, &s.rowLength); err != nil {
			return s, err
		}
	}
	s.rowLength = cmp.Or(s.rowLength, 1)
	return s, rows.Err()
}
