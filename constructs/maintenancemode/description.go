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
// values in every mode, so that noren close and open can turn what is deployed
// without this program. The description is the same in every mode and with every
// flag.
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
		"Name":      pathInStack(this),
		"Responder": stack.GetLogicalId(function),
		"ReadOnly":  props.ReadOnly,
		"Variables": variables,
		"Carriers":  carriers,
		"Role":      stack.GetLogicalId(m.TurningRole.Node().DefaultChild().(awscdk.CfnElement)),
		"ByHand":    stack.GetLogicalId(m.ByHand.Node().DefaultChild().(awscdk.CfnElement)),
	}
	if m.Monitors != nil {
		values["Monitors"] = stack.GetLogicalId(m.Monitors.Node().DefaultChild().(awscdk.CfnElement))
	}
	if m.Announcement != nil {
		values["Announcement"] = stack.GetLogicalId(m.Announcement.Node().DefaultChild().(awscdk.CfnElement))
	}
	if m.Guard.Resource != nil {
		values["Guard"] = stack.GetLogicalId(m.Guard.Resource.Node().DefaultChild().(awscdk.CfnElement))
	}
	function.AddMetadata(jsii.String(turn.MetadataKey), awscdk.Lazy_UncachedString(&description{this, values, &m.carriers}, nil))
}

// description is written as a text: if it held references, CloudFormation would
// make the function depend on resources that depend on the function.
type description struct {
	of       constructs.Construct
	values   map[string]any
	carriers *carriers
}

// Produce implements awscdk.IStringProducer. CDK calls it several times and keeps
// the last answer, since references to other stacks are known only when the
// template is written.
func (d *description) Produce(awscdk.IResolveContext) *string {
	properties := []any{}
	for _, p := range d.carriers.described {
		properties = append(properties, p.values())
	}
	d.values["Properties"] = properties
	var values any
	if err := json.Unmarshal([]byte(resolved(d.of, d.values)), &values); err != nil {
		panic(err) // it is JSON
	}
	return jsii.String(maintenance.JSON(values))
}

// described is a property that carries the mode, with its value in each mode.
type described struct {
	of       awscdk.CfnResource
	property string
	modes    []maintenance.Mode
	in       func(maintenance.Mode) any
}

// values returns the property as the template's description of the switch has it.
func (d described) values() map[string]any {
	values := map[string]any{"Resource": awscdk.Stack_Of(d.of).GetLogicalId(d.of), "Name": d.property}
	for _, mode := range d.modes {
		values[turn.Key(mode)] = d.in(mode)
	}
	return values
}

// describeProperty records the values of a property in every mode, unless they
// are all the same.
func (c *carriers) describeProperty(props Props, of awscdk.CfnResource, name string, in func(maintenance.Mode) any) {
	d := described{of: of, property: name, modes: props.modes(), in: in}
	if slices.ContainsFunc(d.modes, func(mode maintenance.Mode) bool { return !reflect.DeepEqual(in(mode), in(maintenance.Open)) }) {
		c.described = append(c.described, d)
	}
}

// modes returns the modes that are prepared.
func (p Props) modes() []maintenance.Mode {
	if p.ReadOnly {
		return maintenance.Modes()
	}
	return []maintenance.Mode{maintenance.Open, maintenance.Closed}
}

// describeRule records which parts of a rule carry the mode.
func (c *carriers) describeRule(props Props, t *turned, of rules.Rule, rule awscdk.CfnResource, responder *string, closed func() []any) {
	in := func(mode maintenance.Mode) rules.Rule {
		turning, _ := props.plan(*t).Turning(mode)
		at := slices.IndexFunc(turning, func(r rules.Rule) bool { return r.Priority == of.Priority })
		return turning[at]
	}
	c.describeProperty(props, rule, "Actions", func(mode maintenance.Mode) any {
		switch r := in(mode); {
		case r.Target == rules.App:
			return t.routeOf(r).does.template(rule)
		case r.Reads() && closed != nil:
			return closed()
		}
		return plainForward(responder).template(rule)
	})
	c.describeProperty(props, rule, "Conditions", func(mode maintenance.Mode) any {
		var conditions []any
		for _, condition := range in(mode).Conditions {
			conditions = append(conditions, alb.Properties(condition))
		}
		return conditions
	})
}

// template returns the actions of a resource with CloudFormation's names.
func (a actions) template(of constructs.IConstruct) []any {
	var list []any
	for _, action := range a.now(of).list {
		list = append(list, pascalCased(action))
	}
	return list
}

// pathInStack returns the path of a construct below its stack.
func pathInStack(this constructs.Construct) string {
	path, stack := *this.Node().Path(), *awscdk.Stack_Of(this).Node().Path()
	if stack == "" {
		return path
	}
	return path[len(stack)+len("/"):]
}
