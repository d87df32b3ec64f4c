package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A statement on rows may be withdrawn and tried again, and a run that was killed
// is resumed in another session. This file refuses statements whose result would
// then differ.

// remembers refuses what depends on the previous statement in the same session.
func (p *planner) remembers(step *Step, q sqltext.Query) {
	for _, name := range q.Before {
		step.problem("%v", sqltext.OfBefore(name))
	}
	for _, name := range q.Variables {
		p.reads(step, name)
	}
	for _, name := range q.Assigns {
		p.left[name] = step.Number
		if !slices.Contains(step.assigns, name) {
			step.assigns = append(step.assigns, name)
		}
	}
}

// sets records the variables like @name that a SET assigns, and refuses values
// taken from a variable that a statement on rows has assigned.
func (p *planner) sets(step *Step) {
	for _, a := range step.parsed.Assignments {
		if strings.HasPrefix(a.Value, "@") {
			p.reads(step, sqltext.VariableName(a.Value))
		}
		delete(p.left, sqltext.VariableName(a.Name))
	}
}

// reads refuses a variable whose value an earlier statement on rows has assigned.
func (p *planner) reads(step *Step, name string) {
	number, left := p.left[name]
	if left && number != step.Number {
		delete(p.left, name) // reported once
		step.problem("%s has what statement %d left in it, which a run that resumes does not know: SET it before, or find it with a subquery", name, number)
	}
}

// lasts refuses to write rows that cannot be rolled back: those of a table
// without transactions.
func (p *planner) lasts(ctx context.Context, step *Step, q sqltext.Query) error {
	for _, named := range q.Tables {
		if !named.Target {
			continue
		}
		t := p.scratch.home(named.Table)
		size, err := p.scratch.db.size(ctx, p.originOf(t))
		if err != nil {
			return err
		}
		if size.view || p.isView(t) {
			step.note("whether rows that are written through the view %s can be taken back is not known: the engines of its tables are not looked at", t)
			continue
		}
		engine, lasting, err := p.scratch.engine(ctx, t)
		switch {
		case err != nil:
			return err
		case engine != "" && !lasting:
			step.problem("%s is of the engine %s, which has no transactions: rows that were changed before a run stops stay changed, and the journal cannot tell which; make it InnoDB before", t, engine)
		}
	}
	return nil
}

// engine returns the storage engine of the shadow of t, "" if there is no shadow,
// and whether it has transactions.
func (s *scratch) engine(ctx context.Context, t sqltext.Table) (name string, transactions bool, err error) {
	if err := s.load(ctx, t); err != nil {
		if code(err) == codeTableDenied || code(err) == codeSchemaDenied { // it is in another schema; the server will report it
			return "", false, nil
		}
		return "", false, err
	}
	all, err := collect[string](ctx, s.conn, `SELECT CONCAT(e.engine, ' ', COALESCE(e.transactions, '')) FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine
		WHERE t.table_schema = ? AND t.table_name = ?`, ScratchSchema, s.shadow(t))
	if err != nil || len(all) == 0 {
		return "", false, err
	}
	name, yes, _ := strings.Cut(all[0], " ")
	return name, yes == "YES", nil
}

// keep makes the session save the variables that a statement assigns, since
// rolling back a statement does not restore them; restore does.
func (g *guard) keep(ctx context.Context, variables []string) error {
	return g.assign(ctx, variables, func(i int, name string) string { return fmt.Sprintf("@noren_kept_%d = %s", i, name) })
}

func (g *guard) restore(ctx context.Context, variables []string) error {
	return g.assign(ctx, variables, func(i int, name string) string { return fmt.Sprintf("%s = @noren_kept_%d", name, i) })
}

func (g *guard) assign(ctx context.Context, variables []string, assignment func(i int, name string) string) error {
	var parts []string
	for i, name := range variables {
		parts = append(parts, assignment(i, "@"+sqltext.Quote(strings.TrimPrefix(name, "@"))))
	}
	if len(parts) == 0 {
		return nil
	}
	if _, err := g.work.ExecContext(ctx, "SET "+strings.Join(parts, ", ")); err != nil {
		return errors.Join(errors.New("keeping the variables of a statement"), err)
	}
	return nil
}
