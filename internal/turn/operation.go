package turn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"

	"github.com/noren-cdk/noren/maintenance"
)

// API has the calls of CloudFormation that an Operation makes.
type API interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
	CreateChangeSet(context.Context, *cloudformation.CreateChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error)
	DescribeChangeSet(context.Context, *cloudformation.DescribeChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error)
	DeleteChangeSet(context.Context, *cloudformation.DeleteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error)
	ExecuteChangeSet(context.Context, *cloudformation.ExecuteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error)
	ListChangeSets(context.Context, *cloudformation.ListChangeSetsInput, ...func(*cloudformation.Options)) (*cloudformation.ListChangeSetsOutput, error)
	GetStackPolicy(context.Context, *cloudformation.GetStackPolicyInput, ...func(*cloudformation.Options)) (*cloudformation.GetStackPolicyOutput, error)
	SetStackPolicy(context.Context, *cloudformation.SetStackPolicyInput, ...func(*cloudformation.Options)) (*cloudformation.SetStackPolicyOutput, error)
	ListExports(context.Context, *cloudformation.ListExportsInput, ...func(*cloudformation.Options)) (*cloudformation.ListExportsOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error)
}

// Operation turns a switch of a deployed stack by a change set, so that
// CloudFormation stays the source of truth: afterwards the listener has not
// drifted, and a deploy in the same mode has nothing to change.
type Operation struct {
	// API is CloudFormation. Required.
	API API

	// Stack is the name or ARN of the stack. Required.
	Stack string

	// Switch is the name of the switch. Default: the only one of the stack.
	Switch string

	// Role is the ARN of the role with which CloudFormation makes the change.
	// Default: the switch's own role if the stack's deploys name theirs,
	// otherwise the stack's role, otherwise the caller's rights.
	Role string

	// Upload uploads a template to where CloudFormation can read it and returns
	// its URL. Required for templates larger than 51,200 bytes.
	Upload func(ctx context.Context, key string, template []byte) (url string, err error)

	// Poll is the first interval between two requests for the state; later
	// intervals grow up to four times that. Default: 2 seconds.
	Poll time.Duration
}

// Plan is a change that CloudFormation has computed but not executed.
type Plan struct {
	// Stack is the ARN of the stack, and ChangeSet the name of the change set.
	// ChangeSet is empty if there is nothing to change.
	Stack, ChangeSet string

	// Switch is the name of the switch.
	Switch string

	// From and To are the modes of the deployed template and of the wish.
	From, To maintenance.Mode

	// Changed are the properties that the change set changes, as
	// Resource.Property. CloudFormation itself lists these and no others.
	Changed []string

	// Others are other people's change sets for the stack, which executing this
	// one deletes.
	Others []string

	// Role is the ARN of the role with which CloudFormation makes the change.
	// Empty means the stack's own role or, failing that, the caller's rights.
	Role string

	// Locked says that the switch was turned without CloudFormation and is locked
	// against updates. Executing unlocks it.
	Locked bool

	// Unknown says why it is not known whether the switch is locked. Empty if it
	// is known.
	Unknown string

	template []byte
	updated  time.Time
	policy   string // of the stack, if the switch is locked
	unlocked string // the policy without the lock
}

// Prepare reads the deployed template, turns it, makes the change set and asks
// CloudFormation what it would change. If that is more or less than the switch,
// it deletes the change set and returns an error that says what.
func (o *Operation) Prepare(ctx context.Context, wish Wish) (Plan, error) {
	stack, err := o.stack(ctx)
	if err != nil {
		return Plan{}, err
	}
	if err := notNested(stack); err != nil {
		return Plan{}, err
	}
	if !slices.Contains(settled, stack.StackStatus) {
		return Plan{}, &BusyError{aws.ToString(stack.StackName), stack.StackStatus}
	}
	template, err := o.template(ctx, *stack.StackId)
	if err != nil {
		return Plan{}, err
	}
	result, err := Turn(template, o.Switch, wish)
	if err != nil {
		return Plan{}, fmt.Errorf("the deployed template of %s: %w", aws.ToString(stack.StackName), err)
	}
	plan := Plan{Stack: *stack.StackId, Switch: result.Switch, From: result.From, To: wish.Mode, Changed: result.Changed, template: template, updated: aws.ToTime(stack.LastUpdatedTime)}
	if len(result.Changed) > 0 {
		plan.ChangeSet = changeSetName(string(wish.Mode), plan.updated, template, result.Template)
	}
	others, own, err := o.waiting(ctx, *stack.StackId, plan.ChangeSet)
	if err != nil {
		return Plan{}, err
	}
	plan.Others = others
	for _, name := range own { // of an earlier run that was ended
		if err := o.discard(ctx, plan.Stack, name); err != nil {
			return Plan{}, err
		}
	}
	if err := o.seeLock(ctx, &plan, result.found); err != nil {
		return Plan{}, err
	}
	if plan.ChangeSet == "" {
		return plan, nil
	}
	if plan.Role, err = o.role(ctx, stack, result.text, result.found); err != nil {
		return Plan{}, err
	}
	err = o.propose(ctx, stack, plan, result.Template)
	if err == nil { // the change set would undo a deploy that came in between
		err = o.unchanged(ctx, plan)
	}
	if err == nil {
		var lost *LostError
		if err = o.verify(ctx, stack, plan, result.Template); err != nil && !errors.As(err, &lost) {
			err = fmt.Errorf("the change set would do more than turn the switch, so it was deleted:\n%w", err)
		}
	}
	if err != nil {
		return Plan{}, errors.Join(err, o.Discard(context.WithoutCancel(ctx), plan))
	}
	return plan, nil
}

