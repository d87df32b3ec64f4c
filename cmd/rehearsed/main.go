// Command rehearsed starts a database server from PATH, fills the example's
// tables with reports, rehearses the schema changes in a folder there, and then
// runs a command while the server runs. make night uses it.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	_ "github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/preview"
)

func main() {
	noren := flag.String("noren", "bin/noren", "the command that rehearses")
	example := flag.String("example", "examples/fieldreports", "the folder of the example")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), `usage: rehearsed [flags] FOLDER COMMAND [ARGUMENT...]

The command finds the example's tables, which have not changed yet, at NIGHT_DSN.`)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *noren, *example, flag.Args())
	stop()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		os.Exit(ended.ExitCode()) // the command has said why
	case err != nil:
		fmt.Fprintln(os.Stderr, "rehearsed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, noren, example string, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("want the folder of the changes, and a command")
	}
	dsn, end, err := preview.StartDatabase(ctx)
	if err != nil {
		return err
	}
	defer end()
	copied := strings.TrimSuffix(dsn, "fieldreports") + "copied"
	for _, schema := range []string{dsn, copied} {
		if err := fill(ctx, example, schema); err != nil {
			return err
		}
	}
	if err := rehearse(ctx, noren, arguments[0], copied); err != nil {
		return err
	}
	command := exec.Command(arguments[1], arguments[2:]...) // it gets the signals, too
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), "NIGHT_DSN="+dsn)
	return command.Run()
}

// fill creates the example's tables with 16,384 reports. The few reports written
// before the night closes the product do not matter in comparison.
func fill(ctx context.Context, example, dsn string) error {
	setup := exec.CommandContext(ctx, "go", "run", "./api", "migrate", "--example", "--dsn", dsn)
	setup.Dir = example
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("making the example's tables: %w\n%s", err, out)
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	const columns = "INSERT INTO reports (id, user_id, template, title, text, written_at, received_at) SELECT UUID(), "
	query := columns + "MIN(id), 'site-handover', 'old', REPEAT('x', 200), NOW(), NOW() FROM users"
	for rows := 1; rows <= 16_384; rows *= 2 {
		if _, err := db.ExecContext(ctx, query); err != nil {
			return fmt.Errorf("filling the example's tables: %w", err)
		}
		query = columns + "user_id, template, title, text, written_at, received_at FROM reports"
	}
	return nil
}

// rehearse rehearses every change in a folder.
func rehearse(ctx context.Context, noren, folder, dsn string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	// This table is how noren ddl rehearse recognizes a copy.
	if _, err := db.ExecContext(ctx, "CREATE TABLE noren_clone (made DATETIME)"); err != nil {
		return fmt.Errorf("marking the schema as a copy: %w", err)
	}
	changes, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err == nil && len(changes) == 0 {
		err = fmt.Errorf("no .sql file in %q", folder)
	}
	if err != nil {
		return err
	}
	for _, change := range changes {
		c := exec.CommandContext(ctx, noren, "ddl", "rehearse", change, "--dsn", dsn, "--writes", "stopped")
		c.Stdout, c.Stderr = os.Stderr, os.Stderr
		if err := c.Run(); err != nil {
			return fmt.Errorf("rehearsing %q: %w", change, err)
		}
	}
	return nil
}
