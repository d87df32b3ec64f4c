package turn

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// fakeStack is a stack that behaves as documented for CloudFormation: templates
// come back with question marks, executing a change set deletes all others, and
// an executed or overtaken set cannot be executed.
type fakeStack struct {
	template string
	status   types.StackStatus
	updated  time.Time
	sets     map[string]*fakeSet
	events   []types.StackEvent // newest first

	calls  int
	before func(call int, name string) error // called before every call

	more  []types.ResourceChange // further changes in change sets
	fails bool                   // updates are rolled back

	parent    string            // the ARN of the stack in which it is nested
	policy    string            // of the stack
	role      string            // of the last operation
	resources map[string]string // physical ids by logical id
	resolved  [2]string         // the value of the parameter ImageId, before and now
}

type fakeSet struct {
	role     string
	template string
	changes  []types.ResourceChange
}

func newFakeStack(template string) *fakeStack {
	return &fakeStack{template: template, status: types.StackStatusUpdateComplete, updated: time.Unix(1000, 0), sets: map[string]*fakeSet{}}
}

func (f *fakeStack) call(name string) error {
	f.calls++
	if f.before != nil {
		return f.before(f.calls, name)
	}
	return nil
}

const fakeARN = "arn:aws:cloudformation:eu-central-1:111111111111:stack/shop/1"

func (f *fakeStack) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	if err := f.call("DescribeStacks"); err != nil {
		return nil, err
	}
	stack := types.Stack{
		StackId: aws.String(fakeARN), StackName: aws.String("shop"), StackStatus: f.status, LastUpdatedTime: &f.updated,
		RoleARN: &f.role, Parameters: f.parameters(f.resolved[0]),
	}
	if f.parent != "" {
		stack.ParentId, stack.RootId = &f.parent, &f.parent
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{stack}}, nil
}

func (f *fakeStack) parameters(image string) []types.Parameter {
	return []types.Parameter{
		{ParameterKey: aws.String("BootstrapVersion"), ParameterValue: aws.String("/cdk-bootstrap/hnb659fds/version"), ResolvedValue: aws.String("32")},
		{ParameterKey: aws.String("ImageId"), ParameterValue: aws.String("/image"), ResolvedValue: &image},
	}
}

var notASCII = regexp.MustCompile(`[^\x00-\x7f]`)

func (f *fakeStack) GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	if err := f.call("GetTemplate"); err != nil {
		return nil, err
	}
	return &cloudformation.GetTemplateOutput{TemplateBody: aws.String(notASCII.ReplaceAllString(f.template, "?"))}, nil
}

func (f *fakeStack) CreateChangeSet(_ context.Context, in *cloudformation.CreateChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error) {
	if err := f.call("CreateChangeSet"); err != nil {
		return nil, err
	}
	if len(aws.ToString(in.TemplateBody)) > 51_200 {
		return nil, fmt.Errorf("ValidationError: templateBody is too long")
	}
	for _, p := range in.Parameters {
		if !aws.ToBool(p.UsePreviousValue) {
			return nil, fmt.Errorf("parameter %s does not keep its value", *p.ParameterKey)
		}
	}
	if _, exists := f.sets[*in.ChangeSetName]; exists {
		return nil, &types.AlreadyExistsException{Message: aws.String("ChangeSet cannot be created due to a mismatch with existing attribute Template")}
	}
	f.sets[*in.ChangeSetName] = &fakeSet{role: aws.ToString(in.RoleARN), template: *in.TemplateBody, changes: append(changesBetween(f.template, *in.TemplateBody), f.more...)}
	return &cloudformation.CreateChangeSetOutput{}, nil
}

// changesBetween lists the resources whose properties differ.
func changesBetween(before, after string) []types.ResourceChange {
	type resource struct {
		Type       string
		Properties map[string]any
	}
	read := func(text string) map[string]resource {
		var t struct{ Resources map[string]resource }
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			panic(err)
		}
		return t.Resources
	}
	old, next := read(before), read(after)
	var changes []types.ResourceChange
	for _, id := range slices.Sorted(maps.Keys(next)) {
		var details []types.ResourceChangeDetail
		for _, name := range slices.Sorted(maps.Keys(next[id].Properties)) {
			if !reflect.DeepEqual(old[id].Properties[name], next[id].Properties[name]) {
				details = append(details, types.ResourceChangeDetail{
					Target: &types.ResourceTargetDefinition{Attribute: types.ResourceAttributeProperties, Name: aws.String(name)}, ChangeSource: types.ChangeSourceDirectModification,
				})
			}
		}
		if details != nil {
			changes = append(changes, types.ResourceChange{Action: types.ChangeActionModify, LogicalResourceId: aws.String(id), ResourceType: aws.String(next[id].Type), Replacement: types.ReplacementFalse, Details: details})
		}
	}
	return changes
}

