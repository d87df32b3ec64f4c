package turn

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/testing/iampolicy"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	ownRole   = "arn:aws:iam::111111111111:role/shop-TurningRole"
	adminRole = "arn:aws:iam::111111111111:role/cdk-hnb659fds-cfn-exec-role-111111111111-eu-central-1"
	bootstrap = `"Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}},` + "\n "
)

// withRole returns the shop with a role and a parameter of the switch, deployed
// with the CDK bootstrap.
func withRole(t *testing.T, mode maintenance.Mode) *fakeStack {
	t.Helper()
	template := strings.Replace(shop(t, mode), `\"Responder\":\"Responder\"`, `\"Role\":\"Role\",\"ByHand\":\"ByHand\",\"Monitors\":\"Monitors\",\"Responder\":\"Responder\"`, 1)
	template = strings.Replace(template, `"Resources": {`, bootstrap+`"Resources": {`, 1)
	f := newFakeStack(template)
	f.role = adminRole
	f.resources = map[string]string{
		"Role": "shop-TurningRole", "ByHand": "CFN-ByHand", "Monitors": "shop-Monitors", "App": "arn:app", "Listener": "arn:listener", "Reads": "arn:reads", "Responder": "shop-Responder",
	}
	return f
}

func TestOperation_Role(t *testing.T) {
	for _, test := range []struct {
		name  string
		edit  func(*fakeStack, *Operation)
		want  string
		calls bool // whether the role is looked up
	}{
		{"a stack of the CDK bootstrap", func(*fakeStack, *Operation) {}, ownRole, true},
		{"a role with a path", func(f *fakeStack, _ *Operation) {
			f.template = strings.Replace(f.template, `"Resources": {`, `"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"Path": "/ops/"}},`, 1)
		}, "arn:aws:iam::111111111111:role/ops/shop-TurningRole", true},
		{"a role that was named", func(_ *fakeStack, o *Operation) { o.Role = "arn:named" }, "arn:named", false},
		// On these stacks, the role would stay and be used by deploys that name
		// none.
		{"a stack that was deployed without a role", func(f *fakeStack, _ *Operation) { f.role = "" }, "", false},
		{"a stack without a CDK bootstrap", func(f *fakeStack, _ *Operation) { f.template = strings.Replace(f.template, bootstrap, "", 1) }, "", false},
		{"a switch of an older release", func(f *fakeStack, _ *Operation) {
			f.template = strings.Replace(f.template, `\"Role\":\"Role\",`, "", 1)
		}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := withRole(t, maintenance.Open)
			o := operation(f)
			test.edit(f, o)
			looked := false
			f.before = func(_ int, name string) error {
				looked = looked || name == "ListStackResources"
				return nil
			}
			plan, err := o.Prepare(t.Context(), Wish{Mode: maintenance.Closed})
			if err != nil {
				t.Fatal(err)
			}
			if set := f.sets[plan.ChangeSet]; plan.Role != test.want || set.role != test.want || looked != test.calls {
				t.Errorf("got %q, the set has %q, looked up %v; want %q, %v", plan.Role, set.role, looked, test.want, test.calls)
			}
		})
	}
}

