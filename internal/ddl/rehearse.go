package ddl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// RehearseOptions say how to rehearse.
type RehearseOptions struct {
	PlanOptions

	// Class is the instance class to record, such as db.r6g.large.
	Class string

	// Real are the servers of the real schema, as far as they are known. They
	// prove that the clone is another server.
	Real []Identity

	// Readers are reader endpoints of the clone.
	Readers []*Database

	// Report receives what happens.
	Report Report
}

// Rehearse executes a migration on a clone and measures it. A statement that
// fails ends the rehearsal and is recorded in it: a result, not an error.
func Rehearse(ctx context.Context, clone *Database, m sqltext.Migration, o RehearseOptions) (*Rehearsal, error) {
	if err := clone.provenCopy(ctx, o.Real); err != nil {
		return nil, err
	}
	plans, err := makePlans(ctx, clone, []sqltext.Migration{m}, o.PlanOptions)
	if err != nil {
		return nil, err
	}
	plan := plans[0]
	if err := plan.refusal(); err != nil {
		return nil, err
	}
	r := &Rehearsal{Name: m.Name, Hash: plan.Hash, Server: plan.Server, At: time.Now().UTC().Truncate(time.Second), Class: o.Class, Writes: o.Writes}
	if r.Tables, err = clone.tablesOf(ctx, plan); err != nil {
		return nil, err
	}
	g, err := openGuard(ctx, clone, Budgets{})
	if err != nil {
		return nil, err
	}
	defer g.close()
	c := &conductor{db: clone, guard: g, plan: plan, report: o.Report, readers: o.Readers, tag: func(int) string { return "/* noren ddl rehearse */ " }}
	for _, step := range plan.Steps {
		measured, err := c.perform(ctx, step, nil)
		r.Steps = append(r.Steps, measured)
		if ended := ctx.Err(); ended != nil {
			return nil, cancelled(ctx, cmp.Or(err, ended))
		}
		if err != nil {
			r.Failed = fmt.Sprintf("statement %d (line %d): %v", step.Number, step.Line, err)
			break
		}
	}
	return r, nil
}

// refusal says which statements a plan does not allow.
func (p *Plan) refusal() error {
	var errs []error
	for _, s := range p.Steps {
		for _, problem := range s.Problems {
			errs = append(errs, fmt.Errorf("statement %d (line %d): %s", s.Number, s.Line, problem))
		}
	}
	for _, problem := range p.Problems {
		errs = append(errs, errors.New(problem))
	}
	if p.Advice != "" {
		errs = append(errs, errors.New(p.Advice))
	}
	return errors.Join(errs...)
}

// tablesOf returns the existing tables that a plan changes, in their present
// state.
func (d *Database) tablesOf(ctx context.Context, plan *Plan) ([]RehearsedTable, error) {
	var all []RehearsedTable
	for _, step := range plan.Steps {
		for _, name := range step.Tables {
			if slices.ContainsFunc(all, func(t RehearsedTable) bool { return t.Name == name }) {
				continue
			}
			size, err := d.size(ctx, sqltext.Table{Name: name})
			if err != nil {
				return nil, err
			}
			rows, err := collect[int64](ctx, d.pool, "SELECT COUNT(*) FROM "+d.table(name).String())
			if code(err) == codeUnknownTable {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("counting the rows of %s: %w", sqltext.Quote(name), err)
			}
			all = append(all, RehearsedTable{Name: name, Rows: rows[0], Bytes: size.bytes()})
		}
	}
	return all, nil
}
