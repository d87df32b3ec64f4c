package maintenancemode

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
)

// defaultTargetGroup is the one property that differs between open and closed.
const defaultTargetGroup = "DefaultActions.0.TargetGroupArn"

// listenerOf returns the template resource of a listener that the app defines,
// nil for an imported one.
func listenerOf(listener elbv2.IApplicationListener) elbv2.CfnListener {
	resource, _ := listener.Node().DefaultChild().(elbv2.CfnListener)
	return resource
}

// checkDefaultAction makes sure that the default action is the one that the
// flip turns: a plain forward to the application.
func checkDefaultAction(listener elbv2.CfnListener, app elbv2.IApplicationTargetGroup) error {
	got := resolved(listener, listener.DefaultActions())
	want := resolved(listener, []map[string]any{{"type": "forward", "targetGroupArn": app.TargetGroupArn()}})
	if got != want {
		return fmt.Errorf("the default action of %s must be a forward to AppTargetGroup and nothing else, got %s; on a listener that other services share, set Hosts",
			*listener.Node().Scope().Node().Path(), got)
	}
	return nil
}

// healthCheckPath returns the health check path that the app target group sets,
// but for "/".
func healthCheckPath(app elbv2.IApplicationTargetGroup) string {
	group, ok := app.Node().DefaultChild().(elbv2.CfnTargetGroup)
	if !ok {
		return ""
	}
	var path string
	// What is not a text, or not there, resolves to something else.
	if err := json.Unmarshal([]byte(resolved(group, group.HealthCheckPath())), &path); err != nil || path == "/" {
		return ""
	}
	return path
}

// resolved returns value as the template will have it, in JSON.
func resolved(scope constructs.IConstruct, value any) string {
	out, err := json.Marshal(awscdk.Stack_Of(scope).Resolve(value))
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// newListenerRule defines the rule in the listener's template. An L1, since the
// L2 knows no regular expressions; it opens no security group, which the
// listener's own default action has done.
func newListenerRule(this constructs.Construct, r rules.Rule, listener elbv2.IApplicationListener, targetGroup *string) elbv2.CfnListenerRule {
	conditions := make([]any, len(r.Conditions))
	for i, condition := range r.Conditions {
		conditions[i] = camelCased(alb.Properties(condition))
	}
	return elbv2.NewCfnListenerRule(this, &r.ID, &elbv2.CfnListenerRuleProps{
		ListenerArn: listener.ListenerArn(),
		Priority:    jsii.Number(r.Priority),
		Conditions:  conditions,
		Actions:     []any{&elbv2.CfnListenerRule_ActionProperty{Type: jsii.String("forward"), TargetGroupArn: targetGroup}},
	})
}

// attach makes services of the application's target group wait for a rule that
// forwards to it. ECS refuses a service whose target group no load balancer
// refers to, and in the closed mode the default action does not: without it, a
// first deploy in that mode is a race. What is in another stack waits for
// nothing here.
func attach(app elbv2.IApplicationTargetGroup, listener elbv2.IApplicationListener, rule elbv2.CfnListenerRule) {
	same := *awscdk.Stack_Of(app).Node().Path() == *awscdk.Stack_Of(rule).Node().Path()
	if _, defined := app.Node().DefaultChild().(elbv2.CfnTargetGroup); defined && same {
		app.RegisterListener(listener, rule)
	}
}

// camelCased returns a value of CloudFormation with the names of properties as
// CDK writes them.
func camelCased(value any) any {
	switch v := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, property := range v {
			object[strings.ToLower(name[:1])+name[1:]] = camelCased(property)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, entry := range v {
			list[i] = camelCased(entry)
		}
		return list
	}
	return value
}
