package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLCopyFinish() *cobra.Command {
	var deleteOld bool
	var after time.Duration
	var snapshot string
	return copyEnding("finish", "Remove what still links the two databases after a switch",
		`Delete the Blue/Green deployment after a switch. The cluster that was replaced stays,
and is paid for, until --delete-old deletes it: at least --after since finish, and
with a final snapshot.

There is no way back to it with what has been written since the switch.`,
		func(cmd *cobra.Command) {
			cmd.Flags().BoolVar(&deleteOld, "delete-old", false, "delete the replaced cluster, too")
			cmd.Flags().DurationVar(&after, "after", 7*24*time.Hour, "how long the replaced cluster is kept, at least")
			cmd.Flags().StringVar(&snapshot, "snapshot", "", "name of the final snapshot of the cluster that was replaced; required with --delete-old")
		},
		func() string {
			if deleteOld {
				return "Delete the Blue/Green deployment, and the cluster that was replaced?"
			}
			return "Delete the Blue/Green deployment? The cluster that was replaced stays."
		},
		func(ctx context.Context, cmd *cobra.Command, db *ddl.Database, engine copy.Engine, report func(string)) error {
			if deleteOld && snapshot == "" {
				return errors.New("--delete-old needs the name of a final snapshot: --snapshot")
			}
			s, err := copy.Finish(ctx, db, engine, report)
			if err != nil {
				return err
			}
			if rds, ok := engine.(blueGreen); ok && deleteOld {
				if err := rds.client.DeleteOld(ctx, s.Old, snapshot, after); err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "finished; %s is being deleted, its last snapshot is %s\n", s.Old, snapshot)
				return nil
			}
			fmt.Fprintf(cmd.OutOrStdout(), "finished; %s stays, and is paid for: noren ddl copy finish --delete-old --snapshot NAME deletes it, %s after this at the earliest\n", s.Old, daysText(after))
			return nil
		})
}

// daysText formats a time in days, unless it is zero.
func daysText(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= day && d%day == 0 {
		return term.Plural(int(d/day), "day")
	}
	return d.String()
}

func newDDLCopyAbandon() *cobra.Command {
	return copyEnding("abandon", "Remove the copy",
		`Delete the Blue/Green deployment and the copy. The original is as it was. After a
switch there is nothing to abandon.`,
		func(*cobra.Command) {},
		func() string { return "Delete the Blue/Green deployment and the copy?" },
		func(ctx context.Context, cmd *cobra.Command, db *ddl.Database, engine copy.Engine, report func(string)) error {
			if _, err := copy.Abandon(ctx, db, engine, report); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "abandoned; the original is as it was")
			return nil
		})
}

// copyEnding returns a verb that ends a copy after asking.
func copyEnding(name, short, long string, flags func(*cobra.Command), question func() string, end func(context.Context, *cobra.Command, *ddl.Database, copy.Engine, func(string)) error) *cobra.Command {
	var logins copyLogins
	var yes bool
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long + "\n\nExit codes: 0 it is done, or was done before; 1 it is not; 4 you answered no.", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				agreed, err := confirm(cmd, question()+" [y/N] ")
				if err != nil {
					return err
				}
				if !agreed {
					return &exitError{declined, errors.New("nothing was deleted")}
				}
			}
			engine, err := logins.engine(cmd.Context())
			if err != nil {
				return err
			}
			db, err := logins.original(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close()
			return end(cmd.Context(), cmd, db, engine, func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) })
		},
	}
	logins.register(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	flags(cmd)
	return cmd
}
