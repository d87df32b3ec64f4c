package ddl

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// JournalTable is the table, in the schema that is changed, in which runs note
// what they have done. Schema changes are not transactional: after a crash it
// is all there is.
const JournalTable = "noren_journal"

// The states of a statement in the journal.
const (
	stateRunning = "running" // or the run was killed in the middle of it
	stateDone    = "done"
	stateStopped = "stopped" // it failed, and changed nothing
)

// A journal is a run's entries in the journal table, and the lock that keeps
// other runs out.
type journal struct {
	db        *Database
	conn      *sql.Conn
	migration string // name of the file
	hash      string
	entries   map[int]entry
}

// An entry is a statement of the migration in the journal.
type entry struct {
	state   string
	session int64 // which executes it
	marks   marks
}

// openJournal waits for no other run, makes the journal table if it is
// missing, and reads what earlier runs of the migration have done.
func openJournal(ctx context.Context, db *Database, migration, hash string) (*journal, error) {
	conn, err := db.session(ctx, 10)
	if err != nil {
		return nil, err
	}
	j := &journal{db: db, conn: conn, migration: migration, hash: hash, entries: map[int]entry{}}
	if err := j.begin(ctx); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// close ends the session, and with it the lock.
func (j *journal) close() { end(j.conn) }

func (j *journal) table() string { return j.db.table(JournalTable).String() }

func (j *journal) begin(ctx context.Context) error {
	lock := fmt.Sprintf("noren_run_%x", sha256.Sum256([]byte(j.db.Schema)))[:40]
	var got sql.NullBool
	if err := j.conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 5)", lock).Scan(&got); err != nil {
		return fmt.Errorf("keeping other runs out: %w", err)
	}
	if !got.Bool {
		return fmt.Errorf("another noren ddl run is changing %q: wait until it has ended", j.db.Schema)
	}
	_, err := j.conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+j.table()+` (
		migration VARCHAR(190) NOT NULL COMMENT 'name of the file',
		number INT NOT NULL COMMENT 'of the statement, from 1',
		hash CHAR(64) NOT NULL COMMENT 'SHA-256 of the file',
		statement MEDIUMTEXT NOT NULL,
		state VARCHAR(16) NOT NULL COMMENT 'running, done or stopped',
		session BIGINT NOT NULL COMMENT 'which executes it',
		marks MEDIUMTEXT NOT NULL COMMENT 'what tells whether it has been executed',
		message TEXT,
		began DATETIME(3) NOT NULL,
		ended DATETIME(3),
		PRIMARY KEY (migration, number)
	) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='What noren ddl run has done'`)
	if err != nil {
		return fmt.Errorf("making the journal table: %w", err)
	}
	return j.read(ctx)
}

func (j *journal) read(ctx context.Context) error {
	rows, err := j.conn.QueryContext(ctx, "SELECT number, hash, state, session, marks FROM "+j.table()+" WHERE migration = ?", j.migration)
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var number int
		var hash, text string
		var e entry
		if err := rows.Scan(&number, &hash, &e.state, &e.session, &text); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		if hash != j.hash {
			return fmt.Errorf("the migration %q has been run with other content (SHA-256 %.12s..., now %.12s...): put the file back, or write what is left into a file with another name", j.migration, hash, j.hash)
		}
		if err := json.Unmarshal([]byte(text), &e.marks); err != nil {
			return fmt.Errorf("reading the journal: statement %d: %w", number, err)
		}
		j.entries[number] = e
	}
	return rows.Err()
}

// done says whether statement number has been executed.
func (j *journal) done(number int) bool { return j.entries[number].state == stateDone }

// running notes that a session is about to execute a step.
func (j *journal) running(ctx context.Context, step *Step, session int64, m marks) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = j.conn.ExecContext(ctx, "REPLACE INTO "+j.table()+` (migration, number, hash, statement, state, session, marks, began) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		j.migration, step.Number, j.hash, step.SQL, stateRunning, session, string(text), time.Now().UTC())
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// set notes how a statement ended.
func (j *journal) set(ctx context.Context, q queryer, number int, state, message string) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	_, err := q.ExecContext(ctx, "UPDATE "+j.table()+" SET state = ?, message = ?, ended = ? WHERE migration = ? AND number = ?",
		state, message, time.Now().UTC(), j.migration, number)
	if err != nil {
		return fmt.Errorf("writing the journal: %w", err)
	}
	return nil
}

// settle finds out what became of the statement that a killed run was at, after
// ending it should the server still be at it.
func (j *journal) settle(ctx context.Context, steps []*Step) error {
	for _, step := range steps {
		e := j.entries[step.Number]
		if e.state != stateRunning {
			continue
		}
		if err := j.endOrphan(ctx, e.session); err != nil {
			return err
		}
		done, err := j.db.executed(ctx, step, e.marks)
		if err != nil {
			return fmt.Errorf("statement %d (line %d): %w", step.Number, step.Line, err)
		}
		e.state = stateStopped
		if done {
			e.state = stateDone
		}
		if err := j.set(ctx, j.conn, step.Number, e.state, "found out after the run was killed"); err != nil {
			return err
		}
		j.entries[step.Number] = e
	}
	return nil
}

// endOrphan ends the statement of a run that was killed. It is recognized by
// its session and by the mark that every statement of a run carries.
func (j *journal) endOrphan(ctx context.Context, session int64) error {
	for deadline := time.Now().Add(time.Minute); ; {
		var id int64
		err := j.conn.QueryRowContext(ctx, "SELECT id FROM information_schema.processlist WHERE id = ? AND info LIKE '/* noren %'", session).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking for the killed run's session: %w", err)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("session %d of a killed run does not end: wait until it has", session)
		}
		if _, err := j.conn.ExecContext(ctx, fmt.Sprintf("KILL %d", id)); err != nil && code(err) != codeUnknownThread {
			return fmt.Errorf("ending session %d of a killed run: %w", id, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// tagged is a statement with the mark by which an orphan is recognized.
func tagged(sql string) string { return "/* noren ddl run */ " + sql }
