package ddl

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// The marks of a statement tell, after a crash, whether it was executed.
type marks struct {
	Before   map[string]string  `json:"before,omitempty"` // definitions of the changed tables; "" if not there
	After    map[string]string  `json:"after,omitempty"`
	IDs      map[string][]int64 `json:"ids,omitempty"`      // table ids before
	Programs string             `json:"programs,omitempty"` // hash of views, triggers and so on
}

// marksOf are the marks of a planned step.
func (d *Database) marksOf(ctx context.Context, step *Step) (marks, error) {
	m := marks{After: step.after}
	var err error
	switch {
	case step.Kind == sqltext.Program:
		m.Programs, err = d.programs(ctx)
	case step.Kind.Shadowed():
		m.Before, m.IDs = map[string]string{}, map[string][]int64{}
		for name := range step.before {
			if m.Before[name], err = showCreate(ctx, d.pool, d.Schema, name); err != nil {
				return m, err
			}
			if m.IDs[name], err = d.tableIDs(ctx, d.pool, d.Schema, name); err != nil {
				return m, err
			}
		}
	}
	return m, err
}

// executed says whether a statement with these marks has been executed.
func (d *Database) executed(ctx context.Context, step *Step, m marks) (bool, error) {
	switch {
	case step.Kind == sqltext.Program:
		now, err := d.programs(ctx)
		return now != m.Programs, err
	case !step.Kind.Shadowed():
		return false, nil // rows are written in one transaction with the journal
	}
	isBefore, isAfter, sameIDs := true, true, true
	for name, before := range m.Before {
		now, err := showCreate(ctx, d.pool, d.Schema, name)
		if err != nil {
			return false, err
		}
		ids, err := d.tableIDs(ctx, d.pool, d.Schema, name)
		if err != nil {
			return false, err
		}
		isBefore = isBefore && settled(now) == settled(before)
		isAfter = isAfter && settled(now) == settled(m.After[name])
		sameIDs = sameIDs && slices.Equal(ids, m.IDs[name])
	}
	switch {
	case isBefore && isAfter: // it leaves the definition as it is: OPTIMIZE, TRUNCATE, EXCHANGE PARTITION
		return !sameIDs, nil // and if it leaves the ids, too, it does no harm again
	case isBefore:
		return false, nil
	case isAfter:
		return true, nil
	}
	return false, errors.New("the run was killed in the middle of it, and now the table is neither as before nor as planned: somebody else has changed it; compare it with the columns statement and marks of the table " + JournalTable + ", and set the state there to done or stopped")
}

// programs is a hash of all views, triggers, routines and events of the schema.
func (d *Database) programs(ctx context.Context) (string, error) {
	all, err := collect[string](ctx, d.pool, `
		SELECT CONCAT_WS('|', 'view', table_name, view_definition, security_type) FROM information_schema.views WHERE table_schema = ?
		UNION ALL SELECT CONCAT_WS('|', 'trigger', trigger_name, action_timing, event_manipulation, event_object_table, action_order, action_statement) FROM information_schema.triggers WHERE trigger_schema = ?
		UNION ALL SELECT CONCAT_WS('|', routine_type, routine_name, routine_definition, routine_comment, security_type, last_altered) FROM information_schema.routines WHERE routine_schema = ?
		UNION ALL SELECT CONCAT_WS('|', 'event', event_name, event_definition, status, last_altered) FROM information_schema.events WHERE event_schema = ?`,
		d.Schema, d.Schema, d.Schema, d.Schema)
	if err != nil {
		return "", fmt.Errorf("reading views, triggers and routines: %w", err)
	}
	slices.Sort(all)
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, all))), nil
}
