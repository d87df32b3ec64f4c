package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLCopyPlan() *cobra.Command {
	var flags ddlLogin
	var options ddl.PlanOptions
	var planDSN string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan FILE.sql",
		Short: "Say whether replication survives a migration of the copy alone",
		Long: `Say whether a migration may be made on a copy that replicates. Rows arrive there by
the position of a column, not by its name, so that some changes stop replication,
and some give the copy other data without any error. Both are refused, with the
column and the reason. Columns at the end, indexes, a dropped last column, a renamed
column and, with replica_type_conversions ALL_NON_LOSSY, wider types survive.

What is said was measured on MySQL 9.7 and MariaDB 10.11; Aurora MySQL 3 is MySQL
8.0, on which noren ddl copy compare has the last word.

It plans as noren ddl plan does: the user may write to noren_scratch alone. Of the
rows it reads only whether there are some that the verdict depends on: a NULL where
the copy takes none, a number that does not fit.

Exit code: 0 if it is allowed, 1 if not, or if anything failed.`,
		Example: `  noren ddl copy plan 0007_wider_ids.sql`,
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, folder, err := readMigrations(cmd.InOrStdin(), args[0], flags.direction)
			if err != nil {
				return err
			}
			if folder {
				return fmt.Errorf("%q is a folder: a copy is made for one file", args[0])
			}
			login, ok := planLogin(planDSN)
			switch {
			case planDSN != "":
				flags.dsn = ""
			case !ok:
				login = ddl.LoginFromEnvironment(os.Getenv)
			}
			db, err := flags.open(cmd.Context(), login)
			if err != nil {
				return err
			}
			defer db.Close()
			plan, err := copy.MakePlan(cmd.Context(), db, files[0].Migration, options)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), struct {
					Allowed bool `json:"allowed"`
					*copy.Plan
				}{plan.Allowed(), plan})
			} else {
				writeCopyPlan(term.New(cmd.OutOrStdout()), plan)
			}
			if err == nil && !plan.Allowed() {
				return &exitError{code: 1}
			}
			return err
		},
	}
	flags.register(cmd, "PLAN_DB_, or else DB_")
	cmd.Flags().StringVar(&planDSN, "plan-dsn", "", "database with the login of the user who plans (default: --dsn)")
	cmd.Flags().BoolVar(&options.ScratchServer, "scratch-server", false, "nothing of value lives on this server: plan with any rights")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// writeCopyPlan writes a plan for a copy for people.
func writeCopyPlan(out term.Terminal, p *copy.Plan) {
	fmt.Fprintln(out, out.In(term.Bold, fmt.Sprintf("%s on a copy of schema %s, %v", p.Name, p.Schema, p.Server)))
	rows := term.Table{Heading: []string{"table", "column", "replication", ""}}
	for _, f := range p.Findings {
		how, verdict := term.Green, "ok"
		if f.Refused() {
			how, verdict = term.Red, "NOT ALLOWED"
		}
		rows.Rows = append(rows.Rows, term.Row{Indent: 1, Below: f.Reason, Cells: []term.Cell{
			term.Plain.Cell(f.Table), term.Plain.Cell(f.Column), term.Plain.Cell(string(f.Verdict)), how.Cell(verdict),
		}})
	}
	if len(rows.Rows) > 0 {
		rows.Write(out)
	}
	for _, problem := range p.Problems {
		fmt.Fprintln(out, strings.Join(term.Wrap("Not allowed: "+problem+".", out.Width), "\n"))
	}
	for _, note := range p.Notes {
		fmt.Fprintln(out, strings.Join(term.Wrap("Note: "+note+".", out.Width), "\n"))
	}
	if p.Allowed() {
		fmt.Fprintln(out, out.In(term.Green, "Allowed on a copy."))
	} else {
		fmt.Fprintln(out, out.In(term.Red, "NOT ALLOWED on a copy."))
	}
}
