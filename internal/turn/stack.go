package turn

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// stack reads the stack.
func (o *Operation) stack(ctx context.Context) (types.Stack, error) {
	out, err := o.API.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &o.Stack})
	if err != nil {
		return types.Stack{}, fmt.Errorf("reading the stack %s: %w", o.Stack, err)
	}
	if len(out.Stacks) != 1 || out.Stacks[0].StackId == nil {
		return types.Stack{}, fmt.Errorf("reading the stack %s: the answer has %d stacks", o.Stack, len(out.Stacks))
	}
	return out.Stacks[0], nil
}

// notNested refuses a change set for a nested stack: the template of its parent
// would not have the change, and the next deploy of the parent might leave it as it
// is.
func notNested(stack types.Stack) error {
	root := cmp.Or(aws.ToString(stack.RootId), aws.ToString(stack.ParentId))
	if root == "" {
		return nil
	}
	if id, err := arn.Parse(root); err == nil { // stack/NAME/ID
		name, _, _ := strings.Cut(strings.TrimPrefix(id.Resource, "stack/"), "/")
		root = name
	}
	return fmt.Errorf("the stack %s is nested in %s: its switch changes with a deploy of %[2]s; --now changes it without CloudFormation", aws.ToString(stack.StackName), root)
}

// template reads the template as it was deployed.
func (o *Operation) template(ctx context.Context, stack string) ([]byte, error) {
	out, err := o.API.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &stack, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return nil, fmt.Errorf("reading the template of the stack: %w", err)
	}
	return []byte(aws.ToString(out.TemplateBody)), nil
}

// deployed is a deployed switch.
type deployed struct {
	stack    types.Stack
	template []byte
	text     text // of the template
	Switch
}

// deployed reads the stack, its template, and the switch with a name.
func (o *Operation) deployed(ctx context.Context, name string) (d deployed, err error) {
	if d.stack, err = o.stack(ctx); err != nil {
		return d, err
	}
	if d.template, err = o.template(ctx, *d.stack.StackId); err != nil {
		return d, err
	}
	if d.text, err = newText(d.template); err != nil {
		return d, err
	}
	d.Switch, err = d.text.named(name)
	return d, err
}

// waiting returns the change sets of the stack: those of other people, and those
// that an ended run of this package left, except keep.
func (o *Operation) waiting(ctx context.Context, stack, keep string) (others, own []string, err error) {
	var token *string
	for {
		page, err := o.API.ListChangeSets(ctx, &cloudformation.ListChangeSetsInput{StackName: &stack, NextToken: token})
		if err != nil {
			return nil, nil, fmt.Errorf("reading the change sets of the stack: %w", err)
		}
		for _, s := range page.Summaries {
			switch name := aws.ToString(s.ChangeSetName); {
			case name == keep:
			case strings.HasPrefix(name, prefix):
				own = append(own, name)
			default:
				others = append(others, name)
			}
		}
		if token = page.NextToken; aws.ToString(token) == "" {
			return others, own, nil
		}
	}
}

// physical returns the physical ids of the stack's resources, by logical id.
func (o *Operation) physical(ctx context.Context, stack string) (map[string]string, error) {
	names := map[string]string{}
	var token *string
	for {
		page, err := o.API.ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: &stack, NextToken: token})
		if err != nil {
			return nil, fmt.Errorf("reading the resources of the stack: %w", err)
		}
		for _, r := range page.StackResourceSummaries {
			names[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
		if token = page.NextToken; aws.ToString(token) == "" {
			return names, nil
		}
	}
}
