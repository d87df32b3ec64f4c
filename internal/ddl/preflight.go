package ddl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A preflight looks for what would go wrong before anything is begun.
type preflight struct {
	db      *Database
	plan    *Plan
	options RunOptions
	journal sqltext.Table

	beforehand bool // nothing has been closed yet: who writes, or is at work, says nothing

	problems []error
	notes    []string
}

func (p *preflight) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf(format, args...))
}

func (p *preflight) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// longTransaction is the age, in seconds, from which on a transaction is noted.
const longTransaction = 30

// rateSample is how long writes are counted to learn their rate. It takes longer
// to learn that there are none.
const rateSample = 300 * time.Millisecond

func (p *preflight) fly(ctx context.Context) error {
	looks := []func(context.Context) error{p.rights, p.transactions, p.writes, p.space, p.unfinished}
	if p.beforehand {
		looks = []func(context.Context) error{p.rights, p.space}
	}
	for _, look := range looks {
		if err := look(ctx); err != nil {
			return fmt.Errorf("preflight: %w", err)
		}
	}
	return nil
}

// writable refuses a server that accepts no writes, such as a reader.
func (d *Database) writable(ctx context.Context) error {
	for _, name := range []string{"innodb_read_only", "super_read_only", "read_only"} {
		value, err := variable(ctx, d.pool, name)
		if err != nil {
			return err
		}
		if value == "ON" {
			return fmt.Errorf("%s is ON at %s: this is a reader or a replica; want the writer", name, d.Addr)
		}
	}
	return nil
}

// uncontested refuses to queue behind a schema change that is already waiting:
// behind it, even the server's own tables are slow to read.
func (d *Database) uncontested(ctx context.Context) error {
	for try := 0; ; try++ {
		all, err := collect[string](ctx, d.pool, `SELECT CONCAT('session ', id, ' (', user, '@', host, ')') FROM information_schema.processlist
			WHERE LOWER(state) = 'waiting for table metadata lock' AND (db = ? OR db IS NULL)`, d.Schema)
		if err != nil || len(all) == 0 {
			return err
		}
		if try == 5 {
			return fmt.Errorf("sessions wait for a metadata lock already: %s; another session is changing a table, or a transaction holds one: let that end first", strings.Join(all, ", "))
		}
		if err := sleep(ctx, 400*time.Millisecond); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return interrupted()
	case <-time.After(d):
		return nil
	}
}

// transactions notes transactions that may be in the way for long.
func (p *preflight) transactions(ctx context.Context) error {
	all, err := collect[string](ctx, p.db.pool, fmt.Sprintf(`SELECT CONCAT('session ', trx_mysql_thread_id, ' for ', TIMESTAMPDIFF(SECOND, trx_started, NOW()), ' s')
		FROM information_schema.innodb_trx WHERE trx_started < NOW() - INTERVAL %d SECOND AND trx_mysql_thread_id > 0 ORDER BY trx_started`, longTransaction))
	if err == nil && len(all) > 0 {
		p.note("transactions are open: %s; a statement waits for those that have used its table", strings.Join(all, ", "))
	}
	return err
}

// writes counts for a while what is written to the tables of the migration:
// nothing may be written to those that are believed quiet, and not too much to
// the others.
func (p *preflight) writes(ctx context.Context) error {
	type sample struct {
		step  *Step
		count func(context.Context, queryer) (int64, error)
		exact bool
		began int64
		log   func(context.Context, queryer) (int64, error) // what an online log keeps
		kept  int64
	}
	var samples []*sample
	long := rateSample
	for _, step := range p.plan.Steps {
		if step.done || !step.Kind.Laddered() || step.before[step.Tables[0]] == "" {
			continue
		}
		s := &sample{step: step}
		s.count, s.exact = p.db.writeCounter(ctx, step.Tables[0])
		var err error
		if s.began, err = s.count(ctx, p.db.pool); err != nil {
			return err
		}
		s.log, _ = p.db.logCounter(ctx, step.Tables[0], step.Rebuild)
		if s.kept, err = s.log(ctx, p.db.pool); err != nil {
			return err
		}
		samples = append(samples, s)
		if step.Judged == Stopped {
			long = cmp.Or(p.options.Sample, 2*time.Second)
		}
	}
	if len(samples) == 0 {
		return nil
	}
	if err := sleep(ctx, long); err != nil {
		return err
	}
	for _, s := range samples {
		now, err := s.count(ctx, p.db.pool)
		if err != nil {
			return err
		}
		kept, err := s.log(ctx, p.db.pool)
		if err != nil {
			return err
		}
		p.weigh(ctx, s.step, float64(now-s.began)/long.Seconds(), float64(kept-s.kept)/long.Seconds(), s.exact)
	}
	return nil
}

