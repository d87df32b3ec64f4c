package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

// exitStopped is the exit code of a run that stopped and may simply be repeated.
const exitStopped = 3

// newDDL is the family of verbs that change the schema.
func newDDL() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ddl",
		Short: "Change the schema while the app keeps reading",
		Long: `Change the schema of a MySQL database while the app keeps reading.

  noren ddl plan      what each statement will lock, by the server's own word
  noren ddl rehearse  what it takes, measured on a full-size clone
  noren ddl run       execute it, with two lock budgets and a journal

The database is --dsn user:password@tcp(host:port)/schema (or DB_DSN), or on AWS
DB_HOST, DB_PORT, DB_NAME, AWS_REGION and one of DB_USER, who logs in with an IAM
token, and DB_SECRET_ARN, a secret with username and password. DB_TLS_CA is a
file of CA certificates. Other hosts than this machine must have a certificate
that can be verified, unless the DSN says tls=... itself.

docs/schema-changes.md walks through a change.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown verb %q of ddl: want plan, rehearse or run", args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newDDLPlan(), newDDLRehearse(), newDDLRun())
	return cmd
}

// ddlFlags are the flags that all of the family take.
type ddlFlags struct {
	dsn     string
	json    bool
	options ddl.PlanOptions
	writes  string
	policy  string
}

func (f *ddlFlags) register(cmd *cobra.Command, variables string) {
	flags := cmd.Flags()
	flags.StringVar(&f.dsn, "dsn", "", "database, as user:password@tcp(host:port)/schema (default: the "+variables+" variables)")
	flags.StringVar(&f.writes, "writes", "live", "what the app does meanwhile: live, or stopped (maintenance)")
	flags.StringSliceVar(&f.options.StillWritten, "still-written", nil, "tables that are written although writes are stopped, as logging in does: sessions,users")
	flags.StringVar(&f.policy, "policy", "any", "what may be done at all: any, or additive (what a release without a stop may do)")
	flags.Var((*bytesFlag)(&f.options.LocalStorage), "free-local-storage", "free local storage of the Aurora instance, like 20GiB (default: estimated from its memory)")
	flags.BoolVar(&f.json, "json", false, "write JSON")
}

// open reads the migration and logs in: with --dsn, or as the environment says.
func (f *ddlFlags) open(ctx context.Context, stdin io.Reader, name string, login ddl.Login) (*ddl.Database, string, error) {
	f.options.Writes, f.options.Policy = ddl.Writes(f.writes), ddl.Policy(f.policy)
	file, err := readMigration(stdin, name)
	if err != nil {
		return nil, "", err
	}
	if f.dsn != "" {
		login = ddl.Login{DSN: f.dsn, CA: login.CA}
	}
	db, err := login.Open(ctx)
	return db, file, err
}

// readMigration reads a file, or stdin if name is "-".
func readMigration(stdin io.Reader, name string) (string, error) {
	if name == "-" {
		text, err := io.ReadAll(stdin)
		return string(text), err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("reading the migration: %w", err)
	}
	return string(text), nil
}

// oneFile is the argument of each of the family.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one FILE.sql, got %d arguments", len(args))
	}
	return nil
}

// withCode gives errors after which a run may be repeated their exit code.
func withCode(err error) error {
	if errors.Is(err, ddl.ErrStopped) {
		return &exitError{exitStopped, err}
	}
	return err
}
