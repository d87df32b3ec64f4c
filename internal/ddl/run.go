package ddl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// RunOptions say how to run a migration.
type RunOptions struct {
	PlanOptions
	Budgets

	// Journal is the table of the journal: table, or schema.table. Default:
	// noren_journal in the schema that is changed.
	Journal string

	// Record says how to tell a migration tool that the migration is done: one of
	// Recorders, or SQL. It is executed with the last entry of the journal.
	Record string

	// EndOrphan ends the statement of a run that was killed, instead of watching
	// it to its end.
	EndOrphan bool

	// Planner is the database with the login of the user who plans. Default: the
	// login of the user who runs.
	Planner *Database

	// WithoutRehearsal allows a run without the rehearsal that PlanOptions
	// otherwise has: for small tables.
	WithoutRehearsal bool

	// Sample is how long tables that should be quiet are watched. Default: 2
	// seconds.
	Sample time.Duration

	// FreeSpace is the free storage in bytes. Default: that of the server's file
	// system if it is on this machine, otherwise unknown.
	FreeSpace int64

	// Readers are the reader endpoints from which the application reads. They
	// are read meanwhile, and between two statements.
	Readers []*Database

	// Replicas read the binary log of the server. A run waits before each
	// statement, and between portions, until none is further behind than MaxLag.
	Replicas []*Database

	// MaxLag is the maximum lag, in whole seconds. Required with Replicas.
	MaxLag time.Duration

	// OnCopy says that the server is a copy that only replication uses: it does
	// not matter who waits, and no rehearsal is needed.
	OnCopy bool

	// Report receives what happens.
	Report Report
}

func (o RunOptions) validate(m sqltext.Migration) error {
	var errs []error
	if name := m.Key(); m.Name == "" || len(name) > 190 {
		errs = append(errs, fmt.Errorf("the name of the migration must have 1 to 190 bytes, got %d", len(name)))
	}
	if o.Rehearsal == nil && !o.WithoutRehearsal && !o.OnCopy {
		errs = append(errs, errors.New("there is no rehearsal: noren ddl rehearse makes one on a clone; --without-rehearsal does without, for small tables"))
	}
	if o.Rehearsal != nil && o.WithoutRehearsal {
		errs = append(errs, errors.New("--rehearsal and --without-rehearsal exclude each other"))
	}
	if (len(o.Replicas) > 0) != (o.MaxLag > 0) || o.MaxLag < 0 || o.MaxLag%time.Second != 0 {
		errs = append(errs, fmt.Errorf("replicas and a lag in whole seconds belong together (--replica, --max-lag), got %d replicas and %v", len(o.Replicas), o.MaxLag))
	}
	return errors.Join(append(errs, o.PlanOptions.validate(), o.Budgets.validate())...)
}

// A Result is what a run did.
type Result struct {
	// Steps are the statements that this run executed.
	Steps []RehearsedStep `json:"steps"`

	// Skipped is how many statements earlier runs had executed.
	Skipped int `json:"skipped"`

	// Seconds is their total time.
	Seconds float64 `json:"seconds"`

	// WorstRead is the longest wait of a reader.
	WorstRead float64 `json:"worstReadSeconds"`

	// WorstWrite is the longest wait of a writer to a table that should stay
	// writable. ReaderErrors counts reads that failed at a reader.
	WorstWrite   float64 `json:"worstWriteSeconds,omitempty"`
	ReaderErrors int     `json:"readerErrors,omitempty"`
}

// Run executes a migration, or what an earlier run left of it. If it returns an
// error that is ErrRepeat, it may be repeated as it is.
func Run(ctx context.Context, db *Database, m sqltext.Migration, o RunOptions) (*Result, error) {
	result, err := run(ctx, db, m, o)
	if err != nil && passing(err) && !errors.Is(err, ErrRepeat) {
		err = fmt.Errorf("%w; %w", err, ErrRepeat)
	}
	return result, err
}

func run(ctx context.Context, db *Database, m sqltext.Migration, o RunOptions) (*Result, error) {
	if err := o.validate(m); err != nil {
		return nil, err
	}
	steps, err := readSteps(m, db.Dialect())
	if err != nil {
		return nil, err
	}
	record, err := Record(o.Record, m, db.Dialect())
	if err != nil {
		return nil, err
	}
	j, c, err := prepare(ctx, db, m, steps, o)
	if j != nil {
		defer j.close()
	}
	if err != nil && ctx.Err() != nil {
		return nil, interrupted()
	}
	if err != nil {
		return nil, err
	}
	if err := db.recordable(ctx, record, j.done(whole)); err != nil {
		return nil, err
	}
	if o.OnCopy {
		o.Budgets = Budgets{Stall: time.Hour, EndStall: time.Hour, Wait: 24 * time.Hour}
	}
	if c.guard, err = openGuard(ctx, db, o.Budgets); err != nil {
		return nil, err
	}
	defer c.guard.close()
	result, err := c.run(ctx, j)
	if err != nil {
		return result, err
	}
	return result, j.finish(ctx, record)
}

