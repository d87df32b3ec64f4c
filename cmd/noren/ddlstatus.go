package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLStatus() *cobra.Command {
	var login ddlLogin
	var journal string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [FILE.sql|FOLDER]",
		Short: "Show what is done and what is left, according to the journal",
		Long: `Show what the journal says: which statements are done, stopped, running or
unknown. With a file or a folder, show for each migration whether it is done, left
or unfinished.

Exit code: 0 if nothing is unfinished or unknown; 1 otherwise.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var files []migrationFile
			if len(args) > 0 {
				var err error
				if files, _, err = readMigrations(cmd.InOrStdin(), args[0], login.direction); err != nil {
					return err
				}
			}
			from, ok := ddl.PlanLogin(os.Getenv)
			if !ok {
				from = ddl.LoginFromEnvironment(os.Getenv)
			}
			db, err := login.open(cmd.Context(), from)
			if err != nil {
				return err
			}
			defer db.Close()
			entries, err := ddl.Journal(cmd.Context(), db, journal)
			if err != nil {
				return err
			}
			return writeJournal(cmd, files, entries, asJSON)
		},
	}
	login.register(cmd, "PLAN_DB_, or else DB_")
	cmd.Flags().StringVar(&journal, "journal", "", "table of the journal: table or schema.table (default: noren_journal in the schema)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// A migrationStatus is the progress of a migration.
type migrationStatus struct {
	Migration string       `json:"migration"`
	Progress  ddl.Progress `json:"progress"`
}

// writeJournal writes the progress of migrations, and what the journal says about
// their statements.
func writeJournal(cmd *cobra.Command, files []migrationFile, entries []ddl.Entry, asJSON bool) error {
	var all []migrationStatus
	for _, f := range files {
		all = append(all, migrationStatus{f.Key(), ddl.ProgressOf(f.Migration, entries)})
	}
	if len(files) > 0 {
		entries = slices.DeleteFunc(entries, func(e ddl.Entry) bool {
			return !slices.ContainsFunc(all, func(s migrationStatus) bool { return s.Migration == e.Migration })
		})
	}
	open := slices.ContainsFunc(all, func(s migrationStatus) bool { return s.Progress != ddl.Done && s.Progress != ddl.Left }) ||
		slices.ContainsFunc(entries, func(e ddl.Entry) bool { return e.State != ddl.StateDone })
	if asJSON {
		if err := writeJSON(cmd.OutOrStdout(), struct {
			Migrations []migrationStatus `json:"migrations,omitempty"`
			Entries    []ddl.Entry       `json:"entries"`
		}{all, entries}); err != nil {
			return err
		}
	} else {
		writeJournalTables(term.New(cmd.OutOrStdout()), all, entries)
	}
	if open {
		return &exitError{code: 1}
	}
	return nil
}

func writeJournalTables(out term.Terminal, all []migrationStatus, entries []ddl.Entry) {
	if len(all) > 0 {
		migrations := term.Table{Heading: []string{"migration", "progress"}}
		for _, s := range all {
			migrations.Add(term.Plain.Cell(s.Migration), progressStyle(string(s.Progress)).Cell(string(s.Progress)))
		}
		migrations.Write(out)
		fmt.Fprintln(out)
	}
	statements := term.Table{Heading: []string{"migration", "", "statement", "state", "began (UTC)"}}
	for _, e := range entries {
		if e.Whole() {
			continue
		}
		statements.Add(term.Plain.Cell(e.Migration), term.Plain.Cell(fmt.Sprint(e.Number)), term.Plain.Cell(shorten(e.SQL, 60)),
			progressStyle(string(e.State)).Cell(strings.TrimSuffix(string(e.State)+": "+e.Message, ": ")), term.Dim.Cell(e.Began.Format("2006-01-02 15:04:05")))
	}
	if len(statements.Rows) == 0 {
		fmt.Fprintln(out, "the journal has no statement")
		return
	}
	statements.Write(out)
}

func progressStyle(state string) term.Style {
	switch state {
	case string(ddl.Done):
		return term.Green
	case string(ddl.Left):
		return term.Plain
	case string(ddl.Unknown), string(ddl.Changed):
		return term.Red
	}
	return term.Yellow
}
