package ddl

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// An Entry is a statement in the journal, for people.
type Entry struct {
	Migration string     `json:"migration"`
	Number    int        `json:"statement"`
	Hash      string     `json:"hash"`
	SQL       string     `json:"sql"`
	State     State      `json:"state"`
	Message   string     `json:"message,omitempty"`
	Began     time.Time  `json:"began"`
	Ended     *time.Time `json:"ended,omitempty"`

	begun bool // something of it is done, or may be
}

// Whole reports whether the entry is about a migration as a whole.
func (e Entry) Whole() bool { return e.Number == whole }

// Journal reads all entries of the journal with a name, which has the form of
// RunOptions.Journal.
func Journal(ctx context.Context, db *Database, name string) ([]Entry, error) {
	table, err := db.journalTable(name)
	if err != nil {
		return nil, err
	}
	rows, err := db.pool.QueryContext(ctx, "SELECT migration, number, hash, statement, state, COALESCE(message, ''), CAST(began AS CHAR), CAST(ended AS CHAR), "+begunEntry+" FROM "+table.String()+" WHERE schema_name = ? ORDER BY migration, number", db.entriesOf(table))
	switch code(err) {
	case codeUnknownTable:
		return nil, nil // nothing has been run
	case codeUnknownColumn:
		return nil, fmt.Errorf("the journal %s was made by an earlier noren: noren ddl run says how to change it", table)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	var all []Entry
	for rows.Next() {
		var e Entry
		var began string
		var ended sql.NullString
		if err := rows.Scan(&e.Migration, &e.Number, &e.Hash, &e.SQL, &e.State, &e.Message, &began, &ended, &e.begun); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		e.Began, _ = time.Parse("2006-01-02 15:04:05", began)
		if at, err := time.Parse("2006-01-02 15:04:05", ended.String); err == nil {
			e.Ended = &at
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// Progress is the progress of a migration.
type Progress string

// The values of Progress.
const (
	Left       Progress = "left"       // nothing is done
	Unfinished Progress = "unfinished" // some of it is done
	Done       Progress = "done"
	Changed    Progress = "changed" // it was run with other content
	Unknown    Progress = "unknown" // a person must look at a statement
)

// ProgressOf returns the progress of a migration, according to the entries of a
// journal.
func ProgressOf(m sqltext.Migration, entries []Entry) Progress {
	progress := Left
	for _, e := range entries {
		switch {
		case e.Migration != m.Key():
		case e.Hash != m.Hash():
			return Changed
		case e.State == StateUnknown:
			return Unknown
		case e.Whole() && e.State == StateDone:
			progress = Done
		case progress == Left:
			progress = Unfinished
		}
	}
	if _, yes := underWay(m, entries); yes && progress == Done {
		return Unfinished
	}
	return progress
}

// Resolve records what happened to a statement whose outcome is unknown, or
// during which a run was killed.
func Resolve(ctx context.Context, db *Database, name string, m sqltext.Migration, statement int, done bool) error {
	j, err := openJournal(ctx, db, name, m)
	if err != nil {
		return err
	}
	defer j.close()
	e, ok := j.entries[statement]
	switch {
	case !ok || statement == whole:
		return fmt.Errorf("the journal has no statement %d of %q: noren ddl status shows what it has", statement, m.Key())
	case e.state == StateDone && done, e.state == StateStopped && !done:
		return nil
	case e.state == StateDone:
		return fmt.Errorf("statement %d of %q is done by the journal's own evidence: to execute it again, write it into another file", statement, m.Key())
	}
	if id, _, err := (orphan{db: db, tag: j.tag(statement)}).look(ctx); err != nil || id != 0 {
		return errors.Join(err, fmt.Errorf("session %d is still at statement %d: let it end, or run again to watch it", id, statement))
	}
	state := StateStopped
	if done {
		state = StateDone
	}
	return j.set(ctx, j.conn, statement, state, "resolved by a person")
}
