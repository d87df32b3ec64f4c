package copy

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// Journal is the table on the original in which the state of a schema's copy is
// kept. Replication brings it to the copy, too.
const Journal = "noren_copy"

// Phase is the progress of a copy.
type Phase string

// The phases of a copy, in order. Abandoned replaces those that follow it.
const (
	Making    Phase = "making"    // the copy is made, without the change
	Changing  Phase = "changing"  // the migration runs on the copy
	Following Phase = "following" // the copy catches up, and is compared
	Switching Phase = "switching" // the copy replaces the original
	Switched  Phase = "switched"
	Finished  Phase = "finished"
	Abandoned Phase = "abandoned"
)

// A State is what the journal says about a copy.
type State struct {
	Migration  string `json:"migration"`
	Hash       string `json:"hash"`
	Phase      Phase  `json:"phase"`
	Token      string `json:"token"`      // which identifies the copy
	Deployment string `json:"deployment"` // its name in RDS
	Host       string `json:"host,omitempty"`
	UUID       string `json:"uuid,omitempty"` // of the copy
	Old        string `json:"old,omitempty"`  // the cluster that was replaced

	Conversions string            `json:"conversions,omitempty"`
	Changes     []ddl.TableChange `json:"changes,omitempty"`

	Comparison *Comparison `json:"comparison,omitempty"`
}

// A Comparison is the result of comparing so far.
type Comparison struct {
	// Began and Ended are times of the copy's clock, in UTC. Ended is empty until
	// all tables are compared.
	Began string `json:"began"`
	Ended string `json:"ended,omitempty"`

	Tables []TableResult `json:"tables"`
}

// Equal reports whether everything was compared, and is equal.
func (c *Comparison) Equal() bool {
	if c == nil || c.Ended == "" {
		return false
	}
	for _, r := range c.Tables {
		if !r.Equal() {
			return false
		}
	}
	return true
}

func journalOf(db *ddl.Database) string {
	return sqltext.Table{Schema: db.Schema, Name: Journal}.String()
}

// Read reads the current copy or, failing that, the last one; nil if there is
// none.
func Read(ctx context.Context, db *ddl.Database) (*State, error) {
	row, err := oneRow(ctx, db.Pool(), "SELECT state FROM "+journalOf(db)+" ORDER BY number DESC LIMIT 1")
	if ddl.NoTable(err) {
		return nil, nil
	}
	if err != nil || row == nil {
		return nil, wrap("reading the journal of the copy", err)
	}
	s := &State{}
	return s, wrap("reading the journal of the copy", json.Unmarshal([]byte(row["state"]), s))
}

func wrap(text string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", text, err)
}

// save writes the state of a copy.
func (s *State) save(ctx context.Context, db *ddl.Database) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	result, err := db.Pool().ExecContext(ctx, "UPDATE "+journalOf(db)+" SET state = ?, phase = ?, changed = UTC_TIMESTAMP(3) WHERE token = ?", string(text), s.Phase, s.Token)
	if err != nil && !ddl.NoTable(err) {
		return wrap("writing the journal of the copy", err)
	}
	if err == nil {
		if many, err := result.RowsAffected(); err != nil || many > 0 { // none also if nothing has changed
			return wrap("writing the journal of the copy", err)
		}
		row, err := oneRow(ctx, db.Pool(), "SELECT 1 AS there FROM "+journalOf(db)+" WHERE token = ?", s.Token)
		if err != nil || row != nil {
			return wrap("writing the journal of the copy", err)
		}
	}
	return s.lost(db)
}

// lost returns the error for a journal without the row of this copy.
func (s *State) lost(db *ddl.Database) error {
	do := "noren ddl copy start with the same file goes on with the copy that there is, and compares it from the beginning"
	switch s.Phase {
	case Switching, Switched, Finished, Abandoned:
		do = fmt.Sprintf("look with RDS how far the deployment %s is, and end it there", s.Deployment)
	}
	return fmt.Errorf("writing that the copy is %s: the row of %s is no longer in %s of %s, where someone has deleted it: %s", s.Phase, s.Migration, Journal, db.Addr, do)
}

