package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// watchEvery is how often the guard checks its statement.
const watchEvery = 20 * time.Millisecond

// ErrRepeat is in every error after which the run can simply be repeated.
var ErrRepeat = errors.New("run it again as it is")

// ErrStopped is in every error after which the table is unchanged and the run can
// simply be repeated.
var ErrStopped = fmt.Errorf("the table is unchanged: %w", ErrRepeat)

// errWithdrawn says that a statement was withdrawn in its start window.
var errWithdrawn = errors.New("withdrawn")

// A guard executes statements in one session and watches them from another.
type guard struct {
	db      *Database
	work    *sql.Conn
	watch   *sql.Conn
	id      int64 // of the working session
	budgets Budgets
	sees    bool // it can see who holds a lock
	rowLog  bool // the binary log, if any, allows READ COMMITTED
	deadMan *deadMan

	mine func(context.Context) error // refuses if another run is at the statement; nil if there is no journal
}

// openGuard opens the sessions: one that works, one that watches, and one that
// takes over on the server if the guard is gone.
func openGuard(ctx context.Context, db *Database, budgets Budgets) (*guard, error) {
	g := &guard{db: db, budgets: budgets.withDefaults()}
	var err error
	if g.work, err = db.session(ctx, 5); err != nil {
		return nil, err
	}
	if g.watch, err = db.session(ctx, 5); err != nil {
		end(g.work)
		return nil, err
	}
	g.sees = db.seesLocks(ctx)
	format, err := variable(ctx, g.watch, "binlog_format")
	if err != nil {
		g.close()
		return nil, err
	}
	g.rowLog = format != "STATEMENT"
	if err := g.work.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&g.id); err != nil {
		g.close()
		return nil, err
	}
	if g.deadMan, err = db.startDeadMan(ctx, g.id); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *guard) close() {
	if g.deadMan != nil {
		g.deadMan.stop()
	}
	end(g.work)
	end(g.watch)
}

// steady sets what the working session needs for a statement, whatever the
// previous one has set. Most of all, it sets how long the session itself waits
// for a lock: a little longer than the guard allows.
func (g *guard) steady(ctx context.Context, x *execution) error {
	longest := g.budgets.Stall
	if x.ends {
		longest = max(longest, g.budgets.EndStall)
	}
	seconds := int((longest + time.Second - 1) / time.Second)
	if !x.transaction {
		seconds++
	}
	if err := g.db.steady(ctx, g.work, seconds); err != nil {
		return err
	}
	return plainText(ctx, g.work)
}

// An execution is one statement under guard.
type execution struct {
	sql         string
	transaction bool            // begin one first, which the caller commits
	committed   bool            // which does not lock rows that it only reads
	ends        bool            // it takes a lock once more after it has worked
	tables      []sqltext.Table // tables that it needs exclusively: no one may hold them
	logged      string          // the table whose writes an online log must hold; "" if there is none
	assigns     []string        // variables like @name that it assigns
	rebuilds    bool            // the log holds rows, rather than entries of an index
	report      func(kind EventKind, phase Phase, text string)

	began  time.Time
	worked time.Duration // without waiting for locks
}

// execute runs a statement until it is done or a budget is spent.
func (g *guard) execute(ctx context.Context, x *execution) error {
	x.began = time.Now()
	if err := g.keep(ctx, x.assigns); err != nil {
		return err
	}
	for try := 1; ; try++ {
		if err := g.standAside(ctx, x); err != nil {
			return err
		}
		if err := g.steady(ctx, x); err != nil {
			return err
		}
		if g.mine != nil {
			if err := g.mine(ctx); err != nil {
				return err
			}
		}
		err := g.attempt(ctx, x, g.stallOf(x, try))
		if !errors.Is(err, errWithdrawn) {
			return err
		}
		if x.transaction { // the server rolls back the statement, and may leave the transaction open
			if _, err := g.work.ExecContext(ctx, "ROLLBACK"); err != nil {
				return err
			}
		}
		if err := g.restore(ctx, x.assigns); err != nil {
			return err
		}
		if waited := time.Since(x.began); waited >= g.budgets.Wait {
			return fmt.Errorf("no lock in %v and %d tries: %w; %w", waited.Round(time.Second/10), try, err, ErrStopped)
		}
		x.report(EventWithdrew, PhasePause, err.Error())
		pause := 2 * g.budgets.Stall << min(try-1, 4)
		if x.transaction { // only those who want the same rows wait
			pause = g.budgets.Stall
		}
		if err := sleep(ctx, pause*3/4+rand.N(pause/2)); err != nil {
			return err
		}
	}
}

// blindStall is how long a statement may wait at first if it cannot be seen
// whether the table is free.
const (
	blindStall = 150 * time.Millisecond
	blindTries = 8
)

