package alb

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestJoin checks that a listener that one template defines, and to which another
// adds rules by the export of its ARN, becomes one listener.
func TestJoin(t *testing.T) {
	read := func(template string) *Template {
		t.Helper()
		read, err := Read(strings.NewReader(template), cfn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	network := read(strings.Replace(listenerTemplate(pathRule("R", 5, "/a")), `{"Resources"`,
		`{"Outputs": {"Arn": {"Value": {"Ref": "L"}, "Export": {"Name": {"Fn::Sub": "${AWS::Region}:listener"}}}}, "Resources"`, 1))
	service := read(`{"Resources": {"A": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}` +
		strings.ReplaceAll(pathRule("R", 3, "/b"), `{"Ref": "L"}`, `{"Fn::ImportValue": {"Fn::Sub": "${AWS::Region}:listener"}}`) + `}}`)
	joined := Join([]Stack{{Name: "network", Template: network}, {Name: "service", Template: service}})
	if len(joined.Listeners) != 1 || len(joined.Listeners[0].Rules) != 2 {
		t.Fatalf("got %d listeners, want one with two rules", len(joined.Listeners))
	}
	for _, test := range []struct{ path, rule, group string }{
		{"/a", "R", "A"}, {"/b", "service:R", "service:A"},
	} {
		d := joined.Listeners[0].Route(&Request{Target: test.path, Host: "h"})
		if d.Rule.LogicalID != test.rule || d.Target().LogicalID != test.group {
			t.Errorf("%s goes to %s by %s, want %s by %s", test.path, d.Target(), d.Rule.LogicalID, test.group, test.rule)
		}
	}
	if len(network.Listeners[0].Rules) != 1 {
		t.Error("joining has changed a template")
	}
}
