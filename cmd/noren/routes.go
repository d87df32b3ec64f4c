package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/alb"
)

func newRoutes() *cobra.Command {
	var env string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "routes [TEMPLATE...]",
		Short: "Show the listener rules, what they do in every mode, and how much of the quotas they use",
		Long: `Show every listener as a table by priority: the conditions of its rules and
where they send requests, with the modes side by side.

A TEMPLATE is a CloudFormation template in JSON, or the folder of an assembly.
Several stand side by side. Without any, the assemblies that make synth wrote
for the environment are shown.

Exit codes: 0 shown, 1 a template is missing or cannot be read.`,
		Example: `  noren routes --env prod
  noren routes cdk.out/dev/open/shop.template.json
  noren routes --json | jq '.[].rules[] | select(.values == 5)'`,
		ValidArgsFunction: completeTemplates,
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := loadSources(args, env)
			if err != nil {
				return err
			}
			routes := newRouteTables(sources)
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), routes)
			}
			out := newTerminal(cmd.OutOrStdout())
			for i, l := range routes {
				if i > 0 {
					fmt.Fprintln(out)
				}
				l.write(out)
			}
			legend := fmt.Sprintf("values: condition values of %d, and after * wildcards of %d, that a rule may have", alb.MaxConditionValues, alb.MaxWildcards)
			fmt.Fprintln(out, "\n"+out.in(dim, legend))
			return nil
		},
	}
	addEnvFlag(cmd, &env)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// addEnvFlag adds --env, which says what a verb reads without a template.
func addEnvFlag(cmd *cobra.Command, env *string) {
	cmd.Flags().StringVar(env, "env", "dev", "environment whose assemblies are read, from cdk.out/ENV")
	_ = cmd.RegisterFlagCompletionFunc("env", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"dev", "staging", "prod"}, cobra.ShellCompDirectiveNoFileComp
	})
}

