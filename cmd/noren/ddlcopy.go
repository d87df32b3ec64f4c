package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

// newDDLCopy is the family of verbs that change a copy which takes the place of
// the original.
func newDDLCopy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Change a copy of the database, and switch to it",
		Long: `Change a copy of the database, for what cannot be done in place: the copy is
changed while it replicates, catches up, is compared with the original, and takes
its place.

  noren ddl copy plan     whether replication survives the change
  noren ddl copy compare  whether the copy holds what the original holds

The original is --dsn, or the DB_ variables; the copy is --copy-dsn, or COPY_DB_HOST
and so on, where what is not set is as without the prefix, except the host.

docs/schema-changes.md tells when this way is needed.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown verb %q of ddl copy: want plan or compare", args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newDDLCopyPlan(), newDDLCopyCompare())
	return cmd
}

// copyLogins are how the family finds the original and the copy.
type copyLogins struct {
	ddlLogin
	copyDSN string
}

func (f *copyLogins) register(cmd *cobra.Command) {
	f.ddlLogin.register(cmd, "DB_")
	cmd.Flags().StringVar(&f.copyDSN, "copy-dsn", "", "the copy, as user:password@tcp(host:port)/schema (default: the COPY_DB_ variables)")
}

// both logs in to the original and to the copy.
func (f *copyLogins) both(ctx context.Context) (original, copied *ddl.Database, closeBoth func(), err error) {
	if original, err = f.open(ctx, ddl.LoginFromEnvironment(os.Getenv)); err != nil {
		return nil, nil, nil, fmt.Errorf("logging in to the original: %w", err)
	}
	login := ddl.CopyLogin(os.Getenv)
	if f.copyDSN != "" {
		login = ddl.Login{DSN: f.copyDSN, CA: login.CA}
	}
	if copied, err = login.Open(ctx); err != nil {
		original.Close()
		return nil, nil, nil, fmt.Errorf("logging in to the copy: %w", err)
	}
	return original, copied, func() { original.Close(); copied.Close() }, nil
}
