package ddl

import (
	"context"
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// rows judges a statement on rows: whether the server accepts it, and how long
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
	q, unread := sqltext.ReadQuery(step.parsed.SQL, p.scratch.db.Dialect())
	p.remembers(step, q)
	if err := p.lasts(ctx, step, q); err != nil {
		return err
	}
	if !step.parsed.Bulk && !step.begun {
		return nil
	}
	step.unread = unread != nil
	weight, err := p.weighRows(ctx, step, q)
	if err != nil {
		return err
	}
	if !step.begun && len(weight.tables) > 0 && !slices.ContainsFunc(weight.tables, func(t sqltext.Table) bool { return t.Schema != "" || !p.fresh[t.Name] }) {
		return nil
	}
	if step.Rows <= portionLimit && unread == nil && !weight.unknown && !step.begun {
		step.note("in one transaction, as the tables are small")
		return nil
	}
	why := unread
	if each := weight.tied / max(weight.own, 1); why == nil && each > portionLimit {
		why = fmt.Errorf("with each of its rows go %d of other tables on average, by a foreign key: delete or detach those first, in a migration of its own", each)
	}
	if why == nil {
		if step.portioned, why, err = p.portionsOf(ctx, q); err != nil {
			return err
		}
	}
	if step.portioned != nil {
		step.portioned.first = int(max(firstPortion/(1+weight.tied/max(weight.own, 1)), 1))
		step.Portions = true
		step.note("in portions of the primary key of %s, each in a transaction with the journal: readers see some of the rows changed before the others", step.portioned.statement.Source)
		return nil
	}
	if step.begun { // all rows in one piece would be those of the portions again
		step.problem("an earlier run has done portions of it, and it cannot be done in portions any more: %v", why)
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

// A rowsWeight is how many rows a statement may touch.
type rowsWeight struct {
	tables  []sqltext.Table // tables that it names
	unknown bool            // the number of rows of one of them is not known: a view, or wrong statistics
	own     int64           // of the largest of them
	tied    int64           // of other tables, which foreign keys tie to them
}

// weighRows determines how many rows a step may touch, and what its tables are
// judged for.
func (p *planner) weighRows(ctx context.Context, step *Step, q sqltext.Query) (w rowsWeight, err error) {
	var names []string
	for _, named := range q.Tables {
		t := p.scratch.home(named.Table)
		if slices.Contains(w.tables, t) {
			continue
		}
		w.tables = append(w.tables, t)
		if t.Schema == "" {
			names = append(names, t.Name)
		}
		size, err := p.scratch.db.size(ctx, p.originOf(t))
		if err != nil {
			return w, err
		}
		w.unknown = w.unknown || size.view || p.isView(t) || t.Schema != "" && !size.there
		if !w.unknown && size.there && size.rows <= portionLimit {
			few, err := p.scratch.db.holdsAtMost(ctx, p.originOf(t), portionLimit)
			if err != nil {
				return w, err
			}
			w.unknown = !few
		}
		if size.rows >= step.Rows {
			step.Rows, step.Bytes, w.own = size.rows, size.bytes(), size.rows
		}
	}
	step.touched = slices.Clone(names)
	for _, t := range q.Tables {
		home := p.scratch.home(t.Table)
		if !t.Target {
			continue
		}
		if home.Schema == "" && q.Recounts() {
			step.recounts = append(step.recounts, home.Name)
		}
		tied, err := p.cascaded(ctx, q, home)
		if err != nil {
			return w, err
		}
		for _, child := range tied {
			size, err := p.scratch.db.size(ctx, p.originOf(child))
			if err != nil {
				return w, err
			}
			p.tie(step, child, fmt.Sprintf("rows of it go with those of %s, by a foreign key", home), "")
			names = append(names, child.Name)
			if child.Schema == "" && q.Recounts() {
				step.recounts = append(step.recounts, child.Name)
			}
			w.tied += size.rows
		}
		if home.Schema == "" && step.Rows > fewRows { // a table into which many rows are put is no longer empty
			delete(p.fresh, home.Name)
		}
	}
	step.Rows = max(step.Rows, w.tied)
	step.Judged = p.options.judgedFor(names)
	return w, nil
}
