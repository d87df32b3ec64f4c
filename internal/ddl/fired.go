package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// fired returns the tables that triggers write when rows of t are written,
// including those written by the triggers of these tables. unknown says why the
// list may be incomplete; nil if it is complete.
func (p *planner) fired(ctx context.Context, t sqltext.Table) (tables []sqltext.Table, unknown, err error) {
	all, err := p.dependents(ctx)
	if err != nil {
		return nil, nil, err
	}
	found := []sqltext.Table{t}
	for i := 0; i < len(found); i++ { // found grows
		for _, one := range all {
			if one.Type != "TRIGGER" || !strings.EqualFold(one.On.String(), found[i].String()) {
				continue
			}
			targets, known := p.writtenBy(one)
			if !known {
				unknown = fmt.Errorf("what the trigger %s of %s writes is not known", one.Table, one.On)
			}
			for _, target := range targets {
				if home := p.scratch.home(target); !slices.Contains(found, home) {
					found = append(found, home)
				}
			}
		}
	}
	return found[1:], unknown, nil
}

// writtenBy returns the tables that a trigger writes, as it names them, and
// whether these are all.
func (p *planner) writtenBy(trigger *dependent) (targets []sqltext.Table, known bool) {
	body, err := sqltext.ReadBody(trigger.text, p.scratch.db.Dialect())
	if err != nil {
		return nil, false
	}
	known = !body.Calls
	for _, sql := range body.Statements {
		q, err := sqltext.ReadQuery(sql, p.scratch.db.Dialect())
		if err != nil {
			known = false
			continue
		}
		known = known && len(q.Calls) == 0
		for _, t := range q.Tables {
			if t.Target {
				targets = append(targets, t.Table)
			}
		}
	}
	return targets, known
}

// moves says why an UPDATE would move a row to another place in the primary key,
// where a later portion would find it again; nil if it cannot.
func (p *planner) moves(q sqltext.Query, parts *portions) error {
	assigned := q.Assigned()
	if len(assigned) == 0 {
		return nil
	}
	source := p.scratch.home(parts.statement.Source)
	for _, k := range parts.key {
		isKey := func(name string) bool { return strings.EqualFold(name, k.Name) }
		if slices.ContainsFunc(assigned, isKey) {
			return fmt.Errorf("it changes the primary key of %s", source)
		}
		if k.Moves {
			return fmt.Errorf("the server calculates %s of the primary key of %s when a row is updated", sqltext.Quote(k.Name), source)
		}
		for _, one := range p.known {
			if one.Type != "TRIGGER" || !strings.EqualFold(one.On.String(), source.String()) || one.event != "" && !strings.Contains(one.event, "UPDATE") {
				continue
			}
			if body, err := sqltext.ReadBody(one.text, p.scratch.db.Dialect()); err != nil || slices.ContainsFunc(body.Sets, isKey) {
				return fmt.Errorf("the trigger %s may change the primary key of %s", one.Table, source)
			}
		}
	}
	return nil
}
