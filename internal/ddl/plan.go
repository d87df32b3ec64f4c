package ddl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// PlanOptions say what a migration is judged for.
type PlanOptions struct {
	// Writes says whether the application writes meanwhile. Default: Live.
	Writes Writes

	// StillWritten are tables that are written although writes are stopped, by
	// logins for example. They are judged as Live.
	StillWritten []string

	// Policy says what is allowed at all. Default: Any.
	Policy Policy

	// Window is the available time, which is compared with the rehearsal's; 0 for
	// no limit.
	Window time.Duration

	// Rehearsal is what Window is compared with. Required with Window.
	Rehearsal *Rehearsal

	// LocalStorage is the free local storage of an Aurora instance in bytes.
	// Default: estimated from its memory.
	LocalStorage int64

	// ScratchServer says that nothing of value is on the server, so that the user
	// may have any rights.
	ScratchServer bool

	eyes *Database                                  // who reads the views and triggers, if the user who plans may not see them
	done func(m sqltext.Migration, number int) bool // which statements need no plan any more; may be nil

	// inPortions reports whether an earlier run has begun to execute a statement
	// in portions. May be nil.
	inPortions func(m sqltext.Migration, number int) bool
}

func (o PlanOptions) validate() error {
	var errs []error
	if o.Writes != Live && o.Writes != Stopped {
		errs = append(errs, fmt.Errorf("unknown writes %q: want live or stopped", o.Writes))
	}
	if o.Policy != Any && o.Policy != Additive {
		errs = append(errs, fmt.Errorf("unknown policy %q: want any or additive", o.Policy))
	}
	if len(o.StillWritten) > 0 && o.Writes == Live {
		errs = append(errs, errors.New("still-written tables mean something only with stopped writes: with live writes every table is written"))
	}
	if o.Window < 0 {
		errs = append(errs, fmt.Errorf("the window must not be negative, got %v", o.Window))
	}
	if o.Window > 0 && o.Rehearsal == nil {
		errs = append(errs, errors.New("a window is compared with a rehearsal: give one"))
	}
	return errors.Join(errs...)
}

// A Plan is what a migration will do to a database, according to the server.
type Plan struct {
	// Name is the name of the migration.
	Name   string `json:"name"`
	Server Server `json:"server"`
	Schema string `json:"schema"`

	// Addr and UUID identify the server that was asked. Rehearse refuses to run
	// there.
	Addr string `json:"addr"`
	UUID string `json:"uuid"`

	// Hash is the SHA-256 of the migration.
	Hash   string  `json:"hash"`
	Writes Writes  `json:"writes"`
	Policy Policy  `json:"policy"`
	Steps  []*Step `json:"steps"`

	// Changes are the results for the tables, one for each table.
	Changes []TableChange `json:"-"`

	// Problems say why the migration as a whole is not allowed.
	Problems []string `json:"problems,omitempty"`

	judgedFor func(tables []string) Writes

	// Advice says which other way there is, if the change is not possible in
	// place.
	Advice string `json:"advice,omitempty"`
}

// Allowed reports whether every statement may be executed.
func (p *Plan) Allowed() bool {
	for _, s := range p.Steps {
		if !s.Allowed() {
			return false
		}
	}
	return len(p.Problems) == 0
}

// inMaintenance begins advice when only writes keep a change from being made in
// place.
const inMaintenance = "with writes stopped, in maintenance, it can be done in place; without a stop, "

// otherWay returns the way for changes that are not possible in place.
func (p *Plan) otherWay() string {
	return fmt.Sprintf("change the schema on a copy that catches up and takes the place of the original, if replication survives that: noren ddl copy plan %s (docs/schema-copy.md)", p.Name)
}

// MakePlan asks the server about every statement of a migration. It writes only
// to the scratch schema, and cleans up.
func MakePlan(ctx context.Context, db *Database, m sqltext.Migration, o PlanOptions) (*Plan, error) {
	plans, err := MakePlans(ctx, db, []sqltext.Migration{m}, o)
	if err != nil {
		return nil, err
	}
	return plans[0], nil
}

// MakePlans plans migrations, each of which begins where the previous one ends.
func MakePlans(ctx context.Context, db *Database, all []sqltext.Migration, o PlanOptions) ([]*Plan, error) {
	for _, m := range all {
		if _, err := readSteps(m, db.Dialect()); err != nil {
			return nil, err
		}
	}
	if !o.ScratchServer {
		if err := db.readsOnly(ctx); err != nil {
			return nil, err
		}
	}
	return makePlans(ctx, db, all, o)
}

