package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// compile asks the server whether a view or a trigger compiles on the shadows;
// known is false if that cannot be asked.
func (p *planner) compile(ctx context.Context, one *dependent) (failed error, known bool, err error) {
	if one.text == "" { // the user may not see it
		return nil, false, nil
	}
	if one.Type == "VIEW" {
		return p.compileView(ctx, one)
	}
	body, err := sqltext.ReadBody(one.text, p.scratch.db.Dialect())
	if err != nil {
		return nil, false, nil
	}
	if err := p.scratch.load(ctx, one.On); err != nil {
		return nil, false, err
	}
	columns, err := p.scratch.columns(ctx, one.On)
	if err != nil {
		return nil, false, err
	}
	for _, name := range body.Columns {
		if !slices.ContainsFunc(columns, func(c Column) bool { return strings.EqualFold(c.Name, name) }) {
			return fmt.Errorf("%s has no column %s", one.On, sqltext.Quote(name)), true, nil
		}
	}
	known = len(body.Columns) > 0
	for _, sql := range body.Statements {
		failed, tried, err := p.prepare(ctx, sql)
		if err != nil || failed != nil {
			return failed, tried, err
		}
		known = known || tried
	}
	return nil, known, nil
}

// prepare asks the server whether it would accept a statement on rows, without
// executing it. It does not ask if the statement calls a function whose effects
// are not known.
func (p *planner) prepare(ctx context.Context, sql string) (failed error, known bool, err error) {
	q, err := sqltext.ReadQuery(sql, p.scratch.db.Dialect())
	if err != nil || len(q.Calls) > 0 {
		return nil, false, nil
	}
	if err := p.loadAll(ctx, q); err != nil {
		return nil, false, err
	}
	prepared, err := p.scratch.conn.PrepareContext(ctx, q.With(p.shadowOf))
	if err == nil {
		return nil, true, prepared.Close()
	}
	return p.objection(err)
}

// objection extracts the server's objection to a text from its error.
func (p *planner) objection(err error) (failed error, known bool, other error) {
	switch code(err) {
	case 0:
		return nil, false, err
	case codeTableDenied, codeColumnDenied, codeSchemaDenied, codeRoutineDenied, codeNoRoutine, codeNoPrivilege, codeNotPreparable, codeNoSuchAlias, codeAliasTwice, codeLockWait, codeDeadlock:
		return nil, false, nil // about rights, or about something that noren has not understood
	}
	return errors.New(p.scratch.unmap(reason(err))), true, nil
}

func (p *planner) shadowOf(t sqltext.Table) string {
	return sqltext.Table{Schema: ScratchSchema, Name: p.scratch.shadow(p.scratch.home(t))}.String()
}

// loadAll makes the shadows of the tables in a query. Shadows of views are views
// on shadows.
func (p *planner) loadAll(ctx context.Context, q sqltext.Query) error {
	for _, t := range q.Tables {
		home := p.scratch.home(t.Table)
		if i := slices.IndexFunc(p.known, func(d *dependent) bool { return d.Type == "VIEW" && d.Table == home }); i >= 0 {
			if _, _, err := p.compileView(ctx, p.known[i]); err != nil {
				return err
			}
			continue
		}
		if _, gone := p.gone[home]; gone { // the server would show the view that is there yet
			continue
		}
		if err := p.scratch.load(ctx, home); err != nil {
			if code(err) != codeTableDenied && code(err) != codeSchemaDenied { // it is in another schema; the server will report it
				return err
			}
		}
	}
	return nil
}

// compileView makes a view on the shadows. A view is only text: making it
// executes nothing.
func (p *planner) compileView(ctx context.Context, one *dependent) (failed error, known bool, err error) {
	q, err := sqltext.ReadQuery(one.text, p.scratch.db.Dialect())
	if err != nil {
		return nil, false, nil
	}
	if p.making[one] {
		return nil, false, nil
	}
	p.making[one] = true
	defer delete(p.making, one)
	if err := p.loadAll(ctx, q); err != nil {
		return nil, false, err
	}
	view := p.shadowOf(one.Table)
	if _, err := p.scratch.conn.ExecContext(ctx, "DROP VIEW IF EXISTS "+view); err != nil {
		return p.objection(err)
	}
	if _, err := p.scratch.conn.ExecContext(ctx, "CREATE VIEW "+view+" AS "+q.With(p.shadowOf)); err != nil {
		return p.objection(err)
	}
	return nil, true, nil
}

// parses asks the server whether a text is a statement at all. A statement that
// cannot be prepared is refused only after parsing.
func (p *planner) parses(ctx context.Context, sql string) (failed error, known bool, err error) {
	prepared, err := p.scratch.conn.PrepareContext(ctx, sql)
	if err == nil {
		return nil, true, prepared.Close()
	}
	if code(err) == codeSyntax {
		return errors.New(reason(err)), true, nil
	}
	if code(err) == 0 {
		return nil, false, err
	}
	return nil, false, nil
}