// weigh judges how many rows a second are written to the table of a step, and how
// many of them an online log keeps.
func (p *preflight) weigh(ctx context.Context, step *Step, rate, kept float64, exact bool) {
	name := sqltext.Quote(step.Tables[0])
	switch {
	case rate == 0:
		return
	case step.Judged == Stopped && exact:
		p.problem("%s is written, %.1f rows a second, although writes are said to be stopped: name it with --still-written, or find out who writes", name, rate)
		return
	case step.Judged == Stopped:
		p.note("%.1f rows a second are written to this server, and the performance schema is off, so nobody can tell whether to %s", rate, name)
	}
	if step.Algorithm != "INPLACE" || step.Lock != "NONE" || !exact || kept == 0 {
		return
	}
	text, err := variable(ctx, p.db.pool, "innodb_online_alter_log_max_size")
	limit, failed := strconv.ParseFloat(text, 64)
	size, unknown := p.db.size(ctx, sqltext.Table{Name: step.Tables[0]})
	if errors.Join(err, failed, unknown) != nil {
		return
	}
	full := limit * logHeadroom / (kept * float64(entryLength(size, step.Rebuild))) // in seconds
	takes := p.options.Rehearsal.step(step.Number).Work
	switch {
	case takes > full:
		p.problem("%s is written, %.1f rows a second that the online log keeps: it (innodb_online_alter_log_max_size is %s) would be too full after %.0f s, and the statement took %.0f s when it was rehearsed", name, kept, Bytes(int64(limit)), full, takes)
	case takes == 0 || takes > full/2:
		p.note("%s is written, %.1f rows a second: the online log (%s) lasts for about %.0f s", name, kept, Bytes(int64(limit)), full)
	}
}

// space compares what the largest new table needs with the free space.
func (p *preflight) space(ctx context.Context) error {
	var need int64
	for _, step := range p.plan.Steps {
		if !step.done && (step.Rebuild || step.Algorithm == "COPY" || step.Algorithm == "INPLACE") {
			need = max(need, step.Bytes)
		}
	}
	if need == 0 || p.db.Server.Aurora != "" && p.options.FreeSpace == 0 { // its volume grows automatically
		return nil
	}
	free := p.options.FreeSpace
	if free == 0 {
		folder, err := variable(ctx, p.db.pool, "datadir")
		if err != nil {
			return err
		}
		free = freeSpace(p.db.Addr, folder)
	}
	switch {
	case free == 0:
		p.note("nobody knows the free space of this server, and up to %s may be needed: give --free-space", Bytes(need))
	case need > free*9/10:
		p.problem("up to %s of storage may be needed, and %s are free", Bytes(need), Bytes(free))
	}
	return p.sorting(ctx)
}

// sorting checks the folder in which an index is sorted.
func (p *preflight) sorting(ctx context.Context) error {
	var need int64
	for _, step := range p.plan.Steps {
		if !step.done && step.Algorithm == "INPLACE" {
			need = max(need, step.Bytes)
		}
	}
	for _, name := range []string{"innodb_tmpdir", "tmpdir"} {
		folder, err := variable(ctx, p.db.pool, name)
		if err != nil {
			return err
		}
		if folder == "" {
			continue
		}
		folder, _, _ = strings.Cut(folder, ":")
		if free := freeSpace(p.db.Addr, folder); free > 0 && need > free*9/10 {
			p.problem("up to %s may be needed to sort in %s (%s), and %s are free: set innodb_tmpdir to another folder", Bytes(need), folder, name, Bytes(free))
		}
		return nil
	}
	return nil
}

// unfinished notes other migrations that were left unfinished.
func (p *preflight) unfinished(ctx context.Context) error {
	all, err := collect[string](ctx, p.db.pool, "SELECT DISTINCT CONCAT(migration, ' (statement ', number, ' ', state, ')') FROM "+p.journal.String()+" WHERE schema_name = ? AND migration <> ? AND state <> ?", p.db.entriesOf(p.journal), p.plan.Name, StateDone)
	if err == nil && len(all) > 0 {
		p.note("other migrations are unfinished: %s", strings.Join(all, ", "))
	}
	return err
}
