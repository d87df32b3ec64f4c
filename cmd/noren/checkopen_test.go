package main

import (
	"strings"
	"testing"
)

// TestCheck_StillOpen checks that rules of others before a closing rule are
// reported, on the listener and on another one of the load balancer, and that
// what the switch lets through is not.
func TestCheck_StillOpen(t *testing.T) {
	const template = `
Resources:
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: application}}
  App: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: ip, VpcId: vpc, Port: 80, Protocol: HTTP}}
  Blog: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: ip, VpcId: vpc, Port: 80, Protocol: HTTP}}
  MaintenanceResponderFunction01234567: {Type: AWS::Lambda::Function, Properties: {Environment: {Variables: {MAINTENANCE_MESSAGE: x}}}}
  MaintenanceTargetGroup01234567: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: lambda, Targets: [{Id: !GetAtt MaintenanceResponderFunction01234567.Arn}]}}
  Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Balancer, Port: 80, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref DEFAULT}]}}
  Other: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Balancer, Port: 81, Protocol: HTTP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref App}]}}
  Rule: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Listener, Priority: 5, Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/blog/*]}}], Actions: [{Type: forward, TargetGroupArn: !Ref Blog}]}}
  MaintenanceAllow001234567: {Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {ListenerArn: !Ref Listener, Priority: 100, Conditions: [{Field: path-pattern, PathPatternConfig: {Values: [/api/login]}}], Actions: [{Type: forward, TargetGroupArn: !Ref App}]}}
`
	messages := func(defaultTo string) string {
		var all []string
		for _, f := range stillOpen([]byte(strings.ReplaceAll(template, "DEFAULT", defaultTo))) {
			all = append(all, f.Message)
		}
		return strings.Join(all, "\n")
	}
	want := `still open when Maintenance is closed: rule 5 (path "/blog/*") of Listener HTTP 80 forwards to Blog, such as GET /blog/x
still open when Maintenance is closed: the default action of Other HTTP 81 forwards to App, such as GET /`
	if got := messages("MaintenanceTargetGroup01234567"); got != want {
		t.Errorf("closed: got\n%s\nwant\n%s", got, want)
	}
	if got := messages("App"); got != "" {
		t.Errorf("open: got %s", got)
	}
}

func TestCheck_TakenNetworks(t *testing.T) {
	for network, want := range map[string]int{"192.0.2.0/25": 1, "192.0.0.0/16": 1, "10.0.0.0/16": 0} {
		template := `{"Resources": {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "` + network + `"}}}}`
		if got := takenNetworks([]byte(template)); len(got) != want {
			t.Errorf("%s: got %v, want %d", network, got, want)
		}
	}
}
