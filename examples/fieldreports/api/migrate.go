package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// lockSeconds is how long migrate waits for another migration to finish.
const lockSeconds = 60

// migrate creates the schema, its tables and, on AWS, the database users, and
// prints the statements that it ran. It may run again, and at the same time as
// another migrate.
func migrate(ctx context.Context, args []string, getenv func(string) string, _ io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fieldreports migrate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dsn := flags.String("dsn", "", dsnUsage)
	example := flags.Bool("example", false, "make the example users manager and field, whose password is "+examplePassword)
	var logins []person
	flags.Func("user", "make or change a user of the product: `NAME:ROLE:HASH`, of a role manager or field; may be repeated", func(text string) error {
		l, err := parsePerson(text)
		logins = append(logins, l)
		return err
	})
	var removed []string
	flags.Func("remove-user", "let the user `NAME` in no more, from now on; what they have written stays; may be repeated", func(name string) error {
		if !nameForm.MatchString(name) {
			return fmt.Errorf("the name is %q: want up to 64 of a-z, 0-9 and ._@-", name)
		}
		removed = append(removed, name)
		return nil
	})
	if err := parse(flags, args); err != nil {
		return err
	}
	db, err := databaseFrom(*dsn, getenv, "DB_ADMIN_SECRET_ARN")
	if err != nil {
		return err
	}
	if *example && db.local == nil {
		return errors.New("--example is refused on AWS: everybody knows the password. Make a user with --user")
	}
	var users accounts
	var login masterLogin // locally the DSN's login is used
	if db.local == nil {
		if users, err = accountsFrom(getenv); err != nil {
			return err
		}
		if login, err = readMasterLogin(ctx, db.region, getenv("DB_ADMIN_SECRET_ARN")); err != nil {
			return err
		}
		if slices.Contains([]string{users.api, users.schemaChange, users.schemaPlan}, login.Username) {
			return fmt.Errorf("%q is the cluster's master user: want another DB_API_USER, DB_SCHEMACHANGE_USER or DB_SCHEMAPLAN_USER", login.Username)
		}
	}

	m, err := begin(ctx, db, login, stdout)
	if err != nil {
		return err
	}
	defer m.end()
	if err := m.schema(ctx, db.schema); err != nil {
		return err
	}
	if err := m.tables(ctx, db.schema, migrations()); err != nil {
		return err
	}
	if *example {
		if err := m.examples(ctx); err != nil {
			return err
		}
	}
	for _, l := range logins {
		if err := m.user(ctx, l); err != nil {
			return err
		}
	}
	for _, name := range removed {
		if err := m.removeUser(ctx, name); err != nil {
			return err
		}
	}
	if db.local != nil {
		fmt.Fprintln(stdout, "-- no database users made: IAM logins exist on Aurora MySQL alone")
		return nil
	}
	return m.accounts(ctx, db.schema, users)
}

// migrations returns the folder of this release's migration files.
func migrations() fs.FS {
	folder, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // embedded
	}
	return folder
}

// A migration is a session with the server that holds migrate's lock.
type migration struct {
	pool   *sql.DB
	conn   *sql.Conn
	stdout io.Writer
}

// begin logs in, and waits until no other migration is running on this server.
func begin(ctx context.Context, db database, login masterLogin, stdout io.Writer) (*migration, error) {
	pool, conn, err := db.connect(ctx, login.Username, login.Password)
	if err != nil {
		return nil, err
	}
	m := &migration{pool, conn, stdout}
	var got sql.NullBool
	if err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK('fieldreports migrate', %d)", lockSeconds)).Scan(&got); err != nil {
		m.end()
		return nil, fmt.Errorf("waiting for other migrations: %w", err)
	}
	if !got.Bool {
		m.end()
		return nil, fmt.Errorf("another migration has been running for more than %d seconds: try again", lockSeconds)
	}
	return m, nil
}

// end ends the session, and with it the lock.
func (m *migration) end() {
	m.conn.Close()
	m.pool.Close()
}

// schema creates the schema if it is missing. It looks first, since a local login
// may use the schema and yet not be allowed to create one.
func (m *migration) schema(ctx context.Context, name string) error {
	var there bool
	err := m.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?", name).Scan(&there)
	if err != nil {
		return fmt.Errorf("looking for the schema %q: %w", name, err)
	}
	if there {
		fmt.Fprintf(m.stdout, "-- the schema %s is there\n", quote(name))
		return nil
	}
	return m.run(ctx, schemaStatement(name))
}

// takesPatterns reports whether the server reads wildcards in a GRANT's schema.
func (m *migration) takesPatterns(ctx context.Context) (bool, error) {
	var name, value string
	err := m.conn.QueryRowContext(ctx, "SHOW GLOBAL VARIABLES LIKE 'partial_revokes'").Scan(&name, &value)
	if errors.Is(err, sql.ErrNoRows) { // the server is older than the variable
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading partial_revokes: %w", err)
	}
	return value != "ON", nil
}

// accounts creates the database users and their grants on the schema.
func (m *migration) accounts(ctx context.Context, schema string, users accounts) error {
	patterns, err := m.takesPatterns(ctx)
	if err != nil {
		return err
	}
	for _, statement := range users.statements(schema, patterns) {
		if err := m.run(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// run runs a statement and prints it, with the server's warnings.
func (m *migration) run(ctx context.Context, statement string) error {
	_, err := m.conn.ExecContext(ctx, statement)
	if duplicateColumn(err) {
		fmt.Fprintf(m.stdout, "-- the column is there: %s\n", statement)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	fmt.Fprintln(m.stdout, statement+";")
	remarks, err := m.conn.QueryContext(ctx, "SHOW WARNINGS")
	if err != nil {
		return fmt.Errorf("reading the server's remarks: %w", err)
	}
	defer remarks.Close()
	for remarks.Next() {
		var level, code, text string
		if err := remarks.Scan(&level, &code, &text); err != nil {
			return fmt.Errorf("reading the server's remarks: %w", err)
		}
		fmt.Fprintf(m.stdout, "-- %s %s: %s\n", level, code, text)
	}
	return remarks.Err()
}

// duplicateColumn reports whether a statement would have added a column that the
// table already has, as after `noren ddl run`, or after a process died before it
// recorded the file. MySQL has no ADD COLUMN IF NOT EXISTS.
func duplicateColumn(err error) bool {
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && answer.Number == 1060
}
