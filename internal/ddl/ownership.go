package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// A run that has lost the session with its lock does not notice at once, and
// another run may begin meanwhile. This file keeps the first run from doing what
// the other has done or is doing: an entry of the journal belongs to the run that
// wrote it, and a run changes it only if it is as that run left it.

// errTaken means that another run has taken over.
var errTaken = fmt.Errorf("another noren ddl run has taken over, since the session that kept it out was lost; this one changes nothing more; %w", ErrRepeat)

// ownEntry is the SQL condition that matches an entry as this run knows it; own
// returns its arguments.
const ownEntry = " WHERE schema_name = ? AND migration = ? AND number = ? AND state = ? AND session = ? AND began = ?"

func (j *journal) own(number int) []any {
	e := j.entries[number]
	return []any{j.schema, j.migration.Key(), number, e.state, e.session, e.began}
}

// one checks that exactly one entry was changed.
func (j *journal) one(done sql.Result) error {
	n, err := done.RowsAffected()
	if err == nil && n != 1 {
		return errTaken
	}
	return err
}

// owned checks that an entry is as this run left it.
func (j *journal) owned(ctx context.Context, q queryer, number int) error {
	found, err := collect[int](ctx, q, "SELECT 1 FROM "+j.table.String()+ownEntry, j.own(number)...)
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	if len(found) != 1 {
		return errTaken
	}
	return nil
}

// mine checks, before a statement is tried, that no other run is executing it or
// has executed it.
func (j *journal) mine(ctx context.Context, number int) error {
	if err := j.held(ctx); err != nil {
		return err
	}
	err := j.owned(ctx, j.conn, number)
	switch {
	case err != nil && ctx.Err() != nil:
		return interrupted()
	case err != nil && !errors.Is(err, errTaken):
		return fmt.Errorf("%w; %w", err, ErrRepeat)
	}
	return err
}

// untouched checks that no other run has intervened, after the lock was lost and
// taken again.
func (j *journal) untouched(ctx context.Context) error {
	known, others := j.entries, j.others
	j.entries = map[int]entry{}
	if err := errors.Join(j.read(ctx), j.look(ctx)); err != nil {
		return err
	}
	for number, now := range j.entries {
		was, there := known[number]
		if !there || was.state != now.state || was.session != now.session || was.began != now.began {
			return errTaken
		}
	}
	if len(known) != len(j.entries) || others != j.others {
		return errTaken
	}
	return nil
}

// look reads the entries of other migrations: those of the way back, which may
// prevent this run, and those that show that another run has intervened.
func (j *journal) look(ctx context.Context) error {
	rows, err := j.conn.QueryContext(ctx, "SELECT migration, number, hash, state, session, CAST(began AS CHAR), "+begunEntry+" FROM "+j.table.String()+" WHERE schema_name = ? AND migration <> ? ORDER BY migration, number", j.schema, j.migration.Key())
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	var text strings.Builder
	var entries []Entry
	for rows.Next() {
		var e Entry
		var session int64
		var began string
		if err := rows.Scan(&e.Migration, &e.Number, &e.Hash, &e.State, &session, &began, &e.begun); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		fmt.Fprintln(&text, e.Migration, e.Number, e.State, session, began)
		entries = append(entries, e)
	}
	j.others = text.String()
	return errors.Join(rows.Err(), j.passable(entries))
}
