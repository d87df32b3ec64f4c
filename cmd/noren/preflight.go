package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/environment/preflight"
)

// The exit codes of preflight other than 0 and 1.
const (
	preflightWrong   = 3
	preflightUnknown = 4
)

func newPreflight() *cobra.Command {
	var env string
	var after, policy, asJSON bool
	cmd := &cobra.Command{
		Use:   "preflight",
		Short: "Ask an account whether the product can be deployed to it",
		Long: `Ask an AWS account, and this machine, whether an environment can be deployed: what
the account has and may have, what the region offers, and what is in the way. It
only reads. Each line is ok, wrong with what to do, or not known with the reason.

--after checks what has been deployed: outputs, health, rules, metrics, alarms,
scaling, and whether the API reaches its database. With --json the answer can be
pasted into an issue.

It uses the settings and credentials of the AWS CLI and SDKs. --policy prints the
IAM policy that all questions need.

Exit codes: 0 all is ok; 3 something is wrong; 4 nothing is wrong, but something is
not known; 1 the environment or the settings cannot be read.`,
		Example: `  noren preflight --env prod
  noren preflight --env dev --after --json
  noren preflight --policy > policy.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if policy {
				return writeJSON(cmd.OutOrStdout(), preflight.Policy())
			}
			e, warnings, err := environment.Load("environments", env)
			for _, warning := range warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", warning)
			}
			if err != nil {
				return err
			}
			settings, err := config.LoadDefaultConfig(cmd.Context(), config.WithRegion(e.Region), config.WithLogger(logging.Nop{}))
			if err != nil {
				return fmt.Errorf("reading the settings of AWS: %w", err)
			}
			ask, phase := preflight.Before, "before"
			if after {
				ask, phase = preflight.After, "after"
			}
			findings := ask(cmd.Context(), preflight.Subject{Env: e, Config: settings})
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), preflightReport{e.Name, e.StackName, e.Region, phase, time.Now().UTC().Truncate(time.Second), findings})
			} else {
				err = writePreflight(cmd.OutOrStdout(), findings)
			}
			if err != nil {
				return err
			}
			return preflightExit(findings)
		},
	}
	addEnvFlag(cmd, &env)
	flags := cmd.Flags()
	flags.Lookup("env").Usage = "environment to ask for: a file of environments/ without .yaml"
	flags.BoolVar(&after, "after", false, "ask about what has been deployed")
	flags.BoolVar(&policy, "policy", false, "print the IAM policy that the questions need, and ask nothing")
	flags.BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

// preflightReport is the output for programs.
type preflightReport struct {
	Environment string              `json:"environment"`
	Stack       string              `json:"stack"`
	Region      string              `json:"region"`
	Phase       string              `json:"phase"` // before or after the deploy
	At          time.Time           `json:"at"`
	Findings    []preflight.Finding `json:"findings"`
}

// writePreflight writes a line for each finding, and below it what to do.
func writePreflight(w io.Writer, findings []preflight.Finding) error {
	var text strings.Builder
	counts := map[preflight.State]int{}
	for _, f := range findings {
		counts[f.State]++
		fmt.Fprintf(&text, "%-10s%-26s%s\n", f.State, f.Check, f.Found)
		if f.Do != "" {
			fmt.Fprintf(&text, "%-10s%-26s%s\n", "", "", f.Do)
		}
	}
	fmt.Fprintf(&text, "\n%d ok, %d wrong, %d not known\n", counts[preflight.OK], counts[preflight.Wrong], counts[preflight.Unknown])
	_, err := io.WriteString(w, text.String())
	return err
}

func preflightExit(findings []preflight.Finding) error {
	code := 0
	for _, f := range findings {
		switch {
		case f.State == preflight.Wrong:
			code = preflightWrong
		case f.State == preflight.Unknown && code == 0:
			code = preflightUnknown
		}
	}
	if code == 0 {
		return nil
	}
	return &exitError{code: code}
}
