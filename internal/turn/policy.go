package turn

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/noren-cdk/noren/internal/live"
)

// Policy is an IAM policy document.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is a statement of a Policy.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string `json:",omitempty"`
}

// Rights returns the policy for a person who may turn the switch, and nothing
// else: only change sets named noren-*, which CloudFormation executes with the
// switch's own role. With now, the policy also allows turning without
// CloudFormation. bucket is where templates are uploaded; empty means the bucket
// of the CDK bootstrap.
func (o *Operation) Rights(ctx context.Context, bucket string, now bool) (Policy, error) {
	s, err := o.deployed(ctx, o.Switch)
	if err != nil {
		return Policy{}, err
	}
	role := o.Role
	if role == "" {
		if role, err = o.switchRole(ctx, s.stack, s.text, s.Switch); err != nil {
			return Policy{}, err
		}
	}
	physical, err := o.physical(ctx, *s.stack.StackId)
	if err != nil {
		return Policy{}, err
	}
	id, err := arn.Parse(*s.stack.StackId)
	if err != nil {
		return Policy{}, fmt.Errorf("the stack's ARN %q: %w", *s.stack.StackId, err)
	}
	parameter := func(name string) string {
		return fmt.Sprintf("arn:%s:ssm:%s:%s:parameter/%s", id.Partition, id.Region, id.AccountID, strings.TrimPrefix(name, "/"))
	}
	own, err := bootstrapBucket(s.template, *s.stack.StackId)
	if bucket == "" {
		if bucket = own.Name; err != nil && len(s.template) > maxBody {
			return Policy{}, err
		}
	}
	// The ID at the end of the ARN differs for a stack that was deleted and
	// created again.
	anyStack := *s.stack.StackId
	if i := strings.LastIndexByte(anyStack, '/'); i >= 0 {
		anyStack = anyStack[:i] + "/*"
	}
	policy := Policy{Version: "2012-10-17"}
	allow := func(sid string, actions, resources []string, condition map[string]map[string]string) {
		policy.Statement = append(policy.Statement, Statement{sid, "Allow", actions, resources, condition})
	}
	named := map[string]string{"cloudformation:ChangeSetName": ChangeSets}
	allow("ReadTheStack", []string{
		"cloudformation:DescribeStacks", "cloudformation:GetTemplate", "cloudformation:ListStackResources",
		"cloudformation:ListChangeSets", "cloudformation:DescribeStackEvents", "cloudformation:GetStackPolicy",
	}, []string{anyStack}, nil)
	allow("ProposeWithTheRole", []string{"cloudformation:CreateChangeSet"}, []string{anyStack}, map[string]map[string]string{
		"StringEquals": {"cloudformation:RoleArn": role}, "StringLike": named,
	})
	allow("ExecuteWhatWasProposed", []string{"cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:DeleteChangeSet"},
		[]string{anyStack}, map[string]map[string]string{"StringLike": named})
	allow("PassTheRole", []string{"iam:PassRole"}, []string{role}, map[string]map[string]string{"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}})
	if bucket != "" {
		allow("UploadTheTemplate", []string{"s3:PutObject", "s3:GetObject"}, []string{fmt.Sprintf("arn:%s:s3:::%s/noren/*", id.Partition, bucket)}, nil)
	}
	var kept []string
	if qualifier, err := qualifier(s.text); err == nil {
		kept = append(kept, parameter("cdk-bootstrap/"+qualifier+"/version"))
	}
	for _, id := range append(s.records(s.text), s.ByHand) {
		if name := physical[id]; name != "" {
			kept = append(kept, parameter(name))
		}
	}
	if len(kept) > 0 {
		allow("ReadWhatIsRemembered", []string{"ssm:GetParameters"}, kept, nil)
	}
	if name := physical[s.Announcement]; name != "" {
		allow("Announce", []string{"lambda:InvokeFunction"}, []string{fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", id.Partition, id.Region, id.AccountID, name)}, nil)
	}
	allow("SeeTheListener", []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "cloudtrail:LookupEvents"}, []string{"*"}, nil)
	allow("SayThatItTurned", []string{"events:PutEvents"}, []string{fmt.Sprintf("arn:%s:events:%s:%s:event-bus/default", id.Partition, id.Region, id.AccountID)},
		map[string]map[string]string{"StringEquals": {"events:source": live.EventSource}})
	if name := physical[s.Monitors]; name != "" {
		allow("TellOutsideMonitors", []string{"lambda:InvokeFunction"}, []string{fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", id.Partition, id.Region, id.AccountID, name)}, nil)
	}
	if !now {
		return policy, nil
	}
	var listeners, listenerRules []string
	for _, p := range s.Properties {
		name := physical[p.Resource]
		list := &listenerRules
		if p.Name == "DefaultActions" {
			list = &listeners
		}
		if name != "" && !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	if len(listeners) > 0 {
		allow("TurnListeners", []string{"elasticloadbalancing:ModifyListener"}, listeners, nil)
	}
	if len(listenerRules) > 0 {
		allow("TurnRules", []string{"elasticloadbalancing:ModifyRule"}, listenerRules, nil)
	}
	if name := physical[s.ByHand]; name != "" {
		allow("SayWhoAndWhy", []string{"ssm:PutParameter"}, []string{parameter(name)}, nil)
	}
	allow("LockAndUnlock", []string{"cloudformation:SetStackPolicy"}, []string{anyStack}, nil)
	if s.imports() {
		allow("ReadExports", []string{"cloudformation:ListExports"}, []string{"*"}, nil)
	}
	return policy, nil
}

// records returns the logical ids of the parameters in which the guard and the
// probe remember the mode.
func (s Switch) records(t text) []string {
	var ids []string
	for _, property := range []string{"RecordParameter", "AttributionParameter"} {
		value, err := t.at("Resources", s.Guard, "Properties", property)
		var ref struct{ Ref string }
		if err == nil && json.Unmarshal(value, &ref) == nil {
			ids = append(ids, ref.Ref)
		}
	}
	return ids
}
