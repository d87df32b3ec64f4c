package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"
)

// schemaFiles are the migrations of the schema: NUMBER_NAME.sql, each run once,
// in the order of their names. A file that has run is never changed: add another.
//
// They are for changes that every release may make. Use `noren ddl run` to change
// a table that is already large: it limits how long readers wait.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

// makeJournal creates the journal, which has the migrations that have run, by
// name and content.
const makeJournal = `CREATE TABLE IF NOT EXISTS schema_migrations (
  name VARCHAR(100) NOT NULL PRIMARY KEY,
  version INT UNSIGNED NOT NULL,
  sha256 CHAR(64) NOT NULL DEFAULT '',
  done_at DATETIME(3) NOT NULL
) CHARACTER SET utf8mb4`

// extendJournal updates a journal that knows migrations only by number. Their
// content is not known.
const extendJournal = `ALTER TABLE schema_migrations
  ADD COLUMN sha256 CHAR(64) NOT NULL DEFAULT '', DROP PRIMARY KEY, ADD PRIMARY KEY (name)`

var migrationName = regexp.MustCompile(`^[0-9]{4,}_[a-z0-9_]+\.sql$`)

// A schemaChange is a migration: a file of schemaFiles.
type schemaChange struct {
	name       string
	version    int
	sum        string // SHA-256 of its content, in hex
	statements []string
}

// A done migration is an entry of the journal.
type done struct {
	sum string // "" if not known
	at  time.Time
}

// schemaChanges reads the migrations of a folder, in order.
func schemaChanges(folder fs.FS) ([]schemaChange, error) {
	files, err := fs.Glob(folder, "*.sql") // sorted
	if err != nil {
		return nil, err
	}
	var all []schemaChange
	for _, name := range files {
		var version int
		if _, err := fmt.Sscan(strings.SplitN(strings.TrimLeft(name, "0"), "_", 2)[0], &version); err != nil || !migrationName.MatchString(name) || len(name) > 100 {
			return nil, fmt.Errorf("the migration %q: want NUMBER_NAME.sql, a number of four digits and small letters", name)
		}
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		list, err := statements(string(content))
		if err != nil {
			return nil, fmt.Errorf("the migration %q: %w", name, err)
		}
		// A checkout may change the line endings; that is no change.
		sum := sha256.Sum256([]byte(strings.ReplaceAll(string(content), "\r\n", "\n")))
		all = append(all, schemaChange{name, version, hex.EncodeToString(sum[:]), list})
	}
	return all, nil
}

// tables brings the tables of schema up to date with the migrations of folder. It
// records a migration once all of its statements have run. MySQL has no
// transactions for tables, so it must be safe to run the statements again.
func (m *migration) tables(ctx context.Context, schema string, folder fs.FS) error {
	changes, err := schemaChanges(folder)
	if err != nil {
		return err
	}
	if _, err := m.conn.ExecContext(ctx, "USE "+quote(schema)); err != nil {
		return fmt.Errorf("using the schema %q: %w", schema, err)
	}
	journal, err := m.journal(ctx, schema)
	if err != nil {
		return err
	}
	for _, change := range changes { // check all before running any
		if was := journal[change.name]; was.sum != "" && was.sum != change.sum {
			return fmt.Errorf("the migration %q was changed after it had run on %s: put it back, and write another", change.name, was.at.Format(time.DateOnly))
		}
	}
	for name := range journal {
		if !slices.ContainsFunc(changes, func(c schemaChange) bool { return c.name == name }) {
			fmt.Fprintf(m.stdout, "-- %s has run, and this release does not have it\n", name)
		}
	}
	for _, change := range changes {
		was, ok := journal[change.name]
		switch {
		case ok && was.sum == "":
			if _, err := m.conn.ExecContext(ctx, "UPDATE schema_migrations SET sha256 = ? WHERE name = ?", change.sum, change.name); err != nil {
				return fmt.Errorf("recording the content of %s: %w", change.name, err)
			}
			fmt.Fprintf(m.stdout, "-- %s is done, and its content is recorded from now on\n", change.name)
			continue
		case ok:
			fmt.Fprintf(m.stdout, "-- %s is done\n", change.name)
			continue
		}
		if later := after(journal, change.name); later != "" {
			fmt.Fprintf(m.stdout, "-- %s runs after %s, which has run already: a new database has them in the order of their names\n", change.name, later)
		}
		if err := m.change(ctx, change); err != nil {
			return err
		}
	}
	return nil
}

// after returns the last migration in the journal that comes after name.
func after(journal map[string]done, name string) (last string) {
	for other := range journal {
		if other > name && other > last {
			last = other
		}
	}
	return last
}

// journal reads the migrations that have run, by name.
func (m *migration) journal(ctx context.Context, schema string) (map[string]done, error) {
	if _, err := m.conn.ExecContext(ctx, makeJournal); err != nil {
		return nil, fmt.Errorf("making schema_migrations: %w", err)
	}
	var known bool
	err := m.conn.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.columns
		WHERE table_schema = ? AND table_name = 'schema_migrations' AND column_name = 'sha256'`, schema).Scan(&known)
	if err != nil {
		return nil, fmt.Errorf("reading the columns of schema_migrations: %w", err)
	}
	if !known {
		if err := m.run(ctx, extendJournal); err != nil {
			return nil, err
		}
	}
	rows, err := m.conn.QueryContext(ctx, "SELECT name, sha256, DATE_FORMAT(done_at, '%Y-%m-%d %H:%i:%s') FROM schema_migrations")
	if err != nil {
		return nil, fmt.Errorf("reading schema_migrations: %w", err)
	}
	defer rows.Close()
	all := map[string]done{}
	for rows.Next() {
		var name, at string
		var d done
		if err := rows.Scan(&name, &d.sum, &at); err != nil {
			return nil, fmt.Errorf("reading schema_migrations: %w", err)
		}
		d.at, _ = time.Parse(time.DateTime, at)
		all[name] = d
	}
	return all, rows.Err()
}

func (m *migration) change(ctx context.Context, change schemaChange) error {
	for _, statement := range change.statements {
		if err := m.run(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", change.name, err)
		}
	}
	_, err := m.conn.ExecContext(ctx, "INSERT INTO schema_migrations (name, version, sha256, done_at) VALUES (?, ?, ?, ?)",
		change.name, change.version, change.sum, time.Now().UTC())
	if err != nil {
		return fmt.Errorf("recording %s: %w", change.name, err)
	}
	fmt.Fprintf(m.stdout, "-- %s is done\n", change.name)
	return nil
}
