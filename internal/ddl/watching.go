package ddl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A watching is the guard's view of one attempt of a statement.
type watching struct {
	*guard
	x        *execution
	stall    time.Duration // of this attempt
	log      *onlineLog    // nil if no log can overflow
	free     time.Time     // when the statement was last seen not waiting for a lock
	waiting  bool
	worked   bool // it has worked: its next wait is the one at the end
	working  time.Duration
	eviction *eviction
	asked    time.Time // when the holders were last read
	seen     time.Time // when the server last said what the statement does
}

// look looks once, and returns why the statement must be withdrawn, if so.
func (w *watching) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second) // a cancelled query would close the session
	defer cancel()
	state, busy, err := w.process(ctx)
	now := time.Now()
	if err != nil {
		return w.blind(ctx, now, err)
	}
	w.seen = now
	if !busy {
		return nil // the statement's own end will tell
	}
	w.waiting = strings.HasPrefix(state, "waiting for") && (strings.Contains(state, "lock") || strings.Contains(state, "flush"))
	if !w.waiting {
		w.atWork(state, now)
		w.x.report(EventProgress, w.phase(), "")
		return w.overflow(ctx, now)
	}
	w.x.report(EventProgress, w.phase(), "")
	waited := now.Sub(w.free)
	if !w.worked {
		if waited < w.stall-watchEvery/2 {
			if w.budgets.KillIdle {
				w.evict(ctx, now)
			}
			return nil
		}
		return fmt.Errorf("%w after %v behind another's lock%s", errWithdrawn, waited.Round(time.Millisecond), w.who(ctx))
	}
	if waited >= w.budgets.EndStall-watchEvery/2 {
		return fmt.Errorf("gave up after %v of waiting for the lock to finish%s; %w", waited.Round(time.Millisecond), w.who(ctx), ErrStopped)
	}
	if w.budgets.KillIdle {
		w.evict(ctx, now)
	}
	return nil
}

// longestBlind is how long a statement may continue without being watched.
const longestBlind = 5 * time.Second

// blind opens another session to watch from, and after a while reports that the
// statement is not watched.
func (w *watching) blind(ctx context.Context, now time.Time, err error) error {
	if watch, failed := w.db.session(ctx, 5); failed == nil {
		end(w.watch)
		w.watch = watch
	}
	if now.Sub(w.seen) < longestBlind {
		return nil
	}
	return fmt.Errorf("lost sight of the statement (%w); %w", err, ErrStopped)
}

func (w *watching) phase() Phase {
	switch {
	case w.waiting && w.worked:
		return PhaseEnd
	case w.waiting:
		return PhaseStart
	}
	return PhaseWork
}

// atWork records that the statement does not wait. A statement that has worked
// for long without waiting already has its first lock.
func (w *watching) atWork(state string, now time.Time) {
	switch state {
	case "altering table", "copy to tmp table", "committing alter table to storage engine", "manage keys", "enabling keys":
		w.worked = true
	}
	if w.working += now.Sub(w.free); w.working > 200*time.Millisecond {
		w.worked = true
	}
	w.free = now
}

// overflow says why the statement must stop before the online log is full.
func (w *watching) overflow(ctx context.Context, now time.Time) error {
	log := w.log
	if log == nil || !log.due(now) {
		return nil
	}
	fill, err := log.fill(ctx, w.watch)
	if err != nil || fill < logHeadroom {
		return nil
	}
	counted := "rows written to the table"
	if !log.exact {
		counted = "rows written to any table, as the performance schema is off,"
	}
	return fmt.Errorf("stopped before the online log overflows: by the %s it is about %.0f %% full (innodb_online_alter_log_max_size is %s), and it must hold all that is written until the end; set it higher, or stop the writes; %w",
		counted, 100*fill, Bytes(log.limit), ErrStopped)
}

// evict ends idle holders of the lock.
func (w *watching) evict(ctx context.Context, now time.Time) {
	if !w.sees || now.Sub(w.asked) < 2*watchEvery {
		return
	}
	w.asked = now
	holders, err := w.db.holders(ctx, w.watch, w.id)
	if err != nil {
		return
	}
	w.end(ctx, w.eviction, holders, w.x, w.phase())
}

// end ends the holders that may be ended.
func (g *guard) end(ctx context.Context, e *eviction, holders []holder, x *execution, phase Phase) {
	for _, h := range e.due(holders, min(g.budgets.Stall, g.budgets.EndStall)/2) {
		if err := endSession(ctx, g.watch, h.id); err != nil {
			e.spared[h.id] = err.Error()
			x.report(EventNote, phase, err.Error())
			continue
		}
		x.report(EventKilled, phase, "ended "+h.String())
	}
}

// who names the holders for a message, as far as the server shows them. Its time
// comes from a budget that is already spent, so it must not take long.
func (w *watching) who(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if !w.sees {
		return " (the performance schema is off, so nobody can tell whose)"
	}
	holders, err := w.db.holders(ctx, w.db.pool, w.id)
	if err != nil {
		return ""
	}
	if len(holders) == 0 {
		if xa := w.db.preparedXA(ctx, w.db.pool); xa != "" {
			return ": " + xa
		}
		return ""
	}
	text := ": " + list(holders)
	if spared := slices.Sorted(maps.Values(w.eviction.spared)); len(spared) > 0 {
		text = ": " + strings.Join(spared, "; ")
	}
	return text
}
