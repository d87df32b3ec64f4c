package ddl

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Database is the schema that a migration is for, on its server.
type Database struct {
	// Schema is the name of the schema.
	Schema string

	// Server is who answers.
	Server Server

	// Addr is the server's host and port. It holds no secret.
	Addr string

	pool *sql.DB
}

// OpenDatabase logs in with connector and looks at the server.
func OpenDatabase(ctx context.Context, connector driver.Connector, schema, addr string) (*Database, error) {
	d := &Database{Schema: schema, Addr: addr, pool: sql.OpenDB(connector)}
	d.pool.SetMaxIdleConns(4)
	d.pool.SetConnMaxIdleTime(time.Minute)
	if err := d.look(ctx); err != nil {
		d.pool.Close()
		return nil, fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return d, nil
}

// Close ends all sessions.
func (d *Database) Close() { d.pool.Close() }

// look finds out what every verb must know first.
func (d *Database) look(ctx context.Context) error {
	var err error
	if d.Server, err = readServer(ctx, d.pool); err != nil {
		return err
	}
	var found int
	err = d.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", d.Schema).Scan(&found)
	if err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("there is no schema %q, or the user may not see it", d.Schema)
	}
	mode, err := variable(ctx, d.pool, "sql_mode")
	if err != nil {
		return err
	}
	for _, bad := range []string{"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES"} {
		if strings.Contains(mode, bad) {
			return fmt.Errorf("the session's sql_mode holds %s, which changes what quotes mean: set another sql_mode in the DSN", bad)
		}
	}
	if _, err := d.pool.ExecContext(ctx, "SELECT 1 FROM "+d.Server.innodbTables()+" LIMIT 1"); code(err) == codeNoPrivilege {
		return errors.New("the user lacks PROCESS, without which noren sees neither who holds a lock nor whether a table is rebuilt: GRANT PROCESS ON *.* TO the user")
	} else if err != nil {
		return err
	}
	return nil
}

// session is a connection of its own that gives up on a lock after seconds,
// even if this process is gone.
func (d *Database) session(ctx context.Context, seconds int) (*sql.Conn, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", d.Addr, err)
	}
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("SET SESSION lock_wait_timeout = %d", seconds)); err != nil {
		conn.Close()
		return nil, fmt.Errorf("preparing the session: %w", err)
	}
	return conn, nil
}

// end closes a session for good, so that no state of it comes back to the pool.
func end(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	conn.Close()
}

// collect reads the only column of a query.
func collect[T any](ctx context.Context, q queryer, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// afterwards is a context for tidying up after ctx may have ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
}
