package copy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Plan says whether a migration may be made on a copy that replicates.
type Plan struct {
	Name   string     `json:"name"`
	Hash   string     `json:"hash"`
	Server ddl.Server `json:"server"`
	Schema string     `json:"schema"`

	// Findings are what replication does with the changes.
	Findings []Finding `json:"findings"`

	// Problems are further reasons why it is refused. Notes are for the reader.
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`

	// Deployment is the name of the copy in RDS.
	Deployment string `json:"deployment"`

	// Conversions is the required setting for the type conversions of the copy;
	// empty if any will do.
	Conversions string `json:"conversions,omitempty"`

	// Changes are the results for the tables.
	Changes []ddl.TableChange `json:"-"`

	needs []ddl.Need // of the statements
}

// Allowed reports whether the migration may be made on a copy.
func (p *Plan) Allowed() bool {
	return len(p.Problems) == 0 && !slices.ContainsFunc(p.Findings, Finding.Refused)
}

// MakePlan judges a migration by the original, on which it writes only to the
// scratch schema. It reads rows only to find out whether there are some that a
// finding depends on.
func MakePlan(ctx context.Context, original *ddl.Database, m sqltext.Migration, o ddl.PlanOptions) (*Plan, error) {
	o.Writes, o.Policy = ddl.Stopped, ddl.Any
	made, err := ddl.MakePlan(ctx, original, m, o)
	if err != nil {
		return nil, err
	}
	p := &Plan{Name: made.Name, Hash: made.Hash, Server: made.Server, Schema: made.Schema, Deployment: deploymentName(made.Schema, m), Changes: made.Changes}
	for _, step := range made.Steps {
		p.step(step)
		p.needs = append(p.needs, step.Needs())
	}
	for _, change := range made.Changes {
		p.Findings = append(p.Findings, Judge(original.Server, change)...)
	}
	if p.Findings, err = Ask(ctx, original, p.Findings); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(p.Findings, func(f Finding) bool { return f.Verdict == NonLossy }) {
		p.Conversions = "ALL_NON_LOSSY"
		p.Note("set %s to ALL_NON_LOSSY on the copy; never ALL_LOSSY, which shortens values without an error", conversionsVariable(original.Server))
	}
	if err := p.replicates(ctx, original); err != nil {
		return nil, err
	}
	if err := p.otherSchemas(ctx, original); err != nil {
		return nil, err
	}
	if err := p.withoutKey(ctx, original); err != nil {
		return nil, err
	}
	p.Note("the way back until the switch is noren ddl copy abandon; after the switch no way back keeps what is written from then on")
	return p, nil
}

// otherSchemas adds a note about schemas that are copied but not compared.
func (p *Plan) otherSchemas(ctx context.Context, original *ddl.Database) error {
	row, err := oneRow(ctx, original.Pool(), `SELECT GROUP_CONCAT(DISTINCT table_schema ORDER BY table_schema SEPARATOR ', ') AS names FROM information_schema.tables
		WHERE table_schema NOT IN (?, ?, 'mysql', 'sys', 'information_schema', 'performance_schema') AND table_type <> 'VIEW'`, original.Schema, ddl.ScratchSchema)
	if err != nil {
		return fmt.Errorf("looking for other schemas: %w", err)
	}
	if row["names"] != "" {
		p.Note("the copy is one of the whole server, and noren compares %s alone: compare the schemas %s yourself", original.Schema, row["names"])
	}
	return nil
}

// conversionsVariable returns the name of the variable that allows wider types on
// a copy.
func conversionsVariable(server ddl.Server) string {
	if server.Flavor == "MariaDB" || !server.AtLeast(8, 0, 26) {
		return "slave_type_conversions"
	}
	return "replica_type_conversions"
}

func (p *Plan) problem(format string, args ...any) {
	p.Problems = append(p.Problems, fmt.Sprintf(format, args...))
}

// Note adds a note.
func (p *Plan) Note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// step judges a statement that does not change a table's columns.
func (p *Plan) step(step *ddl.Step) {
	for _, problem := range step.Elsewhere() {
		p.problem("statement %d (line %d): %s", step.Number, step.Line, problem)
	}
	created := slices.ContainsFunc(step.Tables, func(name string) bool {
		return slices.ContainsFunc(p.Changes, func(c ddl.TableChange) bool { return c.Name == name && len(c.Before) == 0 })
	})
	switch {
	case step.Kind == sqltext.Rows && !created:
		p.problem("statement %d (line %d) changes rows: those that arrive afterwards are not changed by it; write it into a file of its own, and run that after the switch", step.Number, step.Line)
	case step.Kind == sqltext.Program && step.Fires():
		p.problem("statement %d (line %d): no trigger fires for rows that arrive, and no event may run on the copy; write it into a file of its own, and run that after the switch", step.Number, step.Line)
	}
	for _, line := range step.Restricts() {
		p.Note("statement %d (line %d): %s is only on the copy: a row that breaks it stops replication as soon as it arrives, and status says so", step.Number, step.Line, line)
	}
}

// replicates checks what replication needs of the original.
func (p *Plan) replicates(ctx context.Context, original *ddl.Database) error {
	row, err := oneRow(ctx, original.Pool(), "SELECT @@log_bin AS log_bin, @@binlog_format AS format")
	if err != nil {
		return fmt.Errorf("reading how the binary log is written: %w", err)
	}
	switch {
	case row["log_bin"] == "0":
		p.problem("the original writes no binary log: set binlog_format to ROW in its cluster parameter group, and restart it")
	case !strings.EqualFold(row["format"], "ROW"):
		p.problem("binlog_format is %s: want ROW, by which the verdicts are", row["format"])
	}
	return nil
}

// withoutKey adds notes about tables without a primary key, and their cost.
func (p *Plan) withoutKey(ctx context.Context, original *ddl.Database) error {
	rows, err := original.Pool().QueryContext(ctx, `SELECT t.table_name, COALESCE(t.table_rows, 0) FROM information_schema.tables t
		WHERE t.table_schema = ? AND t.table_type = 'BASE TABLE' AND NOT EXISTS (SELECT 1 FROM information_schema.statistics s
			WHERE s.table_schema = t.table_schema AND s.table_name = t.table_name AND s.non_unique = 0 AND s.nullable <> 'YES') ORDER BY 1`, original.Schema)
	if err != nil {
		return fmt.Errorf("looking for tables without a primary key: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var many int64
		if err := rows.Scan(&name, &many); err != nil {
			return err
		}
		p.Note("%s has no primary or unique key: for each row that is updated or deleted the copy reads the table, about %d rows, so that it falls behind; and it is compared as a whole", sqltext.Quote(name), many)
	}
	return rows.Err()
}