// begin writes the first state of a copy.
func begin(ctx context.Context, db *ddl.Database, s *State) error {
	token := make([]byte, 12)
	rand.Read(token)
	s.Token, s.Phase = fmt.Sprintf("%x", token), Making
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	for _, statement := range []struct {
		sql  string
		args []any
	}{
		{"CREATE TABLE IF NOT EXISTS " + journalOf(db) + ` (
			number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
			token CHAR(24) NOT NULL UNIQUE COMMENT 'by which the copy is known',
			migration VARCHAR(190) NOT NULL,
			phase VARCHAR(16) NOT NULL,
			state LONGTEXT NOT NULL,
			changed DATETIME(3) NOT NULL
		) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='What noren ddl copy has done'`, nil},
		{"INSERT INTO " + journalOf(db) + " (token, migration, phase, state, changed) VALUES (?, ?, ?, ?, UTC_TIMESTAMP(3))", []any{s.Token, s.Migration, s.Phase, string(text)}},
	} {
		if _, err := db.Pool().ExecContext(ctx, statement.sql, statement.args...); err != nil {
			return wrap("writing the journal of the copy", err)
		}
	}
	return nil
}

// alone keeps other verbs from working on the same copy until release is called.
func alone(ctx context.Context, db *ddl.Database) (release func(), err error) {
	conn, err := db.Session(ctx, 10)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("noren_copy_%x", sha256.Sum256([]byte(db.Schema)))[:40]
	var got sql.NullBool
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 5)", name).Scan(&got); err != nil || !got.Bool {
		ddl.End(conn)
		return nil, errors.Join(err, fmt.Errorf("another verb of noren ddl copy is at work on %q: wait until it has ended", db.Schema))
	}
	return func() { ddl.End(conn) }, nil
}

// take reads the state of the copy, and keeps other verbs out until release is
// called. It returns missing as an error if there is no copy.
func take(ctx context.Context, db *ddl.Database, missing string) (s *State, release func(), err error) {
	release, err = alone(ctx, db)
	if err != nil {
		return nil, nil, err
	}
	s, err = Read(ctx, db)
	if err == nil && s == nil {
		err = errors.New(missing)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return s, release, nil
}

// clock returns the current time of a server, in UTC.
func clock(ctx context.Context, db *ddl.Database) (string, error) {
	row, err := oneRow(ctx, db.Pool(), "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR) AS now")
	if err != nil {
		return "", err
	}
	return row["now"], nil
}

// arrived checks that a server is the copy of this journal: what is written to
// the journal arrives there.
func (s *State) arrived(ctx context.Context, original, copied *ddl.Database, wait time.Duration) error {
	if original.UUID != "" && strings.EqualFold(original.UUID, copied.UUID) {
		return fmt.Errorf("%s is the original itself (%s): want the copy", copied.Addr, original.UUID)
	}
	if s.UUID != "" && !strings.EqualFold(s.UUID, copied.UUID) {
		return fmt.Errorf("%s is a different server (%s) from the copy that was changed (%s)", copied.Addr, copied.UUID, s.UUID)
	}
	if _, err := ReadReplication(ctx, copied); err != nil {
		return err
	}
	here, err := position(ctx, original, original.Pool())
	if err != nil {
		return err
	}
	if err := reaches(ctx, copied, copied.Pool(), here, wait); err != nil {
		return err
	}
	row, err := oneRow(ctx, copied.Pool(), "SELECT 1 AS there FROM "+journalOf(copied)+" WHERE token = ?", s.Token)
	if err != nil && !ddl.NoTable(err) {
		return err
	}
	if row == nil {
		return fmt.Errorf("what is written to %s does not arrive at %s: it is the copy of another server", original.Addr, copied.Addr)
	}
	return nil
}
