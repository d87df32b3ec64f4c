package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// schemaFiles are the migrations of the schema: NUMBER_NAME.sql, each run once,
// in the order of the numbers. A released one is never changed: write another.
//
// They are for what every release may add. A change of a table that is already
// large is `noren ddl run`'s: it bounds how long readers wait.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

const makeJournal = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version INT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(100) NOT NULL,
  done_at DATETIME(3) NOT NULL
) CHARACTER SET utf8mb4`

// tables brings the tables of schema up to date. A version is recorded once all
// of its statements have run: MySQL has no transactions for tables, so they have
// to be such that running them again does no harm.
func (m *migration) tables(ctx context.Context, schema string) error {
	if _, err := m.conn.ExecContext(ctx, "USE "+quote(schema)); err != nil {
		return fmt.Errorf("using the schema %q: %w", schema, err)
	}
	if _, err := m.conn.ExecContext(ctx, makeJournal); err != nil {
		return fmt.Errorf("making schema_migrations: %w", err)
	}
	var done int
	if err := m.conn.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations").Scan(&done); err != nil {
		return fmt.Errorf("reading schema_migrations: %w", err)
	}
	files, err := fs.Glob(schemaFiles, "schema/*.sql") // sorted
	if err != nil {
		return err
	}
	for _, file := range files {
		name := strings.TrimPrefix(file, "schema/")
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("the migration %q: want NUMBER_NAME.sql", name)
		}
		if version <= done {
			fmt.Fprintf(m.stdout, "-- %s is done\n", name)
			continue
		}
		if err := m.migrate(ctx, version, name, file); err != nil {
			return err
		}
	}
	return nil
}

func (m *migration) migrate(ctx context.Context, version int, name, file string) error {
	text, err := schemaFiles.ReadFile(file)
	if err != nil {
		return err
	}
	for _, statement := range statements(string(text)) {
		if err := m.run(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := m.conn.ExecContext(ctx, "INSERT INTO schema_migrations (version, name, done_at) VALUES (?, ?, ?)", version, name, time.Now().UTC()); err != nil {
		return fmt.Errorf("recording %s: %w", name, err)
	}
	fmt.Fprintf(m.stdout, "-- %s is done\n", name)
	return nil
}

// statements are the statements of a file, each of which ends with ; at the end
// of a line. Lines of comment are left out.
func statements(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "--") {
			lines = append(lines, line)
		}
	}
	var all []string
	for statement := range strings.SplitSeq(strings.Join(lines, ""), ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			all = append(all, statement)
		}
	}
	return all
}
