package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLRun() *cobra.Command {
	var flags ddlFlags
	var options ddl.RunOptions
	var rehearsal, name, planDSN string
	var readers, replicas []string
	var while ddlWhile
	var check bool
	cmd := &cobra.Command{
		Use:   "run FILE.sql|FOLDER",
		Short: "Execute a migration while the app keeps reading",
		Long: `Execute a migration while the app keeps reading, as it was planned and rehearsed.

Until a statement starts to work, others wait behind it for at most --stall; then it
is withdrawn and tried again. When its work is done it waits for --end-stall; then it
is withdrawn for good, and the table is unchanged.

The table noren_journal (--journal) records what is done. The next run continues at
the right statement; noren ddl status shows it. SIGTERM and Ctrl-C withdraw the
statement and leave a clean journal. If noren itself is killed, the server withdraws
a statement that makes others wait; a statement that is already working continues,
and the next run watches it to its end.

--record writes the version table of a migration tool together with the last
entry of the journal, so that the tool does not apply the file again.

--check changes nothing, not even the journal: it says whether a run would be refused,
because the tables have grown since the rehearsal, for example. Several files, in
their order, are planned one after the other. It can be asked while the product is
open, and does not look at what holds only when it is closed: that no one writes.

--while closed --stack NAME begins only if the product is closed, as a planned
maintenance left it: whoever continues one may not know that it was opened.

Exit codes: 0 everything is done; 3 run it again unchanged (locks, deadlocks, online
log, SIGTERM, a lost server); 1 it refused or failed, or it is unknown whether a
statement was executed: noren ddl resolve.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if check && len(args) > 0 {
				return nil
			}
			return oneFile(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			files, folder, err := flags.files(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			for _, arg := range args[1:] {
				more, _, err := flags.files(cmd.InOrStdin(), arg)
				if err != nil {
					return err
				}
				files, folder = append(files, more...), true
			}
			switch {
			case name != "" && folder:
				return errors.New("--name is for one file")
			case name != "":
				files[0].Name = name
			case args[0] == "-":
				return errors.New("a migration from stdin has no name for the journal: give --name")
			}
			if rehearsal != "" && folder {
				return errors.New("--rehearsal is for one file: of several each has NAME.rehearsal.json beside it")
			}
			var rehearsals []*ddl.Rehearsal
			for _, file := range files {
				r, err := rehearsalOf(file, rehearsal, options.WithoutRehearsal)
				if err != nil {
					return err
				}
				rehearsals = append(rehearsals, r)
			}
			if err := while.check(cmd.Context(), cmd.ErrOrStderr()); err != nil {
				return err
			}
			db, err := flags.open(cmd.Context(), ddl.LoginFromEnvironment(os.Getenv))
			if err != nil {
				return withCode(err)
			}
			defer db.Close()
			if login, ok := planLogin(planDSN); ok && (flags.dsn == "" || planDSN != "") {
				if options.Planner, err = login.Open(cmd.Context()); err != nil {
					return fmt.Errorf("logging in as the user who plans: %w", err)
				}
				defer options.Planner.Close()
			}
			logins := dsnLogins(readers)
			if login, ok := ddl.ReaderLogin(os.Getenv); ok && flags.dsn == "" && len(readers) == 0 {
				logins = append(logins, login)
			}
			opened, closeReaders, err := openAll(cmd.Context(), logins)
			defer closeReaders()
			if err != nil {
				return withCode(fmt.Errorf("logging in to a reader: %w", err))
			}
			options.Readers = opened
			opened, closeReplicas, err := openAll(cmd.Context(), dsnLogins(replicas))
			defer closeReplicas()
			if err != nil {
				return withCode(fmt.Errorf("logging in to a replica: %w", err))
			}
			options.Replicas, options.PlanOptions = opened, flags.options
			if check {
				return checkMigrations(cmd, db, files, rehearsals, options, flags.json)
			}
			entries, err := ddl.Journal(cmd.Context(), db, options.Journal)
			if err != nil {
				return err
			}
			done := 0
			for i, file := range files {
				if folder && ddl.ProgressOf(file.Migration, entries) == ddl.Done {
					done++
					continue
				}
				options.Rehearsal = rehearsals[i]
				if err := runMigration(cmd, db, file, options, folder, flags.json); err != nil {
					return err
				}
			}
			if done == len(files) {
				fmt.Fprintln(cmd.ErrOrStderr(), "nothing left to do")
			}
			return nil
		},
	}
	flags.register(cmd, "DB_")
	while.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&check, "check", false, "say whether a run would be refused, and change nothing; takes several files")
	f.StringVar(&rehearsal, "rehearsal", "", "rehearsal of this migration (default: FILE.rehearsal.json)")
	f.BoolVar(&options.WithoutRehearsal, "without-rehearsal", false, "run without a rehearsal, for small tables")
	f.StringVar(&name, "name", "", "name of the migration in the journal (default: that of the file)")
	f.StringVar(&options.Journal, "journal", "", "table of the journal: table or schema.table (default: noren_journal in the schema)")
	f.StringVar(&options.Record, "record", "", "record the migration with its tool: "+strings.Join(ddl.Recorders, ", ")+", or SQL")
	f.BoolVar(&options.EndOrphan, "end-orphan", false, "end the statement of a run that was killed, instead of watching it to its end")
	f.StringVar(&planDSN, "plan-dsn", "", "database with the login of the user who plans (default: the PLAN_DB_ variables, or else the user who runs)")
	f.DurationVar(&options.Stall, "stall", 500*time.Millisecond, "how long others may wait behind a statement that has not worked yet")
	f.DurationVar(&options.EndStall, "end-stall", 5*time.Second, "how long others may wait behind a statement that has worked")
	f.DurationVar(&options.Wait, "wait", 10*time.Minute, "how long a statement is tried in total")
	f.StringArrayVar(&readers, "reader", nil, "a reader from which the app reads, as a DSN: its waits and errors are counted, and every table is read there between two statements (default: DB_READER_HOST)")
	f.StringArrayVar(&replicas, "replica", nil, "a replica that --max-lag is about, as a DSN")
	f.DurationVar(&options.MaxLag, "max-lag", 0, "wait before a statement, and between portions of rows, while a --replica is further behind")
	f.BoolVar(&options.KillIdle, "kill-idle-trx", false, "end idle transactions that hold the table's lock and have written little")
	f.DurationVar(&options.Sample, "sample", 2*time.Second, "how long tables that are said to be quiet are watched beforehand")
	f.Var((*bytesFlag)(&options.FreeSpace), "free-space", "free storage of the server, like 200GiB")
	return cmd
}

// rehearsalOf reads the rehearsal of a migration. It returns nil if none is
// needed.
func rehearsalOf(file migrationFile, name string, without bool) (*ddl.Rehearsal, error) {
	if name != "" {
		return ddl.ReadRehearsal(name)
	}
	if without {
		return nil, nil
	}
	r, err := ddl.ReadRehearsal(file.beside(".rehearsal.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the run refuses this, unless there is nothing left to do
	}
	return r, err
}

// runMigration runs one migration.
func runMigration(cmd *cobra.Command, db *ddl.Database, file migrationFile, options ddl.RunOptions, folder, asJSON bool) error {
	progress := newProgress(cmd, asJSON)
	options.Report = progress.report
	result, err := ddl.Run(cmd.Context(), db, file.Migration, options)
	progress.end()
	if err != nil && folder {
		err = fmt.Errorf("%s: %w", file.Name, err)
	}
	if err != nil {
		return withCode(err)
	}
	if !asJSON {
		text := resultText(result)
		if folder {
			text = file.Name + ": " + text
		}
		fmt.Fprintln(cmd.OutOrStdout(), text)
	}
	return nil
}

// resultText returns the last line of a run.
func resultText(r *ddl.Result) string {
	if len(r.Steps) == 0 {
		return fmt.Sprintf("nothing left to do: %s done before", term.Plural(r.Skipped, "statement"))
	}
	text := fmt.Sprintf("done: %s in %s; the longest a reader waited: %s, a writer: %s", term.Plural(len(r.Steps), "statement"), seconds(r.Seconds), seconds(r.WorstRead), seconds(r.WorstWrite))
	if r.ReaderErrors > 0 {
		text += fmt.Sprintf("; %s failed at the readers", term.Plural(r.ReaderErrors, "read"))
	}
	if r.Skipped > 0 {
		text += fmt.Sprintf("; %d were done before", r.Skipped)
	}
	return text
}
