package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// The exit codes of status other than 0 and 1.
const (
	disagreeing = 3
	nextDiffers = 4
)

func newStatus() *cobra.Command {
	var from statusFlags
	var asJSON, watch bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Check whether the product is really closed",
		Long: `Show side by side which mode the product is in: in the assembly in cdk.out, which
the next deploy would use; in the deployed template; at the live listeners; and
for real requests. Also show since when, and who changed it.

The environment file names the stack and its region; --stack and --region name
those of any other app that uses the construct. It uses the settings and
credentials of the AWS CLI and SDKs: environment, profiles, SSO, roles. It needs
cloudformation:DescribeStacks, GetTemplate and ListStackResources,
elasticloadbalancing:DescribeListeners, DescribeRules and DescribeLoadBalancers,
ssm:GetParameters and cloudtrail:LookupEvents. To compare the secret of the bypass
it needs secretsmanager:GetSecretValue; without it, it names the rules that it has
not compared. To tell whether the product is drained it needs
elasticloadbalancing:DescribeLoadBalancerAttributes and
DescribeTargetGroupAttributes, and cloudwatch:GetMetricData.

Closed refers to new requests. Requests that were under way, and WebSockets,
continue. The load balancer is drained when its idle timeout and the longest request
have passed. For the database, ask noren ddl quiet.

A stack with several switches shows all of them; the exit code is the worst.

Every listener of the load balancer is compared with the deployed template as a
whole. A rule that was not deployed, is missing or differs is drift, whatever it
matches. If it forwards requests that the mode refuses, the product is not closed.

If the load balancer is internet-facing and its addresses answer, requests go to
each address, --confirm times in a row; otherwise to the host of the URL. The table
says which. They are a read and, if the mode refuses writes, a write, to a path that
is new each time, and up to two reads that every mode allows. Only 503 with
X-Maintenance-Mode: on counts as refused. If the listener asks for a login, no
request is sent, and the verdict rests on the rules.

Exit codes: 0 all agree; 3 the deployed template, the listeners and the requests do
not agree, or the stack is not settled; 4 they agree, but the assembly is in another
mode, so its deploy would flip; 1 something could not be found out.`,
		Example: `  noren status -c env=prod
  noren status -c env=prod --watch
  noren status --stack shop --region eu-central-1 --url https://shop.example.com/
  noren status --env prod --json | jq -r .mode`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := from.query(cmd)
			if err != nil {
				return err
			}
			if every < time.Second {
				return fmt.Errorf("--every %v: want 1s or longer", every)
			}
			ctx, out := cmd.Context(), term.New(cmd.OutOrStdout())
			if watch {
				return watchStatus(ctx, out, query, every, asJSON)
			}
			report, err := query.Find(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				err = writeJSON(out, toJSON(report))
			} else {
				writeStatus(out, report)
			}
			return errors.Join(err, statusExit(report))
		},
	}
	from.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "write JSON; with --watch one object per line")
	flags.BoolVar(&watch, "watch", false, "keep checking, and write a line for each change, until interrupted")
	flags.DurationVar(&every, "every", 5*time.Second, "time between two checks of --watch")
	return cmd
}

// statusFlags say which product to look at.
type statusFlags struct {
	env           string
	stack, region string
	assembly, url string
	confirm       int
}

func (f *statusFlags) add(cmd *cobra.Command) {
	addEnvFlag(cmd, &f.env)
	flags := cmd.Flags()
	flags.Lookup("env").Usage = "environment to look at: a file of environments/ without .yaml"
	flags.StringVar(&f.stack, "stack", "", "name of the stack, instead of the environment's")
	flags.StringVar(&f.region, "region", "", "region of the stack, instead of the environment's")
	flags.StringVar(&f.assembly, "assembly", "cdk.out", "folder of the assembly that the next deploy takes")
	flags.StringVar(&f.url, "url", "", "where to send requests: an address that the listener gets, instead of the outputs ApiUrl or SiteUrl")
	flags.IntVar(&f.confirm, "confirm", live.DefaultConfirm, "how many times in a row every address must give the same answer")
	_ = cmd.MarkFlagDirname("assembly")
}

// query returns the query for the flags. It reads the environment file only for
// what the flags leave open.
func (f *statusFlags) query(cmd *cobra.Command) (live.Query, error) {
	if f.confirm < 1 {
		return live.Query{}, fmt.Errorf("--confirm %d: want 1 or more", f.confirm)
	}
	stack, region := f.stack, f.region
	if stack == "" || region == "" {
		env, _, err := environment.Load("environments", f.env)
		if err != nil {
			return live.Query{}, err
		}
		if stack == "" {
			stack = env.StackName
		}
		if region == "" {
			region = env.Region
		}
	}
	settings, err := config.LoadDefaultConfig(cmd.Context(), config.WithRegion(region), config.WithLogger(logging.Nop{}))
	if err != nil {
		return live.Query{}, fmt.Errorf("reading the settings of AWS: %w", err)
	}
	return live.Query{Stack: stack, Assembly: f.assembly, URL: f.url, Confirm: f.confirm, AWS: settings}, nil
}

// jsonReport is what programs read.
type jsonReport struct {
	Verdict live.Verdict     `json:"verdict"`
	Mode    maintenance.Mode `json:"mode"` // of all switches, empty if they differ
	live.Report
	Switches []jsonStatus `json:"switches"`
}

// jsonStatus is the status of a switch with its verdict.
type jsonStatus struct {
	Verdict live.Verdict `json:"verdict"`
	live.Status
}

func toJSON(r live.Report) jsonReport {
	report := jsonReport{Verdict: r.Verdict(), Mode: r.Mode(), Report: r}
	for _, s := range r.Switches {
		report.Switches = append(report.Switches, jsonStatus{s.Verdict(), s})
	}
	return report
}

// statusExit returns the exit code; its meaning has already been written.
func statusExit(r live.Report) error {
	switch r.Verdict() {
	case live.Disagree, live.Moving:
		return &exitError{code: disagreeing}
	case live.Next:
		return &exitError{code: nextDiffers}
	case live.Unknown:
		return &exitError{code: 1}
	}
	return nil
}

// watchStatus looks again and again. It reports a look that fails and continues,
// since the network may come and go.
func watchStatus(ctx context.Context, out io.Writer, query live.Query, every time.Duration, asJSON bool) error {
	said := ""
	var last error
	for {
		report, err := query.Find(ctx)
		if ctx.Err() != nil {
			return last
		}
		line := watchLine(report, err)
		if last = err; err == nil {
			last = statusExit(report)
		}
		switch {
		case asJSON && err == nil:
			err = json.NewEncoder(out).Encode(toJSON(report))
		case asJSON:
			err = json.NewEncoder(out).Encode(map[string]any{"at": report.At, "error": err.Error()})
		case line != said:
			said = line
			_, err = fmt.Fprintf(out, "%s  %s\n", report.At.Format(time.TimeOnly), line)
		default:
			err = nil
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(every):
		}
	}
}
