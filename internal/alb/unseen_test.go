package alb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/cfn"
)

// listenerTemplate returns a template with a listener L, rules on it, and more.
func listenerTemplate(more ...string) string {
	return `{"Resources": {
		"A": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"},
		"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Port": 80, "Protocol": "HTTP", "LoadBalancerArn": "arn:lb",
			"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}}` + strings.Join(more, "") + `}}`
}

func pathRule(id string, priority int, path string) string {
	return fmt.Sprintf(`, %q: {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "L"}, "Priority": %d,
		"Conditions": [{"Field": "path-pattern", "Values": [%q]}], "Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "A"}}]}}`, id, priority, path)
}

// TestUnseen checks that the use of a listener's ARN decides whether it may have
// more rules, and that the answer names that use.
func TestUnseen(t *testing.T) {
	const nested = `, "Svc": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x", "Parameters": {"Arn": {"Ref": "L"}}}}`
	for _, test := range []struct {
		name, template, path string
		want                 string // a reason; "" for a certain answer
	}{
		{"nobody else", listenerTemplate(pathRule("R", 5, "/a")), "/a", ""},
		{"a nested stack", listenerTemplate(nested), "/a", "the listener's ARN goes to Svc, a nested stack that is not read"},
		{"by attribute", listenerTemplate(`, "Svc": {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"Arn": {"Fn::GetAtt": ["L", "ListenerArn"]}}}}`),
			"/a", "goes to Svc"},
		{"in a text", listenerTemplate(`, "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Value": {"Fn::Sub": "${L}"}}}`), "/a", "goes to P (AWS::SSM::Parameter)"},
		{"a custom resource", listenerTemplate(`, "C": {"Type": "Custom::Rules", "Properties": {"Arn": {"Ref": "L"}}}`), "/a", "goes to C"},
		{"noren's guard", listenerTemplate(`, "C": {"Type": "Custom::NorenReopenGuard", "Properties": {"Arn": {"Ref": "L"}}}`), "/a", ""},
		{"a function that is told", listenerTemplate(`, "F": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {"L": {"Ref": "L"}}}}}`), "/a", ""},
		{"an output", strings.Replace(listenerTemplate(), `{"Resources"`, `{"Outputs": {"Arn": {"Value": {"Ref": "L"}}}, "Resources"`, 1), "/a", "goes to output Arn"},
		{"an output for people", strings.Replace(listenerTemplate(), `{"Resources"`, `{"Outputs": {"Command": {"Value": {"Fn::Sub": "aws elbv2 describe-rules --listener-arn ${L}"}}}, "Resources"`, 1), "/a", ""},
		{"several places", strings.Replace(listenerTemplate(nested), `{"Resources"`, `{"Outputs": {"Arn": {"Value": {"Ref": "L"}}}, "Resources"`, 1), "/a",
			"the listener's ARN goes to Svc, a nested stack that is not read and output Arn"},
		{"a macro", strings.Replace(listenerTemplate(), `{"Resources"`, `{"Transform": ["AWS::LanguageExtensions", "AddRules"], "Resources"`, 1), "/a", "CloudFormation expands the template with AddRules, which may add rules"},
		{"a macro that adds none", strings.Replace(listenerTemplate(), `{"Resources"`, `{"Transform": "AWS::Serverless-2016-10-31", "Resources"`, 1), "/a", ""},
		{"a hook of CodeDeploy", strings.Replace(listenerTemplate(pathRule("R", 1, "/a")), `{"Resources"`, `{"Hooks": {"H": {"Type": "AWS::CodeDeploy::BlueGreen"}}, "Resources"`, 1), "/a", "CodeDeploy swings its target group (a hook of the template)"},
		{"outputs in a loop", strings.Replace(listenerTemplate(), `{"Resources"`, `{"Outputs": {"Fn::ForEach::Arns": ["X", ["a"], {"Arn${X}": {"Value": {"Ref": "L"}}}]}, "Resources"`, 1), "/a", "goes to output Fn::ForEach::Arns"},
		{"one that is not there", strings.Replace(listenerTemplate(strings.Replace(nested, `"Type"`, `"Condition": "Never", "Type"`, 1)), `{"Resources"`,
			`{"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}, "Resources"`, 1), "/a", ""},
		{"no room before", listenerTemplate(pathRule("R1", 1, "/b"), pathRule("R2", 2, "/a"), nested), "/a", ""},
		{"room before", listenerTemplate(pathRule("R1", 1, "/b"), pathRule("R3", 3, "/a"), nested), "/a", "goes to Svc"},
		{"imported", `{"Resources": {"A": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}` +
			strings.ReplaceAll(pathRule("R", 500, "/a"), `{"Ref": "L"}`, `"arn:x"`) + `}}`, "/a", "the listener is not in the template: arn:x"},
		{"its own condition", strings.Replace(strings.Replace(listenerTemplate(), `{"Resources"`, `{"Conditions": {"C": {"Fn::Equals": [{"Ref": "AWS::Region"}, "b"]}}, "Resources"`, 1),
			`"L": {`, `"L": {"Condition": "C", `, 1), "/a", "the listener exists only under a condition"},
		{"CodeDeploy", listenerTemplate(pathRule("R", 1, "/a"), `, "D": {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {"LoadBalancerInfo": {"TargetGroupPairInfoList": [
			{"TargetGroups": [{"Name": {"Fn::GetAtt": ["A", "TargetGroupName"]}}]}]}}}`), "/a", "CodeDeploy swings its target group (D)"},
		{"blue/green of ECS", listenerTemplate(pathRule("R", 1, "/a"), `, "S": {"Type": "AWS::ECS::Service", "Properties": {"DeploymentConfiguration": {"Strategy": "BLUE_GREEN"},
			"LoadBalancers": [{"TargetGroupArn": {"Ref": "A"}}]}}`), "/a", "blue/green deployments of ECS swing its target group (S)"},
		{"rolling deployments of ECS", listenerTemplate(pathRule("R", 1, "/a"), `, "S": {"Type": "AWS::ECS::Service", "Properties": {"LoadBalancers": [{"TargetGroupArn": {"Ref": "A"}}]}}`), "/a", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			template, err := Read(strings.NewReader(test.template), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			e := template.Listeners[0].Explain(&Request{Target: test.path, Host: "a.example.com"})
			reasons := strings.Join(e.Reasons(), "\n")
			if e.Certain() != (test.want == "") || !strings.Contains(reasons, test.want) {
				t.Errorf("certain %v, want %q in\n%s", e.Certain(), test.want, reasons)
			}
		})
	}
}

