package main

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/copy"
)

// newDDLCopy returns the family of verbs that change a copy, which then replaces
// the original.
func newDDLCopy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Change a copy of the database, and switch to it",
		Long: `Change a copy of the database, for what cannot be done in place: the copy is
changed while it replicates, catches up, is compared with the original, and takes
its place.

  noren ddl copy plan     whether replication survives the change
  noren ddl copy start    make the copy, and change it
  noren ddl copy status   how it follows, and what to do
  noren ddl copy compare  whether the copy holds what the original holds
  noren ddl copy switch   let it take the place of the original
  noren ddl copy finish   remove what still links the two
  noren ddl copy abandon  remove the copy

On Aurora the copy is an RDS Blue/Green deployment. Each verb may be interrupted and
run again: the table noren_copy of the original records the progress, and replication
brings it to the copy, too.

The original is --dsn, or the DB_ variables; the copy is --copy-dsn, or COPY_DB_HOST
and so on; a variable that is not set is taken from the one without the prefix,
except the host, which start finds out. With COPY_ROLE_ARN, RDS is asked in that role.

docs/schema-copy.md walks through a change.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown verb %q of ddl copy: want plan, start, status, compare, switch, finish or abandon", args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(newDDLCopyPlan(), newDDLCopyStart(), newDDLCopyStatus(), newDDLCopyCompare(), newDDLCopySwitch(), newDDLCopyFinish(), newDDLCopyAbandon())
	return cmd
}

// copyLogins say how the verbs find the original and the copy.
type copyLogins struct {
	ddlLogin
	copyDSN string
	cluster string
}

func (f *copyLogins) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dsn, "dsn", "", "the original, as user:password@tcp(host:port)/schema (default: the DB_ variables)")
	cmd.Flags().StringVar(&f.copyDSN, "copy-dsn", "", "a copy made by hand, as user:password@tcp(host:port)/schema (default: the COPY_DB_ variables)")
	cmd.Flags().StringVar(&f.cluster, "cluster", "", "name of the cluster with RDS (default: that of DB_HOST)")
}

func (f *copyLogins) original(ctx context.Context) (*ddl.Database, error) {
	db, err := f.open(ctx, ddl.LoginFromEnvironment(os.Getenv))
	if err != nil {
		return nil, fmt.Errorf("logging in to the original: %w", err)
	}
	return db, nil
}

// copied logs in to the copy, at the host in the journal unless another is given.
func (f *copyLogins) copied(ctx context.Context, host string) (*ddl.Database, error) {
	login := ddl.CopyLogin(os.Getenv)
	if f.copyDSN != "" {
		login = ddl.Login{DSN: f.copyDSN, CA: login.CA}
	}
	login.Host = cmp.Or(login.Host, host)
	db, err := login.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("logging in to the copy: %w", err)
	}
	return db, nil
}

// both logs in to the original and to the copy. Without a journal, the state is
// nil.
func (f *copyLogins) both(ctx context.Context) (original, copied *ddl.Database, s *copy.State, err error) {
	if original, err = f.original(ctx); err != nil {
		return nil, nil, nil, err
	}
	if s, err = copy.Read(ctx, original); err != nil {
		original.Close()
		return nil, nil, nil, err
	}
	host := ""
	if !ended(s) {
		host = s.Host
	}
	copied, err = f.copied(ctx, host)
	return original, copied, s, err
}

// ended reports whether noren has no copy in progress.
func ended(s *copy.State) bool {
	return s == nil || s.Phase == copy.Finished || s.Phase == copy.Abandoned
}
