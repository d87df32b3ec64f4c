package alb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/cfn"
)

// hiddenStacks is an app whose listener gets rules from several stacks: its own,
// a stack nested in it, a stack nested in that one, and a stack that imports it.
type hiddenStacks struct {
	rules map[string][]string // by stack

	passes  bool // the nested stack passes the listener on
	exports bool
}

func (h hiddenStacks) read(t *rapid.T, visible ...string) *Template {
	var all []Stack
	bound := map[string]string{}
	add := func(s Stack, template string) {
		read, err := Read(strings.NewReader(template), cfn.Options{Bound: bound})
		if err != nil {
			t.Fatal(err)
		}
		s.Template = read
		all = append(all, s)
		bound = map[string]string{}
		for _, n := range read.Nested() {
			bound = n.Bound(s.Name)
		}
	}
	sees := func(stack string) bool { return slices.Contains(visible, stack) }
	outputs := ""
	if h.exports {
		outputs = `"Outputs": {"Arn": {"Value": {"Ref": "L"}, "Export": {"Name": "listener"}}}, `
	}
	add(Stack{Name: "app"}, strings.Replace(listenerTemplate(h.list("app", `{"Ref": "L"}`)+nestedStack("Child", `{"Ref": "L"}`)), `{"Resources"`, `{`+outputs+`"Resources"`, 1))
	if sees("child") {
		grandchild := ""
		if h.passes {
			grandchild = nestedStack("Grandchild", `{"Fn::Sub": "${Arn}"}`)
		}
		add(Stack{Name: "app.Child", Parent: "app", LogicalID: "Child"}, nestedTemplate(h.list("child", `{"Ref": "Arn"}`)+grandchild))
		if sees("grandchild") && h.passes {
			add(Stack{Name: "app.Child.Grandchild", Parent: "app.Child", LogicalID: "Grandchild"}, nestedTemplate(h.list("grandchild", `{"Ref": "Arn"}`)))
		}
	}
	bound = nil
	if sees("importer") && h.exports {
		add(Stack{Name: "importer"}, `{"Resources": {"A": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}`+h.list("importer", `{"Fn::ImportValue": "listener"}`)+`}}`)
	}
	return Join(all)
}

func nestedStack(id, arn string) string {
	return fmt.Sprintf(`, %q: {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "x", "Parameters": {"Arn": %s}}}`, id, arn)
}

func nestedTemplate(more string) string {
	return `{"Parameters": {"Arn": {"Type": "String"}}, "Resources": {"A": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}` + more + `}}`
}

// list returns the rules of a stack on a listener.
func (h hiddenStacks) list(stack, listener string) string {
	return strings.ReplaceAll(strings.Join(h.rules[stack], ""), "LISTENER", listener)
}

// TestHiddenStacks checks that an answer that is certain without some of the
// templates is right with them.
func TestHiddenStacks(t *testing.T) {
	certain, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		h := hiddenStacks{rules: map[string][]string{}, passes: rapid.Bool().Draw(t, "passes"), exports: rapid.Bool().Draw(t, "exports")}
		for priority := 1; priority < 9; priority++ {
			stack := rapid.SampledFrom([]string{"", "app", "app", "child", "grandchild", "importer"}).Draw(t, "stack")
			if stack == "" {
				continue
			}
			path := rapid.SampledFrom([]string{"/a", "/b", "/a*", "/*"}).Draw(t, "path")
			h.rules[stack] = append(h.rules[stack], fmt.Sprintf(`, "R%d": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": LISTENER, "Priority": %d,
				"Conditions": [{"Field": "path-pattern", "Values": [%q]}], "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "50%d"}}]}}`,
				priority, priority, path, rapid.IntRange(0, 4).Draw(t, "status")))
		}
		var visible []string
		for _, stack := range []string{"child", "grandchild", "importer"} {
			if rapid.Bool().Draw(t, "sees "+stack) {
				visible = append(visible, stack)
			}
		}
		full, part := h.read(t, "child", "grandchild", "importer"), h.read(t, visible...)
		if len(full.Listeners) != 1 {
			t.Fatalf("%d listeners, want one", len(full.Listeners))
		}
		for _, path := range []string{"/a", "/b", "/abc", "/x"} {
			seen, whole := part.Listeners[0].Route(&Request{Target: path, Host: "h"}), full.Listeners[0].Route(&Request{Target: path, Host: "h"})
			if all++; !seen.Certain() {
				continue
			}
			certain++
			if seen.Status != whole.Status {
				t.Fatalf("%s: certainly %d, but it is %d", path, seen.Status, whole.Status)
			}
		}
	})
	if certain == 0 || certain == all {
		t.Errorf("%d of %d answers were certain: want some", certain, all)
	}
}

