package maintenancemode_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// to returns the action that forwards to a target group, in CloudFormation's
// form.
func to(group elbv2.ApplicationTargetGroup) map[string]any {
	return map[string]any{"type": "forward", "targetGroupArn": *group.TargetGroupArn()}
}

// lowRule adds a rule for paths without the CDK classes that know listeners.
func (p product) lowRule(listener *string, path string, transforms any, actions ...any) {
	elbv2.NewCfnListenerRule(p.stack, jsii.String("Low"), &elbv2.CfnListenerRuleProps{
		ListenerArn: listener, Priority: jsii.Number(1000), Actions: awscdk.Token_AsAny(actions), Transforms: transforms,
		Conditions: []any{map[string]any{"field": "path-pattern", "pathPatternConfig": map[string]any{"values": []any{path}}}},
	})
}

// lowListener adds a listener without those classes.
func (p product) lowListener(balancer *string, actions ...any) {
	elbv2.NewCfnListener(p.stack, jsii.String("Low"), &elbv2.CfnListenerProps{
		LoadBalancerArn: balancer, Port: jsii.Number(8081), Protocol: jsii.String("HTTP"), DefaultActions: awscdk.Token_AsAny(actions),
	})
}

// TestWhatStaysOpen_HoweverItIsSpelt checks that what is on the listener or the
// load balancer is found by what it refers to, and that forwards are found by the
// order of their actions.
func TestWhatStaysOpen_HoweverItIsSpelt(t *testing.T) {
	listener := func(p product) elbv2.CfnListener { return p.listener.Node().DefaultChild().(elbv2.CfnListener) }
	balancer := func(p product) elbv2.CfnLoadBalancer {
		return p.alb.Node().DefaultChild().(elbv2.CfnLoadBalancer)
	}
	last := func(action map[string]any) map[string]any {
		action["order"] = 2
		return action
	}
	const rule, other = "Product/Low (priority 1000) stays open when the switch is closed", "the default action of Product/Low, another listener of the load balancer, stays open when the switch is closed"
	for _, test := range []struct {
		name   string
		define func(p product)
		want   string
	}{
		{"a rule by the attribute of its listener", func(p product) {
			p.lowRule(listener(p).AttrListenerArn(), "/other/*", nil, to(p.targetGroup("Other")))
		}, rule},
		{"a rule by a reference of its own", func(p product) {
			p.lowRule(jsii.String(*awscdk.Token_AsString(listener(p).GetAtt(jsii.String("ListenerArn"), ""), nil)), "/other/*", nil, to(p.targetGroup("Other")))
		}, rule},
		{"a rule whose login is listed last", func(p product) {
			p.lowRule(p.listener.ListenerArn(), "/other/*", nil, last(to(p.targetGroup("Other"))), login())
		}, rule},
		{"a listener by the attribute of its load balancer", func(p product) {
			p.lowListener(balancer(p).AttrLoadBalancerArn(), to(p.targetGroup("Other")))
		}, other},
		{"a listener whose login is listed last", func(p product) {
			p.lowListener(p.alb.LoadBalancerArn(), last(to(p.targetGroup("Other"))), login())
		}, other},
	} {
		_, err := synth(func(p product) {
			test.define(p)
			p.new(maintenancemode.Props{Allow: []string{"POST /api/login"}})
		})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// TestTransforms checks that requests let through are rewritten as the app's
// rules rewrite them. If only one of two routes to a service rewrites, they are
// two routes.
func TestTransforms(t *testing.T) {
	rewrite := []any{map[string]any{"type": "url-rewrite", "urlRewriteConfig": map[string]any{"rewrites": []any{map[string]any{"regex": "^/api/(.*)$", "replace": "/$1"}}}}}
	for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
		props := maintenancemode.Props{Mode: mode, ReadOnly: true, NoHealthCheck: true, Allow: []string{"POST /api/login"}}
		out := mustSynth(t, func(p product) {
			p.defaultsTo(map[string]any{"type": "fixed-response", "fixedResponseConfig": map[string]any{"statusCode": "404"}})
			p.lowRule(p.listener.ListenerArn(), "/api/*", rewrite, to(p.app))
			p.new(props)
		})
		rewriting := 0
		for id, r := range out.Resources {
			if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && strings.Contains(fmt.Sprint(r.Properties["Transforms"]), "/$1") {
				rewriting++
			} else if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && strings.HasPrefix(id, "MaintenanceAllow") {
				t.Errorf("%s: %s does not rewrite", mode, id)
			}
		}
		if rewriting != 3 { // the app's, that of the login, that of reads
			t.Errorf("%s: %d rules rewrite, want 3", mode, rewriting)
		}
		_, err := synth(func(p product) {
			p.lowRule(p.listener.ListenerArn(), "/api/*", rewrite, to(p.app))
			p.new(props)
		})
		if err == nil || !strings.Contains(err.Error(), "send to AppTargetGroup in two ways") {
			t.Errorf("%s: rewritten on one of two ways: %v", mode, err)
		}
	}
}
