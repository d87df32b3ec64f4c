package window

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/testing/awsstub"
	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

const responderARN = "arn:aws:lambda:us-east-1:111111111111:function:Responder"

// simulated returns the actions, the resource and the context of a simulation.
func simulated(r awsstub.Request) (role string, actions []string, resource string, context map[string]string) {
	context = map[string]string{}
	for i := 1; r.Form.Get(fmt.Sprintf("ActionNames.member.%d", i)) != ""; i++ {
		actions = append(actions, r.Form.Get(fmt.Sprintf("ActionNames.member.%d", i)))
	}
	for i := 1; ; i++ {
		entry := fmt.Sprintf("ContextEntries.member.%d.", i)
		if r.Form.Get(entry+"ContextKeyName") == "" {
			return r.Form.Get("PolicySourceArn"), actions, r.Form.Get("ResourceArns.member.1"), context
		}
		context[r.Form.Get(entry+"ContextKeyName")] = r.Form.Get(entry + "ContextKeyValues.member.1")
	}
}

// allowing answers as IAM does for a role with all rights except one action,
// whose result gets the additions.
func allowing(t *testing.T, lacks string, more ...string) func(awsstub.Request) string {
	t.Helper()
	return func(r awsstub.Request) string {
		_, actions, resource, _ := simulated(r)
		var results strings.Builder
		for _, a := range actions {
			decision := "<EvalDecision>allowed</EvalDecision>"
			if a == lacks {
				decision = "<EvalDecision>implicitDeny</EvalDecision>" + strings.Join(more, "")
			}
			fmt.Fprintf(&results, "<member><EvalActionName>%s</EvalActionName><EvalResourceName>%s</EvalResourceName>%s</member>", a, resource, decision)
		}
		return "<EvaluationResults>" + results.String() + "</EvaluationResults><IsTruncated>false</IsTruncated>"
	}
}

// TestCanTurn checks that missing rights of the switch's role are named, and that
// the change set is always deleted.
func TestCanTurn(t *testing.T) {
	const (
		organization = "<OrganizationsDecisionDetail><AllowedByOrganizations>false</AllowedByOrganizations></OrganizationsDecisionDetail>"
		boundary     = "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
		layer        = "<MissingContextValues><member>lambda:Layer</member></MissingContextValues>"
		elsewhere    = "<ResourceSpecificResults><member><EvalResourceName>arn:listener</EvalResourceName><EvalResourceDecision>implicitDeny</EvalResourceDecision><MissingContextValues><member>aws:SourceVpc</member></MissingContextValues></member></ResourceSpecificResults>"
	)
	modify, update := "elasticloadbalancing:ModifyListener", "lambda:UpdateFunctionConfiguration"
	for name, test := range map[string]struct {
		answer    func(awsstub.Request) string
		want      string // part of the error; empty if it can
		undecided string // part of what is not known; empty if everything is
	}{
		"all rights":                     {allowing(t, ""), "", ""},
		"no right to the listener":       {allowing(t, modify), "arn:role lacks elasticloadbalancing:ModifyListener on arn:listener: implicitDeny", ""},
		"a boundary":                     {allowing(t, modify, boundary), "arn:role lacks elasticloadbalancing:ModifyListener on arn:listener", ""},
		"no right to the responder":      {allowing(t, update), "arn:role lacks lambda:UpdateFunctionConfiguration on " + responderARN, ""},
		"a condition of another right":   {allowing(t, modify, layer), "arn:role lacks elasticloadbalancing:ModifyListener on arn:listener", ""},
		"a condition that is not known":  {allowing(t, modify, elsewhere), "", "whether arn:role may do elasticloadbalancing:ModifyListener on arn:listener is not known: it depends on aws:SourceVpc"},
		"a condition of the very right":  {allowing(t, update, layer), "", "it depends on lambda:Layer"},
		"a policy of the organization":   {allowing(t, modify, organization), "", "a policy of the organization denies it"},
		"an answer without the action":   {func(awsstub.Request) string { return "<EvaluationResults></EvaluationResults>" }, "IAM does not say", ""},
		"an answer that is no answer":    {func(awsstub.Request) string { return awsstub.Refuse("Throttling", "later") }, "what arn:role may do is not known", ""},
		"a simulation that is forbidden": {func(awsstub.Request) string { return awsstub.Refuse("AccessDenied", "no") }, "what arn:role may do is not known", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f, stub := stacked(t, 0, "open", "UPDATE_COMPLETE")
			stub.AnswerBy("SimulatePrincipalPolicy", test.answer)
			undecided, err := f.canTurn(t.Context(), night.Payload{Mode: maintenance.Closed, End: plan.End})
			if (err == nil) != (test.want == "") || err != nil && (!strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "the product could not be closed")) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if got := strings.Join(undecided, "\n"); (got == "") != (test.undecided == "") || !strings.Contains(got, test.undecided) {
				t.Errorf("undecided: %q, want %q", got, test.undecided)
			}
			if made, deleted := len(stub.Calls("CreateChangeSet")), len(stub.Calls("DeleteChangeSet")); made != 1 || deleted != 1 || len(stub.Calls("ExecuteChangeSet")) > 0 {
				t.Errorf("%d change sets were made, %d deleted", made, deleted)
			}
		})
	}
}

// TestCanRun_AsksWhatTheStateMachineDoes checks that every action of a change is
// simulated on its resource, with the conditions of the policy.
func TestCanRun_AsksWhatTheStateMachineDoes(t *testing.T) {
	const prefix, cluster = "arn:aws:ecs:us-east-1:111111111111:", "arn:aws:ecs:us-east-1:111111111111:cluster/shop"
	f, stub := newFunction(t, 0)
	stub.Answer("DescribeClusters", `{"clusters": [{"status": "ACTIVE"}]}`)
	stub.Answer("DescribeTaskDefinition", `{"taskDefinition": {"status": "ACTIVE", "taskRoleArn": "arn:task-role", "executionRoleArn": "arn:execution-role"}}`)
	stub.AnswerBy("SimulatePrincipalPolicy", allowing(t, ""))
	p := night.Payload{Cluster: cluster, Task: prefix + "task-definition/changes:7", Role: "arn:machine"}
	if undecided, err := f.canRun(t.Context(), p); err != nil || len(undecided) > 0 {
		t.Fatal(undecided, err)
	}
	var got []string
	for _, call := range stub.Calls("SimulatePrincipalPolicy") {
		role, actions, resource, context := simulated(call)
		if role != "arn:machine" || context["ecs:cluster"] != cluster || context["iam:PassedToService"] != "ecs-tasks.amazonaws.com" || context["aws:RequestedRegion"] != "us-east-1" {
			t.Errorf("asked of %s with %v", role, context)
		}
		got = append(got, strings.Join(actions, ",")+" "+resource)
	}
	want := []string{
		"ecs:RunTask " + prefix + "task-definition/changes:7",
		"ecs:DescribeTasks,ecs:StopTask " + prefix + "task/shop/0",
		"events:PutTargets,events:PutRule,events:DescribeRule arn:aws:events:us-east-1:111111111111:rule/StepFunctionsGetEventsForECSTaskRule",
		"iam:PassRole arn:task-role",
		"iam:PassRole arn:execution-role",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	stub.AnswerBy("SimulatePrincipalPolicy", allowing(t, "iam:PassRole"))
	_, err := f.canRun(t.Context(), p)
	for _, want := range []string{"the schema changes could not be run", "arn:machine lacks iam:PassRole on arn:task-role", "arn:machine lacks iam:PassRole on arn:execution-role"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
