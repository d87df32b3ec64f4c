package maintenancemode

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// outlined tells the probe what is deployed: every listener of the load balancers
// of the switch, rule by rule. It reads the finished app in every mode with the
// engine that reads templates, so the result is the same in every mode.
type outlined struct {
	this      constructs.Construct
	mode      *MaintenanceMode
	props     Props
	listeners []turned
	groups    rules.Groups // as CDK takes them
	read      *rules.Outlines
	numbers   map[string]int // of listeners, by reference
}

// outlineText is one of the texts of the outlines.
type outlineText struct {
	of    *outlined
	index int // of the listener, -1 for the others
}

// text returns a text whose value is known when the template is written.
func (o *outlined) text(index int) *string {
	return awscdk.Lazy_String(&outlineText{o, index}, nil)
}

// Produce implements awscdk.IStableStringProducer.
func (t *outlineText) Produce() *string {
	if t.of.read == nil {
		read, err := t.of.outlines()
		if err != nil {
			panic(fmt.Errorf("what %s is told of the listeners: %w", *t.of.this.Node().Path(), err))
		}
		t.of.read = &read
	}
	listeners, others := t.of.read.Texts()
	if t.index >= 0 {
		others = listeners[t.index]
	}
	return &others
}

// outlines reads the outlines of all listeners.
func (o *outlined) outlines() (rules.Outlines, error) {
	var out rules.Outlines
	modes := o.props.modes()
	readings := map[maintenance.Mode]*alb.Template{}
	for _, mode := range modes {
		read, err := o.template(mode)
		if err != nil {
			return out, err
		}
		readings[mode] = read
	}
	groups := rules.Groups{Responder: o.name(o.groups.Responder), Unlock: o.name(o.groups.Unlock)}
	for _, app := range o.groups.Apps {
		groups.Apps = append(groups.Apps, o.name(app))
	}
	outline := func(listener string) rules.Outline {
		read := rules.NewOutline(modes, func(mode maintenance.Mode) *alb.Listener {
			for _, l := range readings[mode].Listeners {
				if l.Ref.String() == listener {
					return l
				}
			}
			return &alb.Listener{Ref: alb.Ref{External: listener}}
		}, groups)
		for _, priority := range o.turnedByOthers(listener) {
			read.LeaveOpen(priority)
		}
		return read
	}
	mine := map[string]bool{}
	for _, t := range o.listeners {
		name := o.listener(t.listener.ListenerArn())
		mine[name] = true
		out.Listeners = append(out.Listeners, outline(name))
		out.OthersUnknown = out.OthersUnknown || t.resource == nil || !ownBalancer(t.resource)
	}
	v := &validation{this: o.this, props: o.props, listeners: o.listeners}
	for _, l := range v.loadBalancerListeners() {
		if name := o.listener(l.Ref()); !mine[name] {
			out.Others = append(out.Others, outline(name))
		}
	}
	return out, nil
}

// turnedByOthers returns the priorities of the rules of a listener that other
// switches turn, 0 for its default action, in no order. What these rules do
// depends on the mode of the other switches.
func (o *outlined) turnedByOthers(listener string) []int {
	var priorities []int
	for _, r := range listenerRules(o.this) {
		if o.listener(listenerArn(r)) != listener || !ofSwitch(r) || strings.HasPrefix(*r.Node().Path(), *o.this.Node().Path()+"/") {
			continue
		}
		if turningRule.MatchString(*r.Node().Id()) {
			priorities = append(priorities, int(*r.Priority()))
		}
		mine := slices.ContainsFunc(o.listeners, func(t turned) bool { return o.listener(t.listener.ListenerArn()) == listener && !t.byRule })
		if !mine && !slices.Contains(priorities, 0) {
			priorities = append(priorities, 0)
		}
	}
	return priorities
}

// turningRule matches the id of a rule that carries a mode.
var turningRule = regexp.MustCompile("^(" + maintenance.ReadID + "|" + maintenance.CloseID + "|" + maintenance.UpgradeID + ")[0-9]+$")

