package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/internal/window/execution"
)

func newWindow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "window",
		Short: "Plan, watch and steer a planned maintenance",
		Long: `Plan, watch and steer the maintenance that maintenance.window of the environment
file plans: it begins at its time, closes, runs the schema changes, verifies, and
opens, or asks before. docs/maintenance.md describes it from the file to the report.`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newWindowPlan(), newWindowStatus(), newWindowApprove(), newWindowRetry(), newWindowOpen(), newWindowCancel())
	return cmd
}

// windowFlags say which maintenance is meant.
type windowFlags struct {
	env, stack, region string
	name               string
}

func (f *windowFlags) add(cmd *cobra.Command) {
	addEnvFlag(cmd, &f.env)
	flags := cmd.Flags()
	flags.Lookup("env").Usage = "environment to look at: a file of environments/ without .yaml"
	flags.StringVar(&f.stack, "stack", "", "name of the stack, instead of the environment's")
	flags.StringVar(&f.region, "region", "", "region of the stack, instead of the environment's")
	flags.StringVar(&f.name, "switch", "", "name of the switch, if the stack plans several maintenances: the id of its construct")
}

// options returns the flags in the form in which they are typed again.
func (f *windowFlags) options() string {
	options := "--env " + f.env
	if f.stack != "" {
		options = "--stack " + f.stack
	}
	if f.region != "" {
		options += " --region " + f.region
	}
	if f.name != "" {
		options += " --switch " + f.name
	}
	return options
}

// query returns the product that is meant.
func (f *windowFlags) query(cmd *cobra.Command) (live.Query, error) {
	from := statusFlags{env: f.env, stack: f.stack, region: f.region, confirm: live.DefaultConfirm}
	query, err := from.query(cmd)
	if err != nil {
		return live.Query{}, err
	}
	return query, query.CheckCredentials(cmd.Context())
}

// night is a planned maintenance as deployed, and its execution.
type night struct {
	query   live.Query
	options string // for the commands that are printed
	window.Deployed

	// machine, planned, schedule, ahead and function are the names of the resources.
	machine, planned, schedule, ahead, function string

	// template is the deployed template.
	template []byte

	// run is the execution. Nil before it begins.
	run *execution.Execution
}

// errNoWindow says that a stack plans no maintenance.
var errNoWindow = errors.New("the stack plans no maintenance: deploy maintenance.window first")

// find finds the maintenance that is deployed.
func (f *windowFlags) find(ctx context.Context, query live.Query) (night, error) {
	n := night{query: query, options: f.options()}
	stacks := cloudformation.NewFromConfig(query.AWS)
	out, err := stacks.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &query.Stack, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return n, fmt.Errorf("reading the template of the stack %s: %w", query.Stack, err)
	}
	n.template = []byte(aws.ToString(out.TemplateBody))
	all, err := window.Find(n.template)
	if err != nil {
		return n, err
	}
	var found []window.Deployed
	var names []string
	for _, d := range all {
		names = append(names, d.Switch)
		if f.name == "" || d.Switch == f.name || strings.HasSuffix(d.Switch, "/"+f.name) {
			found = append(found, d)
		}
	}
	switch {
	case len(all) == 0:
		return n, errNoWindow
	case len(found) == 0:
		return n, fmt.Errorf("no maintenance of a switch %q is planned: want %s", f.name, strings.Join(names, " or "))
	case len(found) > 1:
		return n, fmt.Errorf("the stack plans several maintenances: name a switch, %s", strings.Join(names, " or "))
	}
	n.Deployed = found[0]
	for pages := cloudformation.NewListStackResourcesPaginator(stacks, &cloudformation.ListStackResourcesInput{StackName: &query.Stack}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return n, fmt.Errorf("reading the resources of the stack: %w", err)
		}
		for _, r := range page.StackResourceSummaries {
			name := aws.ToString(r.PhysicalResourceId)
			switch aws.ToString(r.LogicalResourceId) {
			case n.Machine:
				n.machine = name
			case n.Planned:
				n.planned = name
			case n.Schedule:
				n.schedule = name
			case n.Ahead:
				n.ahead = name
			case n.Function:
				n.function = name
			}
		}
	}
	if n.machine == "" || n.planned == "" || n.schedule == "" {
		return n, errors.New("the stack has not all resources of the maintenance: its deploy has not ended")
	}
	n.run, err = execution.Read(ctx, sfn.NewFromConfig(query.AWS), execution.Of(n.machine, n.ID()))
	return n, err
}

// timeline returns the progress of each step.
func (n night) timeline() []window.Progress {
	if n.run == nil {
		return window.Timeline(n.Steps(), nil)
	}
	return window.Timeline(n.Steps(), n.run.Events)
}

// continuesWith returns the step with which a retry continues: the one that was
// begun and not finished.
func (n night) continuesWith() string {
	at := window.Preflight
	for _, p := range n.timeline() {
		if !p.Started.IsZero() && p.Stage != window.Done {
			at = p.Name
		}
	}
	return at
}

// stillIn fails unless the template, the listener and, if an address is known, a
// request say that the product is in the mode of the night.
func (n night) stillIn(ctx context.Context) error {
	report, err := n.query.Find(ctx)
	if err != nil {
		return err
	}
	s, err := report.Of(n.Switch)
	if err != nil {
		return err
	}
	return s.Agrees(n.Mode)
}

// title names the maintenance.
func (n night) title() string {
	return fmt.Sprintf("%s: %s to %s (%s), %s", n.ID(), n.Start.Format("2006-01-02 15:04"), n.End.Format("15:04"), n.Start.Format("-07:00"), n.Mode)
}

// state says in a sentence how far the maintenance has come.
func (n night) state(now time.Time) string {
	switch {
	case n.run == nil && now.Before(n.Start.Add(window.Late)):
		return "it has not begun"
	case n.run == nil:
		return "it did not begin in time, and does not begin any more; why it was not started says the history of " + n.schedule + " in Systems Manager"
	case n.run.Running():
		return "it is under way since " + n.run.Started.In(n.Start.Location()).Format("15:04")
	case n.run.Status == "SUCCEEDED":
		return "it is over"
	}
	return "it has ended without success (" + n.run.Status + "): time opens nothing; noren window retry continues it, noren window open opens"
}
