package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLPlan() *cobra.Command {
	var flags ddlFlags
	var rehearsal string
	var window time.Duration
	cmd := &cobra.Command{
		Use:   "plan FILE.sql",
		Short: "Say what each statement of a migration will lock",
		Long: `Say what each statement of a migration will lock: its algorithm and lock, whether
the table is rebuilt, and whether reads and writes go on meanwhile.

The server itself is asked, by running every statement on an empty copy of its
table in the schema noren_scratch, which is removed again. The real schema is
only read. Nothing here sees the rows: duplicates and the like are found by
noren ddl rehearse.

Exit code: 0 if every statement is allowed, 1 if not, or if anything failed.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rehearsal != "" {
				var err error
				if flags.options.Rehearsal, err = ddl.ReadRehearsal(rehearsal); err != nil {
					return err
				}
			}
			flags.options.Window = window
			db, file, err := flags.open(cmd.Context(), cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			defer db.Close()
			plan, err := ddl.MakePlan(cmd.Context(), db, file, flags.options)
			if err != nil {
				return err
			}
			if flags.json {
				err = writeJSON(cmd.OutOrStdout(), plan)
			} else {
				writePlan(term.New(cmd.OutOrStdout()), plan)
			}
			if err == nil && !plan.Allowed() {
				return &exitError{code: 1}
			}
			return err
		},
	}
	flags.register(cmd)
	cmd.Flags().DurationVar(&window, "window", 0, "time there is; compared with the rehearsal's")
	cmd.Flags().StringVar(&rehearsal, "rehearsal", "", "rehearsal.json, for --window")
	return cmd
}
