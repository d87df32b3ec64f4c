package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/maintenance"
)

func newDDLCopySwitch() *cobra.Command {
	var logins copyLogins
	var options copy.SwitchOptions
	var from statusFlags
	var users []string
	cmd := &cobra.Command{
		Use:   "switch",
		Short: "Let the copy take the place of the original",
		Long: `Let the copy take the place of the original. All connections are dropped, and writes
fail for as long as it takes, usually less than a minute; after --timeout it is undone.

It requires a comparison of all tables that found them equal and is younger than the
last replication error; a product that is closed, by the deployed template, the
live listener and, where an address is known, real requests; and a database that is
quiet (noren ddl quiet). Tables that may have been written since they were compared
are compared again. --live switches an open product: what its users write meanwhile
fails, and they see errors.

--login names database users who must be able to log in, by IAM token, to the copy
beforehand and to the endpoint afterwards: --login app,schemachange,schemaplan.

Run again, it continues a switch that was cut off. It does not switch to a copy that
was made by hand: after the checks it says how to do that. After a switch the stack
has the copy under the names of the original: cdk diff compares templates and shows
nothing; cdk drift shows the resource ids that have changed.

Exit codes: 0 switched; 3 stopped by something that passes, run it again; 1 it is not
switched, it is not known whether it is, or it is and not everyone can log in. The
message says which.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			err := bluegreen.CheckTimeout(options.Timeout) // before the journal says that a switch has begun
			if err != nil {
				return err
			}
			if options.Engine, err = logins.engine(ctx); err != nil {
				return err
			}
			original, copied, _, err := logins.both(ctx)
			if original == nil {
				return err
			}
			defer original.Close()
			options.Report = func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) }
			if copied != nil {
				defer copied.Close()
			} else {
				options.Report(err.Error())
			}
			options.Closed = func(ctx context.Context) error { return closed(ctx, cmd, &from) }
			options.Reopen = logins.original
			options.LogIn = func(ctx context.Context, host string) error { return logInAs(ctx, users, host) }
			s, err := copy.Switch(ctx, original, copied, options)
			if err != nil {
				return withCode(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: check the product, open it, then noren ddl copy finish\n", s.Phase)
			return nil
		},
	}
	logins.register(cmd)
	from.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&options.Live, "live", false, "switch while the product is open: writes fail meanwhile, and all connections are dropped")
	flags.DurationVar(&options.Timeout, "timeout", 5*time.Minute, "how long the switch may take before it is taken back, 30s to 1h")
	flags.StringSliceVar(&options.Quiet.Users, "user", nil, "database users of the application who must be quiet (default: all except the one that asks)")
	flags.StringSliceVar(&options.Quiet.StillWritten, "still-written", nil, "tables that are written although the product is closed: sessions,users")
	flags.DurationVar(&options.Quiet.For, "for", 10*time.Second, "how long the database is watched, to see whether it is quiet")
	flags.DurationVar(&options.Compare.Stall, "stall", 2*time.Second, "how long the writers of a table may have to wait while the position is taken")
	flags.StringSliceVar(&users, "login", nil, "database users who must be able to log in before and after")
	return cmd
}

// closed fails unless every switch of the product is closed, according to the
// deployed template and the live listener.
func closed(ctx context.Context, cmd *cobra.Command, from *statusFlags) error {
	query, err := from.query(cmd)
	if err != nil {
		return fmt.Errorf("whether the product is closed is not known (--live does not ask): %w", err)
	}
	report, err := query.Find(ctx)
	if err != nil {
		return fmt.Errorf("whether the product is closed is not known (--live does not ask): %w", err)
	}
	if len(report.Switches) == 0 {
		return errors.New("whether the product is closed is not known: the stack has no switch")
	}
	for _, s := range report.Switches {
		if err := s.Agrees(maintenance.Closed); err != nil {
			return fmt.Errorf("the product is not closed: %s: %w; noren status says more", s.Name, err)
		}
		if s.Deployed.Mode != maintenance.Closed {
			return fmt.Errorf("the product is not closed by the deployed template, which says %s", s.Deployed.Word())
		}
	}
	return nil
}

// logInAs logs in to a host as each of the users, with an IAM token.
func logInAs(ctx context.Context, users []string, host string) error {
	var errs []error
	for _, user := range users {
		login := ddl.LoginFromEnvironment(os.Getenv)
		login.DSN, login.SecretARN, login.User = "", "", user
		if host != "" {
			login.Host = host
		}
		db, err := login.Open(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("as %s: %w", user, err))
			continue
		}
		db.Close()
	}
	return errors.Join(errs...)
}
