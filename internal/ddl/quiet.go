package ddl

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// QuietOptions say what Quiet looks for.
type QuietOptions struct {
	// Users are the database users whose transactions count. Default: all except
	// the one that asks and the server's own.
	Users []string

	// StillWritten are tables whose rows do not count, since logging in writes
	// them.
	StillWritten []string

	// For is how long to look. Default: 10 seconds.
	For time.Duration
}

// Quietness is what was seen of a database over a while.
type Quietness struct {
	// For is how long it was observed.
	For time.Duration `json:"-"`

	// Sessions are the sessions with an open transaction that has written, or
	// that has been open for at least a second.
	Sessions []string `json:"sessions"`

	// Written is the number of rows that anyone wrote meanwhile.
	Written int64 `json:"written"`

	// Everywhere says that Written counts the rows of all schemas, because the
	// performance schema is off and nothing tells where they were written.
	Everywhere bool `json:"everywhere,omitempty"`
}

// Quiet reports whether nothing was seen.
func (q Quietness) Quiet() bool { return len(q.Sessions) == 0 && q.Written == 0 }

// serverUsers are the users of the server itself, and of RDS.
var serverUsers = []string{"system user", "event_scheduler", "rdsadmin", ""}

// Quiet observes for a while whether the users of an application write or hold a
// transaction.
func Quiet(ctx context.Context, d *Database, o QuietOptions) (Quietness, error) {
	if o.For == 0 {
		o.For = 10 * time.Second
	}
	where, args := "object_schema = ?", []any{d.Schema}
	for _, table := range o.StillWritten {
		where, args = where+" AND object_name <> ?", append(args, table)
	}
	count, exact := d.counter(ctx, true, where, args...)
	if !exact && len(o.StillWritten) > 0 {
		return Quietness{}, fmt.Errorf("the performance schema is off, so that nothing tells the writes to %s from others", strings.Join(o.StillWritten, ", "))
	}
	q := Quietness{For: o.For, Everywhere: !exact, Sessions: []string{}}
	began, err := count(ctx, d.pool)
	if err != nil {
		return q, fmt.Errorf("counting what is written: %w", err)
	}
	for until := time.Now().Add(o.For); time.Now().Before(until); {
		if err := sleep(ctx, 150*time.Millisecond); err != nil { // InnoDB caches its list for 100 ms
			return q, err
		}
		sessions, err := d.transactions(ctx, o.Users)
		if err != nil {
			return q, fmt.Errorf("looking for transactions: %w", err)
		}
		for _, s := range sessions {
			if !slices.Contains(q.Sessions, s) {
				q.Sessions = append(q.Sessions, s)
			}
		}
	}
	now, err := count(ctx, d.pool)
	if err != nil {
		return q, fmt.Errorf("counting what is written: %w", err)
	}
	q.Written = now - began
	return q, nil
}

// transactions returns the sessions of the users, or of all, that hold a
// transaction.
func (d *Database) transactions(ctx context.Context, users []string) ([]string, error) {
	rows, err := d.pool.QueryContext(ctx, `SELECT t.trx_mysql_thread_id, COALESCE(p.user, '?'), COALESCE(p.host, '?'), t.trx_rows_modified
		FROM information_schema.innodb_trx t LEFT JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
		WHERE t.trx_mysql_thread_id > 0 AND t.trx_mysql_thread_id <> CONNECTION_ID() AND COALESCE(p.user, '?') <> SUBSTRING_INDEX(USER(), '@', 1)
			AND (t.trx_rows_modified > 0 OR t.trx_started < NOW() - INTERVAL 1 SECOND)`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var id, written int64
		var user, host string
		if err := rows.Scan(&id, &user, &host, &written); err != nil {
			return nil, err
		}
		// A session without an entry in the process list is not left out, since
		// its user is not known.
		if slices.Contains(serverUsers, user) || len(users) > 0 && user != "?" && !slices.Contains(users, user) {
			continue
		}
		text := fmt.Sprintf("session %d (%s@%s) holds a transaction", id, user, host)
		if written > 0 {
			text = fmt.Sprintf("session %d (%s@%s) has written in a transaction that is open", id, user, host)
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