// makePlans plans with any rights, for callers that are going to execute the
// plans.
func makePlans(ctx context.Context, db *Database, all []sqltext.Migration, o PlanOptions) (plans []*Plan, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := db.alone(ctx); err != nil {
		return nil, err
	}
	o.StillWritten = db.folded(o.StillWritten)
	if err := db.known(ctx, o.StillWritten); err != nil {
		return nil, err
	}
	replicas, err := db.replicas(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for replicas: %w", err)
	}
	s, err := openScratch(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(cancelled(ctx, err), s.close(ctx)) }()
	p := planner{scratch: s, replicas: replicas, options: o, instance: db.readInstance(ctx, o.LocalStorage), making: map[*dependent]bool{}, gone: map[sqltext.Table]map[*dependent]error{}, origins: map[string]string{}}
	for _, m := range all {
		plan, err := p.migration(ctx, m)
		if err != nil {
			if len(all) > 1 {
				err = fmt.Errorf("%s: %w", m.Name, err)
			}
			return nil, err
		}
		plans = append(plans, plan)
	}
	return plans, nil
}

// migration plans one migration, after those planned before.
func (p *planner) migration(ctx context.Context, m sqltext.Migration) (*Plan, error) {
	db, o := p.scratch.db, p.options
	steps, err := readSteps(m, db.Dialect())
	if err != nil {
		return nil, err
	}
	plan := &Plan{Name: m.Name, Server: db.Server, Addr: db.Addr, UUID: db.UUID, Schema: db.Schema, Hash: m.Hash(), Writes: o.Writes, Policy: o.Policy, Steps: steps, judgedFor: o.judgedFor}
	p.current, p.steps, p.fresh, p.left = plan, steps, map[string]bool{}, map[string]int{}
	for _, step := range steps {
		step.done = o.done != nil && o.done(m, step.Number)
		step.begun = o.inPortions != nil && o.inPortions(m, step.Number)
		if step.done && step.Kind != sqltext.Session {
			if err := p.madeBefore(ctx, step); err != nil {
				return nil, err
			}
			continue
		}
		if err := p.plan(ctx, step); err != nil {
			if code(err) == codeLockWait {
				err = fmt.Errorf("another session is changing a table: %w", err)
			}
			return nil, fmt.Errorf("line %d: %w", step.Line, err)
		}
		if step.raises {
			plan.advise(step)
		}
	}
	plan.compareWindow(o)
	return plan, nil
}

// advise sets the advice for a step that is not possible in place as it was
// judged. A way must work for all such steps.
func (p *Plan) advise(step *Step) {
	switch {
	case !step.Reads || p.Advice == p.otherWay():
		p.Advice = p.otherWay()
	default:
		p.Advice = inMaintenance + p.otherWay()
	}
}

func (p *Plan) compareWindow(o PlanOptions) {
	if o.Window == 0 {
		return
	}
	if o.Rehearsal.Hash != p.Hash {
		p.Problems = append(p.Problems, "the rehearsal is of another migration, so nothing is known of the time it takes")
		return
	}
	if total := o.Rehearsal.Total(); total > o.Window {
		p.Problems = append(p.Problems, fmt.Sprintf("it took %v when it was rehearsed, and the window is %v", total.Round(time.Second/10), o.Window))
		p.Advice = p.otherWay()
	}
}

// readSteps splits a migration and parses its statements.
func readSteps(m sqltext.Migration, dialect sqltext.Dialect) ([]*Step, error) {
	pieces, err := m.Statements()
	if err != nil {
		return nil, err
	}
	var steps []*Step
	var errs []error
	for _, piece := range pieces {
		if piece.SQL == "" {
			continue
		}
		parsed, err := sqltext.Parse(piece.SQL, dialect)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", piece.Line, err))
			continue
		}
		steps = append(steps, &Step{Number: len(steps) + 1, Line: piece.Line, SQL: piece.SQL, Kind: parsed.Kind, parsed: parsed})
	}
	if len(steps)+len(errs) == 0 {
		errs = append(errs, errors.New("there is no statement in the file"))
	}
	return steps, errors.Join(errs...)
}