// recordable checks, before anything is done, that the server accepts the
// statements that record the migration.
func (d *Database) recordable(ctx context.Context, record []string, done bool) error {
	if done {
		return nil
	}
	for _, statement := range record {
		prepared, err := d.pool.PrepareContext(ctx, statement)
		if err != nil {
			return fmt.Errorf("the migration could not be recorded: %s: %w", statement, err)
		}
		if err := prepared.Close(); err != nil {
			return err
		}
	}
	return nil
}

// prepare does everything that comes before the first statement. It changes only
// the journal.
func prepare(ctx context.Context, db *Database, m sqltext.Migration, steps []*Step, o RunOptions) (*journal, *conductor, error) {
	if err := db.writable(ctx); err != nil && !o.OnCopy { // a copy's own runner checks this
		return nil, nil, err
	}
	j, err := openJournal(ctx, db, o.Journal, m)
	if err != nil {
		return nil, nil, err
	}
	if err := j.settle(ctx, steps, o); err != nil {
		return j, nil, err
	}
	if err := db.uncontested(ctx); err != nil {
		return j, nil, err
	}
	o.done = func(_ sqltext.Migration, number int) bool { return j.done(number) }
	o.inPortions = func(_ sqltext.Migration, number int) bool { return j.inPortions(number) }
	plans, err := db.plansToRun(ctx, []sqltext.Migration{m}, o)
	if err != nil {
		return j, nil, err
	}
	c := &conductor{db: db, plan: plans[0], rehearsal: o.Rehearsal, report: o.Report, readers: o.Readers, replicas: o.Replicas, maxLag: o.MaxLag, tag: j.tag}
	return j, c, c.check(ctx, j.table, o)
}

// plansToRun plans as the user who plans, if there is one.
func (d *Database) plansToRun(ctx context.Context, all []sqltext.Migration, o RunOptions) ([]*Plan, error) {
	o.eyes = d
	if o.Planner != nil {
		return MakePlans(ctx, o.Planner, all, o.PlanOptions)
	}
	return makePlans(ctx, d, all, o.PlanOptions)
}

// left returns the number of statements that are still to be executed.
func (p *Plan) left() int {
	n := 0
	for _, s := range p.Steps {
		if !s.done && s.Kind != sqltext.Session {
			n++
		}
	}
	return n
}

// check makes all checks that can refuse a run.
func (c *conductor) check(ctx context.Context, journal sqltext.Table, o RunOptions) error {
	if c.plan.left() == 0 {
		return nil
	}
	if o.OnCopy {
		return c.plan.refusalElsewhere()
	}
	if err := c.plan.refusal(); err != nil {
		return err
	}
	if o.WithoutRehearsal {
		c.note("WITHOUT A REHEARSAL: nobody has measured how long this takes, or whether the rows allow it")
		if err := c.db.smallEnough(ctx, c.plan); err != nil {
			return err
		}
	} else if err := c.db.compare(ctx, c.plan, o.Rehearsal, c.comesAfter); err != nil {
		return err
	} else if changed := c.plan.rowsChanged(); changed != nil {
		c.note(fmt.Sprintf("how many rows there are is not compared with the rehearsal, since statement %d of this migration has changed it", changed.Number))
	}
	p := &preflight{db: c.db, plan: c.plan, journal: journal, options: o, beforehand: c.beforehand}
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
		result.WorstRead, result.WorstWrite = max(result.WorstRead, measured.WorstRead), max(result.WorstWrite, measured.WorstWrite)
		result.ReaderErrors += measured.ReaderErrors
		result.Seconds = time.Since(began).Seconds()
		if err != nil {
			return result, fmt.Errorf("statement %d (line %d): %w", step.Number, step.Line, err)
		}
	}
	return result, nil
}

// record performs a step between two entries of the journal.
func (c *conductor) record(ctx context.Context, step *Step, j *journal) (RehearsedStep, error) {
	if err := j.held(ctx); err != nil {
		return RehearsedStep{}, err
	}
	if step.Kind == sqltext.Session { // whoever resumes must repeat it
		return c.perform(ctx, step, nil)
	}
	m, err := c.db.marksOf(ctx, step)
	if err != nil {
		return RehearsedStep{}, err
	}
	if before := j.entries[step.Number].marks.Position; before != nil {
		step.position, m.Position = *before, before
	}
	if err := j.running(ctx, step, c.guard.id, m); err != nil {
		return RehearsedStep{}, err
	}
	c.guard.mine = func(ctx context.Context) error { return j.mine(ctx, step.Number) }
	defer func() { c.guard.mine = nil }()
	measured, err := c.perform(ctx, step, func(q queryer, at position, finished bool) error {
		if step.portioned != nil {
			return j.portion(ctx, q, step.Number, at, finished)
		}
		return j.set(ctx, q, step.Number, StateDone, "")
	})
	switch {
	case err != nil && !errors.Is(err, ErrStopped) && (code(err) == 0 || lost(err)):
		// Nobody knows: the entry stays, and the next run finds out.
		return measured, err
	case err != nil:
		return measured, errors.Join(err, j.set(ctx, j.conn, step.Number, StateStopped, err.Error()))
	case step.Kind == sqltext.Rows:
		return measured, nil
	}
	return measured, j.set(ctx, j.conn, step.Number, StateDone, "")
}
