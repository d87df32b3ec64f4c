package maintenancemode

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
)

// sameStack returns an error if the listener cannot refer to what the switch
// defines.
func sameStack(scope constructs.IConstruct, listener elbv2.CfnListener) error {
	here, there := awscdk.Stack_Of(scope), awscdk.Stack_Of(listener)
	if *here.Node().Path() == *there.Node().Path() {
		return nil
	}
	return fmt.Errorf("the listener %s is in the stack %s, MaintenanceMode is in %s: each would wait for the other; make MaintenanceMode in the listener's stack, import the listener by its ARN, or set Hosts",
		pathOf(listener), *there.Node().Path(), *here.Node().Path())
}

// ofSwitch reports whether a MaintenanceMode defined a rule.
func ofSwitch(r elbv2.CfnListenerRule) bool {
	for scope := r.Node().Scope(); scope != nil; scope = scope.Node().Scope() {
		if scope.Node().TryFindChild(jsii.String(responderID)) != nil && scope.Node().TryFindChild(jsii.String(probeID)) != nil {
			return true
		}
	}
	return false
}

// actions are the actions of a listener or a rule as the app has defined them.
type actions struct {
	from constructs.IConstruct
	raw  any              // what CDK takes
	list []map[string]any // as the template will have them, with CDK's names

	transforms any // of a rule: how it rewrites a request, as CDK takes it
}

func newActions(of constructs.IConstruct, raw any) actions {
	a := actions{from: of, raw: raw}
	// Actions that are known only later are not a list.
	_ = json.Unmarshal([]byte(resolved(of, raw)), &a.list)
	// The actions of a listener have another type than those of a rule.
	if list := plain(raw); list != nil && resolved(of, list) == text(a.list) {
		a.raw = list
	}
	slices.SortStableFunc(a.list, func(x, y map[string]any) int { return cmp.Compare(order(x), order(y)) })
	return a
}

// actionsOf returns the actions of a rule, with the rewrites that come before
// them.
func actionsOf(r elbv2.CfnListenerRule) actions {
	a := newActions(r, r.Actions())
	if text := resolved(r, r.Transforms()); text != "null" && text != "[]" {
		a.transforms = r.Transforms()
	}
	return a
}

// order returns the place of an action among those of a rule, 0 if it gives none.
// The list may be in another order than the one in which the actions run.
func order(action map[string]any) float64 {
	switch v := action["order"].(type) {
	case float64:
		return v
	case string:
		n, _ := strconv.ParseFloat(v, 64) // only a deploy knows any other value
		return n
	}
	return 0
}

// now returns the actions that a resource has at the time of the call. References
// to other stacks become imports only when the template is written.
func (a actions) now(of constructs.IConstruct) actions { return newActions(of, a.raw) }

// plain returns actions that the app has given as structs, without their types,
// and nil for others. References in them stay in the form in which CDK writes
// them into texts.
func plain(raw any) any {
	list, ok := raw.([]any)
	if !ok {
		return nil
	}
	var values []any
	if err := json.Unmarshal([]byte(text(list)), &values); err != nil {
		return nil
	}
	return untyped(values)
}

// untyped returns a value without what jsii records about its type.
func untyped(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = untyped(v[i])
		}
	case map[string]any:
		if of, ok := v["$jsii.struct"].(map[string]any); ok {
			return untyped(of["data"])
		}
		for name, inner := range v {
			if v[name] = untyped(inner); inner == nil {
				delete(v, name)
			}
		}
	}
	return value
}

// plainForward returns the action that forwards to one target group.
func plainForward(targetGroup *string) actions {
	forward := map[string]any{"type": "forward", "targetGroupArn": *targetGroup}
	raw := &elbv2.CfnListenerRule_ActionProperty{Type: jsii.String("forward"), TargetGroupArn: targetGroup}
	return actions{raw: []any{raw}, list: []map[string]any{forward}}
}

// groups returns the target groups that the last action forwards to. It is empty
// if that action is not a forward.
func (a actions) groups() []any {
	if len(a.list) == 0 || a.list[len(a.list)-1]["type"] != "forward" {
		return nil
	}
	last := a.list[len(a.list)-1]
	var groups []any
	if config, ok := last["forwardConfig"].(map[string]any); ok {
		list, _ := config["targetGroups"].([]any)
		for _, entry := range list {
			group, _ := entry.(map[string]any)
			if arn := group["targetGroupArn"]; arn != nil && group["weight"] != float64(0) {
				groups = append(groups, arn)
			}
		}
	}
	if arn := last["targetGroupArn"]; len(groups) == 0 && arn != nil {
		groups = append(groups, arn)
	}
	return groups
}

