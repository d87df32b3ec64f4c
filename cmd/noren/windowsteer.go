package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/window"
)

// steered is the result for programs.
type steered struct {
	ID        string `json:"id"`
	Execution string `json:"execution,omitempty"`
	Done      string `json:"done"`
}

// newSteer returns a verb that changes the course of the maintenance, after a
// question. look returns the question and a function that makes the change, or
// says why there is nothing to do.
func newSteer(use, short, long string, look func(*cobra.Command, night) (question, done string, do func() error, err error)) *cobra.Command {
	var f windowFlags
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long + "\n\nExit codes: 0 done; 3 there is nothing to do; 4 you answered no; 1 anything else.",
		Example: "  noren window " + use + " --env prod",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON && !yes {
				return errors.New("--json needs --yes: no one can answer")
			}
			query, err := f.query(cmd)
			if err != nil {
				return err
			}
			n, err := f.find(cmd.Context(), query)
			if err != nil {
				return err
			}
			question, done, do, err := look(cmd, n)
			if err != nil {
				return &exitError{notTurned, err}
			}
			if !yes {
				n.writeBegun(cmd.ErrOrStderr(), time.Now())
				agreed, err := confirm(cmd, question+" [y/N] ")
				if err != nil || !agreed {
					return errors.Join(err, &exitError{declined, errors.New("nothing was changed")})
				}
			}
			if err := do(); err != nil {
				return err
			}
			if asJSON {
				result := steered{ID: n.ID(), Done: done}
				if n.run != nil {
					result.Execution = n.run.ARN
				}
				return writeJSON(cmd.OutOrStdout(), result)
			}
			fmt.Fprintln(cmd.OutOrStdout(), done)
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the result as JSON; needs --yes")
	return cmd
}

func newWindowApprove() *cobra.Command {
	return newSteer("approve", "Say yes to the question whether to open",
		`Say yes to the question whether to open, after the changes were made and verified.
It shows what was done and asks. To say no, do nothing: the product stays closed.`,
		func(cmd *cobra.Command, n night) (string, string, func() error, error) {
			for _, p := range n.timeline() {
				if p.Stage == window.Asking {
					return "Open " + n.query.Stack + "?", "it opens", func() error {
						said, err := json.Marshal(map[string]string{"said": "yes, says " + caller(cmd.Context(), n.query.AWS)})
						if err != nil {
							return err
						}
						output := string(said)
						_, err = sfn.NewFromConfig(n.query.AWS).SendTaskSuccess(cmd.Context(), &sfn.SendTaskSuccessInput{TaskToken: &p.Token, Output: &output})
						if err != nil {
							return fmt.Errorf("answering: %w", err)
						}
						return nil
					}, nil
				}
			}
			return "", "", nil, fmt.Errorf("nothing waits for an answer: %s", n.state(time.Now()))
		})
}

func newWindowRetry() *cobra.Command {
	return newSteer("retry", "Continue the maintenance from the step that failed",
		`Continue a maintenance that has ended without success, from the step that failed.
Completed steps are not repeated, and a step that had done its work finds it done.
Step Functions allows this for 14 days. The steps between closing and opening require
a product that is still closed: if it was opened meanwhile, close it first, with noren
close.`,
		func(cmd *cobra.Command, n night) (string, string, func() error, error) {
			if n.run == nil || n.run.Running() || n.run.Status == "SUCCEEDED" {
				return "", "", nil, fmt.Errorf("there is nothing to continue: %s", n.state(time.Now()))
			}
			at := n.continuesWith()
			if window.WantsMode(at) {
				if err := n.stillIn(cmd.Context()); err != nil {
					return "", "", nil, fmt.Errorf("%s would run although the product is not %s as it was left: %w; turn it to %s again first", at, n.Mode, err, n.Mode)
				}
			}
			return "Continue with " + at + "?", "it continues with " + at, func() error {
				_, err := sfn.NewFromConfig(n.query.AWS).RedriveExecution(cmd.Context(), &sfn.RedriveExecutionInput{ExecutionArn: &n.run.ARN})
				if err != nil {
					return fmt.Errorf("continuing: %w", err)
				}
				return nil
			}, nil
		})
}