// TestRights_OfAPerson checks that a person with the printed policy may turn the
// switch with the switch's role, and nothing else. The last column is with --now.
func TestRights_OfAPerson(t *testing.T) {
	f := withRole(t, maintenance.Open)
	document := func(now bool) []byte {
		policy, err := operation(f).Rights(t.Context(), "", now)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(policy)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	plain, now := document(false), document(true)
	const (
		stack   = "arn:aws:cloudformation:eu-central-1:111111111111:stack/shop/1"
		again   = "arn:aws:cloudformation:eu-central-1:111111111111:stack/shop/2"
		other   = "arn:aws:cloudformation:eu-central-1:111111111111:stack/shop-database/1"
		bucket  = "arn:aws:s3:::cdk-hnb659fds-assets-111111111111-eu-central-1"
		systems = "arn:aws:ssm:eu-central-1:111111111111:parameter/"
	)
	set := func(name, role string) map[string]string {
		c := map[string]string{"cloudformation:ChangeSetName": name}
		if role != "" {
			c["cloudformation:RoleArn"] = role
		}
		return c
	}
	to := func(service string) map[string]string { return map[string]string{"iam:PassedToService": service} }
	for _, test := range []struct {
		action, resource string
		context          map[string]string
		plain, now       bool
	}{
		{"cloudformation:DescribeStacks", stack, nil, true, true},
		{"events:PutEvents", "arn:aws:events:eu-central-1:111111111111:event-bus/default", map[string]string{"events:source": "noren"}, true, true},
		{"events:PutEvents", "arn:aws:events:eu-central-1:111111111111:event-bus/default", map[string]string{"events:source": "aws.rds"}, false, false},
		{"events:PutEvents", "arn:aws:events:eu-central-1:111111111111:event-bus/other", map[string]string{"events:source": "noren"}, false, false},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:111111111111:function:shop-Monitors", nil, true, true},
		{"lambda:InvokeFunction", "arn:aws:lambda:eu-central-1:111111111111:function:shop-Responder", nil, false, false},
		{"lambda:UpdateFunctionCode", "arn:aws:lambda:eu-central-1:111111111111:function:shop-Monitors", nil, false, false},
		{"cloudformation:GetTemplate", again, nil, true, true},
		{"cloudformation:GetTemplate", other, nil, false, false},
		{"cloudformation:CreateChangeSet", stack, set("noren-closed-1", ownRole), true, true},
		{"cloudformation:CreateChangeSet", stack, set("noren-closed-1", ""), false, false},
		{"cloudformation:CreateChangeSet", stack, set("noren-closed-1", adminRole), false, false},
		{"cloudformation:CreateChangeSet", stack, set("cdk-deploy-change-set", ownRole), false, false},
		{"cloudformation:CreateChangeSet", other, set("noren-closed-1", ownRole), false, false},
		{"cloudformation:ExecuteChangeSet", stack, set("noren-closed-1", ""), true, true},
		{"cloudformation:ExecuteChangeSet", stack, set("cdk-deploy-change-set", ""), false, false},
		{"cloudformation:DeleteChangeSet", stack, set("cdk-deploy-change-set", ""), false, false},
		{"cloudformation:UpdateStack", stack, map[string]string{"cloudformation:RoleArn": ownRole}, false, false},
		{"cloudformation:DeleteStack", stack, nil, false, false},
		{"cloudformation:ContinueUpdateRollback", stack, nil, false, false},
		{"cloudformation:GetStackPolicy", stack, nil, true, true},
		{"cloudformation:SetStackPolicy", stack, nil, false, true},
		{"cloudformation:SetStackPolicy", other, nil, false, false},
		{"iam:PassRole", ownRole, to("cloudformation.amazonaws.com"), true, true},
		{"iam:PassRole", ownRole, to("lambda.amazonaws.com"), false, false},
		{"iam:PassRole", adminRole, to("cloudformation.amazonaws.com"), false, false},
		{"sts:AssumeRole", adminRole, nil, false, false},
		{"s3:PutObject", bucket + "/noren/noren-closed-1.json", nil, true, true},
		{"s3:PutObject", bucket + "/0123456789abcdef.zip", nil, false, false},
		{"s3:DeleteObject", bucket + "/noren/noren-closed-1.json", nil, false, false},
		{"ssm:GetParameters", systems + "cdk-bootstrap/hnb659fds/version", nil, true, true},
		{"ssm:PutParameter", systems + "cdk-bootstrap/hnb659fds/version", nil, false, false},
		{"ssm:GetParameters", systems + "CFN-ByHand", nil, true, true},
		{"ssm:PutParameter", systems + "CFN-ByHand", nil, false, true},
		{"elasticloadbalancing:DescribeRules", "*", nil, true, true},
		{"elasticloadbalancing:ModifyListener", "arn:listener", nil, false, true},
		{"elasticloadbalancing:ModifyListener", "arn:reads", nil, false, false},
		{"elasticloadbalancing:ModifyRule", "arn:reads", nil, false, true},
		{"elasticloadbalancing:ModifyRule", "arn:another", nil, false, false},
		{"elasticloadbalancing:DeleteListener", "arn:listener", nil, false, false},
		{"lambda:UpdateFunctionConfiguration", "arn:responder", nil, false, false},
	} {
		call := iampolicy.Call{Action: test.action, Resource: test.resource, Context: test.context}
		for i, want := range []bool{test.plain, test.now} {
			got, err := iampolicy.Allows(call, [][]byte{plain, now}[i])
			if err != nil || got != want {
				t.Errorf("%s on %s, %v, now %v: got %v, %v, want %v", test.action, test.resource, test.context, i == 1, got, err, want)
			}
		}
	}
}

// TestRights_AreEnough checks that the printed policy allows every call that a
// close makes.
func TestRights_AreEnough(t *testing.T) {
	f := withRole(t, maintenance.Open)
	policy, err := operation(f).Rights(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	f.before = func(_ int, name string) error {
		made[name] = true
		allowed, err := iampolicy.Allows(iampolicy.Call{
			Action: "cloudformation:" + name, Resource: fakeARN,
			Context: map[string]string{"cloudformation:ChangeSetName": "noren-closed-1", "cloudformation:RoleArn": ownRole},
		}, data)
		if err != nil || !allowed {
			t.Errorf("%s: %v, %v", name, allowed, err)
		}
		return nil
	}
	if err := flip(t.Context(), f, maintenance.Closed); err != nil {
		t.Fatal(err)
	}
	if !made["ExecuteChangeSet"] || !made["ListStackResources"] {
		t.Errorf("made %v", made)
	}
}

// TestOperation_ReadsAgain checks that a value that an update reads again from
// Systems Manager is refused if it has changed or cannot be seen.
func TestOperation_ReadsAgain(t *testing.T) {
	const instance = `"Resources": {"Server": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": %},`
	parameter := func(of string) func(*fakeStack) {
		return func(f *fakeStack) {
			f.template = strings.Replace(f.template, `"Parameters": {`, `"Parameters": {"ImageId": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/image"},`, 1)
			f.template = strings.Replace(f.template, `"Resources": {`, strings.Replace(instance, "%", of+"}", 1), 1)
		}
	}
	for _, test := range []struct {
		name string
		edit func(*fakeStack)
		now  [2]string
		want string // empty if it passes
	}{
		{"a parameter that is the same", parameter(`{"Ref": "ImageId"}`), [2]string{"ami-1", "ami-1"}, ""},
		{"a parameter that is another now", parameter(`{"Ref": "ImageId"}`), [2]string{"ami-1", "ami-2"}, `parameter ImageId is read again from Systems Manager: it was "ami-1" and would be "ami-2"`},
		{"in a text", parameter(`{"Fn::Sub": "${ImageId}"}`), [2]string{"ami-1", "ami-2"}, `it was "ami-1"`},
		{"a parameter that is not shown", parameter(`{"Ref": "ImageId"}`), [2]string{"", ""}, "does not say what it is then"},
		{"a parameter that nothing uses", parameter(`"ami-0"`), [2]string{"ami-1", "ami-2"}, ""},
		{"a reference without a version", parameter(`"{{resolve:ssm:/image}}"`), [2]string{}, "{{resolve:ssm:/image}} is read again from Systems Manager in every update (Server): give it a version"},
		{"a reference with a version", parameter(`"{{resolve:ssm:/image:3}}"`), [2]string{}, ""},
		{"a secret", parameter(`"{{resolve:secretsmanager:a}}"`), [2]string{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := withRole(t, maintenance.Open)
			test.edit(f)
			f.resolved = test.now
			_, err := operation(f).Prepare(t.Context(), Wish{Mode: maintenance.Closed})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && len(f.sets) > 0 {
				t.Error("the change set was left")
			}
		})
	}
}

// TestVerify_WhatRefers checks that resources that are listed only because they
// refer, directly or not, to what changes do not count as changes; with any other
// cause they do.
func TestVerify_WhatRefers(t *testing.T) {
	refers := func(id, cause string) types.ResourceChange {
		return types.ResourceChange{Action: types.ChangeActionModify, LogicalResourceId: aws.String(id), ResourceType: aws.String("A"), Replacement: types.ReplacementFalse,
			Details: []types.ResourceChangeDetail{{Evaluation: types.EvaluationTypeDynamic, ChangeSource: types.ChangeSourceResourceAttribute, CausingEntity: &cause}}}
	}
	switched := map[string]bool{"Responder": true}
	for _, test := range []struct {
		changes []types.ResourceChange
		want    []string
	}{
		{[]types.ResourceChange{refers("B", "Responder.Arn")}, []string{"B"}},
		{[]types.ResourceChange{refers("C", "B.Arn"), refers("B", "Responder.Arn")}, []string{"B", "C"}},
		{[]types.ResourceChange{refers("C", "B.Arn"), refers("B", "C.Arn")}, nil},
		{[]types.ResourceChange{refers("C", "D.Arn")}, nil},
	} {
		var got []string
		for id := range onlyReferring(test.changes, switched) {
			got = append(got, id)
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
