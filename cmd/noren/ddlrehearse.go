package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

func newDDLRehearse() *cobra.Command {
	var flags ddlFlags
	var options ddl.RehearseOptions
	var out string
	cmd := &cobra.Command{
		Use:   "rehearse FILE.sql",
		Short: "Execute a migration on a full-size clone and measure it",
		Long: `Execute a migration on a full-size clone or a restored snapshot, measure it, and
write rehearsal.json, which noren ddl run compares with what it finds.

This changes the database that --dsn names. It refuses one in which others work.

Exit code: 0 if every statement succeeded, 1 if one failed (rehearsal.json says
which), or if anything else did.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			db, file, err := flags.open(cmd.Context(), cmd.InOrStdin(), args[0], ddl.RehearseLogin(os.Getenv))
			if err != nil {
				return err
			}
			defer db.Close()
			options.PlanOptions = flags.options
			progress := newProgress(cmd, flags.json)
			options.Report = progress.report
			rehearsal, err := ddl.Rehearse(cmd.Context(), db, file, options)
			progress.end()
			if err != nil {
				return withCode(err)
			}
			if err := rehearsal.WriteFile(out); err != nil {
				return err
			}
			if rehearsal.Failed != "" {
				return fmt.Errorf("the rehearsal failed at %s; written to %s", rehearsal.Failed, out)
			}
			if !flags.json {
				fmt.Fprintf(cmd.OutOrStdout(), "rehearsed in %v on %v; written to %s\n", rehearsal.Total().Round(time.Millisecond), rehearsal.Server, out)
			}
			return nil
		},
	}
	flags.register(cmd, "REHEARSE_DB_")
	cmd.Flags().StringVar(&out, "out", "rehearsal.json", "file to write")
	cmd.Flags().StringVar(&options.Class, "class", "", "instance class of the clone to note, like db.r6g.large")
	cmd.Flags().BoolVar(&options.Connected, "connected", false, "it is a clone although others work in it")
	return cmd
}
