package ddl

import (
	"context"
	"errors"
	"fmt"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Candidate is a migration that is to be run, and its rehearsal.
type Candidate struct {
	Migration sqltext.Migration

	// Rehearsal is the migration's rehearsal, nil if there is none.
	Rehearsal *Rehearsal
}

// A Checked is a migration that a run would not refuse, as far as Check looks.
type Checked struct {
	Migration string `json:"migration"`

	// Left are the statements that a run would execute, Done those that earlier runs
	// have executed.
	Left int `json:"left"`
	Done int `json:"done"`
}

// Check reports why migrations could not be run one after the other, while the
// product is open. It plans all of them, compares each plan with its rehearsal,
// and checks rights and space. It cannot check what holds only while writes are
// stopped, such as that the tables are quiet. It writes only to the scratch
// schema, which it removes; it neither writes nor creates the journal table.
func Check(ctx context.Context, db *Database, all []Candidate, o RunOptions) ([]Checked, error) {
	checked, err := check(ctx, db, all, o)
	if err != nil && ctx.Err() != nil {
		return nil, interrupted()
	}
	if err != nil && passing(err) && !errors.Is(err, ErrRepeat) {
		err = fmt.Errorf("%w; %w", err, ErrRepeat)
	}
	return checked, err
}

func check(ctx context.Context, db *Database, all []Candidate, o RunOptions) ([]Checked, error) {
	named := func(c Candidate, err error) error {
		if err != nil && len(all) > 1 {
			return fmt.Errorf("%s: %w", c.Migration.Name, err)
		}
		return err
	}
	reportOf := func(p *Plan) Report {
		return func(e Event) {
			if len(all) > 1 {
				e.Text = p.Name + ": " + e.Text
			}
			o.Report(e)
		}
	}
	var migrations []sqltext.Migration
	var errs []error
	seen := map[string]bool{}
	for _, c := range all {
		o.Rehearsal = c.Rehearsal
		if key := c.Migration.Key(); seen[key] {
			errs = append(errs, fmt.Errorf("%q is named twice", key))
		} else {
			seen[key] = true
		}
		errs = append(errs, named(c, o.validate(c.Migration)))
		migrations = append(migrations, c.Migration)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if err := db.writable(ctx); err != nil {
		return nil, err
	}
	journals, err := viewJournal(ctx, db, o.Journal, migrations)
	if err != nil {
		return nil, err
	}
	defer journals[0].close()
	if err := db.uncontested(ctx); err != nil {
		return nil, err
	}
	of := map[string]*journal{}
	for i, m := range migrations {
		steps, err := readSteps(m, db.Dialect())
		if err == nil {
			err = journals[i].settled(ctx, steps)
		}
		if err != nil {
			return nil, named(all[i], err)
		}
		of[m.Key()] = journals[i]
	}
	o.done = func(m sqltext.Migration, number int) bool { return of[m.Key()].done(number) }
	o.inPortions = func(m sqltext.Migration, number int) bool { return of[m.Key()].inPortions(number) }
	plans, err := db.plansToRun(ctx, migrations, o)
	if err != nil {
		return nil, err
	}
	var result []Checked
	for i, plan := range plans {
		o.Rehearsal = all[i].Rehearsal
		c := &conductor{db: db, plan: plan, rehearsal: o.Rehearsal, report: reportOf(plan), earlier: plans[:i], beforehand: true}
		errs = append(errs, named(all[i], errors.Join(c.check(ctx, journals[i].table, o), journals[i].recordable(ctx, o.Record))))
		result = append(result, Checked{Migration: plan.Name, Left: plan.left(), Done: plan.executed()})
	}
	return result, errors.Join(errs...)
}

// executed returns the number of statements that earlier runs have executed.
func (p *Plan) executed() int {
	n := 0
	for _, s := range p.Steps {
		if s.done {
			n++
		}
	}
	return n
}

// viewJournal reads what earlier runs of migrations have done, and keeps other
// runs out until the first journal is closed.
func viewJournal(ctx context.Context, db *Database, name string, all []sqltext.Migration) ([]*journal, error) {
	table, err := db.journalTable(name)
	if err != nil {
		return nil, err
	}
	var journals []*journal
	for i, m := range all {
		j := newJournal(db, table, m)
		journals = append(journals, j)
		if i == 0 {
			err = j.connect(ctx, 5)
		} else {
			j.conn = journals[0].conn
		}
		if err == nil {
			err = j.view(ctx)
		}
		if err != nil {
			journals[0].close()
			return nil, err
		}
	}
	return journals, nil
}

// view reads the journal without making or changing it.
func (j *journal) view(ctx context.Context) error {
	if there, err := j.exists(ctx); err != nil || !there {
		return err
	}
	if err := j.read(ctx); err != nil {
		return err
	}
	if err := j.look(ctx); err != nil {
		return err
	}
	if j.stale { // a run would forget them
		j.entries = map[int]entry{}
	}
	return nil
}
