package maintenancemode_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/iampolicy"
	"github.com/noren-cdk/noren/maintenance"
)

// arnOf returns the ARN that stands for a reference to a resource in these tests.
func arnOf(id string) string { return "arn:of:" + id }

// filled replaces references in a value by ARNs.
func filled(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = filled(v[i])
		}
		return list
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			return arnOf(id)
		}
		if list, ok := v["Fn::GetAtt"].([]any); ok {
			return arnOf(list[0].(string))
		}
		if list, ok := v["Fn::Join"].([]any); ok {
			var text strings.Builder
			for _, part := range filled(list[1]).([]any) {
				fmt.Fprint(&text, part)
			}
			return text.String()
		}
		object := map[string]any{}
		for name := range v {
			object[name] = filled(v[name])
		}
		return object
	}
	return value
}

// policiesOf returns the policies of a role.
func (t template) policiesOf(tb testing.TB, role string) [][]byte {
	tb.Helper()
	var policies [][]byte
	for _, r := range t.Resources {
		if r.Type != "AWS::IAM::Policy" || !strings.Contains(fmt.Sprint(r.Properties["Roles"]), role) {
			continue
		}
		data, err := json.Marshal(filled(r.Properties["PolicyDocument"]))
		if err != nil {
			tb.Fatal(err)
		}
		policies = append(policies, data)
	}
	if r := t.Resources[role]; len(policies) == 0 || r.Properties["ManagedPolicyArns"] != nil || r.Properties["Policies"] != nil {
		tb.Fatalf("%s: %d policies, and %v", role, len(policies), r.Properties)
	}
	return policies
}

// startsWith returns the logical id of the one resource of a type whose id has
// the prefix.
func (t template) startsWith(tb testing.TB, resourceType, prefix string) string {
	tb.Helper()
	var found []string
	for id, r := range t.Resources {
		if r.Type == resourceType && strings.HasPrefix(id, prefix) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		tb.Fatalf("%q are %s and start with %q, want one", found, resourceType, prefix)
	}
	return found[0]
}

// TestTurningRole_MayTurnAndNothingElse checks that with the role of the switch
// CloudFormation can make the calls of a flip, and no other, on every kind of
// listener. A template that changes anything else fails for lack of rights.
func TestTurningRole_MayTurnAndNothingElse(t *testing.T) {
	for _, kind := range listeners {
		template := guarded(t, kind, maintenance.Open)
		role := template.startsWith(t, "AWS::IAM::Role", "MaintenanceTurningRole")
		policies := template.policiesOf(t, role)
		if trusted := fmt.Sprint(template.Resources[role].Properties["AssumeRolePolicyDocument"]); !strings.Contains(trusted, "Service:cloudformation.amazonaws.com") || strings.Count(trusted, "Principal") != 1 {
			t.Errorf("%s: trusts %s", kind, trusted)
		}
		responder := template.startsWith(t, "AWS::Lambda::Function", "MaintenanceResponder")
		guard := template.startsWith(t, "AWS::Lambda::Function", "MaintenanceReopenGuard")
		executes := template.startsWith(t, "AWS::IAM::Role", "MaintenanceResponderRole")
		listener := template.startsWith(t, "AWS::ElasticLoadBalancingV2::Listener", "AlbListener")
		turning := map[string]bool{}
		for _, id := range template.turning(t) {
			turning[id] = true
		}
		toLambda := map[string]string{"iam:PassedToService": "lambda.amazonaws.com"}
		for _, test := range []struct {
			action, resource string
			context          map[string]string
			want             bool
		}{
			{"elasticloadbalancing:ModifyListener", arnOf(listener), nil, kind == "own"},
			{"elasticloadbalancing:ModifyListener", arnOf("Another"), nil, false},
			{"elasticloadbalancing:ModifyRule", arnOf("Another"), nil, false},
			{"elasticloadbalancing:ModifyListenerAttributes", arnOf(listener), nil, false},
			{"elasticloadbalancing:DeleteListener", arnOf(listener), nil, false},
			{"elasticloadbalancing:DescribeListeners", "*", nil, true},
			{"elasticloadbalancing:DescribeRules", "*", nil, true},
			{"elasticloadbalancing:CreateRule", arnOf(listener), nil, false},
			{"elasticloadbalancing:SetRulePriorities", arnOf(listener), nil, false},
			{"elasticloadbalancing:ModifyTargetGroup", arnOf("App"), nil, false},
			{"lambda:UpdateFunctionConfiguration", arnOf(responder), nil, true},
			{"lambda:UpdateFunctionConfiguration", arnOf(responder), map[string]string{"lambda:Layer": "arn:layer"}, false},
			{"lambda:UpdateFunctionConfiguration", arnOf(guard), nil, false},
			{"lambda:UpdateFunctionCode", arnOf(responder), nil, false},
			{"lambda:GetFunction", arnOf(responder), nil, true},
			{"lambda:AddPermission", arnOf(responder), nil, false},
			{"lambda:InvokeFunction", arnOf(guard), nil, true},
			{"lambda:InvokeFunction", arnOf(responder), nil, false},
			{"iam:PassRole", arnOf(executes), toLambda, true},
			{"iam:PassRole", arnOf(executes), map[string]string{"iam:PassedToService": "ecs-tasks.amazonaws.com"}, false},
			{"iam:PassRole", arnOf(role), toLambda, false},
			{"iam:PutRolePolicy", arnOf(role), nil, false},
			{"ssm:GetParameters", "arn:" + arnOf("AWS::Partition") + ":ssm:" + arnOf("AWS::Region") + ":" + arnOf("AWS::AccountId") + ":parameter/cdk-bootstrap/hnb659fds/version", nil, true},
			{"ssm:PutParameter", "arn:" + arnOf("AWS::Partition") + ":ssm:" + arnOf("AWS::Region") + ":" + arnOf("AWS::AccountId") + ":parameter/cdk-bootstrap/hnb659fds/version", nil, false},
			{"rds:DeleteDBCluster", "arn:any", nil, false},
			{"ecs:UpdateService", "arn:any", nil, false},
			{"cloudformation:UpdateStack", "arn:any", nil, false},
			{"s3:PutObject", "arn:any", nil, false},
		} {
			got, err := iampolicy.Allows(iampolicy.Call{Action: test.action, Resource: test.resource, Context: test.context}, policies...)
			if err != nil || got != test.want {
				t.Errorf("%s listener: %s on %s: got %v, %v, want %v", kind, test.action, test.resource, got, err, test.want)
			}
		}
		for id, r := range template.Resources {
			if r.Type != "AWS::ElasticLoadBalancingV2::ListenerRule" {
				continue
			}
			if got, err := iampolicy.Allows(iampolicy.Call{Action: "elasticloadbalancing:ModifyRule", Resource: arnOf(id)}, policies...); err != nil || got != turning[id] {
				t.Errorf("%s listener: the rule %s: may be modified %v, %v, want %v", kind, id, got, err, turning[id])
			}
		}
	}
}
