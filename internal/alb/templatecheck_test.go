package alb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestTemplateCheck checks for combinations of resources that the API refuses,
// and for resources that do not work as written.
func TestTemplateCheck(t *testing.T) {
	resource := func(id, kind, properties string) string {
		return fmt.Sprintf("%q: {\"Type\": \"AWS::%s\", \"Properties\": {%s}}", id, kind, properties)
	}
	group := func(id, properties string) string {
		return resource(id, "ElasticLoadBalancingV2::TargetGroup", properties)
	}
	listener := func(id string, port int, group string) string {
		return resource(id, "ElasticLoadBalancingV2::Listener", fmt.Sprintf(`"LoadBalancerArn": {"Ref": "LB"}, "Port": %d, "Protocol": "HTTP",
			"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": %q}}]`, port, group))
	}
	balancer := func(properties string) string {
		return resource("LB", "ElasticLoadBalancingV2::LoadBalancer", properties)
	}
	rule := func(condition string) string {
		return resource("R", "ElasticLoadBalancingV2::ListenerRule", `"ListenerArn": {"Ref": "L"}, "Priority": 1, "Conditions": [`+condition+`],
			"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "A"}}]`)
	}
	targets := `"Targets": [{"Id": "i-1"}]`
	permission := resource("P", "Lambda::Permission", `"FunctionName": {"Ref": "F"}, "Principal": "elasticloadbalancing.amazonaws.com"`)
	function := resource("F", "Lambda::Function", "")
	lambda := `"TargetType": "lambda", "Targets": [{"Id": {"Fn::GetAtt": ["F", "Arn"]}}]`
	service := func(group string) string {
		return resource("S", "ECS::Service", `"LoadBalancers": [{"TargetGroupArn": {"Ref": "`+group+`"}}]`)
	}
	for _, test := range []struct {
		name      string
		resources []string
		want      string // "" for no problem
	}{
		{"one port twice", []string{balancer(""), listener("L", 80, "A"), listener("M", 80, "A"), group("A", targets)}, `error: port 80 is taken by listener "L" of the same load balancer`},
		{"two ports", []string{balancer(""), listener("L", 80, "A"), listener("M", 81, "A"), group("A", targets)}, ""},
		{"timeout not below the interval", []string{group("A", `"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 10`)}, "error: health check has a timeout of 10s, which is not below its interval of 10s"},
		{"timeout below the interval", []string{group("A", `"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 9`)}, ""},
		{"a Lambda's health settings", []string{group("A", `"TargetType": "lambda", "HealthCheckPath": "/x"`)}, "warning: Lambda target group has health check settings, but its health check is not enabled"},
		{"enabled", []string{group("A", `"TargetType": "lambda", "HealthCheckPath": "/x", "HealthCheckEnabled": true`)}, ""},
		{"a Lambda without permission", []string{group("A", lambda), function}, "error: Lambda target F has no permission in the template for elasticloadbalancing.amazonaws.com to invoke it"},
		{"with permission", []string{group("A", lambda), function, permission}, ""},
		{"a service that no rule reaches", []string{balancer(""), listener("L", 80, "B"), group("A", ""), group("B", targets), service("A")}, "error: target group is that of service S, but no listener forwards to it"},
		{"a service", []string{balancer(""), listener("L", 80, "A"), group("A", ""), service("A")}, ""},
		{"a service of which a nested stack may know", []string{balancer(""), listener("L", 80, "B"), group("A", ""), group("B", targets), service("A"),
			resource("N", "CloudFormation::Stack", `"Parameters": {"G": {"Ref": "A"}}`)}, ""},
		{"a default without targets", []string{balancer(""), listener("L", 80, "A"), group("A", ""), resource("Q", "AutoScaling::AutoScalingGroup", "")}, "warning: target group is the default of a listener, but nothing in the template registers targets with it"},
		{"IPv4 only on both", []string{balancer(`"IpAddressType": "dualstack"`), listener("L", 80, "A"), group("A", targets), rule(`{"Field": "source-ip", "SourceIpConfig": {"Values": ["0.0.0.0/0"]}}`)},
			"warning: source IP 0.0.0.0/0 leaves out clients of IPv6"},
		{"both on both", []string{balancer(`"IpAddressType": "dualstack"`), listener("L", 80, "A"), group("A", targets), rule(`{"Field": "source-ip", "SourceIpConfig": {"Values": ["0.0.0.0/0", "::/0"]}}`)}, ""},
		{"a host with _", []string{balancer(""), listener("L", 80, "A"), group("A", targets), rule(`{"Field": "host-header", "Values": ["my_api.example.com"]}`)}, `warning: host "my_api.example.com" contains _`},
	} {
		t.Run(test.name, func(t *testing.T) {
			template, err := Read(strings.NewReader(`{"Resources": {`+strings.Join(test.resources, ",")+`}}`), cfn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range Check(template) {
				got = append(got, p.Severity.String()+": "+p.Message)
			}
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
				t.Errorf("got %q, want %q", slices.Compact(got), test.want)
			}
		})
	}
}
