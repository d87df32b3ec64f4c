package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A conductor executes the steps of a plan one after the other, each under guard,
// while a probe reads the table.
type conductor struct {
	db        *Database
	readers   []*Database // where the application also reads
	replicas  []*Database // which must not fall behind by more than maxLag
	maxLag    time.Duration
	guard     *guard
	plan      *Plan
	rehearsal *Rehearsal // nil if there is none
	report    Report
	tag       func(number int) string

	earlier    []*Plan // of migrations that are to run before this one, and have not
	beforehand bool    // it is only checked: nothing has been closed yet
}

// A hook is called in the transaction of a statement that changes rows, right
// before the commit. If the statement runs in portions, it gets the progress and
// whether that is all.
type hook func(q queryer, at position, finished bool) error

// perform executes a step and measures it. If the server refuses the rung that
// its shadow accepted, perform tries the next rung where that is allowed.
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

// refusedRung reports whether a server's error is about an ALGORITHM or a LOCK.
func refusedRung(err error) bool {
	switch code(err) {
	case codeNotSupported, codeNotSupportedBy, codeTooManyVersions, codeInstantFull:
		return true
	}
	return false
}

// below returns the next rung that the author's statement allows, and whether
// there is one.
func below(st sqltext.Statement, rung Rung) (Rung, bool) {
	rungs := st.Rungs()
	i := slices.Index(rungs, rung)
	if i < 0 || i+1 == len(rungs) {
		return Rung{}, false
	}
	return rungs[i+1], true
}

// once executes a step with its rung.
func (c *conductor) once(ctx context.Context, step *Step, commit hook) (RehearsedStep, error) {
	measured := RehearsedStep{Number: step.Number, Rung: step.Rung, Rebuild: step.Rebuild}
	began := time.Now()
	event := Event{Number: step.Number, Of: len(c.plan.Steps), How: step.String(), Rehearsed: c.rehearsal.step(step.Number).Seconds}
	var probing *probes
	tell := func(kind EventKind, phase Phase, text string) {
		event.Kind, event.Phase, event.Text = kind, phase, text
		event.At, event.Seconds = time.Now().UTC(), time.Since(began).Seconds()
		event.felt(probing.waits())
		c.report(event)
	}
	event.SQL = step.SQL
	tell(EventStart, "", "")
	event.SQL = ""
	if err := c.keepUp(ctx); err != nil {
		return measured, err
	}
	if err := c.readOnReaders(ctx, step); err != nil {
		return measured, err
	}
	var err error
	if probing, err = startProbes(ctx, c.db, c.readers, c.probed(step)); err != nil {
		return measured, err
	}
	defer probing.stop()

	sql := step.parsed.With(step.Rung)
	if sql == "" { // it sets only noren's own variables
		tell(EventDone, "", "")
		return measured, nil
	}
	x := &execution{sql: c.tag(step.Number) + sql, transaction: step.Kind == sqltext.Rows, report: tell, assigns: step.assigns}
	x.ends = step.Algorithm == "INPLACE" || step.Algorithm == "COPY" || step.shared
	if step.Algorithm == "INPLACE" && step.Lock == "NONE" {
		x.logged, x.rebuilds = step.Tables[0], step.Rebuild
	}
	if step.Kind != sqltext.Rows {
		for _, t := range step.parsed.Tables {
			x.tables = append(x.tables, t.Table)
		}
	}
	if on := step.parsed.Object.On; on.Name != "" {
		x.tables = append(x.tables, on)
	}
	if commit == nil {
		commit = func(queryer, position, bool) error { return nil }
	}
	switch {
	case step.portioned != nil:
		x.committed = true
		err = c.inPortions(ctx, step, x, commit)
	case step.Kind == sqltext.Rows:
		err = c.finish(ctx, c.guard.execute(ctx, x), func(q queryer) error { return commit(q, position{}, true) })
	default:
		err = c.guard.execute(ctx, x)
	}
	measured.Seconds, measured.Work = time.Since(began).Seconds(), x.worked.Seconds()
	felt := probing.waits()
	measured.WorstRead, measured.WorstWrite, measured.ReaderErrors = max(felt.Read, felt.ReaderRead).Seconds(), felt.Write.Seconds(), felt.ReaderErrors
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

// probed returns the tables that a step ties up. All of them are read meanwhile,
// and those that stay writable are also written.
func (c *conductor) probed(step *Step) []probed {
	var all []probed
	live := func(name string) bool { return c.plan.judgedFor == nil || c.plan.judgedFor([]string{name}) == Live }
	add := func(t sqltext.Table, writes bool) {
		if !slices.ContainsFunc(all, func(p probed) bool { return p.table == t }) {
			all = append(all, probed{t, writes && live(t.Name)})
		}
	}
	if step.Kind == sqltext.Rows {
		for _, name := range step.touched {
			add(sqltext.Table{Name: name}, step.portioned != nil)
		}
		return all
	}
	for _, name := range step.Tables {
		if step.before[name] != "" {
			add(sqltext.Table{Name: name}, step.Writes)
		}
	}
	for _, t := range step.Tied {
		add(t.at, t.Writes)
	}
	return all
}

// readOnReaders reads the tables of a step on every reader: Aurora may hide a
// table from a reader that has not read it since the last change.
func (c *conductor) readOnReaders(ctx context.Context, step *Step) error {
	for _, reader := range c.readers {
		for _, name := range step.Tables {
			if step.before[name] == "" {
				continue
			}
			var err error
			for range 5 {
				if _, err = collect[int](ctx, reader.pool, "/* noren ddl probe */ SELECT 1 FROM "+reader.table(name).String()+" LIMIT 1"); err == nil {
					break
				}
				if err := sleep(ctx, time.Second); err != nil {
					return err
				}
			}
			if err != nil {
				return fmt.Errorf("%s cannot be read at the reader %s, so that the next change could hide it there: %w; %w", sqltext.Quote(name), reader.Addr, err, ErrStopped)
			}
		}
	}
	return nil
}

// finish ends the transaction of a statement that changed rows.
func (c *conductor) finish(ctx context.Context, err error, commit func(q queryer) error) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err == nil {
		err = commit(c.guard.work)
	}
	if err != nil {
		// The end of the session would also roll the rows back.
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
