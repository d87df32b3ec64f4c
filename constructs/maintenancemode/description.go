package maintenancemode

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
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
// without this program. It is the same in every mode and with every flag.
func (m *MaintenanceMode) describe(this constructs.Construct, props Props) {
	stack := awscdk.Stack_Of(this)
	answer := props.Answer
	if props.withoutFlags != nil {
		answer = *props.withoutFlags
	}
	variables := map[string]any{}
	for name, value := range responder.Config(answer).Environment() {
		if turn.Turns(name) {
			variables[name] = value
		}
	}
	var carriers []any
	for _, l := range m.carriers.listeners {
		carriers = append(carriers, stack.GetLogicalId(l))
	}
	for _, r := range m.carriers.rules {
		carriers = append(carriers, stack.GetLogicalId(r))
	}
	function := m.Function.Node().DefaultChild().(awscdk.CfnResource)
	values := map[string]any{
		"Name":       pathInStack(this),
		"Responder":  stack.GetLogicalId(function),
		"ReadOnly":   props.ReadOnly,
		"Variables":  variables,
		"Carriers":   carriers,
		"Properties": m.carriers.described,
		"Role":       stack.GetLogicalId(m.TurningRole.Node().DefaultChild().(awscdk.CfnElement)),
		"ByHand":     stack.GetLogicalId(m.ByHand.Node().DefaultChild().(awscdk.CfnElement)),
	}
	if m.Announcement != nil {
		values["Announcement"] = stack.GetLogicalId(m.Announcement.Node().DefaultChild().(awscdk.CfnElement))
	}
	if m.Guard.Resource != nil {
		values["Guard"] = stack.GetLogicalId(m.Guard.Resource.Node().DefaultChild().(awscdk.CfnElement))
	}
	function.AddMetadata(jsii.String(turn.MetadataKey), awscdk.Lazy_String(&description{this, values}, nil))
}

// description is a text, since CloudFormation would take a reference in it for a
// dependency of the function on what depends on the function.
type description struct {
	of     constructs.Construct
	values map[string]any
}

// Produce implements awscdk.IStableStringProducer: when the template is written,
// references to other stacks are known.
func (d *description) Produce() *string {
	var values any
	if err := json.Unmarshal([]byte(resolved(d.of, d.values)), &values); err != nil {
		panic(err) // it is JSON
	}
	return jsii.String(maintenance.JSON(values))
}

// describeProperty notes the values of a property in every mode, unless they are
// all the same.
func (c *carriers) describeProperty(props Props, of awscdk.CfnResource, name string, in func(maintenance.Mode) any) {
	values := map[string]any{"Resource": awscdk.Stack_Of(of).GetLogicalId(of), "Name": name}
	differ := false
	for _, mode := range maintenance.Modes() {
		if mode == maintenance.ReadOnly && !props.ReadOnly {
			continue
		}
		values[turn.Key(mode)] = in(mode)
		differ = differ || !reflect.DeepEqual(in(mode), in(maintenance.Open))
	}
	if differ {
		c.described = append(c.described, values)
	}
}

// describeRule notes what of a rule carries the mode.
func (c *carriers) describeRule(props Props, t *turned, of rules.Rule, rule awscdk.CfnResource, responder, closed []any) {
	in := func(mode maintenance.Mode) rules.Rule {
		turning, _ := props.plan(*t).Turning(mode)
		at := slices.IndexFunc(turning, func(r rules.Rule) bool { return r.Priority == of.Priority })
		return turning[at]
	}
	c.describeProperty(props, rule, "Actions", func(mode maintenance.Mode) any {
		switch r := in(mode); {
		case r.Target == rules.App:
			return t.routeOf(r).does.template()
		case r.Reads() && len(closed) > 1:
			return closed
		}
		return responder
	})
	c.describeProperty(props, rule, "Conditions", func(mode maintenance.Mode) any {
		var conditions []any
		for _, condition := range in(mode).Conditions {
			conditions = append(conditions, alb.Properties(condition))
		}
		return conditions
	})
}

// template are the actions in the spelling of CloudFormation.
func (a actions) template() []any {
	var list []any
	for _, action := range a.list {
		list = append(list, pascalCased(action))
	}
	return list
}

// pathInStack is the path of a construct below its stack.
func pathInStack(this constructs.Construct) string {
	path, stack := *this.Node().Path(), *awscdk.Stack_Of(this).Node().Path()
	if stack == "" {
		return path
	}
	return path[len(stack)+len("/"):]
}
