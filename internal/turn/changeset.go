package turn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// maxBody is the maximum size, in bytes, of a template that CreateChangeSet
// accepts as text. Larger ones come from S3. Source: CloudFormation quotas,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const maxBody = 51_200

// prefix begins the names of the change sets that this package makes.
const prefix = "noren-"

// ChangeSets matches these names in a policy.
const ChangeSets = prefix + "*"

// errNothing says that a change set has no changes.
var errNothing = errors.New("CloudFormation finds nothing to change")

// changeSetName returns the name of the change set that turns one template to
// another, and the token of its execution. Repeating the change gives the same
// name, so no second set is made. After an update of the stack the name is
// different, since the events with the token of the earlier execution are still
// there.
func changeSetName(mode string, updated time.Time, before, after []byte) string {
	sum := sha256.New()
	sum.Write([]byte(updated.UTC().Format(time.RFC3339Nano)))
	sum.Write([]byte{0})
	sum.Write(before)
	sum.Write([]byte{0})
	sum.Write(after)
	return prefix + mode + "-" + hex.EncodeToString(sum.Sum(nil)[:8])
}

// propose makes a change set and waits until CloudFormation has computed it.
func (o *Operation) propose(ctx context.Context, stack types.Stack, plan Plan, template []byte) error {
	name := plan.ChangeSet
	input := &cloudformation.CreateChangeSetInput{
		StackName:           stack.StackId,
		ChangeSetName:       &name,
		ClientToken:         &name,
		ChangeSetType:       types.ChangeSetTypeUpdate,
		Description:         aws.String("Turns maintenance, by noren"),
		Capabilities:        []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand},
		IncludeNestedStacks: aws.Bool(true),
		Parameters:          previous(stack.Parameters),
	}
	if plan.Role != "" {
		input.RoleARN = &plan.Role
	}
	if len(template) <= maxBody {
		input.TemplateBody = aws.String(string(template))
	} else {
		if o.Upload == nil {
			return fmt.Errorf("the template has %d bytes, over %d it has to be uploaded: name a bucket", len(template), maxBody)
		}
		url, err := o.Upload(ctx, "noren/"+name+".json", template)
		if err != nil {
			return fmt.Errorf("uploading the template: %w", err)
		}
		input.TemplateURL = &url
	}
	_, err := o.API.CreateChangeSet(ctx, input)
	var exists *types.AlreadyExistsException
	if err != nil && !errors.As(err, &exists) { // the same change set, of an earlier run that was ended
		if now, stackErr := o.stack(ctx); stackErr == nil && !slices.Contains(settled, now.StackStatus) {
			return &BusyError{aws.ToString(now.StackName), now.StackStatus}
		}
		return fmt.Errorf("making the change set: %w", err)
	}
	for wait := newPoll(o.Poll); ; {
		set, err := o.describe(ctx, &cloudformation.DescribeChangeSetInput{StackName: stack.StackId, ChangeSetName: &name})
		if err != nil {
			return err
		}
		switch set.Status {
		case types.ChangeSetStatusCreateComplete:
			return nil
		case types.ChangeSetStatusFailed:
			why := aws.ToString(set.StatusReason)
			if strings.Contains(why, "didn't contain changes") || strings.Contains(why, "No updates are to be performed") {
				return errNothing
			}
			return fmt.Errorf("CloudFormation refuses the change: %s", why)
		case types.ChangeSetStatusCreatePending, types.ChangeSetStatusCreateInProgress:
		default:
			return fmt.Errorf("the change set is %s", set.Status)
		}
		if err := wait.next(ctx); err != nil {
			return err
		}
	}
}

// previous keeps every parameter of the stack at its value.
func previous(parameters []types.Parameter) []types.Parameter {
	var keep []types.Parameter
	for _, p := range parameters {
		keep = append(keep, types.Parameter{ParameterKey: p.ParameterKey, UsePreviousValue: aws.Bool(true)})
	}
	return keep
}

// changes returns all changes of a change set, requested with or without the
// values of properties. Each answer is incomplete: with values, CloudFormation
// may leave out a resource and say so in the reason of the status; without them,
// it also lists resources that only refer to what changes.
func (o *Operation) changes(ctx context.Context, stack, name string, values bool) (all []types.ResourceChange, parameters []types.Parameter, err error) {
	var token *string
	for {
		page, err := o.describe(ctx, &cloudformation.DescribeChangeSetInput{
			StackName: &stack, ChangeSetName: &name, IncludePropertyValues: aws.Bool(values), NextToken: token,
		})
		if err != nil {
			return nil, nil, err
		}
		parameters = page.Parameters
		if reason := aws.ToString(page.StatusReason); strings.Contains(reason, "[WARN]") {
			return nil, nil, fmt.Errorf("CloudFormation shows the change set incompletely: %s", reason)
		}
		for _, c := range page.Changes {
			if c.ResourceChange != nil {
				all = append(all, *c.ResourceChange)
			}
		}
		if token = page.NextToken; aws.ToString(token) == "" {
			return all, parameters, nil
		}
	}
}

