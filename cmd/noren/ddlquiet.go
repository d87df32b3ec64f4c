package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

func newDDLQuiet() *cobra.Command {
	var login ddlLogin
	var options ddl.QuietOptions
	var wait time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "quiet",
		Short: "Say whether the application still writes, or holds a transaction",
		Long: `Check for a while whether anything is written to the schema, and whether a session
holds a transaction that has written or is more than a second old. A closed product
is not quiet at once: requests that were under way, WebSockets, workers and jobs
continue, since no rule of a load balancer stops them. Begin a schema change when
noren status says closed and this says quiet.

It asks the writer; a reader or a replica shows none of this.

Exit codes: 0 quiet; 3 not quiet, with what was seen; 1 it could not be found out.`,
		Example: `  noren ddl quiet
  noren ddl quiet --user app --still-written sessions --wait 10m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if options.For < time.Second {
				return fmt.Errorf("--for %v: want 1s or longer", options.For)
			}
			from, ok := ddl.PlanLogin(os.Getenv)
			if !ok {
				from = ddl.LoginFromEnvironment(os.Getenv)
			}
			db, err := login.open(ctx, from)
			if err != nil {
				return err
			}
			defer db.Close()
			for until := time.Now().Add(wait); ; {
				seen, err := ddl.Quiet(ctx, db, options)
				if err != nil {
					return err
				}
				if seen.Quiet() || !time.Now().Before(until) {
					return writeQuiet(cmd, db.Schema, seen, asJSON)
				}
				fmt.Fprintf(cmd.ErrOrStderr(), "not quiet yet: %s\n", strings.Join(quietTexts(db.Schema, seen), "; "))
			}
		},
	}
	login.register(cmd, "PLAN_DB_, or else DB_")
	flags := cmd.Flags()
	flags.StringSliceVar(&options.Users, "user", nil, "database users of the application (default: all except the one that asks)")
	flags.StringSliceVar(&options.StillWritten, "still-written", nil, "tables that are written although the product is closed: sessions,users")
	flags.DurationVar(&options.For, "for", 10*time.Second, "how long to look")
	flags.DurationVar(&wait, "wait", 0, "keep looking until it is quiet, for at most this long")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// writeQuiet writes what was seen, and returns the error with its exit code.
func writeQuiet(cmd *cobra.Command, schema string, seen ddl.Quietness, asJSON bool) error {
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), struct {
			Quiet bool `json:"quiet"`
			ddl.Quietness
		}{seen.Quiet(), seen}); err != nil {
			return err
		}
	} else if seen.Quiet() {
		fmt.Fprintf(cmd.OutOrStdout(), "quiet: for %v nothing was written to %s, and no session held a transaction\n", seen.For, schema)
	} else {
		fmt.Fprintf(cmd.OutOrStdout(), "not quiet: %s\n", strings.Join(quietTexts(schema, seen), "\n           "))
	}
	if !seen.Quiet() {
		return &exitError{code: disagreeing}
	}
	return nil
}

// quietTexts describe what was seen.
func quietTexts(schema string, seen ddl.Quietness) []string {
	texts := seen.Sessions
	if seen.Written > 0 {
		where := "to " + schema
		if seen.Everywhere {
			where = "on this server, and the performance schema is off, so that nothing tells where"
		}
		texts = append(texts, fmt.Sprintf("%d rows were written %s within %v", seen.Written, where, seen.For))
	}
	return texts
}
