package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/copy"
)

func newDDLCopyStart() *cobra.Command {
	var logins copyLogins
	var options copy.StartOptions
	var planDSN string
	cmd := &cobra.Command{
		Use:   "start FILE.sql",
		Short: "Make a copy, and run a migration there",
		Long: `Make a copy, as an RDS Blue/Green deployment, wait for it, and run the migration
there. It begins only what noren ddl copy plan allows.

It checks that the copy takes writes, and sets replica_type_conversions there if the
migration needs it. If it cannot, the message says what to set before you run start
again, which continues where it was.

With --copy-dsn the copy is one made by hand, which must replicate from the original.

Exit codes: 0 the copy is changed, and follows; 3 run it again; 1 it refused or
failed.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			files, folder, err := readMigrations(cmd.InOrStdin(), args[0], "up")
			if err != nil {
				return err
			}
			if folder || args[0] == "-" {
				return fmt.Errorf("a copy is made for one file that has a name, got %q", args[0])
			}
			if options.Engine, err = logins.engine(ctx); err != nil {
				return err
			}
			original, err := logins.original(ctx)
			if err != nil {
				return err
			}
			defer original.Close()
			if login, ok := planLogin(planDSN); ok && (logins.dsn == "" || planDSN != "") {
				if options.Planner, err = login.Open(ctx); err != nil {
					return fmt.Errorf("logging in as the user who plans: %w", err)
				}
				defer options.Planner.Close()
			}
			options.Open = func(ctx context.Context, host string) (*ddl.Database, error) { return logins.copied(ctx, host) }
			options.Report = func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) }
			progress := newProgress(cmd, false)
			options.Run = progress.report
			s, err := copy.Start(ctx, original, files[0].Migration, options)
			progress.end()
			if err != nil {
				return withCode(err)
			}
			behind := ""
			if status, err := logins.look(ctx); err == nil && status.Replication != nil && status.Replication.Lag != nil {
				behind = fmt.Sprintf(", %d s behind", *status.Replication.Lag)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the copy is changed, and is %s%s: noren ddl copy status, then noren ddl copy compare\n", s.Phase, behind)
			return nil
		},
	}
	logins.register(cmd)
	cmd.Flags().StringVar(&planDSN, "plan-dsn", "", "the original with the login of the user who plans (default: the PLAN_DB_ variables, or else the user who starts)")
	return cmd
}
