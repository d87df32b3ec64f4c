package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLPlan() *cobra.Command {
	var flags ddlFlags
	var rehearsal string
	var window time.Duration
	var planDSN, journal, out string
	cmd := &cobra.Command{
		Use:   "plan FILE.sql|FOLDER",
		Short: "Say what each statement of a migration will lock",
		Long: `Show what each statement of a migration will lock: its algorithm and lock, whether
the table is rebuilt, and whether reads and writes continue meanwhile.

It asks the server itself, by running every statement on an empty copy of its table
in the schema noren_scratch, which is removed afterwards. The user must not be able
to write anywhere else: plan refuses a user with more privileges and names the
excess. It also refuses a statement that it does not fully understand. It does not
see rows: noren ddl rehearse finds duplicates and the like.

Exit codes: 0 every statement is allowed; 1 one is not, or something failed.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rehearsal != "" {
				var err error
				if flags.options.Rehearsal, err = ddl.ReadRehearsal(rehearsal); err != nil {
					return err
				}
			}
			flags.options.Window = window
			files, folder, err := flags.files(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			db, _, err := flags.openToPlan(cmd.Context(), planDSN)
			if err != nil {
				return err
			}
			defer db.Close()
			if folder {
				entries, err := ddl.Journal(cmd.Context(), db, journal)
				if err != nil {
					return err
				}
				if files = leftOf(files, entries); len(files) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "nothing left to do")
					return nil
				}
			}
			plans, err := ddl.MakePlans(cmd.Context(), db, migrations(files), flags.options)
			if err != nil {
				return err
			}
			return writePlans(cmd, plans, flags.json, out)
		},
	}
	flags.register(cmd, "PLAN_DB_, or else DB_")
	cmd.Flags().StringVar(&planDSN, "plan-dsn", "", "database with the login of the user who plans (default: --dsn)")
	cmd.Flags().BoolVar(&flags.options.ScratchServer, "scratch-server", false, "nothing of value is on this server: plan with any privileges")
	cmd.Flags().StringVar(&journal, "journal", "", "table of the journal, for a folder: table or schema.table (default: noren_journal in the schema)")
	cmd.Flags().StringVar(&out, "out", "", "file to write the plan to, as JSON: rehearse takes from it where the real schema is")
	cmd.Flags().DurationVar(&window, "window", 0, "time available; compared with the rehearsed time")
	cmd.Flags().StringVar(&rehearsal, "rehearsal", "", "rehearsal.json, for --window")
	return cmd
}

// writePlans writes plans for people or as JSON, and fails if one is not allowed.
func writePlans(cmd *cobra.Command, plans []*ddl.Plan, asJSON bool, out string) error {
	var err error
	allowed := true
	for _, plan := range plans {
		allowed = allowed && plan.Allowed()
	}
	var whole any = plans
	if len(plans) == 1 {
		whole = plans[0]
	}
	if out != "" {
		var text bytes.Buffer
		if err := errors.Join(writeJSON(&text, whole), os.WriteFile(out, text.Bytes(), 0o644)); err != nil {
			return fmt.Errorf("writing the plan: %w", err)
		}
	}
	if asJSON {
		err = writeJSON(cmd.OutOrStdout(), whole)
	} else {
		for _, plan := range plans {
			if len(plans) > 1 {
				fmt.Fprintln(cmd.OutOrStdout(), plan.Name)
			}
			writePlan(term.New(cmd.OutOrStdout()), plan)
		}
	}
	if err == nil && !allowed {
		return &exitError{code: 1}
	}
	return err
}