// unchanged reports a stack that is no longer the one from which the plan was
// made. Executing a change set fails if another one was executed since, but not
// if a deploy ended between reading the template and making the set.
func (o *Operation) unchanged(ctx context.Context, plan Plan) error {
	stack, err := o.stack(ctx)
	if err != nil {
		return err
	}
	if !aws.ToTime(stack.LastUpdatedTime).Equal(plan.updated) {
		return o.lost(ctx, plan.Stack, "the stack was updated at "+aws.ToTime(stack.LastUpdatedTime).UTC().Format(time.RFC3339))
	}
	template, err := o.template(ctx, plan.Stack)
	if err != nil {
		return err
	}
	if !bytes.Equal(template, plan.template) {
		return o.lost(ctx, plan.Stack, "the deployed template is another one")
	}
	return nil
}

// Discard deletes the change set of a plan that is not executed. It succeeds if
// the change set no longer exists.
func (o *Operation) Discard(ctx context.Context, plan Plan) error {
	if plan.ChangeSet == "" {
		return nil
	}
	return o.discard(ctx, plan.Stack, plan.ChangeSet)
}

func (o *Operation) discard(ctx context.Context, stack, name string) error {
	_, err := o.API.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: &stack, ChangeSetName: &name})
	var gone *types.ChangeSetNotFoundException
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("deleting the change set %s: %w", name, err)
	}
	return nil
}

// Execute executes the plan's change set and returns when CloudFormation is done.
// It calls report with every event of the operation, oldest first. Ending ctx
// does not undo what was executed.
func (o *Operation) Execute(ctx context.Context, plan Plan, report func(types.StackEvent)) error {
	if err := o.unchanged(ctx, plan); err != nil {
		return errors.Join(err, o.Discard(context.WithoutCancel(ctx), plan))
	}
	if plan.Locked { // as late as possible: until then no deploy can turn the switch back
		if err := o.setStackPolicy(ctx, plan.Stack, plan.unlocked); err != nil {
			return errors.Join(fmt.Errorf("the switch is locked, and cannot be unlocked: %w", err), o.Discard(context.WithoutCancel(ctx), plan))
		}
	}
	err := o.execute(ctx, plan, report)
	if err != nil && plan.Locked && !errors.Is(err, errGoesOn) { // which the lock would make fail half-way
		err = errors.Join(err, errors.New("the switch was turned without CloudFormation before: look with noren status which mode it is in"), o.setStackPolicy(context.WithoutCancel(ctx), plan.Stack, plan.policy))
	}
	return err
}

// Unlock removes the lock from a switch whose deployed template is already in the
// mode, as after a change that nobody has followed to its end.
func (o *Operation) Unlock(ctx context.Context, plan Plan) error {
	if !plan.Locked {
		return nil
	}
	return o.setStackPolicy(ctx, plan.Stack, plan.unlocked)
}

// errGoesOn is in every error after which CloudFormation may still be making the
// change.
var errGoesOn = errors.New("the change goes on: look with noren status")

func (o *Operation) execute(ctx context.Context, plan Plan, report func(types.StackEvent)) error {
	_, err := o.API.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{
		StackName: &plan.Stack, ChangeSetName: &plan.ChangeSet, ClientRequestToken: &plan.ChangeSet, DisableRollback: aws.Bool(false),
	})
	if err != nil {
		var gone *types.ChangeSetNotFoundException
		var status *types.InvalidChangeSetStatusException
		var answered smithy.APIError
		switch {
		case errors.As(err, &gone), errors.As(err, &status):
			// A call whose answer was lost is repeated, and the repetition is
			// then refused.
			if lost := o.lost(ctx, plan.Stack, err.Error()); lost.Winner != plan.ChangeSet {
				return lost
			}
		case !errors.As(err, &answered):
			return fmt.Errorf("executing the change set: %w; if CloudFormation was asked, %w", err, errGoesOn)
		default:
			return fmt.Errorf("executing the change set: %w", err)
		}
	}
	return o.Follow(ctx, plan.Stack, plan.ChangeSet, report)
}

// Follow waits until the stack has ended the operation with the token, and
// reports its events. It fails if the switch was not turned.
func (o *Operation) Follow(ctx context.Context, stackID, token string, report func(types.StackEvent)) error {
	seen := map[string]bool{}
	var refused []string
	for wait := newPoll(o.Poll); ; {
		events, err := o.API.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stackID})
		if err != nil {
			return fmt.Errorf("reading the events of the stack: %w; %w", err, errGoesOn)
		}
		started := false
		for _, e := range slices.Backward(events.StackEvents) {
			if aws.ToString(e.ClientRequestToken) != token {
				continue
			}
			started = true
			if id := aws.ToString(e.EventId); !seen[id] {
				seen[id] = true
				if report != nil {
					report(e)
				}
				if e.ResourceStatus == types.ResourceStatusUpdateFailed {
					refused = append(refused, fmt.Sprintf("%s: %s", aws.ToString(e.LogicalResourceId), aws.ToString(e.ResourceStatusReason)))
				}
			}
		}
		if started {
			stack, err := o.stack(ctx)
			if err != nil {
				return fmt.Errorf("%w; %w", err, errGoesOn)
			}
			switch stack.StackStatus {
			case types.StackStatusUpdateComplete, types.StackStatusUpdateCompleteCleanupInProgress:
				return nil
			case types.StackStatusUpdateInProgress, types.StackStatusUpdateRollbackInProgress, types.StackStatusUpdateRollbackCompleteCleanupInProgress:
			default:
				return fmt.Errorf("the stack is %s; the mode is as it was before:\n%s", stack.StackStatus, strings.Join(refused, "\n"))
			}
		}
		if err := wait.next(ctx); err != nil {
			return fmt.Errorf("%w: %w", err, errGoesOn)
		}
	}
}
