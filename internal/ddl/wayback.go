package ddl

import (
	"context"
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A migration and its way back are two migrations in the journal. Each is
// forgotten when the other is done. While the way back is under way the schema is
// in neither state, whatever the entries of the migration say.

// begunEntry is the SQL condition that matches an entry whose statement has been
// executed in part, or may have been.
const begunEntry = `(state <> 'stopped' OR marks LIKE '%"done":%')`

// underWay reports whether the opposite of a migration was begun and is not
// finished, and names it.
func underWay(m sqltext.Migration, entries []Entry) (key string, yes bool) {
	finished := false
	for _, e := range entries {
		if !m.Opposes(e.Migration) {
			continue
		}
		key = e.Migration
		finished = finished || e.Whole() && e.State == StateDone
		yes = yes || e.begun
	}
	return key, yes && !finished
}

// passable returns an error for a migration whose way back has been begun, or
// that was run from another folder. For a way back, entries of an earlier one no
// longer count once the migration was begun again.
func (j *journal) passable(entries []Entry) error {
	for _, e := range entries {
		if mine := j.migration.Key(); e.Hash == j.hash && (strings.HasSuffix(e.Migration, "/"+mine) || strings.HasSuffix(mine, "/"+e.Migration)) {
			return fmt.Errorf("the same file was run as %q, and this run calls it %q: give --name %q, or the folder that was given then", e.Migration, mine, strings.TrimSuffix(e.Migration, " (down)"))
		}
	}
	key, yes := underWay(j.migration, entries)
	switch {
	case !yes:
		return nil
	case j.migration.Direction != sqltext.Down:
		return fmt.Errorf("the way back of %q, %q, was begun and is not finished, so that the schema is neither as before nor as after: finish it first (noren ddl run --direction down; noren ddl status shows how far it is)", j.migration.Key(), key)
	case j.done(whole):
		j.stale = true
	}
	return nil
}

// forgetStale removes the entries of an earlier run of the same way back.
func (j *journal) forgetStale(ctx context.Context) error {
	if !j.stale {
		return nil
	}
	if err := j.forget(ctx, j.migration.Key()); err != nil {
		return err
	}
	j.stale, j.entries = false, map[int]entry{}
	return nil
}

// forgetOpposite removes the entries of the opposite direction, so that it may be
// run again.
func (j *journal) forgetOpposite(ctx context.Context) error {
	keys, err := collect[string](ctx, j.conn, "SELECT DISTINCT migration FROM "+j.table.String()+" WHERE schema_name = ?", j.schema)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if !j.migration.Opposes(key) {
			continue
		}
		if err := j.forget(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) forget(ctx context.Context, key string) error {
	_, err := j.conn.ExecContext(ctx, "DELETE FROM "+j.table.String()+" WHERE schema_name = ? AND migration = ?", j.schema, key)
	return err
}
