package maintenancemode

import (
	"maps"
	"reflect"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// describe writes into the template which properties carry the mode, and their
// values in every mode, so that noren close and open turn what is deployed
// without this program. It is the same in every mode.
func (m *MaintenanceMode) describe(this constructs.Construct, props Props, plan rules.Plan, listener elbv2.CfnListener, byRule bool, turning []elbv2.CfnListenerRule, targetGroups map[rules.Target]*string) {
	stack := awscdk.Stack_Of(this)
	modes := []maintenance.Mode{maintenance.Open, maintenance.Closed}
	if props.ReadOnly {
		modes = maintenance.Modes()
	}
	var properties []any
	add := func(of awscdk.CfnElement, name string, in func(maintenance.Mode) any) {
		values := map[string]any{"Resource": stack.GetLogicalId(of), "Name": name}
		same := true
		for _, mode := range modes {
			values[turn.Key(mode)] = in(mode)
			same = same && reflect.DeepEqual(in(mode), in(modes[0]))
		}
		if !same {
			properties = append(properties, values)
		}
	}
	forward := func(target rules.Target) any {
		return []any{map[string]any{"TargetGroupArn": targetGroups[target], "Type": "forward"}}
	}
	if !byRule {
		add(listener, "DefaultActions", func(mode maintenance.Mode) any {
			if mode == maintenance.Open {
				return forward(rules.App)
			}
			return forward(rules.Responder)
		})
	}
	for i, rule := range turning {
		add(rule, "Actions", func(mode maintenance.Mode) any { return forward(plan.Turning(mode)[i].Target) })
		add(rule, "Conditions", func(mode maintenance.Mode) any {
			var conditions []any
			for _, c := range plan.Turning(mode)[i].Conditions {
				conditions = append(conditions, alb.Properties(c))
			}
			return conditions
		})
	}
	answer := props.Answer
	if props.withoutFlags != nil {
		answer = *props.withoutFlags
	}
	all := responder.Config(answer).Environment()
	variables := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if turn.Turns(name) {
			variables[name] = all[name]
		}
	}
	function := m.Function.Node().DefaultChild().(awscdk.CfnResource)
	description := map[string]any{
		"Name":       pathInStack(this),
		"Responder":  stack.GetLogicalId(function),
		"ReadOnly":   props.ReadOnly,
		"Variables":  variables,
		"Properties": properties,
	}
	if m.Guard.Resource != nil {
		description["Guard"] = stack.GetLogicalId(m.Guard.Resource.Node().DefaultChild().(awscdk.CfnElement))
	}
	function.AddMetadata(jsii.String(turn.MetadataKey), description)
}

// pathInStack is the path of a construct below its stack.
func pathInStack(this constructs.Construct) string {
	path, stack := *this.Node().Path(), *awscdk.Stack_Of(this).Node().Path()
	if stack == "" {
		return path
	}
	return path[len(stack)+len("/"):]
}

