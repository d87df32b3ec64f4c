package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

func newDDLRehearse() *cobra.Command {
	var flags ddlFlags
	var options ddl.RehearseOptions
	var out, plan, with string
	var readers []string
	cmd := &cobra.Command{
		Use:   "rehearse FILE.sql|FOLDER",
		Short: "Execute a migration on a full-size clone and measure it",
		Long: `Execute a migration on a full-size clone or a restored snapshot, measure it, and
write FILE.rehearsal.json beside it, which noren ddl run compares with what it
finds.

This changes the database of --dsn, or of REHEARSE_DB_HOST, and never that of
DB_HOST. It requires proof that this is a copy: the table noren_clone, which
whoever makes the clone creates in the schema, or a server other than that of the
real schema, which is known from --plan or from the login in the PLAN_DB_ or DB_
variables. It refuses if anyone writes there within two seconds.

With --with, the copy must then pass a command, such as the tests of the version
that is deployed: for a release without a stop, that version has to run on the new
schema. In the command's environment DB_DSN, or DB_HOST and so on, name the copy;
no variable names the real schema. It runs in a shell, and its output goes to
stderr. If it fails, the rehearsal has failed, and noren ddl run refuses.

Exit codes: 0 everything succeeded; 1 something failed, which the rehearsal records;
3 run it again unchanged.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, _, err := flags.files(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			if options.Real, err = realSchema(cmd.Context(), plan, files[0]); err != nil {
				return err
			}
			db, err := flags.open(cmd.Context(), ddl.RehearseLogin(os.Getenv))
			if err != nil {
				return err
			}
			defer db.Close()
			opened, closeReaders, err := openAll(cmd.Context(), dsnLogins(readers))
			defer closeReaders()
			if err != nil {
				return withCode(fmt.Errorf("logging in to a reader: %w", err))
			}
			options.Readers = opened
			options.PlanOptions = flags.options
			for _, file := range files {
				if err := rehearseMigration(cmd, db, file, options, rehearsing{with, flags.dsn, out, flags.json}); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags.register(cmd, "REHEARSE_DB_")
	cmd.Flags().StringVar(&out, "out", "", "file to write, or - for a line of JSON on stdout (default: FILE.rehearsal.json)")
	cmd.Flags().StringVar(&plan, "plan", "", "what noren ddl plan --out wrote of the real schema (default: FILE.plan.json, if it exists)")
	cmd.Flags().StringArrayVar(&readers, "reader", nil, "a reader of the clone, as a DSN: its waits and errors are counted")
	cmd.Flags().StringVar(&with, "with", "", "command that the migrated copy has to pass, such as the tests of the deployed version")
	cmd.Flags().StringVar(&options.Class, "class", "", "instance class of the clone to note, like db.r6g.large")
	return cmd
}

// realSchema returns the identity of the real schema, as far as it is known: from
// a plan, and from the login for it.
func realSchema(ctx context.Context, plan string, file migrationFile) ([]ddl.Identity, error) {
	var all []ddl.Identity
	name := plan
	if name == "" {
		name = file.beside(".plan.json")
	}
	if i, err := ddl.ReadIdentity(name); err == nil {
		all = append(all, i)
	} else if plan != "" || !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	login, ok := ddl.PlanLogin(os.Getenv)
	if !ok {
		login = ddl.LoginFromEnvironment(os.Getenv)
		ok = login.DSN != "" || login.Host != ""
	}
	if !ok {
		return all, nil
	}
	db, err := login.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("finding the real schema, as the PLAN_DB_ or DB_ variables say: %w", err)
	}
	defer db.Close()
	return append(all, db.Identity()), nil
}

// rehearsing is what a rehearsal does in addition to the migration.
type rehearsing struct {
	with, dsn string
	out       string
	json      bool
}

// rehearseMigration rehearses one migration and writes the result.
func rehearseMigration(cmd *cobra.Command, db *ddl.Database, file migrationFile, options ddl.RehearseOptions, r rehearsing) error {
	progress := newProgress(cmd, r.json)
	options.Report = progress.report
	rehearsal, err := ddl.Rehearse(cmd.Context(), db, file.Migration, options)
	progress.end()
	if err != nil {
		return withCode(err)
	}
	if err := passes(cmd.Context(), rehearsal, r.with, r.dsn, cmd.ErrOrStderr()); err != nil {
		return withCode(err)
	}
	out := r.out
	if out == "" {
		out = file.beside(".rehearsal.json")
	}
	if out == "-" {
		encoder := json.NewEncoder(cmd.OutOrStdout())
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(rehearsal)
	} else {
		err = rehearsal.WriteFile(out)
	}
	if err != nil {
		return err
	}
	if rehearsal.Failed != "" {
		return fmt.Errorf("the rehearsal failed at %s; written to %s", rehearsal.Failed, out)
	}
	if !r.json && out != "-" {
		fmt.Fprintf(cmd.OutOrStdout(), "rehearsed in %v on %v; written to %s\n", rehearsal.Total().Round(time.Millisecond), rehearsal.Server, out)
	}
	return nil
}
