package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

func newDDLResolve() *cobra.Command {
	var login ddlLogin
	var journal, as, name string
	var statement int
	cmd := &cobra.Command{
		Use:   "resolve --statement N --as done|not-done FILE.sql",
		Short: "Settle a statement that the journal marks unknown",
		Long: `Say whether a statement that the journal marks unknown was executed: its run was
killed, and the object that it changes is neither as before nor as planned. Look at
that object first. After done, the next run skips the statement; after not-done, it
executes it.

It changes the journal and nothing else.

Exit codes: 0 the journal is changed; 1 it is not.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if as != "done" && as != "not-done" {
				return fmt.Errorf("--as is %q: want done or not-done", as)
			}
			files, folder, err := readMigrations(cmd.InOrStdin(), args[0], login.direction)
			if err != nil {
				return err
			}
			if folder {
				return fmt.Errorf("%q is a folder: name the file", args[0])
			}
			if name != "" {
				files[0].Name = name
			}
			db, err := login.open(cmd.Context(), ddl.LoginFromEnvironment(os.Getenv))
			if err != nil {
				return err
			}
			defer db.Close()
			return ddl.Resolve(cmd.Context(), db, journal, files[0].Migration, statement, as == "done")
		},
	}
	login.register(cmd, "DB_")
	cmd.Flags().IntVar(&statement, "statement", 0, "number of the statement, as noren ddl status shows it")
	cmd.Flags().StringVar(&as, "as", "", "what became of it: done or not-done")
	cmd.Flags().StringVar(&name, "name", "", "name of the migration in the journal (default: that of the file)")
	cmd.Flags().StringVar(&journal, "journal", "", "table of the journal: table or schema.table (default: noren_journal in the schema)")
	return cmd
}
