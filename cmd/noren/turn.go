package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// The exit codes of the turning verbs other than 0 and 1.
const (
	notTurned = 3 // may be repeated as it is
	declined  = 4
)

func newClose() *cobra.Command {
	return newTurn("close", maintenance.Closed, "Close the deployed product",
		"Close the deployed product: the allowlist goes to the application, everything else is\nrefused with the message.")
}

func newOpen() *cobra.Command {
	return newTurn("open", maintenance.Open, "Open the deployed product",
		"Open the deployed product: every request goes to the application.")
}

func newReadOnly() *cobra.Command {
	return newTurn("read-only", maintenance.ReadOnly, "Make the deployed product read-only",
		"Make the deployed product read-only: GET, HEAD, OPTIONS and the allowlist go to the\napplication, everything else is refused with the message.")
}

// newTurn returns a verb that turns the switch of a deployed stack.
func newTurn(verb string, mode maintenance.Mode, short, does string) *cobra.Command {
	t := turning{mode: mode}
	cmd := &cobra.Command{
		Use:   verb,
		Short: short,
		Long: does + `

It reads the template that CloudFormation has deployed, replaces the properties
that carry the mode, and nothing else, and creates a change set. If CloudFormation
would change anything other than these properties, the change set is deleted and
nothing happens. Otherwise it asks for confirmation, executes, follows the events,
and waits until the live listener and a request agree. It needs neither Node nor
CDK nor a checkout. CloudFormation remains the source of truth: the stack has not
drifted afterwards, and a deploy of the same mode changes at most the guard's record.
The next deploy of another mode changes it again.

Outside monitors, if there are any, are muted before it closes and unmuted once it
is open (docs/monitors.md). A failure to do so is reported, and stops nothing.

Templates of over 51,200 bytes are uploaded to the bucket of the CDK bootstrap,
with its file-publishing role, or to --bucket with your own permissions.

If it is interrupted, run it again: it finishes what it began. Executing a change
set deletes all others on the stack; it lists them first.

--now is for a stack that is stuck. It changes the listener and the rules through
the API of the load balancer, records who and why, and locks them against updates
of the stack. When CloudFormation works again, run the command without --now: that
unlocks them, and the template and the listener agree again. --policy prints the
IAM policy for someone who may change this switch and do nothing else.

Exit codes: 0 the product is ` + string(mode) + `; 3 nothing was changed, run it again (the stack is busy,
or another change came first); 4 you answered no; 1 anything else.`,
		Example: fmt.Sprintf("  noren %[1]s --env prod\n  noren %[1]s --stack shop --region eu-central-1 --yes\n  noren %[1]s --env prod --now --why 'the stack hangs in a rollback'\n  noren %[1]s --env prod --policy > operator.json", verb),
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return t.run(cmd) },
	}
	t.from.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&t.name, "switch", "", "name of the switch, if the stack has several: the id of its construct")
	flags.StringVar(&t.bucket, "bucket", "", "bucket for templates of over 51,200 bytes, instead of the CDK bootstrap's")
	flags.StringVar(&t.role, "role", "", "ARN of the role with which CloudFormation makes the change (default: the switch's own, narrow one, if the stack comes from a CDK bootstrap; otherwise the stack's)")
	flags.BoolVar(&t.now, "now", false, "turn without CloudFormation, at once, and lock the switch against updates of the stack")
	flags.StringVar(&t.why, "why", "", "the reason, which --now records")
	flags.BoolVar(&t.policy, "policy", false, "print the IAM policy for someone who may do this and nothing else; with --now, for someone who may do that, too")
	flags.BoolVarP(&t.yes, "yes", "y", false, "do not ask")
	flags.BoolVar(&t.asJSON, "json", false, "write the result as JSON; needs --yes")
	flags.DurationVar(&t.wait, "wait", 10*time.Minute, "how long to wait for the listener and a request to agree; 0 does not look")
	if mode != maintenance.Open {
		flags.StringVar(&t.message, "message", "", "message for refused clients in every language, instead of the deployed texts; @FILE is the text of a file")
		flags.StringVar(&t.until, "until", "", "the planned end that people are told, such as 2026-12-01T04:00:00+09:00")
	}
	return cmd
}

