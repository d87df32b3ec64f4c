package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// RunOptions say how to run a migration.
type RunOptions struct {
	PlanOptions
	Budgets

	// Name is what the journal knows the migration by: the name of its file.
	// Required.
	Name string

	// WithoutRehearsal runs without a rehearsal, which PlanOptions has
	// otherwise: for small tables.
	WithoutRehearsal bool

	// Sample is how long tables are watched that are said to be quiet.
	// Default: 2 seconds.
	Sample time.Duration

	// FreeSpace is the free storage in bytes. Default: what the server's file
	// system has if it is this machine's, else unknown.
	FreeSpace int64

	// Report receives what happens.
	Report Report
}

func (o RunOptions) validate() error {
	var errs []error
	if o.Name == "" || len(o.Name) > 190 {
		errs = append(errs, fmt.Errorf("the name of the migration must have 1 to 190 bytes, got %d", len(o.Name)))
	}
	if o.Rehearsal == nil && !o.WithoutRehearsal {
		errs = append(errs, errors.New("there is no rehearsal: noren ddl rehearse makes one on a clone; --without-rehearsal does without, for small tables"))
	}
	if o.Rehearsal != nil && o.WithoutRehearsal {
		errs = append(errs, errors.New("--rehearsal and --without-rehearsal exclude each other"))
	}
	return errors.Join(append(errs, o.PlanOptions.validate(), o.Budgets.validate())...)
}

// A Result is what a run did.
type Result struct {
	// Steps are the statements that this run executed.
	Steps []RehearsedStep `json:"steps"`

	// Skipped is how many statements earlier runs had executed.
	Skipped int `json:"skipped"`

	// Seconds is the time of all of them together.
	Seconds float64 `json:"seconds"`

	// WorstRead is the longest that a reader waited.
	WorstRead float64 `json:"worstReadSeconds"`
}

// Run executes a migration, or what an earlier run left of it. If it returns
// an error that is ErrStopped it may be repeated as it is.
func Run(ctx context.Context, db *Database, file string, o RunOptions) (*Result, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	steps, err := readSteps(file, db.Dialect())
	if err != nil {
		return nil, err
	}
	j, c, err := prepare(ctx, db, file, steps, o)
	if j != nil {
		defer j.close()
	}
	if err != nil && ctx.Err() != nil {
		return nil, interrupted()
	}
	if err != nil {
		return nil, err
	}
	if c.guard, err = openGuard(ctx, db, o.Budgets); err != nil {
		return nil, err
	}
	defer c.guard.close()
	return c.run(ctx, j)
}

// prepare does everything that comes before the first statement, and changes
// nothing but the journal.
func prepare(ctx context.Context, db *Database, file string, steps []*Step, o RunOptions) (*journal, *conductor, error) {
	if err := errors.Join(db.writable(ctx), db.uncontested(ctx)); err != nil {
		return nil, nil, err
	}
	j, err := openJournal(ctx, db, o.Name, Hash(file))
	if err != nil {
		return nil, nil, err
	}
	if err := j.settle(ctx, steps); err != nil {
		return j, nil, err
	}
	o.done = j.done
	plan, err := makePlan(ctx, db, file, o.PlanOptions)
	if err != nil {
		return j, nil, err
	}
	c := &conductor{db: db, plan: plan, rehearsal: o.Rehearsal, report: o.Report}
	return j, c, c.check(ctx, o)
}

// check is everything that can refuse a run.
func (c *conductor) check(ctx context.Context, o RunOptions) error {
	left := slices.ContainsFunc(c.plan.Steps, func(s *Step) bool { return !s.done && s.Kind != sqltext.Session })
	if !left {
		return nil
	}
	if err := c.plan.refusal(); err != nil {
		return err
	}
	if o.WithoutRehearsal {
		c.note("WITHOUT A REHEARSAL: nobody has measured how long this takes, or whether the rows allow it")
		if err := smallEnough(c.plan); err != nil {
			return err
		}
	} else if err := c.db.compare(ctx, c.plan, o.Rehearsal); err != nil {
		return err
	}
	p := &preflight{db: c.db, plan: c.plan, options: o}
	if err := p.fly(ctx); err != nil {
		return err
	}
	for _, note := range p.notes {
		c.note(note)
	}
	return errors.Join(p.problems...)
}

// run executes the steps that no earlier run has executed.
func (c *conductor) run(ctx context.Context, j *journal) (*Result, error) {
	result := &Result{}
	began := time.Now()
	for _, step := range c.plan.Steps {
		if ctx.Err() != nil {
			return result, interrupted()
		}
		if step.done {
			result.Skipped++
			c.report(Event{At: time.Now().UTC(), Kind: EventSkipped, Number: step.Number, Of: len(c.plan.Steps), SQL: step.SQL})
			continue
		}
		measured, err := c.record(ctx, step, j)
		result.Steps = append(result.Steps, measured)
		result.WorstRead = max(result.WorstRead, measured.WorstRead)
		result.Seconds = time.Since(began).Seconds()
		if err != nil {
			return result, fmt.Errorf("statement %d (line %d): %w", step.Number, step.Line, err)
		}
	}
	return result, nil
}

// record performs a step between two entries of the journal.
func (c *conductor) record(ctx context.Context, step *Step, j *journal) (RehearsedStep, error) {
	if step.Kind == sqltext.Session { // to be repeated by whoever resumes
		return c.perform(ctx, step, nil)
	}
	m, err := c.db.marksOf(ctx, step)
	if err != nil {
		return RehearsedStep{}, err
	}
	if err := j.running(ctx, step, c.guard.id, m); err != nil {
		return RehearsedStep{}, err
	}
	measured, err := c.perform(ctx, step, func(q queryer) error { return j.set(ctx, q, step.Number, stateDone, "") })
	switch {
	case err != nil && code(err) == 0 && !errors.Is(err, ErrStopped):
		// Nobody knows: the entry stays, and the next run finds out.
		return measured, err
	case err != nil:
		return measured, errors.Join(err, j.set(ctx, j.conn, step.Number, stateStopped, err.Error()))
	case step.Kind == sqltext.Rows:
		return measured, nil
	}
	return measured, j.set(ctx, j.conn, step.Number, stateDone, "")
}
