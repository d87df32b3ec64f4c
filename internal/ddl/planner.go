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

// A planner plans one statement after the other.
type planner struct {
	scratch  *scratch
	options  PlanOptions
	instance instance
	replicas int // number that read the binary log

	current *Plan        // of the migration that is being planned
	steps   []*Step      // of it
	known   []*dependent // views and triggers, once they have been read
	read    bool
	unseen  []string // which of them could not be read
	making  map[*dependent]bool
	gone    map[sqltext.Table]map[*dependent]error // views that the migration has dropped, with what read them then
	looked  bool                                   // whether it has looked for bystanders
	around  []bystander

	left    map[string]int    // variables like @name that statements on rows have assigned, with the numbers of the statements
	fresh   map[string]bool   // tables that the migration has created and that are almost empty
	origins map[string]string // the names that renamed tables have before the migration
}

// plan judges a step.
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
		step.Reads, step.Writes = true, true
		if st.Kind == sqltext.Program {
			p.weigh(step, p.programs(st))
			err = p.program(ctx, step)
		} else {
			p.weigh(step, &compatibility{})
			err = p.rows(ctx, step)
		}
	}
	return err
}

// session sets variables as a step says, except for noren's own.
func (p *planner) session(ctx context.Context, step *Step) error {
	if own := step.parsed.Own; len(own) > 0 {
		step.note("%s is noren's to set, and stays as noren wants it", strings.Join(own, ", "))
	}
	p.sets(step)
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

// ask asks the server about a step, and again if Aurora has a trap.
func (p *planner) ask(ctx context.Context, step *Step) error {
	st := step.parsed
	target := p.scratch.home(st.Tables[0].Table)
	size, err := p.scratch.db.size(ctx, p.originOf(target))
	if err != nil {
		return err
	}
	step.Rows, step.Bytes = size.rows, size.bytes()
	if err := p.scratch.load(ctx, target); err != nil {
		return err
	}
	before, err := p.scratch.columns(ctx, target)
	if err != nil {
		return err
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
	fresh := p.isFresh(step)
	if !fresh {
		if a, err = p.avoid(ctx, step, a, p.scratch.db.Server.traps(a.rung, size.bytes(), p.instance)); err != nil {
			return err
		}
	}
	step.judge(a, fresh)
	if err := tooLong(a.after); err != nil {
		step.problem("%v", err)
	}
	if past, there := p.scratch.pasts[target]; step.Algorithm == "INSTANT" && there && !past.known {
		step.note("how many INSTANT changes the table has had could not be counted, because another schema change waits: after %d of them the server refuses another", p.scratch.db.Server.rowVersionLimit())
	}
	if err := p.ties(ctx, step); err != nil {
		return err
	}
	if err := p.broken(ctx, step, working); err != nil {
		return err
	}
	if err := p.untried(ctx, step); err != nil {
		return err
	}
	if !fresh {
		p.trapped(step, size)
		p.replicated(step)
	}
	after, err := p.scratch.columns(ctx, target)
	if err != nil {
		return err
	}
	if !fresh && st.Kind == sqltext.AlterTable {
		if err := p.values(ctx, step, before, after); err != nil {
			return err
		}
	}
	p.current.changed(step, before, after)
	c := compare(st, a, before, after)
	if fresh && st.Kind != sqltext.DropTable {
		c = &compatibility{expands: true}
	}
	p.weigh(step, c)
	p.made(step)
	return nil
}

// trapped records what goes wrong on Aurora.
func (p *planner) trapped(step *Step, size tableSize) {
	for _, t := range p.scratch.db.Server.traps(step.Rung, size.bytes(), p.instance) {
		if t.reads {
			step.Reads = false
			step.waiting("%s", t.text)
		} else {
			step.note("%s", t.text)
		}
	}
}

// replicated notes what a statement costs the readers of the binary log.
func (p *planner) replicated(step *Step) {
	if p.replicas > 0 && (step.Algorithm == "COPY" || step.Algorithm == "INPLACE") {
		step.note("%s the binary log: each begins the statement when it has ended here, and falls behind by as long as it takes there; watch it with --replica and --max-lag", howMany(p.replicas))
	}
}

func howMany(n int) string {
	if n == 1 {
		return "one replica reads"
	}
	return fmt.Sprintf("%d replicas read", n)
}

// tooLong reports a constraint whose name would be too long for the server. A
// shadow has another name, so the names of its constraints are shorter.
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

// avoid asks for a copy of the table if that avoids a trap and no one writes to
// the table anyway.
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

// known refuses names that are not tables: a misspelt table would be judged as
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

// A tableSize is the size of a table according to the server's statistics.
type tableSize struct {
	rows, data, index, rowLength int64
	there, view                  bool
}

func (s tableSize) bytes() int64 { return s.data + s.index }

// size reads the statistics of a table; all 0 if it does not exist or is a view.
func (d *Database) size(ctx context.Context, t sqltext.Table) (tableSize, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return tableSize{}, err
	}
	defer conn.Close()
	if d.Server.Flavor != "MariaDB" && atLeast(d.Server.Version, 8) { // otherwise it would answer from yesterday's statistics
		if _, err := conn.ExecContext(ctx, "SET SESSION information_schema_stats_expiry = 0"); err != nil {
			return tableSize{}, err
		}
	}
	var s tableSize
	rows, err := conn.QueryContext(ctx, `SELECT COALESCE(table_rows, 0), COALESCE(data_length, 0), COALESCE(index_length, 0), COALESCE(avg_row_length, 0), table_type LIKE '%VIEW%'
		FROM information_schema.tables WHERE table_schema = ? AND table_name = ?`, cmp.Or(t.Schema, d.Schema), t.Name)
	if err != nil {
		return s, fmt.Errorf("reading the size of %s: %w", t, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&s.rows, &s.data, &s.index, &s.rowLength, &s.view); err != nil {
			return s, err
		}
		s.there = true
	}
	s.rowLength = cmp.Or(s.rowLength, 1)
	return s, rows.Err()
}

// holdsAtMost reports whether a table has at most n rows. It counts at most n+1
// of them, since statistics may be older than the rows.
func (d *Database) holdsAtMost(ctx context.Context, t sqltext.Table, n int64) (bool, error) {
	t.Schema = cmp.Or(t.Schema, d.Schema)
	rows, err := collect[int64](ctx, d.pool, fmt.Sprintf("SELECT COUNT(*) FROM (SELECT 1 FROM %s LIMIT %d) AS counted", t, n+1))
	if err != nil {
		return false, fmt.Errorf("counting the rows of %s: %w", t, err)
	}
	return rows[0] <= n, nil
}