// turning has the flags and arguments of a turning verb.
type turning struct {
	from           statusFlags
	mode           maintenance.Mode
	name           string
	message, until string
	bucket, role   string
	yes, asJSON    bool
	now, policy    bool
	why            string
	wait           time.Duration
}

// turned is the result for programs.
type turned struct {
	Stack   string           `json:"stack"`
	From    maintenance.Mode `json:"from"`
	To      maintenance.Mode `json:"to"`
	Changed []string         `json:"changed"`
	Deleted []string         `json:"deletedChangeSets,omitempty"`
}

func (t *turning) run(cmd *cobra.Command) error {
	ctx := cmd.Context()
	switch {
	case t.why != "" && !t.now:
		return errors.New("--why needs --now: a change set records no reason")
	case t.now && (t.message != "" || t.until != ""):
		return errors.New("--now changes neither the message nor the end: use --now alone, and run the verb again without it when CloudFormation works")
	}
	if t.asJSON && !t.yes && !t.policy {
		return errors.New("--json needs --yes: no one can answer")
	}
	message, err := maintenance.ReadMessage(t.message)
	if err != nil {
		return fmt.Errorf("--message: %w", err)
	}
	wish := turn.Wish{Mode: t.mode, Message: message, Typed: time.Now()}
	if t.until != "" {
		if wish.Until, err = time.Parse(time.RFC3339, t.until); err != nil {
			return fmt.Errorf("--until: %q is not a time such as 2026-12-01T04:00:00+09:00", t.until)
		}
	}
	query, err := t.from.query(cmd)
	if err != nil {
		return err
	}
	if err := query.CheckCredentials(cmd.Context()); err != nil {
		return err
	}
	o := &turn.Operation{API: cloudformation.NewFromConfig(query.AWS), Stack: query.Stack, Switch: t.name, Role: t.role}
	o.Upload = t.upload(query.AWS, o)
	switch {
	case t.policy:
		return t.printPolicy(cmd, o)
	case t.now:
		return t.turnNow(cmd, query, o)
	}
	plan, err := o.Prepare(ctx, wish)
	if err != nil {
		return repeatable(err)
	}
	result := turned{Stack: query.Stack, From: plan.From, To: t.mode, Changed: plan.Changed, Deleted: plan.Others}
	o.Switch = plan.Switch
	others := tellers(cmd, query, o)
	if plan.ChangeSet == "" {
		if err := t.already(ctx, query, plan); err != nil {
			return err
		}
		others.before(ctx, t.mode, wish.Until)
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is %s already; nothing to change\n", query.Stack, t.mode)
		if err := o.Unlock(ctx, plan); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "the switch stays locked against updates of the stack: %v\n", err)
		} else if plan.Locked {
			fmt.Fprintln(cmd.ErrOrStderr(), "the switch was locked against updates of the stack, and no longer is")
		}
	} else {
		t.show(cmd, query.Stack, plan)
		if !t.yes {
			yes, err := t.ask(cmd, query.Stack, plan)
			if err != nil || !yes {
				return errors.Join(err, o.Discard(context.WithoutCancel(ctx), plan), &exitError{declined, errors.New("nothing was changed")})
			}
		}
		others.before(ctx, t.mode, wish.Until)
		if err := o.Execute(ctx, plan, func(e types.StackEvent) { showEvent(cmd, e) }); err != nil {
			return repeatable(err)
		}
		others.deployed(ctx, plan.From, t.mode, wish.Until)
	}
	t.announce(cmd, query, o, plan.Switch, plan.From)
	if err := t.await(ctx, query, plan.Switch, live.Status.Agrees); err != nil {
		return err
	}
	others.after(ctx, t.mode)
	if t.asJSON {
		return writeJSON(cmd.OutOrStdout(), result)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", query.Stack, t.mode)
	return nil
}

