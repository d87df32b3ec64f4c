package ddl

import (
	"context"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// fewRows is the number of rows up to which a table that the migration itself has
// created counts as unused.
const fewRows = 1000

// made records which tables a statement creates. No one uses them until the
// migration is done, so nothing that is done to them makes anyone wait.
func (p *planner) made(step *Step) {
	switch {
	case step.Kind == sqltext.CreateTable && step.Allowed() && step.before[step.Tables[0]] == "":
		p.fresh[step.Tables[0]] = true
	case step.Kind == sqltext.DropTable:
		for _, name := range step.Tables {
			delete(p.fresh, name)
		}
	case step.Kind == sqltext.RenameTable, step.Kind == sqltext.AlterTable && len(step.Tables) == 2 && !step.parsed.Exchanges:
		for i := 0; i+1 < len(step.Tables); i += 2 {
			p.fresh[step.Tables[i+1]] = p.fresh[step.Tables[i]]
			delete(p.fresh, step.Tables[i])
		}
	}
}

// isFresh reports whether the migration has created the table of a step.
func (p *planner) isFresh(step *Step) bool {
	return len(step.Tables) > 0 && p.fresh[step.Tables[0]] && !step.parsed.Exchanges
}

// madeBefore is like made, for a statement that an earlier run has executed.
func (p *planner) madeBefore(ctx context.Context, step *Step) error {
	if step.Kind != sqltext.CreateTable || step.parsed.Optional {
		return nil
	}
	t := p.scratch.home(step.parsed.Changed()[0])
	rows, err := collect[int](ctx, p.scratch.db.pool, "SELECT COUNT(*) FROM (SELECT 1 FROM "+p.scratch.db.table(t.Name).String()+" LIMIT 1001) AS few")
	if code(err) == codeUnknownTable {
		return nil
	}
	if err != nil {
		return err
	}
	p.fresh[t.Name] = rows[0] <= fewRows
	return nil
}
