package ddl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// JournalTable is the default name of the table in the changed schema in which
// runs record what they have done. Schema changes are not transactional: after a
// crash, this record is all there is.
const JournalTable = "noren_journal"

// State is the state of a statement in the journal.
type State string

// The states of a statement in the journal.
const (
	StateRunning State = "running" // or the run was killed in the middle of it
	StateDone    State = "done"
	StateStopped State = "stopped" // it failed, and changed nothing but the portions that were committed
	StateUnknown State = "unknown" // a person must look
)

// whole is the number of the entry that says that the whole migration is done,
// and recorded with its tool.
const whole = 0

// journalTable returns the table for a name: table, or schema.table.
func (d *Database) journalTable(name string) (sqltext.Table, error) {
	name = cmp.Or(name, JournalTable)
	schema, table, ok := strings.Cut(name, ".")
	if !ok {
		schema, table = d.Schema, name
	}
	schema, table = d.Dialect().Fold(schema), d.Dialect().Fold(table)
	if schema == "" || table == "" || strings.Contains(table, ".") {
		return sqltext.Table{}, fmt.Errorf("the journal is %q: want table or schema.table", name)
	}
	return sqltext.Table{Schema: schema, Name: table}, nil
}

// entriesOf returns the schema whose entries count in a journal, or "" if the
// journal is in the schema itself. A journal elsewhere may be shared by several
// schemas.
func (d *Database) entriesOf(journal sqltext.Table) string {
	if journal.Schema == d.Schema {
		return ""
	}
	return d.Schema
}

// A journal is a run's entries in the journal table, and the lock that keeps
// other runs out.
type journal struct {
	db        *Database
	conn      *sql.Conn
	table     sqltext.Table
	schema    string // whose entries are meant: "" in a schema's own journal, which a copy of the schema keeps
	migration sqltext.Migration
	hash      string
	entries   map[int]entry // as this run has read and written them
	others    string        // the entries of other migrations, when the run began
	stale     bool          // the entries are of an earlier way back
}

// An entry is a statement of the migration in the journal. Its session and the
// time at which it began identify the run that wrote it.
type entry struct {
	state   State
	marks   marks
	session int64
	began   string
}

func newJournal(db *Database, table sqltext.Table, migration sqltext.Migration) *journal {
	return &journal{db: db, table: table, schema: db.entriesOf(table), migration: migration, hash: migration.Hash(), entries: map[int]entry{}}
}

// openJournal does not wait for another run. It creates the journal table if it
// is missing, and reads what earlier runs of the migration have done.
func openJournal(ctx context.Context, db *Database, name string, migration sqltext.Migration) (*journal, error) {
	table, err := db.journalTable(name)
	if err != nil {
		return nil, err
	}
	j := newJournal(db, table, migration)
	if err := j.begin(ctx); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// close ends the session, and with it the lock.
func (j *journal) close() {
	if j.conn != nil {
		end(j.conn)
	}
}

func (j *journal) begin(ctx context.Context) error {
	if err := j.connect(ctx, 5); err != nil {
		return err
	}
	if err := j.make(ctx); err != nil {
		return err
	}
	if err := j.read(ctx); err != nil {
		return err
	}
	if err := j.look(ctx); err != nil {
		return err
	}
	return j.forgetStale(ctx)
}

// exists reports whether the journal table exists, and refuses that of an earlier
// noren.
func (j *journal) exists(ctx context.Context) (bool, error) {
	_, err := j.conn.ExecContext(ctx, "SELECT schema_name FROM "+j.table.String()+" LIMIT 0")
	switch {
	case err == nil:
		return true, nil
	case code(err) == codeUnknownTable:
		return false, nil
	case code(err) == codeUnknownColumn:
		return false, fmt.Errorf("the journal %[1]s was made by an earlier noren, which could not tell schemas apart in it: ALTER TABLE %[1]s ADD schema_name VARCHAR(64) NOT NULL DEFAULT %[2]s FIRST, DROP PRIMARY KEY, ADD PRIMARY KEY (schema_name, migration, number); %[2]s says that all of its entries are of this schema", j.table, "'"+j.schema+"'")
	}
	return false, fmt.Errorf("reading the journal: %w", err)
}

// make creates the journal table. It first checks whether the table exists: a
// user may be allowed to write to it but not to create it.
func (j *journal) make(ctx context.Context) error {
	if there, err := j.exists(ctx); err != nil || there {
		return err
	}
	_, err := j.conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+j.table.String()+` (
		schema_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'that is changed; empty for the one of this table',
		migration VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL COMMENT 'name of the file',
		number INT NOT NULL COMMENT 'of the statement, from 1; 0 is the whole',
		hash CHAR(64) NOT NULL COMMENT 'SHA-256 of the file',
		statement MEDIUMTEXT NOT NULL,
		state VARCHAR(16) NOT NULL COMMENT 'running, done, stopped or unknown',
		session BIGINT NOT NULL COMMENT 'which executes it',
		marks MEDIUMTEXT NOT NULL COMMENT 'what tells whether it has been executed',
		message TEXT,
		began DATETIME(3) NOT NULL,
		ended DATETIME(3),
		PRIMARY KEY (schema_name, migration, number)
	) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COMMENT='What noren ddl run has done'`)
	if err != nil {
		return fmt.Errorf("making the journal table: %w", err)
	}
	return nil
}

