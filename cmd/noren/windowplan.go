package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/window"
)

// windowPlan is the result for programs.
type windowPlan struct {
	Window window.Window `json:"window"`
	ID     string        `json:"id"`

	// Deployed says that exactly this window is deployed. Digest identifies what
	// is deployed.
	Deployed bool   `json:"deployed"`
	Digest   string `json:"digest,omitempty"`

	// Recorded says that the plan has just been recorded.
	Recorded bool             `json:"recorded"`
	Timeline []window.Planned `json:"timeline"`
}

func newWindowPlan() *cobra.Command {
	var f windowFlags
	var asJSON, record bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show the planned maintenance as a timeline, and whether it is deployed",
		Long: `Show the maintenance that the environment file plans as a timeline, and compare it
with what is deployed. With --stack it shows what is deployed.

--record records what is deployed. If anything is deployed after that, or the mode
changes, the maintenance does not begin until the plan is recorded again. Without a
record it begins, whatever was deployed.

Exit codes: 0 it is deployed as planned; 3 it is not, but can be in time; 1 it is
not, and its start has passed, or anything else.`,
		Example: `  noren window plan --env prod
  noren window plan --env prod --record`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := f.plan(cmd, record)
			if result == nil {
				return err
			}
			if asJSON {
				return errors.Join(writeJSON(cmd.OutOrStdout(), result), err)
			}
			for _, line := range result.Window.Text() {
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			if result.Recorded {
				fmt.Fprintf(cmd.ErrOrStderr(), "recorded: what is deployed is %.12s\n", result.Digest)
			}
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	cmd.Flags().BoolVar(&record, "record", false, "write down what is deployed: after another deploy the maintenance does not begin")
	return cmd
}

// plan compares the plan with what is deployed. It returns nil if nothing is
// planned.
func (f *windowFlags) plan(cmd *cobra.Command, record bool) (*windowPlan, error) {
	ctx := cmd.Context()
	var planned *window.Window
	if f.stack == "" {
		env, warnings, err := environment.Load("environments", f.env)
		if err != nil {
			return nil, err
		}
		for _, w := range warnings {
			fmt.Fprintln(cmd.ErrOrStderr(), "note:", w)
		}
		if env.Night == nil {
			return nil, fmt.Errorf("environments/%s.yaml plans no maintenance: want maintenance.window", f.env)
		}
		planned = env.Night
	}
	query, err := f.query(cmd)
	if err != nil {
		return nil, err
	}
	n, err := f.find(ctx, query)
	if err != nil && (planned == nil || !errors.Is(err, errNoWindow)) {
		return nil, err
	}
	if planned == nil {
		planned = &n.Window
	}
	// Only the stack knows which functions tell clients and mute monitors.
	shown := *planned
	shown.Announces, shown.Mutes = n.Announces, n.Mutes
	result := &windowPlan{Window: shown, ID: shown.ID(), Timeline: shown.Plan(), Deployed: err == nil && same(shown, n.Window)}
	if err == nil {
		result.Digest = window.Digest(n.template)
	}
	switch past := !planned.Start.After(time.Now()); {
	case !result.Deployed && past:
		return result, errors.New("its start has passed, and it is not deployed, so it will not begin: plan another start")
	case !result.Deployed:
		return result, &exitError{notTurned, errors.New("it is not deployed as it is planned: deploy the environment")}
	case record:
		_, err := ssm.NewFromConfig(query.AWS).PutParameter(ctx, &ssm.PutParameterInput{Name: &n.planned, Value: &result.Digest, Overwrite: aws.Bool(true)})
		if err != nil {
			return result, fmt.Errorf("recording the plan: %w", err)
		}
		result.Recorded = true
	}
	return result, nil
}

// same reports whether two windows are the same, in whatever time zone they are
// written.
func same(a, b window.Window) bool {
	if !a.Start.Equal(b.Start) || !a.End.Equal(b.End) {
		return false
	}
	b.Start, b.End = a.Start, a.End
	return (window.Deployed{Window: a}).Metadata() == (window.Deployed{Window: b}).Metadata()
}
