package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A conductor executes the steps of a plan one after the other, each under
// guard, with a probe reading the table meanwhile.
type conductor struct {
	db        *Database
	guard     *guard
	plan      *Plan
	rehearsal *Rehearsal // nil if there is none
	report    Report
	tag       func(number int) string
}

// A hook is called in the transaction of a statement that changes rows, right
// before it is committed.
type hook func(q queryer) error

// perform executes a step and measures it. If the server refuses the rung that
// its copy accepted, the next one is tried, where that is allowed.
func (c *conductor) perform(ctx context.Context, step *Step, commit hook) (RehearsedStep, error) {
	for {
		measured, err := c.once(ctx, step, commit)
		if !step.Kind.Laddered() || !refusedRung(err) {
			return measured, err
		}
		next, ok := below(step.parsed, step.Rung)
		if !ok || next.Lock == "SHARED" && step.Judged == Live {
			return measured, err
		}
		c.note(fmt.Sprintf("statement %d: the table refuses %s, which its empty copy accepted (%s): trying %s", step.Number, step.Rung, reason(err), next))
		step.Rung, step.Writes = next, next.Lock != "SHARED"
	}
}

// refusedRung says whether a server's error is about an ALGORITHM or a LOCK.
func refusedRung(err error) bool {
	switch code(err) {
	case codeNotSupported, codeNotSupportedBy, codeTooManyVersions, codeInstantFull:
		return true
	}
	return false
}

// below is the next rung that the author of a statement has left.
func below(st sqltext.Statement, rung Rung) (Rung, bool) {
	rungs := st.Rungs()
	i := slices.Index(rungs, rung)
	if i < 0 || i+1 == len(rungs) {
		return Rung{}, false
	}
	return rungs[i+1], true
}

// once executes a step by its rung.
func (c *conductor) once(ctx context.Context, step *Step, commit hook) (RehearsedStep, error) {
	measured := RehearsedStep{Number: step.Number, Rung: step.Rung, Rebuild: step.Rebuild}
	began := time.Now()
	event := Event{Number: step.Number, Of: len(c.plan.Steps), How: step.String(), Rehearsed: c.rehearsal.step(step.Number).Seconds}
	var probe *probe
	tell := func(kind EventKind, phase Phase, text string) {
		event.Kind, event.Phase, event.Text = kind, phase, text
		event.At, event.Seconds = time.Now().UTC(), time.Since(began).Seconds()
		if probe != nil {
			event.WorstRead = probe.worstRead().Seconds()
		}
		c.report(event)
	}
	event.SQL = step.SQL
	tell(EventStart, "", "")
	event.SQL = ""
	if len(step.Tables) > 0 && step.before[step.Tables[0]] != "" {
		var err error
		if probe, err = c.db.startProbe(ctx, step.Tables[0]); err != nil {
			return measured, err
		}
		defer probe.stop()
	}

	sql := step.parsed.With(step.Rung)
	if sql == "" { // it sets nothing but what is noren's
		tell(EventDone, "", "")
		return measured, nil
	}
	x := &execution{sql: c.tag(step.Number) + sql, transaction: step.Kind == sqltext.Rows, report: tell}
	x.ends = step.Algorithm == "INPLACE" || step.Algorithm == "COPY" || step.shared
	if step.Algorithm == "INPLACE" && step.Lock == "NONE" {
		x.logged = step.Tables[0]
	}
	err := c.guard.execute(ctx, x)
	if step.Kind == sqltext.Rows {
		err = c.finish(ctx, err, commit)
	}
	measured.Seconds, measured.Work = time.Since(began).Seconds(), x.worked.Seconds()
	if probe != nil {
		measured.WorstRead = probe.worstRead().Seconds()
	}
	if err != nil {
		measured.Error = err.Error()
		kind := EventFailed
		if errors.Is(err, ErrStopped) {
			kind = EventStopped
		}
		tell(kind, "", err.Error())
		return measured, err
	}
	tell(EventDone, "", "")
	return measured, nil
}

// finish ends the transaction of a statement that changed rows.
func (c *conductor) finish(ctx context.Context, err error, commit hook) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err == nil && commit != nil {
		err = commit(c.guard.work)
	}
	if err != nil {
		// The session's end would take the rows back, too.
		_, _ = c.guard.work.ExecContext(ctx, "ROLLBACK")
		return err
	}
	_, err = c.guard.work.ExecContext(ctx, "COMMIT")
	return err
}

// note reports something that is not about one statement.
func (c *conductor) note(text string) {
	c.report(Event{At: time.Now().UTC(), Kind: EventNote, Of: len(c.plan.Steps), Text: text})
}