func (j *journal) read(ctx context.Context) error {
	rows, err := j.conn.QueryContext(ctx, "SELECT number, hash, state, marks, session, CAST(began AS CHAR) FROM "+j.table.String()+" WHERE schema_name = ? AND migration = ?", j.schema, j.migration.Key())
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		var hash, text string
		var e entry
		if err := rows.Scan(&number, &hash, &e.state, &text, &e.session, &e.began); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		if hash != j.hash {
			return fmt.Errorf("the migration %q has been run with other content (SHA-256 %.12s..., now %.12s...): put the file back, or write what is left into a file with another name", j.migration.Key(), hash, j.hash)
		}
		if err := json.Unmarshal([]byte(text), &e.marks); err != nil {
			return fmt.Errorf("reading the journal: statement %d: %w", number, err)
		}
		j.entries[number] = e
	}
	return rows.Err()
}

// done reports whether the statement with a number has been executed.
func (j *journal) done(number int) bool { return j.entries[number].state == StateDone }

// inPortions reports whether portions of the statement with the given number have
// been done.
func (j *journal) inPortions(number int) bool { return j.entries[number].marks.Position != nil }

// running records that a session is about to execute a step.
func (j *journal) running(ctx context.Context, step *Step, session int64, m marks) error {
	return j.write(ctx, step.Number, step.SQL, StateRunning, session, m)
}

func (j *journal) write(ctx context.Context, number int, statement string, state State, session int64, m marks) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	began := time.Now().UTC().Format("2006-01-02 15:04:05.000")
	_, err = j.conn.ExecContext(ctx, "REPLACE INTO "+j.table.String()+` (schema_name, migration, number, hash, statement, state, session, marks, began) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		j.schema, j.migration.Key(), number, j.hash, statement, state, session, string(text), began)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	j.entries[number] = entry{state, m, session, began}
	return nil
}

// set records how a statement ended. If the journal's own session is lost, it
// opens another.
func (j *journal) set(ctx context.Context, q queryer, number int, state State, message string) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	e := j.entries[number]
	set := func(q queryer) error {
		done, err := q.ExecContext(ctx, "UPDATE "+j.table.String()+" SET state = ?, message = ?, ended = ?"+ownEntry,
			append([]any{state, message, time.Now().UTC()}, j.own(number)...)...)
		if err != nil {
			return fmt.Errorf("writing the journal: %w", err)
		}
		return j.one(done)
	}
	err := set(q)
	if err != nil && q == queryer(j.conn) && lost(err) {
		q = j.db.pool
		err = set(q)
	}
	if errors.Is(err, errTaken) { // or the answer of an earlier try was lost
		e.state = state
		if j.entries[number], err = e, j.owned(ctx, q, number); err == nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	e.state = state
	j.entries[number] = e
	return nil
}

// portion records the progress of a statement in portions, in the transaction of
// the portion.
func (j *journal) portion(ctx context.Context, q queryer, number int, at position, finished bool) error {
	e := j.entries[number]
	e.marks = marks{Position: &at}
	text, err := json.Marshal(e.marks)
	if err != nil {
		return err
	}
	state := StateRunning
	if finished {
		state = StateDone
	}
	done, err := q.ExecContext(ctx, "UPDATE "+j.table.String()+" SET state = ?, marks = ?, message = ?, ended = ?"+ownEntry,
		append([]any{state, string(text), fmt.Sprintf("%d portions", at.Done), time.Now().UTC()}, j.own(number)...)...)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	if err := j.one(done); err != nil {
		return err
	}
	e.state = state
	j.entries[number] = e
	return nil
}

// recordable is recordable of the database, for the migration.
func (j *journal) recordable(ctx context.Context, tool string) error {
	record, err := Record(tool, j.migration, j.db.Dialect())
	if err != nil {
		return err
	}
	return j.db.recordable(ctx, record, j.done(whole))
}

// finish records that the whole migration is done, and executes what records it
// with its tool, in one transaction. It removes the entries of the opposite
// direction, which may then be run again.
func (j *journal) finish(ctx context.Context, record []string) error {
	if j.done(whole) {
		return nil
	}
	if err := j.held(ctx); err != nil {
		return err
	}
	text := func(err error) error { return fmt.Errorf("recording the migration: %w", err) }
	if _, err := j.conn.ExecContext(ctx, "START TRANSACTION"); err != nil {
		return text(err)
	}
	err := func() error {
		for _, statement := range record {
			if _, err := j.conn.ExecContext(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		if err := j.forgetOpposite(ctx); err != nil {
			return err
		}
		if err := j.write(ctx, whole, strings.Join(record, ";\n"), StateDone, 0, marks{}); err != nil {
			return err
		}
		_, err := j.conn.ExecContext(ctx, "COMMIT")
		return err
	}()
	if err != nil {
		ctx, cancel := afterwards(ctx)
		defer cancel()
		_, rollback := j.conn.ExecContext(ctx, "ROLLBACK")
		if rollback != nil && !lost(rollback) {
			err = errors.Join(err, rollback)
		}
		return text(err)
	}
	return nil
}

// tag returns the comment that identifies a statement in the process list.
func (j *journal) tag(number int) string {
	return fmt.Sprintf("/* noren ddl run %x/%d */ ", sha256.Sum256([]byte(j.db.Schema+"\x00"+j.migration.Key())), number)
}
