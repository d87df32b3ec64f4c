package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

func newDDLPlan() *cobra.Command {
	var flags ddlFlags
	var rehearsal string
	var window time.Duration
	var planDSN string
	cmd := &cobra.Command{
		Use:   "plan FILE.sql",
		Short: "Say what each statement of a migration will lock",
		Long: `Say what each statement of a migration will lock: its algorithm and lock, whether
the table is rebuilt, and whether reads and writes go on meanwhile.

The server itself is asked, by running every statement on an empty copy of its
table in the schema noren_scratch, which is removed again. The user may write
nowhere else: plan refuses one with more rights and says which are too many. A
statement that is not fully understood is refused, too. Nothing here sees the
rows: duplicates and the like are found by noren ddl rehearse.

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
			login, ok := ddl.PlanLogin(os.Getenv)
			if !ok {
				login = ddl.LoginFromEnvironment(os.Getenv)
			}
			if planDSN != "" {
				flags.dsn = planDSN
			}
			db, file, err := flags.open(cmd.Context(), cmd.InOrStdin(), args[0], login)
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
				writePlan(newTerminal(cmd.OutOrStdout()), plan)
			}
			if err == nil && !plan.Allowed() {
				return &exitError{code: 1}
			}
			return err
		},
	}
	flags.register(cmd, "PLAN_DB_, or else DB_")
	cmd.Flags().StringVar(&planDSN, "plan-dsn", "", "database with the login of the user who plans (default: --dsn)")
	cmd.Flags().BoolVar(&flags.options.ScratchServer, "scratch-server", false, "nothing of value lives on this server: plan with any rights")
	cmd.Flags().DurationVar(&window, "window", 0, "time there is; compared with the rehearsal's")
	cmd.Flags().StringVar(&rehearsal, "rehearsal", "", "rehearsal.json, for --window")
	return cmd
}
