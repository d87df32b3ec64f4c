// Command rehearsed rehearses the schema changes of a folder on the example's
// tables, on a server of PATH like the one that noren preview --dsn own starts: what
// make night does before it plays them.
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
	"syscall"

	_ "github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/preview"
)

func main() {
	noren := flag.String("noren", "bin/noren", "the command that rehearses")
	example := flag.String("example", "examples/fieldreports", "the folder of the example")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: rehearsed [flags] FOLDER")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rehearse(ctx, *noren, *example, flag.Arg(0))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rehearsed:", err)
		os.Exit(1)
	}
}

func rehearse(ctx context.Context, noren, example, folder string) error {
	if folder == "" {
		return errors.New("want the folder of the changes")
	}
	dsn, end, err := preview.StartDatabase(ctx)
	if err != nil {
		return err
	}
	defer end()
	setup := exec.CommandContext(ctx, "go", "run", "./api", "migrate", "--example", "--dsn", dsn)
	setup.Dir = example
	if out, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("making the example's tables: %w\n%s", err, out)
	}
	if err := markCopy(ctx, dsn); err != nil {
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

// markCopy makes the table by which noren ddl rehearse knows a copy.
func markCopy(ctx context.Context, dsn string) error {
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE TABLE noren_clone (made DATETIME)")
	return err
}
