package ddl

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
)

// runLock returns the name of the server lock that a run on the schema holds.
func (j *journal) runLock() string {
	return fmt.Sprintf("noren_run_%x", sha256.Sum256([]byte(j.db.Schema)))[:40]
}

// connect opens the session that holds the lock. If that fails, the journal keeps
// the session that it had.
func (j *journal) connect(ctx context.Context, seconds int) error {
	conn, err := j.db.session(ctx, 10)
	if err != nil {
		return err
	}
	var got sql.NullBool
	err = conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", j.runLock(), seconds).Scan(&got)
	switch {
	case err != nil:
		err = fmt.Errorf("keeping other runs out: %w", err)
	case !got.Bool:
		err = fmt.Errorf("another noren ddl run is changing %q: wait until it has ended", j.db.Schema)
	default:
		j.conn = conn
		return nil
	}
	end(conn)
	return err
}

// held makes sure that this run still keeps others out. It reopens a lost session
// if no other run has come in between.
func (j *journal) held(ctx context.Context) error {
	var held sql.NullBool
	err := j.conn.QueryRowContext(ctx, "SELECT IS_USED_LOCK(?) = CONNECTION_ID()", j.runLock()).Scan(&held)
	if err == nil && held.Bool {
		return nil
	}
	if ctx.Err() != nil {
		return interrupted()
	}
	if err == nil {
		return fmt.Errorf("the session of this run has lost its lock: another run may be at work; %w", ErrRepeat)
	}
	end(j.conn)
	if again := j.connect(ctx, 1); again != nil {
		return fmt.Errorf("the session that keeps other runs out is lost (%w), and cannot be replaced: %w; %w", err, again, ErrRepeat)
	}
	return j.untouched(ctx)
}