// stallOf returns how long others may wait in an attempt.
func (g *guard) stallOf(x *execution, try int) time.Duration {
	if g.sees || x.transaction || try > blindTries {
		return g.budgets.Stall
	}
	return min(g.budgets.Stall, blindStall)
}

// attempt runs the statement once and watches it.
func (g *guard) attempt(ctx context.Context, x *execution, stall time.Duration) error {
	w := watching{guard: g, x: x, stall: stall, eviction: newEviction()}
	if x.logged != "" {
		var err error
		if w.log, err = g.db.newOnlineLog(ctx, g.watch, x.logged, x.rebuilds); err != nil {
			return fmt.Errorf("estimating the online log: %w", err)
		}
	}
	w.free = time.Now()
	w.seen = w.free
	done := make(chan error, 1)
	background, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	go func() {
		if x.committed && g.rowLog {
			if _, err := g.work.ExecContext(background, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"); err != nil {
				done <- err
				return
			}
		}
		if x.transaction {
			if _, err := g.work.ExecContext(background, "START TRANSACTION"); err != nil {
				done <- err
				return
			}
		}
		_, err := g.work.ExecContext(background, x.sql)
		done <- err
	}()
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if !w.waiting {
				w.working += time.Since(w.free)
			}
			x.worked = w.working
			return g.outcome(err)
		case <-ctx.Done():
			return g.withdraw(done, abandon, interrupted())
		case <-ticker.C:
			if why := w.look(ctx); why != nil {
				return g.withdraw(done, abandon, why)
			}
		}
	}
}

// withdraw ends the statement. If the statement was quicker, it is done after
// all. If the server does not answer, the session is abandoned.
func (g *guard) withdraw(done <-chan error, abandon func(), why error) error {
	kill := func(q queryer) error {
		ctx, cancel := afterwards(context.Background())
		defer cancel()
		_, err := q.ExecContext(ctx, fmt.Sprintf("KILL QUERY %d", g.id))
		if code(err) == codeUnknownThread {
			return nil
		}
		return err
	}
	failed := kill(g.watch)
	if failed != nil {
		failed = kill(g.db.pool) // the pool has other sessions, if this one is broken
	}
	var err error
	select {
	case err = <-done:
	case <-time.After(longestAnswer):
		abandon()
		err = <-done
		if failed == nil {
			failed = errors.New("no answer")
		}
		return fmt.Errorf("%w, but the server does not answer (%w, %w): the next run finds out what became of the statement; %w", withoutStop(why), failed, err, ErrRepeat)
	}
	if code(err) != codeKilled && code(err) != codeLockWait {
		return g.outcome(err)
	}
	return why
}

// longestAnswer is how long the server may take to end a statement: it must undo
// what a rebuild has written.
const longestAnswer = 10 * time.Second

// withoutStop returns err without the claim that the table is unchanged.
func withoutStop(err error) error {
	return errors.New(strings.TrimSuffix(strings.TrimSuffix(err.Error(), ErrStopped.Error()), "; "))
}

// outcome translates the server's errors to their meaning here.
func (g *guard) outcome(err error) error {
	switch code(err) {
	case codeLockWait, codeDeadlock: // the server was quicker than the guard
		why := reason(err)
		ctx, cancel := afterwards(context.Background())
		defer cancel()
		if xa := g.db.preparedXA(ctx, g.watch); xa != "" {
			why += "; " + xa
		}
		return fmt.Errorf("%w: %s", errWithdrawn, why)
	case codeLogOverflow:
		return fmt.Errorf("the online log overflowed (%s): set innodb_online_alter_log_max_size higher, or stop the writes; %w", reason(err), ErrStopped)
	case codeDuplicate:
		return fmt.Errorf("%s: either the rows hold the duplicate now, or it came and went while the index was built: the server keeps what is written meanwhile in a log and refuses a duplicate in it, too; look for duplicates, and if there are none run it again, with writes stopped if need be; the table is unchanged", reason(err))
	case codeKilled:
		return fmt.Errorf("another session killed the statement; %w", ErrStopped)
	}
	switch {
	case err == nil:
		return nil
	case lost(err):
		return fmt.Errorf("lost the session in the middle of the statement: %w: the next run finds out whether the server has executed it; %w", err, ErrRepeat)
	case passing(err):
		return fmt.Errorf("%s; %w", reason(err), ErrStopped)
	}
	return err
}

// process returns the server's state of a session, and whether the session still
// executes the statement.
func (g *guard) process(ctx context.Context) (state string, busy bool, err error) {
	var command string
	err = g.watch.QueryRowContext(ctx, "SELECT COALESCE(state, ''), command FROM information_schema.processlist WHERE id = ?", g.id).Scan(&state, &command)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return strings.ToLower(state), command != "Sleep", err
}