func (f *fakeStack) DescribeChangeSet(_ context.Context, in *cloudformation.DescribeChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error) {
	if err := f.call("DescribeChangeSet"); err != nil {
		return nil, err
	}
	set, ok := f.sets[*in.ChangeSetName]
	if !ok {
		return nil, &types.ChangeSetNotFoundException{Message: aws.String("ChangeSet [" + *in.ChangeSetName + "] does not exist")}
	}
	if len(set.changes) == 0 {
		return &cloudformation.DescribeChangeSetOutput{Status: types.ChangeSetStatusFailed, StatusReason: aws.String("The submitted information didn't contain changes. Submit different information to create a change set.")}, nil
	}
	// One change per page.
	page := 0
	if in.NextToken != nil {
		if _, err := fmt.Sscan(*in.NextToken, &page); err != nil {
			return nil, err
		}
	}
	out := &cloudformation.DescribeChangeSetOutput{Parameters: f.parameters(f.resolved[1]), Status: types.ChangeSetStatusCreateComplete, Changes: []types.Change{{ResourceChange: &set.changes[page]}}}
	if page+1 < len(set.changes) {
		out.NextToken = aws.String(fmt.Sprint(page + 1))
	}
	return out, nil
}

func (f *fakeStack) DeleteChangeSet(_ context.Context, in *cloudformation.DeleteChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error) {
	if err := f.call("DeleteChangeSet"); err != nil {
		return nil, err
	}
	delete(f.sets, *in.ChangeSetName)
	return &cloudformation.DeleteChangeSetOutput{}, nil
}

func (f *fakeStack) ExecuteChangeSet(_ context.Context, in *cloudformation.ExecuteChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error) {
	if err := f.call("ExecuteChangeSet"); err != nil {
		return nil, err
	}
	set, ok := f.sets[*in.ChangeSetName]
	if !ok {
		return nil, &types.ChangeSetNotFoundException{Message: aws.String("ChangeSet [" + *in.ChangeSetName + "] does not exist")}
	}
	if set.role != "" {
		f.role = set.role
	}
	f.deploy(set.template, *in.ClientRequestToken)
	return &cloudformation.ExecuteChangeSetOutput{}, nil
}

// deploy updates the stack on anyone's behalf.
func (f *fakeStack) deploy(template, token string) {
	f.sets = map[string]*fakeSet{}
	event := func(id string, status types.ResourceStatus, why string) {
		e := types.StackEvent{EventId: aws.String(fmt.Sprint(len(f.events))), LogicalResourceId: aws.String(id), ResourceStatus: status, ResourceStatusReason: aws.String(why), ClientRequestToken: aws.String(token)}
		f.events = slices.Insert(f.events, 0, e)
	}
	event("shop", types.ResourceStatusUpdateInProgress, "User Initiated")
	f.updated = f.updated.Add(time.Minute)
	if f.fails {
		event("Guard", types.ResourceStatusUpdateFailed, "Refused to open")
		f.status = types.StackStatusUpdateRollbackComplete
		return
	}
	f.template, f.status = template, types.StackStatusUpdateComplete
	event("shop", types.ResourceStatusUpdateComplete, "")
}

func (f *fakeStack) ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	if err := f.call("ListStackResources"); err != nil {
		return nil, err
	}
	out := &cloudformation.ListStackResourcesOutput{}
	for id, physical := range f.resources {
		out.StackResourceSummaries = append(out.StackResourceSummaries, types.StackResourceSummary{LogicalResourceId: aws.String(id), PhysicalResourceId: aws.String(physical)})
	}
	return out, nil
}

func (f *fakeStack) GetStackPolicy(context.Context, *cloudformation.GetStackPolicyInput, ...func(*cloudformation.Options)) (*cloudformation.GetStackPolicyOutput, error) {
	if err := f.call("GetStackPolicy"); err != nil {
		return nil, err
	}
	out := &cloudformation.GetStackPolicyOutput{}
	if f.policy != "" {
		out.StackPolicyBody = aws.String(f.policy)
	}
	return out, nil
}

func (f *fakeStack) SetStackPolicy(_ context.Context, in *cloudformation.SetStackPolicyInput, _ ...func(*cloudformation.Options)) (*cloudformation.SetStackPolicyOutput, error) {
	if err := f.call("SetStackPolicy"); err != nil {
		return nil, err
	}
	f.policy = *in.StackPolicyBody
	return &cloudformation.SetStackPolicyOutput{}, nil
}

func (f *fakeStack) ListExports(context.Context, *cloudformation.ListExportsInput, ...func(*cloudformation.Options)) (*cloudformation.ListExportsOutput, error) {
	if err := f.call("ListExports"); err != nil {
		return nil, err
	}
	return &cloudformation.ListExportsOutput{}, nil
}

func (f *fakeStack) ListChangeSets(context.Context, *cloudformation.ListChangeSetsInput, ...func(*cloudformation.Options)) (*cloudformation.ListChangeSetsOutput, error) {
	if err := f.call("ListChangeSets"); err != nil {
		return nil, err
	}
	out := &cloudformation.ListChangeSetsOutput{}
	for _, name := range slices.Sorted(maps.Keys(f.sets)) {
		out.Summaries = append(out.Summaries, types.ChangeSetSummary{ChangeSetName: aws.String(name)})
	}
	return out, nil
}

func (f *fakeStack) DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	if err := f.call("DescribeStackEvents"); err != nil {
		return nil, err
	}
	return &cloudformation.DescribeStackEventsOutput{StackEvents: f.events}, nil
}