// forwardTo reports whether at least some requests are forwarded to a target
// group.
func (a actions) forwardTo(group elbv2.IApplicationTargetGroup) bool {
	if a.from == nil {
		return false
	}
	want := resolved(a.from, group.TargetGroupArn())
	return slices.ContainsFunc(a.groups(), func(arn any) bool { return text(arn) == want })
}

// names returns the target groups that the actions forward to, as CDK takes them.
func (a actions) names() []string {
	var names []string
	for _, group := range a.groups() {
		if name, ok := group.(string); ok {
			names = append(names, name)
			continue
		}
		names = append(names, *awscdk.Token_AsString(group, nil))
	}
	return names
}

// turnedTo returns the actions of a resource with another target group at their
// end, with CDK's names. A login before it stays.
func (a actions) turnedTo(of constructs.IConstruct, targetGroup *string) []any {
	var turned []any
	forward := map[string]any{"Type": "forward", "TargetGroupArn": *targetGroup}
	list := a.now(of).list
	for i, action := range list {
		if i == len(list)-1 {
			if order, ok := action["order"]; ok {
				forward["Order"] = order
			}
			break
		}
		turned = append(turned, pascalCased(action))
	}
	return append(turned, forward)
}

// listenerOf returns the template resource of a listener that the app defines,
// nil for an imported one.
func listenerOf(listener elbv2.IApplicationListener) elbv2.CfnListener {
	resource, _ := listener.Node().DefaultChild().(elbv2.CfnListener)
	return resource
}

// healthCheckPath returns the health check path that the app's target group sets,
// unless it is "/".
func healthCheckPath(app elbv2.IApplicationTargetGroup) string {
	group, ok := app.Node().DefaultChild().(elbv2.CfnTargetGroup)
	if !ok {
		return ""
	}
	var path string
	// A value that is not a string, or missing, resolves to something else.
	if err := json.Unmarshal([]byte(resolved(group, group.HealthCheckPath())), &path); err != nil || path == "/" {
		return ""
	}
	return path
}

// resolved returns value as the template will have it, in JSON.
func resolved(scope constructs.IConstruct, value any) string {
	if value == nil {
		return "null"
	}
	return text(awscdk.Stack_Of(scope).Resolve(value))
}

// text returns a value in JSON.
func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// pathOf returns the path of the construct that a resource belongs to.
func pathOf(resource constructs.IConstruct) string {
	return strings.TrimSuffix(*resource.Node().Path(), "/Resource")
}

// newListenerRule defines the rule in the listener's template. It is an L1
// construct, since the L2 does not know regular expressions. It opens no security
// group; what the app has defined already does.
func newListenerRule(scope constructs.Construct, r rules.Rule, listener elbv2.IApplicationListener, actions, transforms any) elbv2.CfnListenerRule {
	conditions := make([]any, len(r.Conditions))
	for i, condition := range r.Conditions {
		conditions[i] = camelCased(alb.Properties(condition))
	}
	return elbv2.NewCfnListenerRule(scope, &r.ID, &elbv2.CfnListenerRuleProps{
		ListenerArn: listener.ListenerArn(),
		Priority:    jsii.Number(r.Priority),
		Conditions:  conditions,
		Actions:     actions,
		Transforms:  transforms,
	})
}

// attach makes the services of the application's target group wait for a rule
// that forwards to it. ECS refuses a service whose target group no load balancer
// refers to, and in the closed mode the default action does not refer to it:
// without the dependency, a first deploy in that mode is a race. Services in
// another stack are left alone.
func attach(app elbv2.IApplicationTargetGroup, listener elbv2.IApplicationListener, rule elbv2.CfnListenerRule) {
	same := *awscdk.Stack_Of(app).Node().Path() == *awscdk.Stack_Of(rule).Node().Path()
	if _, defined := app.Node().DefaultChild().(elbv2.CfnTargetGroup); defined && same {
		app.RegisterListener(listener, rule)
	}
}

// camelCased returns a value of CloudFormation with CDK's property names.
func camelCased(value any) any { return renamed(value, strings.ToLower) }

// pascalCased returns a value of CDK with CloudFormation's property names.
func pascalCased(value any) any { return renamed(value, strings.ToUpper) }

func renamed(value any, first func(string) string) any {
	switch v := value.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, property := range v {
			switch {
			case name == "Ref", strings.HasPrefix(name, "Fn::"):
				object[name] = property
			case name == "authenticationRequestExtraParams": // its names are the app's
				object[first(name[:1])+name[1:]] = property
			default:
				object[first(name[:1])+name[1:]] = renamed(property, first)
			}
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i, entry := range v {
			list[i] = renamed(entry, first)
		}
		return list
	}
	return value
}