// ownBalancer reports whether the app defines the load balancer of a listener.
func ownBalancer(l elbv2.CfnListener) bool {
	_, own := balancerArn(l)
	return own
}

// name returns the name of a target group or load balancer in the template that
// is read.
func (o *outlined) name(arn string) string {
	var value any
	if arn == "" || json.Unmarshal([]byte(resolved(o.this, arn)), &value) != nil {
		return ""
	}
	return named(value)
}

// named returns the name of the resource that a value refers to.
func named(value any) string {
	if plain, ok := value.(string); ok {
		return plain
	}
	return "arn:" + strings.NewReplacer("{", "(", "}", ")").Replace(text(value))
}

// listener returns the name of a listener in the template that is read. It
// identifies the listener by reference, since listeners of two stacks may look
// the same in a template.
func (o *outlined) listener(arn *string) string {
	if o.numbers == nil {
		o.numbers = map[string]int{}
		for i, t := range o.listeners {
			o.numbers[*t.listener.ListenerArn()] = i
			if t.resource != nil {
				o.numbers[*t.resource.Ref()] = i
			}
		}
	}
	if _, ok := o.numbers[*arn]; !ok {
		o.numbers[*arn] = len(o.numbers) + len(o.listeners)
	}
	return fmt.Sprintf("Listener%d", o.numbers[*arn])
}

// template returns the app's listeners and rules, with the carriers of the mode
// as they are in the given mode.
func (o *outlined) template(mode maintenance.Mode) (*alb.Template, error) {
	resources := map[string]any{}
	add := func(r awscdk.CfnResource, typeName, name string, properties map[string]any) {
		for _, d := range o.mode.carriers.described {
			if *d.of.Node().Path() != *r.Node().Path() {
				continue
			}
			var plain any
			if json.Unmarshal([]byte(resolved(o.this, d.in(mode))), &plain) == nil {
				properties[d.property] = plain
			}
		}
		for property, value := range properties {
			if property == "LoadBalancerArn" {
				value = named(value)
			}
			properties[property] = withNames(value)
		}
		resource := map[string]any{"Type": typeName, "Properties": properties}
		if r.CfnOptions().Condition() != nil {
			resource["Condition"] = "Undecided"
		}
		resources[name] = resource
	}
	n := 0
	for _, l := range listenerResources(o.this) {
		add(l, *elbv2.CfnListener_CFN_RESOURCE_TYPE_NAME(), o.listener(l.Ref()), rendered(o.this, map[string]any{
			"DefaultActions": l.DefaultActions(), "Port": l.Port(), "Protocol": l.Protocol(), "LoadBalancerArn": l.LoadBalancerArn(),
		}))
	}
	for _, r := range listenerRules(o.this) {
		n++
		properties := rendered(o.this, map[string]any{
			"Actions": r.Actions(), "Conditions": r.Conditions(), "Priority": r.Priority(),
		})
		add(r, *elbv2.CfnListenerRule_CFN_RESOURCE_TYPE_NAME(), fmt.Sprintf("Rule%d", n), properties)
		listener := o.listener(listenerArn(r))
		properties["ListenerArn"] = listener
		if _, defined := resources[listener]; defined {
			properties["ListenerArn"] = map[string]any{"Ref": listener}
		}
	}
	data, err := json.Marshal(map[string]any{
		"Parameters": map[string]any{"Undecided": map[string]any{"Type": "String"}},
		"Conditions": map[string]any{"Undecided": map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "Undecided"}, "x"}}},
		"Resources":  resources,
	})
	if err != nil {
		return nil, err
	}
	return alb.Read(strings.NewReader(string(data)), cfn.Options{})
}

// withNames replaces every reference to a target group or load balancer in a
// value by its name.
func withNames(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if name == "TargetGroupArn" || name == "LoadBalancerArn" {
				v[name] = named(inner)
			} else {
				v[name] = withNames(inner)
			}
		}
	case []any:
		for i, inner := range v {
			v[i] = withNames(inner)
		}
	}
	return value
}
