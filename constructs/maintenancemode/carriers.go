package maintenancemode

import (
	"encoding/json"
	"reflect"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/internal/rules"
)

// carriers are the resources that carry the mode, in the order in which they are
// digested: the listeners whose default action the switch sets, and the rules
// whose actions or conditions it sets.
type carriers struct {
	listeners []elbv2.CfnListener
	rules     []elbv2.CfnListenerRule
	turned    map[string]*overriding // actions that override those of the app, by path
	described []described            // what carries the mode, for the template
}

// overriding is a list of actions that the template gets.
type overriding struct{ actions func() []any }

// Produce implements awscdk.IAnyProducer. CDK calls it when it writes the
// template; references to other stacks are known only then.
func (o *overriding) Produce(awscdk.IResolveContext) any { return o.actions() }

// override replaces a list of actions of a resource.
func (c *carriers) override(resource awscdk.CfnResource, property string, actions func() []any) {
	turned := &overriding{actions}
	resource.AddPropertyOverride(&property, awscdk.Lazy_UncachedAny(turned, nil))
	if c.turned == nil {
		c.turned = map[string]*overriding{}
	}
	c.turned[*resource.Node().Path()] = turned
}

// Produce implements awscdk.IStringProducer. When the template is written, the
// app has finished defining the listener, and references to other stacks are
// known. It does not see listener properties that the app overrides with
// AddPropertyOverride.
func (c *carriers) Produce(awscdk.IResolveContext) *string {
	digest, err := rules.PropertiesDigest(c.properties()...)
	if err != nil {
		panic(err) // they are JSON
	}
	return &digest
}

// properties returns the properties of each carrier in JSON, as the template has
// them.
func (c *carriers) properties() []json.RawMessage {
	var texts []json.RawMessage
	add := func(resource awscdk.CfnResource, actions string, properties map[string]any) {
		all := rendered(resource, properties)
		if turned := c.turned[*resource.Node().Path()]; turned != nil {
			all[actions] = json.RawMessage(resolved(resource, turned.actions()))
		}
		texts = append(texts, json.RawMessage(text(all)))
	}
	for _, l := range c.listeners {
		add(l, "DefaultActions", map[string]any{
			"AlpnPolicy": l.AlpnPolicy(), "Certificates": l.Certificates(), "DefaultActions": l.DefaultActions(), "ListenerAttributes": l.ListenerAttributes(),
			"LoadBalancerArn": l.LoadBalancerArn(), "MutualAuthentication": l.MutualAuthentication(), "Port": l.Port(), "Protocol": l.Protocol(),
			"SslPolicy": l.SslPolicy(), "Tags": l.CdkTagManager().RenderedTags(),
		})
	}
	for _, r := range c.rules {
		add(r, "Actions", map[string]any{
			"Actions": r.Actions(), "Conditions": r.Conditions(), "ListenerArn": r.ListenerArn(), "Priority": r.Priority(),
			"Transforms": r.Transforms(), "Tags": r.CdkTagManager().RenderedTags(),
		})
	}
	return texts
}

// rendered returns properties as the template has them: without empty ones, and
// with CloudFormation's names.
func rendered(of constructs.IConstruct, properties map[string]any) map[string]any {
	all := map[string]any{}
	for name, property := range properties {
		if v := reflect.ValueOf(property); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			continue // not there
		}
		var value any
		if json.Unmarshal([]byte(resolved(of, property)), &value) != nil {
			continue
		}
		if value = withoutEmpty(pascalCased(value)); value != nil {
			all[name] = value
		}
	}
	return all
}

// withoutEmpty removes what CDK leaves out of a template. It returns nil if
// nothing is left.
func withoutEmpty(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if v[name] = withoutEmpty(inner); v[name] == nil {
				delete(v, name)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i, inner := range v {
			v[i] = withoutEmpty(inner)
		}
		if len(v) == 0 {
			return nil
		}
	}
	return value
}