// verify reports anything that the change set would do outside the changed
// properties of the plan. It accepts resources that CloudFormation lists only
// because they refer to one of these resources, if CloudFormation says so itself.
func (o *Operation) verify(ctx context.Context, stack types.Stack, plan Plan, template []byte) error {
	allowed := plan.Changed
	with, parameters, err := o.changes(ctx, plan.Stack, plan.ChangeSet, true)
	if err != nil {
		return err
	}
	without, _, err := o.changes(ctx, plan.Stack, plan.ChangeSet, false)
	if err != nil {
		return err
	}
	again, err := ReadsAgain(template)
	if err != nil {
		return err
	}
	var errs []error
	if err := again.same(stack.Parameters, parameters); err != nil {
		errs = append(errs, err)
	}
	seen := map[string]bool{}
	listed := map[string]bool{}
	switched := map[string]bool{}
	for _, a := range allowed {
		resource, _, _ := strings.Cut(a, ".")
		switched[resource] = true
	}
	for _, c := range with {
		id := aws.ToString(c.LogicalResourceId)
		listed[id] = true
		errs = append(errs, unwanted(c, allowed, seen)...)
	}
	refers := onlyReferring(without, switched)
	for _, c := range without {
		id := aws.ToString(c.LogicalResourceId)
		switch {
		case switched[id]:
			errs = append(errs, unwanted(c, allowed, seen)...)
		case listed[id]: // judged above
		case !refers[id]:
			errs = append(errs, fmt.Errorf("%s %s would change", aws.ToString(c.ResourceType), id))
		}
	}
	for _, a := range allowed {
		if !seen[a] {
			errs = append(errs, fmt.Errorf("%s would not change", a))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(slices.CompactFunc(errs, func(a, b error) bool { return a.Error() == b.Error() })...)
}

// unwanted returns the changes of one resource that are not allowed, and records
// in seen the allowed properties that change.
func unwanted(c types.ResourceChange, allowed []string, seen map[string]bool) []error {
	id, kind := aws.ToString(c.LogicalResourceId), aws.ToString(c.ResourceType)
	if c.Action != types.ChangeActionModify {
		return []error{fmt.Errorf("%s %s: %s", kind, id, c.Action)}
	}
	if c.Replacement == types.ReplacementTrue || c.Replacement == types.ReplacementConditional {
		return []error{fmt.Errorf("%s %s would be replaced", kind, id)}
	}
	if c.ChangeSetId != nil {
		return []error{fmt.Errorf("the nested stack %s would change", id)}
	}
	var errs []error
	silent := len(c.Details) == 0
	for _, d := range c.Details {
		if d.Target == nil || d.Target.Attribute == "" {
			silent = true
			continue
		}
		property := string(d.Target.Attribute)
		if d.Target.Attribute == types.ResourceAttributeProperties {
			property = aws.ToString(d.Target.Name)
		}
		if path := id + "." + property; slices.Contains(allowed, path) {
			seen[path] = true
		} else {
			errs = append(errs, fmt.Errorf("%s %s: %s would change", kind, id, property))
		}
	}
	if silent {
		errs = append(errs, fmt.Errorf("%s %s would change, CloudFormation does not say how", kind, id))
	}
	return errs
}

// onlyReferring returns the resources that are listed only because they refer to
// those of the switch, directly or through each other.
func onlyReferring(changes []types.ResourceChange, switched map[string]bool) map[string]bool {
	refers := map[string]bool{}
	for more := true; more; {
		more = false
		for _, c := range changes {
			if id := aws.ToString(c.LogicalResourceId); !switched[id] && !refers[id] && onlyRefers(c, switched, refers) {
				refers[id], more = true, true
			}
		}
	}
	return refers
}

// onlyRefers reports whether the change of a resource is only that it refers to a
// resource of the switch, or to one that does so itself, whose value
// CloudFormation does not know before the deploy.
func onlyRefers(c types.ResourceChange, switched, refers map[string]bool) bool {
	if c.Action != types.ChangeActionModify || c.Replacement == types.ReplacementTrue || len(c.Details) == 0 {
		return false
	}
	for _, d := range c.Details {
		cause, _, _ := strings.Cut(aws.ToString(d.CausingEntity), ".")
		if d.Evaluation != types.EvaluationTypeDynamic || d.ChangeSource != types.ChangeSourceResourceAttribute || !switched[cause] && !refers[cause] {
			return false
		}
	}
	return true
}

// describe reads the change set. If it no longer exists, it has lost to an update
// of the stack, which deletes all change sets.
func (o *Operation) describe(ctx context.Context, in *cloudformation.DescribeChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
	out, err := o.API.DescribeChangeSet(ctx, in)
	var gone *types.ChangeSetNotFoundException
	if errors.As(err, &gone) {
		return nil, o.lost(ctx, aws.ToString(in.StackName), err.Error())
	}
	if err != nil {
		return nil, fmt.Errorf("reading the change set: %w", err)
	}
	return out, nil
}
