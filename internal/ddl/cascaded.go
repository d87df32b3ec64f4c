package ddl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// cascaded returns the tables whose rows foreign keys delete or change when a
// statement does so with the rows of a table, including those reached through
// these tables.
func (p *planner) cascaded(ctx context.Context, q sqltext.Query, t sqltext.Table) ([]sqltext.Table, error) {
	if !q.Deletes() && len(q.Assigned()) == 0 {
		return nil, nil
	}
	checks, err := p.sessionVariable(ctx, "foreign_key_checks")
	if err != nil || checks != "1" {
		return nil, err
	}
	rule := "r.update_rule"
	if q.Deletes() {
		rule = "r.delete_rule"
	}
	found := []sqltext.Table{t}
	for i := 0; i < len(found); i++ {
		children, err := p.followers(ctx, rule, found[i], func(column string) bool {
			return i > 0 || q.Deletes() || slices.ContainsFunc(q.Assigned(), func(name string) bool { return strings.EqualFold(name, column) })
		})
		if err != nil {
			return nil, err
		}
		for _, child := range children {
			if !slices.Contains(found, child) {
				found = append(found, child)
			}
		}
	}
	return found[1:], nil
}

// followers returns the tables with a foreign key to one of the columns of t
// whose rule writes their rows. It includes foreign keys that earlier statements
// add.
func (p *planner) followers(ctx context.Context, rule string, t sqltext.Table, written func(column string) bool) ([]sqltext.Table, error) {
	var all []sqltext.Table
	for _, s := range p.steps {
		for name, definition := range s.after {
			if t.Schema == "" && cascades(definition, t.Name) {
				all = append(all, sqltext.Table{Name: name})
			}
		}
	}
	at := p.originOf(t)
	rows, err := p.scratch.db.pool.QueryContext(ctx, `SELECT r.constraint_schema, r.table_name, k.referenced_column_name FROM information_schema.referential_constraints r
		JOIN information_schema.key_column_usage k ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name AND k.table_name = r.table_name
		WHERE k.referenced_table_schema = ? AND k.referenced_table_name = ? AND `+rule+` IN ('CASCADE', 'SET NULL', 'SET DEFAULT')`, cmp.Or(at.Schema, p.scratch.db.Schema), at.Name)
	if err != nil {
		return nil, fmt.Errorf("reading the foreign keys to %s: %w", t, err)
	}
	defer rows.Close()
	for rows.Next() {
		var child sqltext.Table
		var column string
		if err := rows.Scan(&child.Schema, &child.Name, &column); err != nil {
			return nil, err
		}
		if written(column) {
			all = append(all, p.scratch.home(child))
		}
	}
	return all, rows.Err()
}
