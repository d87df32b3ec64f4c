package ddl

import (
	"context"
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// rows judges a statement on rows: whether the server takes it, and how long
// its rows stay locked.
func (p *planner) rows(ctx context.Context, step *Step) error {
	if _, err := p.dependents(ctx); err != nil {
		return err
	}
	failed, known, err := p.prepare(ctx, step.parsed.SQL)
	switch {
	case err != nil:
		return err
	case failed != nil:
		step.problem("the server refuses it: %v", failed)
		return nil
	case !known:
		step.note("whether the server takes it could not be tried: it uses what noren does not know to only calculate")
	}
	if !step.parsed.Bulk {
		return nil
	}
	q, unread := sqltext.ReadQuery(step.parsed.SQL, p.scratch.db.Dialect())
	var names []string
	for _, t := range q.Tables {
		home := p.scratch.home(t.Table)
		size, err := p.scratch.db.size(ctx, p.origin(home.Name))
		if err != nil {
			return err
		}
		if home.Schema == "" && !slices.Contains(names, home.Name) {
			names = append(names, home.Name)
		}
		if size.rows >= step.Rows {
			step.Rows, step.Bytes = size.rows, size.bytes()
		}
	}
	step.Judged, step.touched = p.options.judgedFor(names), names
	for _, t := range q.Tables { // what many rows are put into is empty no more
		if home := p.scratch.home(t.Table); t.Target && home.Schema == "" && step.Rows > fewRows {
			delete(p.fresh, home.Name)
		}
	}
	if len(q.Tables) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !p.fresh[name] }) {
		return nil
	}
	if step.Rows <= portionLimit && unread == nil {
		step.note("in one transaction, as the tables are small")
		return nil
	}
	var why error
	if step.portioned, why, err = p.scratch.db.portionsOf(ctx, step.parsed, p.origin); err != nil {
		return err
	}
	if step.portioned != nil {
		step.Portions = true
		step.note("in portions of the primary key of %s, each in a transaction with the journal: readers see some of the rows changed before the others", step.portioned.statement.Source)
		return nil
	}
	step.Writes = false
	text := fmt.Sprintf("the rows stay locked to writers until all are changed, because it cannot be done in portions: %v", why)
	if step.Judged == Live {
		step.problem("%s; write it so that it can, or do it with writes stopped", text)
	} else {
		step.note("%s", text)
	}
	return nil
}
