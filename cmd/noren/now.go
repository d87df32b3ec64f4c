package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// turnedNow is the result of --now for programs.
type turnedNow struct {
	Stack    string           `json:"stack"`
	To       maintenance.Mode `json:"to"`
	Deployed maintenance.Mode `json:"deployed"` // the template's mode, empty if it is mixed or not known
	Changed  []string         `json:"changed"`  // logical ids of listeners and rules
	turn.Outcome
}

// turnNow turns without CloudFormation.
func (t *turning) turnNow(cmd *cobra.Command, query live.Query, o *turn.Operation) error {
	ctx := cmd.Context()
	say := func(text string) {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s  %s\n", time.Now().UTC().Format(time.TimeOnly), text)
	}
	e := &turn.Emergency{
		Operation: o, LoadBalancer: elbv2.NewFromConfig(query.AWS), Note: live.Parameters{API: ssm.NewFromConfig(query.AWS)}.NoteByHand,
		Why: t.why, Say: say,
	}
	plan, err := e.Plan(ctx, t.mode)
	if err != nil {
		return err
	}
	if !t.yes {
		out := cmd.ErrOrStderr()
		fmt.Fprintf(out, "%s -> %s, %s, without CloudFormation (the stack is %s, its template says %s)\n", query.Stack, t.mode, forWhom(t.mode), plan.Status, plan.Deployed)
		fmt.Fprintln(out, "The load balancer is told to change, in this order:")
		for _, s := range plan.Steps {
			fmt.Fprintln(out, "  "+s.Resource)
		}
		yes, err := confirm(cmd, fmt.Sprintf("Turn %s to %s now? [y/N] ", query.Stack, t.mode))
		if err != nil || !yes {
			return errors.Join(err, &exitError{declined, errors.New("nothing was changed")})
		}
	}
	o.Switch = plan.Switch
	others := tellers(cmd, query, o)
	wait := others.beside(ctx, t.mode)
	defer wait()
	e.Seen = t.listenerOf(query, plan.Switch)
	e.By = caller(ctx, query.AWS)
	watching, cancel := context.WithTimeout(ctx, max(t.wait, time.Minute))
	defer cancel()
	outcome, err := e.Turn(watching, plan)
	if err != nil {
		return err
	}
	wait()
	t.announce(cmd, query, o, plan.Switch, plan.Deployed)
	others.byHand(ctx, outcome.Deployed, outcome.Turned)
	if err := t.await(ctx, query, plan.Switch, live.Status.Turned); err != nil {
		return err
	}
	others.after(ctx, t.mode)
	result := turnedNow{Stack: query.Stack, To: t.mode, Deployed: outcome.Deployed, Outcome: outcome}
	for _, s := range plan.Steps {
		result.Changed = append(result.Changed, s.Resource)
	}
	if t.asJSON {
		return writeJSON(cmd.OutOrStdout(), result)
	}
	locked := "not locked"
	if outcome.Locked {
		locked = "locked against updates of the stack"
	}
	if outcome.Deployed == t.mode {
		locked = "as its template says"
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is %s, %s\n", query.Stack, t.mode, locked)
	if outcome.Deployed != t.mode {
		says := "still says " + string(outcome.Deployed)
		if outcome.Deployed == "" {
			says = "may say another mode"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "the deployed template %s: when CloudFormation works, run the same without --now, or turn back with --now\n", says)
	}
	return nil
}

// caller returns who makes the turn, according to AWS, or a description of a
// person whom AWS does not name.
func caller(ctx context.Context, settings aws.Config) string {
	out, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "a user whom AWS does not name"
	}
	return aws.ToString(out.Arn)
}

// printPolicy prints the rights needed to turn the switch.
func (t *turning) printPolicy(cmd *cobra.Command, o *turn.Operation) error {
	policy, err := o.Rights(cmd.Context(), t.bucket, t.now)
	if err != nil {
		return err
	}
	return writeJSON(cmd.OutOrStdout(), policy)
}
