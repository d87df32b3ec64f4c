package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// portionLimit is the maximum number of rows that a statement may touch in one
// transaction while the application writes.
const portionLimit = 10_000

// firstPortion is the number of rows of the first portion, including those that
// foreign keys tie to them. Later portions are as large as what fits into half of
// the stall.
const (
	firstPortion   = 1000
	largestPortion = 100_000
)

// portions is a statement on rows that is executed by ranges of the primary key
// of a table.
type portions struct {
	statement sqltext.Portioned
	key       Key
	first     int // number of rows in the first portion
}

// A position is the progress of a statement in portions, in the journal.
type position struct {
	At   []string `json:"at,omitempty"` // key values up to which it is done; empty at the beginning
	Last []string `json:"last"`         // the key of the last row when it began
	Done int      `json:"done"`         // number of portions
}

// portionsOf divides a statement on rows; why says why that is not possible.
func (p *planner) portionsOf(ctx context.Context, q sqltext.Query) (parts *portions, why, err error) {
	statement, err := q.Portions()
	if err != nil {
		return nil, err, nil
	}
	if why, err = p.readsItsChanges(ctx, q, statement); why != nil || err != nil {
		return nil, why, err
	}
	source := p.scratch.home(statement.Source)
	source.Name = p.origin(source.Name)
	parts = &portions{statement: statement}
	if parts.key, why, err = p.scratch.db.PrimaryKey(ctx, source); why != nil || err != nil {
		return nil, why, err
	}
	if why = p.moves(q, parts); why != nil {
		return nil, why, nil
	}
	return parts, nil, nil
}

// readsItsChanges says why a portion would find what earlier portions have
// changed; nil if it cannot. A single statement reads all rows as they were.
func (p *planner) readsItsChanges(ctx context.Context, q sqltext.Query, statement sqltext.Portioned) (why, err error) {
	changed := []sqltext.Table{p.scratch.home(statement.Changes)}
	if p.isView(changed[0]) {
		return fmt.Errorf("it writes through the view %s", changed[0]), nil
	}
	tied, err := p.cascaded(ctx, q, changed[0])
	if err != nil {
		return nil, err
	}
	fired, unknown, err := p.fired(ctx, changed[0])
	switch {
	case err != nil:
		return nil, err
	case unknown != nil && len(statement.Reads) > 0:
		return fmt.Errorf("it reads other rows, and %w", unknown), nil
	}
	tied = append(tied, fired...)
	for _, t := range statement.Reads {
		t = p.scratch.home(t)
		size, err := p.scratch.db.size(ctx, p.originOf(t))
		switch {
		case err != nil:
			return nil, err
		case size.view || p.isView(t):
			return fmt.Errorf("it reads the view %s, which may show what it changes", t), nil
		case slices.ContainsFunc(append(changed, tied...), func(c sqltext.Table) bool { return strings.EqualFold(c.String(), t.String()) }):
			return fmt.Errorf("it reads %s, which it changes: each portion would see what those before have done", t), nil
		}
	}
	return nil, nil
}

// row reads the key of one row, in the session that compares it later; nil if
// there is none. In another session the same value may read differently, because
// of an sql_mode that a migration sets.
func (p *portions) row(ctx context.Context, d *Database, q queryer, condition, direction string, offset int) ([]string, error) {
	schema := p.statement.Source.Schema
	if schema == "" {
		schema = d.Schema
	}
	where := ""
	if condition != "" {
		where = " WHERE " + condition
	}
	from := sqltext.Table{Schema: schema, Name: p.statement.Source.Name}.String() + " AS " + sqltext.Quote(p.statement.Name)
	return p.key.Row(ctx, q, from+where, direction, offset)
}

// inPortions executes a statement range by range, from where an earlier run has
// stopped. It calls commit in the transaction of each portion.
func (c *conductor) inPortions(ctx context.Context, step *Step, x *execution, commit func(q queryer, at position, finished bool) error) error {
	p, at := step.portioned, step.position
	if len(at.Last) == 0 {
		last, err := p.row(ctx, c.db, c.guard.work, "", " DESC", 0)
		if err != nil {
			return err
		}
		if last == nil { // the table is empty
			return commit(c.guard.work, position{}, true)
		}
		at = position{Last: last}
	}
	target := c.guard.budgets.Stall / 2
	size := p.first
	began := time.Now()
	for {
		to, err := p.row(ctx, c.db, c.guard.work, p.key.Between(p.statement.Name, at.At, at.Last), "", size-1)
		if err != nil {
			return c.unfinished(at, err)
		}
		finished := to == nil
		if finished {
			to = at.Last
		}
		portion := time.Now()
		x.sql = c.tag(step.Number) + p.statement.With(p.key.Between(p.statement.Name, at.At, to))
		err = c.guard.execute(ctx, x)
		next := position{At: to, Last: at.Last, Done: at.Done + 1}
		if err = c.finish(ctx, err, func(q queryer) error { return commit(q, next, finished) }); err != nil {
			return c.unfinished(at, err)
		}
		at = next
		if finished {
			return nil
		}
		x.report(EventProgress, PhaseWork, fmt.Sprintf("%d portions", at.Done))
		took := time.Since(portion)
		switch {
		case took < target/2:
			size = min(2*size, largestPortion)
		case took > target:
			size = max(size/2, min(p.first, 10))
		}
		if err := sleep(ctx, min(max(took/2, 10*time.Millisecond), time.Second)); err != nil {
			return c.unfinished(at, err)
		}
		if err := c.keepUp(ctx); err != nil {
			return c.unfinished(at, err)
		}
		x.began = time.Now() // each portion may wait for as long
		x.worked = time.Since(began)
	}
}

// unfinished says how far a statement in portions has come.
func (c *conductor) unfinished(at position, err error) error {
	if at.Done == 0 {
		return err
	}
	if errors.Is(err, ErrStopped) {
		err = withoutStop(err)
	} else if !passing(err) && !errors.Is(err, ErrRepeat) {
		return fmt.Errorf("%d portions are done, and stay done: %w", at.Done, err)
	}
	return fmt.Errorf("%d portions are done, and stay done: %w; the next run continues after them; %w", at.Done, err, ErrRepeat)
}
