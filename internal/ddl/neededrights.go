package ddl

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// needs returns the privileges that a statement needs on its schema or its
// tables.
func needs(st sqltext.Statement) []string {
	switch st.Kind {
	case sqltext.AlterTable, sqltext.DropIndex, sqltext.Optimize:
		return []string{"ALTER", "CREATE", "INSERT"}
	case sqltext.CreateIndex:
		return []string{"INDEX"}
	case sqltext.RenameTable:
		return []string{"ALTER", "DROP", "CREATE", "INSERT"}
	case sqltext.CreateTable:
		return []string{"CREATE"}
	case sqltext.DropTable, sqltext.Truncate:
		return []string{"DROP"}
	case sqltext.Program:
		return needsOfProgram(st)
	}
	return nil
}

func needsOfProgram(st sqltext.Statement) []string {
	switch o := st.Object; {
	case o.Type == "TRIGGER":
		return []string{"TRIGGER"}
	case o.Type == "EVENT":
		return []string{"EVENT"}
	case o.Type == "VIEW" && o.Verb == "DROP":
		return []string{"DROP"}
	case o.Type == "VIEW":
		return []string{"CREATE VIEW"}
	case o.Verb == "CREATE":
		return []string{"CREATE ROUTINE"}
	}
	return []string{"ALTER ROUTINE"}
}

// rights finds the privileges that the user lacks before the first statement.
func (p *preflight) rights(ctx context.Context) error {
	grants, err := p.db.grants(ctx)
	if err != nil {
		return err
	}
	for _, step := range p.plan.Steps {
		if step.done {
			continue
		}
		var missing []string
		for _, privilege := range needs(step.parsed) {
			if !slices.ContainsFunc(grants, func(g sqltext.Grant) bool { return gives(g, p.db.Schema, step.Tables, privilege) }) {
				missing = append(missing, privilege)
			}
		}
		if len(missing) > 0 {
			p.problem("statement %d (line %d): the user lacks %s on %s", step.Number, step.Line, strings.Join(missing, ", "), sqltext.Quote(p.db.Schema))
		}
	}
	return p.binaryLog(ctx, grants)
}

// gives reports whether a grant may give a privilege on a table of the schema.
func gives(g sqltext.Grant, schema string, tables []string, privilege string) bool {
	if g.Schema != "*" && !sqltext.MatchesSchema(g.Schema, schema) {
		return false
	}
	if g.Object != "*" && !g.Routine && !slices.Contains(tables, g.Object) {
		return false
	}
	return slices.Contains(g.Privileges, privilege) || slices.Contains(g.Privileges, "ALL PRIVILEGES") || slices.Contains(g.Privileges, "ALL") || slices.Contains(g.Privileges, "a grant that noren cannot read")
}

// binaryLog finds out whether the server will refuse triggers and functions
// because they could write to replicas what the user may not.
func (p *preflight) binaryLog(ctx context.Context, grants []sqltext.Grant) error {
	logs, err := variable(ctx, p.db.pool, "log_bin")
	if err != nil || logs != "ON" {
		return err
	}
	trusts, err := variable(ctx, p.db.pool, "log_bin_trust_function_creators")
	if err != nil || trusts == "ON" || slices.ContainsFunc(grants, func(g sqltext.Grant) bool {
		return slices.Contains(g.Privileges, "SUPER") || g.Schema == "*" && (slices.Contains(g.Privileges, "ALL PRIVILEGES") || slices.Contains(g.Privileges, "a grant that noren cannot read"))
	}) {
		return err
	}
	for _, step := range p.plan.Steps {
		if o := step.parsed.Object; !step.done && o.Verb == "CREATE" && (o.Type == "TRIGGER" || o.Type == "FUNCTION") {
			p.problem("statement %d (line %d): the binary log is on and log_bin_trust_function_creators is OFF, so that the server makes a %s for users with SUPER only: set that parameter", step.Number, step.Line, strings.ToLower(o.Type))
		}
	}
	return nil
}

// A Need is privileges on a schema, or on some of its tables.
type Need struct {
	Privileges []string
	Schema     string   // "*" for everywhere
	Tables     []string // nil for all
}

// Needs returns the privileges that the statement needs.
func (s *Step) Needs() Need {
	return Need{Privileges: needs(s.parsed), Tables: s.Tables}
}

// Lacks returns the privileges that the user needs and does not have, each with
// its object. A need without a schema is for the database's own schema.
func (d *Database) Lacks(ctx context.Context, needs ...Need) ([]string, error) {
	grants, err := d.grants(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, need := range needs {
		schema, on := cmp.Or(need.Schema, d.Schema), "*.*"
		if schema != "*" {
			on = sqltext.Quote(schema) + ".*"
		}
		for _, privilege := range need.Privileges {
			has := slices.ContainsFunc(grants, func(g sqltext.Grant) bool {
				return (schema != "*" || g.Schema == "*") && gives(g, schema, need.Tables, privilege)
			})
			if text := privilege + " on " + on; !has && !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
	}
	return all, nil
}
