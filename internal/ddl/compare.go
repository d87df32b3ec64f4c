package ddl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// maxDrift is by how much row counts may differ from the rehearsal's, as a share.
const maxDrift = 0.2

// largeTable is the maximum size, in bytes, of a table that may be changed
// without a rehearsal, unless the change does not touch its rows.
const largeTable = 1 << 30

// compare says what is not as it was rehearsed. Skip says of which tables the rows
// cannot be compared; nil: of none.
func (d *Database) compare(ctx context.Context, plan *Plan, r *Rehearsal, skip func(table string) bool) error {
	if r.Hash != plan.Hash {
		return fmt.Errorf("the rehearsal is of another migration (SHA-256 %.12s..., now %.12s...): rehearse again", r.Hash, plan.Hash)
	}
	if r.Failed != "" {
		return fmt.Errorf("the rehearsal failed: %s", r.Failed)
	}
	var errs []error
	if r.Server != plan.Server {
		errs = append(errs, fmt.Errorf("it was rehearsed on %v, and this is %v", r.Server, plan.Server))
	}
	begun := false
	for _, s := range plan.Steps {
		if s.done {
			begun = true
			continue
		}
		was := r.step(s.Number)
		if was.Rung != s.Rung || was.Rebuild != s.Rebuild {
			errs = append(errs, fmt.Errorf("statement %d (line %d) is %s, and was rehearsed as %s", s.Number, s.Line, s.way(), (&Step{Rung: was.Rung, Rebuild: was.Rebuild}).way()))
		}
	}
	for _, t := range r.Tables {
		if plan.rowsChanged() != nil {
			break // they were compared before it
		}
		if skip != nil && skip(t.Name) {
			continue
		}
		if err := d.drifted(ctx, t, begun); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		errs = append(errs, errors.New("rehearse again, on a clone made today"))
	}
	return errors.Join(errs...)
}

// rowsChanged returns a step that an earlier run has begun or done and that
// changes the number of rows, possibly of other tables, by triggers and foreign
// keys. It returns nil if there is none.
func (p *Plan) rowsChanged() *Step {
	for _, s := range p.Steps {
		if (s.done || s.begun) && (s.Kind == sqltext.Rows || len(s.parsed.Loses) > 0) {
			return s
		}
	}
	return nil
}

// comesAfter says whether the rows of a table cannot be compared yet, because of a
// migration that is to run before. One that changes the table is compared itself,
// unless it makes the table; one that changes how many rows it has is not.
func (c *conductor) comesAfter(table string) bool {
	for _, p := range c.earlier {
		for _, s := range p.Steps {
			switch {
			case s.done:
			case slices.Contains(s.Tables, table):
				return true
			case s.unread || slices.Contains(s.recounts, table):
				c.note(fmt.Sprintf("the rows of %s are not compared with those of the rehearsal: %s may change how many there are", sqltext.Quote(table), p.Name))
				return true
			}
		}
	}
	return false
}

// way is how the step is executed, for people.
func (s *Step) way() string {
	if s.Rebuild {
		return s.String() + " with a rebuild"
	}
	return s.String()
}

// drifted reports a table with far more or fewer rows than the rehearsed one. The
// server's estimate suffices to find no drift; to report one, the rows are
// counted. Once a migration has begun, its tables may be gone.
func (d *Database) drifted(ctx context.Context, t RehearsedTable, begun bool) error {
	size, err := d.size(ctx, sqltext.Table{Name: t.Name})
	if err != nil {
		return err
	}
	if near(size.rows, t.Rows) && size.rows > 10_000 {
		return nil
	}
	rows, err := collect[int64](ctx, d.pool, "SELECT COUNT(*) FROM "+d.table(t.Name).String())
	switch {
	case code(err) == codeUnknownTable && begun:
		return nil
	case err != nil:
		return fmt.Errorf("counting the rows of %s: %w", sqltext.Quote(t.Name), err)
	case !near(rows[0], t.Rows):
		return fmt.Errorf("%s has %d rows, and had %d when it was rehearsed: more than %d %% apart", sqltext.Quote(t.Name), rows[0], t.Rows, int(100*maxDrift))
	}
	return nil
}

func near(now, then int64) bool {
	difference := now - then
	return float64(max(difference, -difference)) <= maxDrift*float64(then)
}

// smallEnough refuses to change large tables without a rehearsal, and tables
// whose statistics are too far off to tell.
func (d *Database) smallEnough(ctx context.Context, plan *Plan) error {
	var errs []error
	for _, s := range plan.Steps {
		if s.done || !s.Kind.Laddered() || s.Algorithm == "INSTANT" {
			continue
		}
		if s.Bytes > largeTable {
			errs = append(errs, fmt.Errorf("statement %d (line %d): the table has %s: a table of more than %s is rehearsed first", s.Number, s.Line, Bytes(s.Bytes), Bytes(largeTable)))
			continue
		}
		t, most := s.parsed.Tables[0].Table, 2*s.Rows+portionLimit
		few, err := d.holdsAtMost(ctx, t, most)
		switch {
		case code(err) == codeUnknownTable: // the migration creates it
		case err != nil:
			return err
		case !few:
			errs = append(errs, fmt.Errorf("statement %d (line %d): the server's statistics say that %s has about %d rows, and it has more than %d: how large it is cannot be said before ANALYZE TABLE %s", s.Number, s.Line, t, s.Rows, most, t))
		}
	}
	return errors.Join(errs...)
}
