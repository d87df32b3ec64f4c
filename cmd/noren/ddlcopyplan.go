package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/bluegreen"
	"github.com/noren-cdk/noren/internal/ddl/copy"
	"github.com/noren-cdk/noren/internal/term"
)

func newDDLCopyPlan() *cobra.Command {
	var flags ddlLogin
	var options ddl.PlanOptions
	var planDSN, cluster string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan FILE.sql",
		Short: "Say whether replication survives a migration of the copy alone",
		Long: `Say whether a migration may be made on a copy that replicates. Rows arrive there by
the position of a column, not by its name, so that some changes stop replication,
and some give the copy other data without any error. Both are refused, with the
column and the reason. Columns at the end, indexes, a dropped last column, a renamed
column and, with replica_type_conversions ALL_NON_LOSSY, wider types survive.

The verdicts were measured on MySQL 9.7 and MariaDB 10.11; Aurora MySQL 3 is MySQL
8.0, on which noren ddl copy compare has the last word.

It plans as noren ddl plan does: the user may write to noren_scratch alone. It reads
rows only to see whether there are any that the verdict depends on: a NULL where the
copy takes none, a number that does not fit.

RDS is asked for its own conditions, if DB_HOST or --cluster names a cluster; with
COPY_ROLE_ARN, in that role. What cannot be asked is listed as not known. It also
reads the rights of the user of the DB_ variables, who will start the copy.

Exit codes: 0 nothing that is known forbids it; 1 it is not allowed, or something
failed.`,
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
			db, apart, err := flags.openToPlan(cmd.Context(), planDSN)
			if err != nil {
				return err
			}
			defer db.Close()
			plan, err := copy.MakePlan(cmd.Context(), db, files[0].Migration, options)
			if err != nil {
				return err
			}
			switch {
			case apart:
				err = rightsOf(cmd.Context(), flags, plan)
			case options.ScratchServer:
				err = plan.Rights(cmd.Context(), db)
			default:
				plan.Note("what the user who will start the copy has no right to is not known: give a login of its own to the user who plans, --plan-dsn or the PLAN_DB_ variables")
			}
			if err != nil {
				return err
			}
			named := cluster != "" || flags.dsn == "" && planDSN == "" && os.Getenv("DB_DSN") == ""
			p := askedPlan{Plan: plan, Conditions: conditionsOfRDS(cmd.Context(), cluster, named, plan)}
			if p.Allowed = p.allowed(); asJSON {
				err = writeJSON(cmd.OutOrStdout(), p)
			} else {
				p.write(term.New(cmd.OutOrStdout()))
			}
			if err == nil && !p.Allowed {
				return &exitError{code: 1}
			}
			return err
		},
	}
	flags.register(cmd, "PLAN_DB_, or else DB_")
	cmd.Flags().StringVar(&planDSN, "plan-dsn", "", "database with the login of the user who plans (default: --dsn)")
	cmd.Flags().StringVar(&cluster, "cluster", "", "name of the cluster with RDS (default: that of DB_HOST)")
	cmd.Flags().BoolVar(&options.ScratchServer, "scratch-server", false, "nothing of value is on this server: plan with any privileges")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// rightsOf checks the rights of the user who will start the copy.
func rightsOf(ctx context.Context, login ddlLogin, plan *copy.Plan) error {
	starter, err := login.open(ctx, ddl.LoginFromEnvironment(os.Getenv))
	if err != nil {
		plan.Note("what the user who will start the copy has no right to is not known: %v", err)
		return nil
	}
	defer starter.Close()
	return plan.Rights(ctx, starter)
}

// An askedPlan is a plan for a copy with RDS's conditions.
type askedPlan struct {
	Allowed bool `json:"allowed"`
	*copy.Plan
	Conditions []bluegreen.Condition `json:"conditions"`
}

// conditionsOfRDS returns RDS's conditions for the deployment of a plan, or why
// they are not known. named says whether the cluster is given, by name or by
// DB_HOST.
func conditionsOfRDS(ctx context.Context, cluster string, named bool, plan *copy.Plan) []bluegreen.Condition {
	err := errors.New("the database is named by a DSN")
	if named {
		var rds blueGreen
		if rds, err = onRDS(ctx, cluster); err == nil {
			return rds.conditions(ctx, plan.Deployment, plan.Conversions)
		}
	}
	return []bluegreen.Condition{{Name: "RDS", State: bluegreen.Unknown, Found: "not asked: " + err.Error(), Do: "give --cluster, unless the copy is made by hand"}}
}

func (p askedPlan) allowed() bool {
	return p.Plan.Allowed() && !slices.ContainsFunc(p.Conditions, func(c bluegreen.Condition) bool { return c.State == bluegreen.Unmet })
}

// write writes the plan for people.
func (p askedPlan) write(out term.Terminal) {
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
	p.writeConditions(out)
	for _, problem := range p.Problems {
		fmt.Fprintln(out, strings.Join(term.Wrap("Not allowed: "+problem+".", out.Width), "\n"))
	}
	for _, note := range p.Notes {
		fmt.Fprintln(out, strings.Join(term.Wrap("Note: "+note+".", out.Width), "\n"))
	}
	unknown := slices.ContainsFunc(p.Conditions, func(c bluegreen.Condition) bool { return c.State == bluegreen.Unknown })
	switch {
	case !p.Allowed:
		fmt.Fprintln(out, out.In(term.Red, "NOT ALLOWED on a copy."))
	case unknown:
		fmt.Fprintln(out, out.In(term.Yellow, "Allowed on a copy, as far as is known."))
	default:
		fmt.Fprintln(out, out.In(term.Green, "Allowed on a copy."))
	}
}

// writeConditions writes each of RDS's conditions, including those that are met.
func (p askedPlan) writeConditions(out term.Terminal) {
	rows := term.Table{Heading: []string{"RDS", "", "found"}}
	for _, c := range p.Conditions {
		how, verdict := term.Green, "ok"
		switch c.State {
		case bluegreen.Unmet:
			how, verdict = term.Red, "NOT ALLOWED"
		case bluegreen.Unknown:
			how, verdict = term.Yellow, "not known"
		}
		below := ""
		if c.Do != "" {
			below = "do: " + c.Do
		}
		rows.Rows = append(rows.Rows, term.Row{Indent: 1, Below: below, Cells: []term.Cell{term.Plain.Cell(c.Name), how.Cell(verdict), term.Plain.Cell(c.Found)}})
	}
	rows.Write(out)
}
