package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/term"
)

func newRoutes() *cobra.Command {
	var from templateFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "routes [TEMPLATE...]",
		Short: "Show the listener rules, what they do in every mode, and how much of the quotas they use",
		Long: `Show every listener as a table by priority: the conditions of its rules and
where they send requests, with the modes side by side.

A TEMPLATE is a CloudFormation template in JSON or YAML, as written or as
"aws cloudformation get-template" prints it, or the folder of an assembly, whose
templates are read as one, nested stacks included. Several are shown side by
side. Without a TEMPLATE, the assemblies that make synth wrote for the environment
are shown. A rule that no request reaches is marked dead.

Exit codes: 0 shown; 1 a template is missing or cannot be read.`,
		Example: `  noren routes --env prod
  noren routes cdk.out/dev/open/shop.template.json
  noren routes --json | jq '.[].rules[] | select(.values == 5)'`,
		ValidArgsFunction: completeTemplates,
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := from.load(args)
			if err != nil {
				return err
			}
			warn(cmd.ErrOrStderr(), sources)
			routes := newRouteTables(sources)
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), routes)
			}
			out := term.New(cmd.OutOrStdout())
			for i, l := range routes {
				if i > 0 {
					fmt.Fprintln(out)
				}
				l.write(out)
			}
			legend := fmt.Sprintf("values: condition values of %d, and after * wildcards of %d, that a rule may have", alb.MaxConditionValues, alb.MaxWildcards)
			fmt.Fprintln(out, "\n"+out.In(term.Dim, legend))
			writeExtent(out, sources)
			return nil
		},
	}
	from.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// roomy is the width from which on conditions have their own column.
const roomy = 110

// write writes the table for people. Differences from the first mode are
// highlighted.
func (t *routeTable) write(out term.Terminal) {
	fmt.Fprintln(out, out.In(term.Bold, t.Name))
	wide := out.Width == 0 || out.Width >= roomy
	rows := term.Table{Heading: append([]string{"rule", "name", "values"}, t.Modes...)}
	if wide {
		rows.Heading = slices.Insert(rows.Heading, 2, "conditions")
	}
	for _, r := range t.Rules {
		cells := []term.Cell{term.Plain.Cell(fmt.Sprint(r.Priority)), term.Plain.Cell(r.Name), term.Dim.Cell(r.use())}
		conditions := strings.Join(slices.Concat(r.Conditions, r.Transforms), "\n")
		if r.Priority == "default" {
			cells[1].Text, conditions = "", "everything else"
		}
		if wide {
			cells = slices.Insert(cells, 2, term.Plain.Cell(conditions))
			conditions = ""
		}
		for _, mode := range t.Modes {
			cells = append(cells, r.goal(mode, t.Modes[0]))
		}
		rows.Rows = append(rows.Rows, term.Row{Cells: cells, Below: conditions, Indent: 1})
	}
	rows.Write(out)
	for _, line := range term.Wrap(t.quotas(), out.Width) {
		fmt.Fprintln(out, out.In(term.Dim, line))
	}
}

// goal returns what the rule does in a mode. A difference from the first mode is
// highlighted.
func (r routeRow) goal(mode, first string) term.Cell {
	goal, ok := r.Actions[mode]
	switch {
	case !ok:
		return term.Dim.Cell("-")
	case goal != r.Actions[first]:
		return term.Yellow.Cell(goal.Text)
	}
	return term.Green.Cell(goal.Text)
}

// use describes how many condition values and wildcards a rule uses.
func (r routeRow) use() string {
	if r.Priority == "default" {
		return ""
	}
	use := fmt.Sprintf("%d/%d", r.Values, alb.MaxConditionValues)
	if r.Wildcards > 0 {
		use += fmt.Sprintf(" *%d/%d", r.Wildcards, alb.MaxWildcards)
	}
	return use
}

// quotas describes how many of its rules a load balancer has used.
func (t *routeTable) quotas() string {
	byCount := map[int][]string{}
	for _, q := range t.Quotas {
		byCount[q.Rules] = append(byCount[q.Rules], q.Mode)
	}
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(byCount)) {
		parts = append(parts, fmt.Sprintf("%d of %d in %s", n, alb.MaxRules, strings.Join(byCount[n], ", ")))
	}
	return "load balancer's rules: " + strings.Join(parts, "; ")
}
