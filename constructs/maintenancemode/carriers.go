package maintenancemode

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// carriers are the resources that carry the mode, in the order in which they are
// digested: the listener whose default action turns, and the rules that turn.
type carriers struct {
	listener elbv2.CfnListener // nil if its default action does not turn
	turned   *string           // where it is turned to by an override; nil if it is not
	rules    []elbv2.CfnListenerRule
}

// carry notes what carries the mode.
func (m *MaintenanceMode) carry(listener elbv2.CfnListener, byRule bool, mode maintenance.Mode) {
	if !byRule {
		m.carriers.listener = listener
		if mode != maintenance.Open {
			m.carriers.turned = m.TargetGroup.TargetGroupArn()
		}
	}
	for _, r := range m.Rules {
		if slices.Contains(m.SwitchPriorities, int(*r.Priority())) {
			m.carriers.rules = append(m.carriers.rules, r)
		}
	}
}

// Produce implements awscdk.IStableStringProducer: when the template is written,
// everything that the app makes of the listener is known. What it overrides of
// the listener's properties past the props of CDK (AddPropertyOverride) is not.
func (c *carriers) Produce() *string {
	var texts []json.RawMessage
	if l := c.listener; l != nil {
		properties := rendered(l, map[string]any{
			"AlpnPolicy": l.AlpnPolicy(), "Certificates": l.Certificates(), "DefaultActions": l.DefaultActions(), "ListenerAttributes": l.ListenerAttributes(),
			"LoadBalancerArn": l.LoadBalancerArn(), "MutualAuthentication": l.MutualAuthentication(), "Port": l.Port(), "Protocol": l.Protocol(),
			"SslPolicy": l.SslPolicy(), "Tags": l.CdkTagManager().RenderedTags(),
		})
		if actions, ok := properties["DefaultActions"].([]any); ok && len(actions) > 0 && c.turned != nil {
			action, _ := actions[0].(map[string]any)
			var turned any
			if json.Unmarshal([]byte(resolved(l, c.turned)), &turned) == nil {
				action["TargetGroupArn"] = turned
			}
		}
		texts = append(texts, text(properties))
	}
	for _, r := range c.rules {
		texts = append(texts, text(rendered(r, map[string]any{
			"Actions": r.Actions(), "Conditions": r.Conditions(), "ListenerArn": r.ListenerArn(), "Priority": r.Priority(),
			"Transforms": r.Transforms(), "Tags": r.CdkTagManager().RenderedTags(),
		})))
	}
	digest, err := rules.PropertiesDigest(texts...)
	if err != nil {
		panic(err) // they are JSON
	}
	return &digest
}

// rendered are properties as the template has them: without what is empty, and
// with names as CloudFormation has them.
func rendered(of awscdk.CfnResource, properties map[string]any) map[string]any {
	all := map[string]any{}
	for name, property := range properties {
		if v := reflect.ValueOf(property); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
			continue // not there
		}
		var value any
		if json.Unmarshal([]byte(resolved(of, property)), &value) != nil {
			continue
		}
		if value = withoutEmpty(named(value)); value != nil {
			all[name] = value
		}
	}
	return all
}

// named has the names of properties begin with a capital, as the template does
// and the props of CDK do not.
func named(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name := range v {
			if name == "Ref" || strings.HasPrefix(name, "Fn::") {
				return v // an intrinsic function
			}
		}
		object := make(map[string]any, len(v))
		for name, inner := range v {
			object[strings.ToUpper(name[:1])+name[1:]] = named(inner)
		}
		return object
	case []any:
		for i, inner := range v {
			v[i] = named(inner)
		}
	}
	return value
}

// withoutEmpty leaves out what CDK leaves out of a template. It is nil if nothing
// is left.
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

func text(value any) json.RawMessage {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // what was JSON
	}
	return data
}