// announce tells the function that keeps /maintenance.json. A failure
// is only reported: the function learns of the change from the mode event, too.
func (t *turning) announce(cmd *cobra.Command, query live.Query, o *turn.Operation, name string, from maintenance.Mode) {
	if err := o.Announce(cmd.Context(), lambda.NewFromConfig(query.AWS), name, from, t.mode); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "%s does not say so yet: %v; it will within some minutes, by the mode event\n", maintenance.StatusPath, err)
	}
}

// repeatable adds the exit code to an error after which the verb can simply be
// repeated.
func repeatable(err error) error {
	var busy *turn.BusyError
	var lost *turn.LostError
	if errors.As(err, &busy) || errors.As(err, &lost) {
		return &exitError{notTurned, err}
	}
	return err
}

// upload returns a function that uploads a template to the given bucket or, by
// default, to the bootstrap's.
func (t *turning) upload(settings aws.Config, o *turn.Operation) func(context.Context, string, []byte) (string, error) {
	return func(ctx context.Context, key string, template []byte) (string, error) {
		bucket := turn.Bucket{Name: t.bucket}
		if t.bucket == "" {
			var err error
			if bucket, err = o.BootstrapBucket(ctx, template); err != nil {
				return "", err
			}
		}
		return bucket.Upload(settings)(ctx, key, template)
	}
}

// ask asks whether to execute the plan.
func (t *turning) ask(cmd *cobra.Command, stack string, plan turn.Plan) (bool, error) {
	return confirm(cmd, fmt.Sprintf("Turn %s to %s? [y/N] ", stack, plan.To))
}

// show prints what would change, with which rights, and the side effects.
func (t *turning) show(cmd *cobra.Command, stack string, plan turn.Plan) {
	out := cmd.ErrOrStderr()
	fmt.Fprintf(out, "%s: %s -> %s, %s\n", stack, plan.From, plan.To, forWhom(plan.To))
	fmt.Fprintln(out, "CloudFormation changes these properties and no others:")
	for _, c := range plan.Changed {
		fmt.Fprintln(out, "  "+c)
	}
	if plan.Role != "" {
		fmt.Fprintf(out, "It does so with the role %s\n", plan.Role)
	}
	if plan.Locked {
		fmt.Fprintln(out, "The switch was turned without CloudFormation and is locked: executing unlocks it.")
	}
	if plan.Unknown != "" {
		fmt.Fprintf(out, "Whether the switch is locked is not known (%s); if it is, CloudFormation refuses.\n", plan.Unknown)
	}
	if len(plan.Others) > 0 {
		fmt.Fprintf(out, "These change sets of others are deleted by it: %s\n", strings.Join(plan.Others, ", "))
	}
}

// forWhom says what a mode means for people.
func forWhom(mode maintenance.Mode) string {
	switch mode {
	case maintenance.Closed:
		return "for everybody but the allowlist"
	case maintenance.ReadOnly:
		return "for whoever writes"
	}
	return "for everybody"
}

// confirm asks a question and reports whether the answer is yes.
func confirm(cmd *cobra.Command, question string) (bool, error) {
	if !term.IsTerminal(cmd.InOrStdin()) {
		return false, errors.New("nobody to ask: standard input is not a terminal; --yes does not ask")
	}
	out := cmd.ErrOrStderr()
	fmt.Fprint(out, question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		answer <- line
	}()
	select {
	case <-cmd.Context().Done():
		fmt.Fprintln(out)
		return false, nil
	case line := <-answer:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes", nil
	}
}

func showEvent(cmd *cobra.Command, e types.StackEvent) {
	line := fmt.Sprintf("%s  %-24s %s", aws.ToTime(e.Timestamp).UTC().Format(time.TimeOnly), e.ResourceStatus, aws.ToString(e.LogicalResourceId))
	if why := aws.ToString(e.ResourceStatusReason); why != "" {
		line += ": " + why
	}
	fmt.Fprintln(cmd.ErrOrStderr(), line)
}