// TestHiddenRules checks that an answer that is certain without the hidden rules
// is right with them.
func TestHiddenRules(t *testing.T) {
	certain := 0
	rapid.Check(t, func(t *rapid.T) {
		full := &Listener{Default: Rule{Actions: []Action{FixedResponse{Status: 404}}}}
		part := &Listener{Default: full.Default, Unseen: []string{"rules are hidden"}}
		for priority := 1; priority < 8; priority++ {
			where := rapid.IntRange(0, 3).Draw(t, "where") // nowhere, hidden, or visible
			if where == 0 {
				continue
			}
			path := rapid.SampledFrom([]string{"/a", "/b", "/a*", "/*"}).Draw(t, "path")
			status := rapid.IntRange(500, 502).Draw(t, "status")
			rule := Rule{Priority: priority, Conditions: []Condition{PathPatterns{path}}, Actions: []Action{FixedResponse{Status: status}}}
			full.Rules = append(full.Rules, rule)
			if where > 1 {
				part.Rules = append(part.Rules, rule)
			}
		}
		for _, path := range []string{"/a", "/b", "/abc", "/x"} {
			seen, all := part.Route(&Request{Target: path, Host: "h"}), full.Route(&Request{Target: path, Host: "h"})
			if !seen.Certain() {
				continue
			}
			certain++
			if seen.Status != all.Status {
				t.Fatalf("%s: certainly %d, but it is %d", path, seen.Status, all.Status)
			}
		}
	})
	if certain == 0 {
		t.Error("no answer was certain: nothing was tested")
	}
}

// TestRoute_WhatIsNotGiven checks that what is not given about a request is not
// known.
func TestRoute_WhatIsNotGiven(t *testing.T) {
	listener := func(c Condition) *Listener {
		return &Listener{
			Rules:   []Rule{{Priority: 1, Conditions: []Condition{c}, Actions: []Action{FixedResponse{Status: 503}}}},
			Default: Rule{Actions: []Action{FixedResponse{Status: 404}}},
		}
	}
	unknown := Request{HeadersUnknown: true, HostUnknown: true, QueryUnknown: true}
	given := Request{Host: "b.example.com", Header: map[string][]string{"X-B": {"1"}}, Target: "/?", Source: cidrs("198.51.100.1/32")[0].Addr()}
	for _, c := range []Condition{
		Hosts{"a.example.com"}, HostRegexes{"^a$"}, Header{"X-A", []string{"1"}}, HeaderRegexes{"X-A", []string{"^1$"}},
		QueryStrings{{"a", "1"}}, cidrs("10.0.0.0/8"),
	} {
		r, s := unknown, given
		e := listener(c).Explain(&r)
		if reasons := e.Reasons(); e.Certain() || !slices.Contains(reasons, "rule 1 depends on "+c.String()+", which is not given") {
			t.Errorf("%s: certain %v, %q", c, e.Certain(), reasons)
		}
		if e := listener(c).Explain(&s); !e.Certain() {
			t.Errorf("%s, all given: uncertain, %q", c, e.Reasons())
		}
	}
	r := unknown
	if e := listener(Hosts{"*"}).Explain(&r); !e.Certain() || e.Status != 503 {
		t.Errorf("any host will do: got %d, certain %v", e.Status, e.Certain())
	}
}
