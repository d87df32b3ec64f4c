package ddl

import (
	"cmp"
	"context"
	"fmt"
)

// settle finds out what became of the statement that a killed run was executing.
// If the server is still executing it, settle watches it to its end, or ends it.
func (j *journal) settle(ctx context.Context, steps []*Step, o RunOptions) error {
	for _, step := range steps {
		e := j.entries[step.Number]
		if e.state == StateUnknown {
			return j.unknown(step, "")
		}
		if e.state != StateRunning {
			continue
		}
		orphan := orphan{db: j.db, tag: j.tag(step.Number), step: step, options: o}
		if err := orphan.watch(ctx); err != nil {
			return err
		}
		state, look, err := j.findOut(ctx, step)
		if err != nil {
			return err
		}
		if err := j.set(ctx, j.conn, step.Number, state, "found out after the run was killed"); err != nil {
			return err
		}
		// Until now a run that lost its lock may have done another portion.
		if err := j.read(ctx); err != nil {
			return err
		}
		if state == StateUnknown {
			return j.unknown(step, look)
		}
	}
	return nil
}

// settled is settle for callers that write nothing: it waits for no statement,
// and does not write its findings to the journal table.
func (j *journal) settled(ctx context.Context, steps []*Step) error {
	for _, step := range steps {
		e, look := j.entries[step.Number], ""
		if e.state == StateRunning {
			id, _, err := (orphan{db: j.db, tag: j.tag(step.Number)}).look(ctx)
			if err != nil {
				return fmt.Errorf("looking for the statement of the killed run: %w", err)
			}
			if id != 0 {
				return fmt.Errorf("the server is still at statement %d of %s, which a run that was killed has begun: session %d", step.Number, j.migration.Key(), id)
			}
			if e.state, look, err = j.findOut(ctx, step); err != nil {
				return err
			}
			j.entries[step.Number] = e
		}
		if e.state == StateUnknown {
			return j.unknown(step, look)
		}
	}
	return nil
}

// findOut finds out, by the marks in the journal, whether a statement was
// executed. Look says where a person can find out what the marks do not show.
func (j *journal) findOut(ctx context.Context, step *Step) (state State, look string, err error) {
	found, look, err := j.db.find(ctx, step, j.entries[step.Number].marks)
	if err != nil {
		return "", "", fmt.Errorf("statement %d (line %d): %w", step.Number, step.Line, err)
	}
	return map[finding]State{notExecuted: StateStopped, executed: StateDone, undecided: StateUnknown}[found], look, nil
}

// unknown returns the error for a statement of which nobody knows whether it was
// executed.
func (j *journal) unknown(step *Step, look string) error {
	return fmt.Errorf("statement %d (line %d) of %s: unknown whether it was executed, because its run was killed and someone else may have changed the same: look at %s, then say what you found: noren ddl resolve --statement %d --as done (or not-done) %s",
		step.Number, step.Line, j.migration.Key(), cmp.Or(look, "what it changes"), step.Number, j.migration.Name)
}