func newWindowCancel() *cobra.Command {
	return newSteer("cancel", "End the maintenance, or keep it from beginning",
		`End a maintenance that is under way: the running step is ended, a schema change in
such a way that it can be continued, and the product stays in the mode that it is
in. noren window retry continues it, and noren window open opens.

A maintenance that has not begun is kept from beginning: its windows in Systems
Manager are disabled, and /maintenance.json announces it no longer. Take
maintenance.window out of the environment file, too.`,
		func(cmd *cobra.Command, n night) (string, string, func() error, error) {
			switch {
			case n.run == nil && n.over(time.Now()), n.run != nil && !n.run.Running():
				return "", "", nil, fmt.Errorf("there is nothing to end: %s", n.state(time.Now()))
			case n.run == nil:
				done := "it does not begin"
				if n.Announces {
					done += ", and clients are told of it no more"
				}
				return "Keep " + n.ID() + " from beginning?", done, func() error { return n.keep(cmd.Context()) }, nil
			}
			return "End " + n.ID() + "? The product stays in the mode that it is in.", "it has ended; the product stays in the mode that it is in", func() error {
				cause := "noren window cancel, by " + caller(cmd.Context(), n.query.AWS)
				_, err := sfn.NewFromConfig(n.query.AWS).StopExecution(cmd.Context(), &sfn.StopExecutionInput{ExecutionArn: &n.run.ARN, Cause: &cause})
				if err != nil {
					return fmt.Errorf("ending the execution: %w", err)
				}
				return nil
			}, nil
		})
}

// keep keeps the maintenance from beginning, and then clients from being told of
// it.
func (n night) keep(ctx context.Context) error {
	disable := func(window string) error {
		_, err := ssm.NewFromConfig(n.query.AWS).UpdateMaintenanceWindow(ctx, &ssm.UpdateMaintenanceWindowInput{WindowId: &window, Enabled: aws.Bool(false)})
		if err != nil {
			return fmt.Errorf("disabling the window %s: %w", window, err)
		}
		return nil
	}
	if err := disable(n.schedule); err != nil || !n.Announces {
		return err
	}
	var err error
	if n.ahead != "" {
		err = disable(n.ahead)
	}
	if err == nil {
		err = n.withdraw(ctx)
	}
	if err != nil {
		return fmt.Errorf("it does not begin, but clients may be told of it: %w; the same command tries again", err)
	}
	return nil
}

// withdraw makes the function of the steps withdraw what clients were told.
func (n night) withdraw(ctx context.Context) error {
	out, err := lambda.NewFromConfig(n.query.AWS).Invoke(ctx, &lambda.InvokeInput{FunctionName: &n.function, Payload: []byte(n.Withdrawal())})
	if err == nil && out.FunctionError != nil {
		err = errors.New(string(out.Payload))
	}
	if err != nil {
		return fmt.Errorf("calling %s: %w", n.function, err)
	}
	return nil
}

// newWindowOpen returns noren window open, which opens the product after a
// maintenance that has ended.
func newWindowOpen() *cobra.Command {
	var f windowFlags
	cmd := newOpen()
	open := cmd.RunE
	cmd.Short = "Open the product after a maintenance that has ended without success"
	cmd.Long = `Open the product, as noren open does, after a maintenance that has ended without
success: whatever failed stays undone. It shows where the maintenance ended, and
asks. While the maintenance is under way it refuses: noren window cancel first.

` + cmd.Long
	cmd.Example = "  noren window open --env prod"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for name, to := range map[string]*string{"env": &f.env, "stack": &f.stack, "region": &f.region, "switch": &f.name} {
			*to = cmd.Flags().Lookup(name).Value.String()
		}
		query, err := f.query(cmd)
		if err != nil {
			return err
		}
		n, err := f.find(cmd.Context(), query)
		if err != nil {
			return err
		}
		if n.run != nil && n.run.Running() {
			return &exitError{notTurned, errors.New("the maintenance is under way: noren window cancel ends it first")}
		}
		now := time.Now()
		fmt.Fprintln(cmd.ErrOrStderr(), n.state(now))
		n.writeBegun(cmd.ErrOrStderr(), now)
		return open(cmd, args)
	}
	return cmd
}