func completeTemplates(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// routeTable is a listener in one or more templates.
type routeTable struct {
	Listener string       `json:"listener"` // its logical id, or what a template says of one outside it
	Name     string       `json:"name"`
	Port     int          `json:"port,omitempty"`
	Protocol string       `json:"protocol,omitempty"`
	Modes    []string     `json:"modes"`
	Rules    []routeRow   `json:"rules"` // by priority, the default rule last
	Quotas   []routeQuota `json:"quotas"`
}

// routeRow is a rule. What it does stands by mode; in a mode that does not have
// the rule, there is nothing.
type routeRow struct {
	Priority   any                  `json:"priority"` // a number or "default"
	Rule       string               `json:"rule"`     // its logical id
	Name       string               `json:"name"`
	Conditions []string             `json:"conditions"`
	Values     int                  `json:"values"`
	Wildcards  int                  `json:"wildcards"`
	Actions    map[string]routeGoal `json:"actions"`
}

// routeGoal is what a rule does in a mode.
type routeGoal struct {
	Action string `json:"action"` // the action's type
	Target string `json:"target"` // the logical ids of target groups
	Text   string `json:"text"`   // for people
}

// routeQuota is how much of a quota a listener's load balancer uses in a mode.
type routeQuota struct {
	Mode  string `json:"mode"`
	Rules int    `json:"rules"` // of all its listeners
	Most  int    `json:"most"`
}

func newRouteTables(sources []source) []*routeTable {
	var tables []*routeTable
	for _, s := range sources {
		for _, l := range s.Listeners {
			i := slices.IndexFunc(tables, func(t *routeTable) bool { return t.Listener == l.Ref.String() })
			if i < 0 {
				i = len(tables)
				tables = append(tables, &routeTable{Listener: l.Ref.String(), Name: l.Name(), Port: l.Port, Protocol: l.Protocol})
			}
			tables[i].addMode(s, l)
		}
	}
	return tables
}

// addMode adds what the listener does in a template.
func (t *routeTable) addMode(s source, l *alb.Listener) {
	t.Modes = append(t.Modes, s.mode)
	quota := routeQuota{Mode: s.mode, Most: alb.MaxRules}
	for _, other := range s.Listeners {
		if other == l || other.LoadBalancer == l.LoadBalancer && l.LoadBalancer != (alb.Ref{}) {
			quota.Rules += len(other.Rules)
		}
	}
	t.Quotas = append(t.Quotas, quota)
	for i := range l.Rules {
		t.addRule(s, &l.Rules[i])
	}
	t.addRule(s, &l.Default)
	slices.SortStableFunc(t.Rules, func(a, b routeRow) int { return a.place() - b.place() })
}

// addRule adds a rule to the row that it shares with the same rule of another
// template, or to a new one.
func (t *routeTable) addRule(s source, r *alb.Rule) {
	row := routeRow{Priority: any(r.Priority), Rule: r.LogicalID, Name: r.ShortName(), Conditions: []string{}, Actions: map[string]routeGoal{}}
	if r.Default() {
		row.Priority = "default"
	}
	for _, c := range r.Conditions {
		values, wildcards := alb.Count(c)
		row.Values += values
		row.Wildcards += wildcards
		row.Conditions = append(row.Conditions, alb.Describe(c))
	}
	if r.If != "" {
		row.Conditions = append(row.Conditions, "if "+r.If)
	}
	i := slices.IndexFunc(t.Rules, func(other routeRow) bool {
		return other.Priority == row.Priority && other.Rule == row.Rule && slices.Equal(other.Conditions, row.Conditions) &&
			other.Actions[s.mode] == (routeGoal{})
	})
	if i < 0 {
		i = len(t.Rules)
		t.Rules = append(t.Rules, row)
	}
	t.Rules[i].Actions[s.mode] = newRouteGoal(s.Template, r)
}

func newRouteGoal(t *alb.Template, r *alb.Rule) routeGoal {
	goal := routeGoal{Text: t.ActionName(r)}
	if action := r.Final(); action != nil {
		goal.Action = action.Type()
	}
	goal.Target = targetsOf(r.Final())
	return goal
}

// targetsOf are the logical ids of the target groups that an action forwards to.
func targetsOf(action alb.Action) string {
	forward, ok := action.(alb.Forward)
	if !ok {
		return ""
	}
	var ids []string
	for _, g := range forward.Groups {
		ids = append(ids, g.Group.String())
	}
	return strings.Join(ids, ", ")
}

func (r routeRow) place() int {
	if priority, ok := r.Priority.(int); ok {
		return priority
	}
	return alb.MaxPriority + 1
}

// roomy is the width from which on conditions have a column of their own.
const roomy = 110

// write writes the table for people. What differs from the first mode stands out.
func (t *routeTable) write(out terminal) {
	fmt.Fprintln(out, out.in(bold, t.Name))
	wide := out.width == 0 || out.width >= roomy
	rows := table{heading: append([]string{"rule", "name", "values"}, t.Modes...)}
	if wide {
		rows.heading = slices.Insert(rows.heading, 2, "conditions")
	}
	for _, r := range t.Rules {
		cells := []cell{{fmt.Sprint(r.Priority), plain}, {r.Name, plain}, {r.use(), dim}}
		conditions := strings.Join(r.Conditions, "\n")
		if r.Priority == "default" {
			cells[1].text, conditions = "", "everything else"
		}
		if wide {
			cells = slices.Insert(cells, 2, cell{conditions, plain})
			conditions = ""
		}
		for _, mode := range t.Modes {
			cells = append(cells, r.goal(mode, t.Modes[0]))
		}
		rows.rows = append(rows.rows, row{cells: cells, below: conditions, indent: 1})
	}
	rows.write(out)
	for _, line := range wrap(t.quotas(), out.width) {
		fmt.Fprintln(out, out.in(dim, line))
	}
}

// goal is what the rule does in a mode; what differs from the first mode
// stands out.
func (r routeRow) goal(mode, first string) cell {
	goal, ok := r.Actions[mode]
	switch {
	case !ok:
		return cell{"-", dim}
	case goal != r.Actions[first]:
		return cell{goal.Text, yellow}
	}
	return cell{goal.Text, green}
}

// use is how many of the condition values and wildcards a rule uses.
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

// quotas is how many rules there are of those that a load balancer may have.
func (t *routeTable) quotas() string {
	byCount := map[int][]string{}
	for _, q := range t.Quotas {
		byCount[q.Rules] = append(byCount[q.Rules], q.Mode)
	}
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(byCount)) {
		parts = append(parts, fmt.Sprintf("%d in %s", n, strings.Join(byCount[n], " and ")))
	}
	return fmt.Sprintf("load balancer's rules, of %d: %s", alb.MaxRules, strings.Join(parts, ", "))
}
