package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

// exitStopped is the exit code of a run that stopped and can simply be repeated.
const exitStopped = 3

// newDDL returns the family of verbs that change the schema.
func newDDL() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ddl",
		Short: "Change the schema while the app keeps reading",
		Long: `Change the schema of a MySQL database while the app keeps reading.

  noren ddl plan      what each statement will lock, according to the server
  noren ddl rehearse  what it takes, measured on a full-size clone
  noren ddl run       execute it, with two lock budgets and a journal
  noren ddl status    what is done and what is left, according to the journal
  noren ddl resolve   settle a statement that the journal marks unknown
  noren ddl quiet     whether the application still writes, or holds a transaction
  noren ddl copy      change a copy instead, and switch to it
  noren ddl upgrade   what is in the way of another major version of Aurora

FILE.sql is a file of SQL statements, or a migration of goose, dbmate, sql-migrate,
golang-migrate, Flyway, Rails, Laravel, Prisma or Django. Of a file with an up and a
down part the up part is used, unless --direction is down. A folder stands for its
files, in order.

The database is --dsn user:password@tcp(host:port)/schema (or DB_DSN), or on AWS
DB_HOST, DB_PORT, DB_NAME, AWS_REGION and one of DB_USER, who logs in with an IAM
token, and DB_SECRET_ARN, a secret with username and password. DB_TLS_CA is a
file of CA certificates. Hosts other than this machine must have a certificate
that can be verified, unless the DSN says tls=... itself. PLAN_DB_USER and so on
belong to the user who plans, REHEARSE_DB_HOST and so on to the clone.

docs/schema-changes.md walks through a change.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown verb %q of ddl: want plan, rehearse, run, status, resolve, quiet, copy or upgrade", args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newDDLPlan(), newDDLRehearse(), newDDLRun(), newDDLStatus(), newDDLResolve(), newDDLQuiet(), newDDLCopy(), newDDLUpgrade())
	return cmd
}

// A ddlLogin says how the verbs find a database and its migrations.
type ddlLogin struct {
	dsn       string
	direction string
}

func (f *ddlLogin) register(cmd *cobra.Command, variables string) {
	cmd.Flags().StringVar(&f.dsn, "dsn", "", "database, as user:password@tcp(host:port)/schema (default: the "+variables+" variables)")
	cmd.Flags().StringVar(&f.direction, "direction", "up", "the part of a file with a way back to use: up or down")
}

// open logs in with --dsn, or with the settings in the environment.
func (f *ddlLogin) open(ctx context.Context, login ddl.Login) (*ddl.Database, error) {
	if f.dsn != "" {
		login = ddl.Login{DSN: f.dsn, CA: login.CA}
	}
	return login.Open(ctx)
}

// openToPlan logs in as the user who plans, if there is one: with planDSN or,
// without --dsn, with the settings in the environment. apart reports whether it
// did. It does not change --dsn.
func (f *ddlLogin) openToPlan(ctx context.Context, planDSN string) (db *ddl.Database, apart bool, err error) {
	login, ok := planLogin(planDSN)
	if apart = ok && (f.dsn == "" || planDSN != ""); apart {
		db, err = login.Open(ctx)
	} else {
		db, err = f.open(ctx, ddl.LoginFromEnvironment(os.Getenv))
	}
	return db, apart, err
}

// ddlFlags are the flags of plan, rehearse and run.
type ddlFlags struct {
	ddlLogin
	json    bool
	options ddl.PlanOptions
	writes  string
	policy  string
}

func (f *ddlFlags) register(cmd *cobra.Command, variables string) {
	f.ddlLogin.register(cmd, variables)
	flags := cmd.Flags()
	flags.StringVar(&f.writes, "writes", "live", "what the app does meanwhile: live, or stopped (maintenance)")
	flags.StringSliceVar(&f.options.StillWritten, "still-written", nil, "tables that are written although writes are stopped, as logging in does: sessions,users")
	flags.StringVar(&f.policy, "policy", "any", "what the migration may do: any, or additive (what a release without a stop may do)")
	flags.Var((*bytesFlag)(&f.options.LocalStorage), "free-local-storage", "free local storage of the Aurora instance, like 20GiB (default: estimated from its memory)")
	flags.BoolVar(&f.json, "json", false, "write JSON")
}

// files reads the migrations that an argument names.
func (f *ddlFlags) files(stdin io.Reader, name string) (files []migrationFile, folder bool, err error) {
	f.options.Writes, f.options.Policy = ddl.Writes(f.writes), ddl.Policy(f.policy)
	return readMigrations(stdin, name, f.direction)
}

// openAll logs in to several servers. closeAll closes the ones that were opened,
// even after an error.
func openAll(ctx context.Context, logins []ddl.Login) (all []*ddl.Database, closeAll func(), err error) {
	closeAll = func() {
		for _, db := range all {
			db.Close()
		}
	}
	for _, login := range logins {
		db, err := login.Open(ctx)
		if err != nil {
			return all, closeAll, err
		}
		all = append(all, db)
	}
	return all, closeAll, nil
}

// dsnLogins returns the logins of DSNs.
func dsnLogins(dsns []string) []ddl.Login {
	var all []ddl.Login
	for _, dsn := range dsns {
		all = append(all, ddl.Login{DSN: dsn, CA: os.Getenv("DB_TLS_CA")})
	}
	return all
}

// planLogin returns the login of the user who plans, and whether there is one.
func planLogin(planDSN string) (ddl.Login, bool) {
	if planDSN != "" {
		return ddl.Login{DSN: planDSN, CA: os.Getenv("DB_TLS_CA")}, true
	}
	return ddl.PlanLogin(os.Getenv)
}

// oneFile checks that a verb gets one argument, the file.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("want one FILE.sql or folder, got %d arguments", len(args))
	}
	return nil
}

// withCode adds the exit code for errors after which a run can be repeated.
func withCode(err error) error {
	if ddl.MayRepeat(err) {
		return &exitError{exitStopped, err}
	}
	return err
}
