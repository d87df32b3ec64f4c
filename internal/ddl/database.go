package ddl

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/ddl/sqltext"
)

// A Database is the schema that a migration changes, on its server.
type Database struct {
	// Schema is the name of the schema.
	Schema string

	// Server identifies the server software.
	Server Server

	// Addr is the server's host and port. It contains no secret.
	Addr string

	// UUID is the server's own id: server_uuid in MySQL, server_uid in MariaDB;
	// empty if it has none.
	UUID string

	pool       *sql.DB
	config     *mysql.Config
	lowerNames bool // names of tables are lower case, however a statement spells them
}

// OpenDatabase logs in with config and examines the server.
func OpenDatabase(ctx context.Context, config *mysql.Config) (*Database, error) {
	config = config.Clone()
	settle(config)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	d := &Database{Schema: config.DBName, Addr: config.Addr, pool: sql.OpenDB(connector), config: config}
	d.pool.SetMaxIdleConns(4)
	d.pool.SetConnMaxIdleTime(time.Minute)
	if err := d.look(ctx); err != nil {
		d.pool.Close()
		return nil, fmt.Errorf("connecting to %s: %w", d.Addr, err)
	}
	return d, nil
}

// Close ends all sessions.
func (d *Database) Close() { d.pool.Close() }

// table returns a table of the schema.
func (d *Database) table(name string) sqltext.Table {
	return sqltext.Table{Schema: d.Schema, Name: name}
}

// folded returns names of tables as the server stores them.
func (d *Database) folded(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, d.Dialect().Fold(name))
	}
	return all
}

// Dialect returns how the server reads conditional comments and names.
func (d *Database) Dialect() sqltext.Dialect {
	return sqltext.Dialect{MariaDB: d.Server.Flavor == "MariaDB", Version: d.Server.number(), LowerNames: d.lowerNames}
}

// look determines what every verb must know first.
func (d *Database) look(ctx context.Context) error {
	var err error
	if d.Server, err = readServer(ctx, d.pool); err != nil {
		return err
	}
	for _, name := range []string{"server_uuid", "server_uid"} {
		if d.UUID == "" {
			if d.UUID, err = variable(ctx, d.pool, name); err != nil {
				return err
			}
		}
	}
	lower, err := variable(ctx, d.pool, "lower_case_table_names")
	if err != nil {
		return err
	}
	d.lowerNames = lower == "1"
	d.Schema = d.Dialect().Fold(d.Schema)
	var found int
	err = d.pool.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", d.Schema).Scan(&found)
	if err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("there is no schema %q, or the user may not see it", d.Schema)
	}
	if strings.EqualFold(d.Schema, ScratchSchema) {
		return fmt.Errorf("the schema %q is noren's own: name the one that is to be changed", d.Schema)
	}
	if err := plainText(ctx, d.pool); err != nil {
		return err
	}
	if _, err := d.pool.ExecContext(ctx, "SELECT 1 FROM information_schema.innodb_trx LIMIT 1"); code(err) == codeNoPrivilege {
		return errors.New("the user lacks PROCESS, without which noren sees neither who holds a lock nor whether a table is rebuilt: GRANT PROCESS ON *.* TO the user")
	} else if err != nil {
		return err
	}
	return nil
}

// plainText refuses a session in which text does not mean what noren reads,
// because of its sql_mode or the client's character set.
func plainText(ctx context.Context, q queryer) error {
	mode, err := variable(ctx, q, "sql_mode")
	if err != nil {
		return err
	}
	if !sqltext.SafeMode(mode) {
		return fmt.Errorf("the session's sql_mode is %q, which changes what quotes, backslashes or words mean: set another", mode)
	}
	charset, err := variable(ctx, q, "character_set_client")
	if err != nil {
		return err
	}
	if !sqltext.SafeCharset(charset) {
		return fmt.Errorf("the session's character_set_client is %q, in which a character may hold a quote: set utf8mb4", charset)
	}
	return nil
}

// session returns a separate connection that gives up waiting for a lock after
// the given seconds, even if this process is gone.
func (d *Database) session(ctx context.Context, seconds int) (*sql.Conn, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", d.Addr, err)
	}
	if err := d.steady(ctx, conn, seconds); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// steady sets the session variables that noren relies on, whatever the server's
// defaults are and whatever a migration has set.
func (d *Database) steady(ctx context.Context, conn *sql.Conn, seconds int) error {
	set := fmt.Sprintf("SET SESSION autocommit = 1, completion_type = 0, lock_wait_timeout = %d, innodb_lock_wait_timeout = %d, wait_timeout = %d, net_read_timeout = 600, net_write_timeout = 600",
		seconds, seconds, longestIdle)
	if d.Server.Flavor == "MariaDB" {
		set += ", max_statement_time = 0, idle_transaction_timeout = 0, idle_write_transaction_timeout = 0, idle_readonly_transaction_timeout = 0"
	} else {
		set += ", max_execution_time = 0"
	}
	if _, err := conn.ExecContext(ctx, set); err != nil {
		return fmt.Errorf("preparing the session: %w", err)
	}
	return nil
}

// longestIdle is how long a session may be idle, in seconds: a day less than a
// year, the maximum that servers accept everywhere.
const longestIdle = 364 * 24 * 3600

// end closes a session for good, so that none of its state returns to the pool.
func end(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	conn.Close()
}

// collect reads a query with a single column.
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

// afterwards returns a context for cleaning up after ctx may have ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// Pool returns the sessions of the database.
func (d *Database) Pool() *sql.DB { return d.pool }

// Session returns a separate session, which gives up waiting for a lock after the
// given seconds. End ends it.
func (d *Database) Session(ctx context.Context, seconds int) (*sql.Conn, error) {
	return d.session(ctx, seconds)
}

// End ends a session for good, so that none of its state returns to the pool.
func End(conn *sql.Conn) { end(conn) }