// TestNestedStacks checks that a listener passed through parameters and outputs
// of nested stacks is one listener, and that answers are certain once all stacks
// are read.
func TestNestedStacks(t *testing.T) {
	read := func(template string, bound map[string]string) *Template {
		t.Helper()
		read, err := Read(strings.NewReader(template), cfn.Options{Bound: bound})
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	const balancer = `"LB": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"IpAddressType": "dualstack"}}, `
	network := read(strings.Replace(strings.Replace(listenerTemplate(), `{"Resources": {`, `{"Outputs": {"Arn": {"Value": {"Ref": "L"}}}, "Resources": {`+balancer, 1), `"arn:lb"`, `{"Ref": "LB"}`, 1), nil)
	root := read(`{"Resources": {"R": {"Type": "Custom::Other"}, "Net": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "net"}}`+
		nestedStack("Svc", `{"Fn::GetAtt": ["Net", "Outputs.Arn"]}`)+`}}`, nil)
	var svc cfn.Nested
	for _, n := range root.Nested() {
		if n.LogicalID == "Svc" {
			svc = n
		}
	}
	service := read(nestedTemplate(strings.ReplaceAll(pathRule("R", 7, "/a"), `{"Ref": "L"}`, `{"Ref": "Arn"}`)), svc.Bound("root"))
	all := []Stack{{Name: "root", Template: root}, {Name: "root.Net", Template: network, Parent: "root", LogicalID: "Net"},
		{Name: "root.Svc", Template: service, Parent: "root", LogicalID: "Svc"}}
	joined := Join(all)
	if len(joined.Listeners) != 1 {
		t.Fatalf("%d listeners, want one", len(joined.Listeners))
	}
	l := joined.Listeners[0]
	d := l.Route(&Request{Target: "/a", Host: "h"})
	if !d.Certain() || d.Rule.LogicalID != "root.Svc:R" || d.Target().LogicalID != "root.Svc:A" || l.Balancer == nil {
		t.Errorf("certain %v by rule %s to %s", d.Certain(), d.Rule.LogicalID, d.Target())
	}
	if stack, id, _, _ := joined.Place("root.Svc:R", "Priority"); stack != "root.Svc" || id != "R" {
		t.Errorf("rule is in %s, called %s", stack, id)
	}
	without := Join(all[:2]).Listeners[0].Explain(&Request{Target: "/a", Host: "h"})
	if reasons := strings.Join(without.Reasons(), "\n"); without.Certain() || !strings.Contains(reasons, "goes to Svc, a nested stack that is not read") {
		t.Errorf("without the service: certain %v\n%s", without.Certain(), reasons)
	}
}

// TestHidden_SameParameterNamesInTwoStacks checks that equally named parameters
// of two stacks are not taken for the same listener.
func TestHidden_SameParameterNamesInTwoStacks(t *testing.T) {
	read := func(priority int) *Template {
		read, err := Read(strings.NewReader(nestedTemplate(strings.ReplaceAll(pathRule("R", priority, "/a"), `{"Ref": "L"}`, `{"Ref": "Arn"}`))), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	joined := Join([]Stack{{Name: "a", Template: read(5)}, {Name: "b", Template: read(5)}})
	if names := []string{joined.Listeners[0].Name(), joined.Listeners[1].Name()}; !slices.Equal(names, []string{"${Arn}", "${b/Arn}"}) {
		t.Errorf("got %q", names)
	}
	if problems := Check(joined); len(problems) > 0 {
		t.Errorf("got %v", problems)
	}
}
