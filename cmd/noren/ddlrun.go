package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
)

func newDDLRun() *cobra.Command {
	var flags ddlFlags
	var options ddl.RunOptions
	var rehearsal string
	cmd := &cobra.Command{
		Use:   "run FILE.sql",
		Short: "Execute a migration while the app keeps reading",
		Long: `Execute a migration while the app keeps reading, as it was planned and rehearsed.

Others wait behind a statement for --stall at most before it has worked: then it
is withdrawn and tried again. After it has worked it waits for --end-stall; then
it is withdrawn for good, and the table is unchanged.

What is done stands in the table noren_journal. Run again, it goes on at the
right statement. SIGTERM and Ctrl-C withdraw the statement and leave a clean
journal.

Exit code: 0 if everything is done; 3 if it stopped with the table unchanged, and
may simply be run again (locks, online log, SIGTERM); 1 if it refused or failed.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if rehearsal != "" {
				var err error
				if flags.options.Rehearsal, err = ddl.ReadRehearsal(rehearsal); err != nil {
					return err
				}
			}
			if options.Name == "" {
				if args[0] == "-" {
					return errors.New("a migration from stdin has no name for the journal: give --name")
				}
				options.Name = filepath.Base(args[0])
			}
			db, file, err := flags.open(cmd.Context(), cmd.InOrStdin(), args[0], ddl.LoginFromEnvironment(os.Getenv))
			if err != nil {
				return err
			}
			defer db.Close()
			options.PlanOptions = flags.options
			progress := newProgress(cmd, flags.json)
			options.Report = progress.report
			result, err := ddl.Run(cmd.Context(), db, file, options)
			progress.end()
			if err != nil {
				return withCode(err)
			}
			if !flags.json {
				fmt.Fprintln(cmd.OutOrStdout(), resultText(result))
			}
			return nil
		},
	}
	flags.register(cmd, "DB_")
	f := cmd.Flags()
	f.StringVar(&rehearsal, "rehearsal", "", "rehearsal.json of this migration")
	f.BoolVar(&options.WithoutRehearsal, "without-rehearsal", false, "do without, for small tables")
	f.StringVar(&options.Name, "name", "", "name of the migration in the journal (default: that of the file)")
	f.DurationVar(&options.Stall, "stall", 500*time.Millisecond, "how long others may wait behind a statement that has not worked yet")
	f.DurationVar(&options.EndStall, "end-stall", 5*time.Second, "how long others may wait behind a statement that has worked")
	f.DurationVar(&options.Wait, "wait", 10*time.Minute, "how long a statement is tried at all")
	f.BoolVar(&options.KillIdle, "kill-idle-trx", false, "at the end, end idle transactions that hold the table's lock and have written little")
	f.DurationVar(&options.Sample, "sample", 2*time.Second, "how long tables are watched beforehand that are said to be quiet")
	f.Var((*bytesFlag)(&options.FreeSpace), "free-space", "free storage of the server, like 200GiB")
	return cmd
}

// resultText is the last line of a run.
func resultText(r *ddl.Result) string {
	if len(r.Steps) == 0 {
		return fmt.Sprintf("nothing left to do: %s done before", count(r.Skipped, "statement"))
	}
	text := fmt.Sprintf("done: %s in %s; the longest a reader waited: %s", count(len(r.Steps), "statement"), seconds(r.Seconds), seconds(r.WorstRead))
	if r.Skipped > 0 {
		text += fmt.Sprintf("; %d were done before", r.Skipped)
	}
	return text
}
