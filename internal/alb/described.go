package alb

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Described holds the API's JSON description of existing load balancers: the
// output of the AWS CLI, or the SDK's structs marshalled.
type Described struct {
	// Listeners, Rules and TargetGroups are answers of DescribeListeners,
	// DescribeRules and DescribeTargetGroups, one or more of each. Rules are
	// joined to their listener by ARN. Target groups may be omitted.
	Listeners, Rules, TargetGroups [][]byte

	// Names maps ARNs to names, such as the logical ids that ListStackResources
	// gives. They become logical ids in the template. Default: the ARN is the
	// name.
	Names map[string]string

	resources map[string]any // the described ones, by name
}

// ReadDescribed reads the API's description as if it were a template, so that
// requests can be routed by what a load balancer really has. The error names the
// resource and the property.
func ReadDescribed(d Described) (*Template, error) {
	resources := map[string]any{}
	d.resources = resources
	add := func(arn, resourceType string, properties map[string]any) error {
		name := d.name(arn)
		if _, twice := resources[name]; twice {
			return fmt.Errorf("%q is described twice", name)
		}
		resources[name] = map[string]any{"Type": resourceType, "Properties": properties}
		return nil
	}
	for _, step := range []struct {
		answers       [][]byte
		list, arn     string
		resourceType  string
		ofDescription func(arn string, properties map[string]any) map[string]any
	}{
		{d.TargetGroups, "TargetGroups", "TargetGroupArn", typeTargetGroup, d.targetGroup},
		{d.Listeners, "Listeners", "ListenerArn", typeListener, d.listener},
		{d.Rules, "Rules", "RuleArn", typeListenerRule, d.rule},
	} {
		for i, answer := range step.answers {
			items, err := describedItems(answer, step.list, i == len(step.answers)-1)
			if err != nil {
				return nil, err
			}
			for _, item := range items {
				arn, _ := item[step.arn].(string)
				if arn == "" {
					return nil, fmt.Errorf("an entry of %s has no %s", step.list, step.arn)
				}
				properties := step.ofDescription(arn, item)
				if properties == nil {
					continue
				}
				if err := add(arn, step.resourceType, properties); err != nil {
					return nil, err
				}
			}
		}
	}
	document, err := json.Marshal(map[string]any{"Resources": resources})
	if err != nil {
		return nil, err
	}
	return Read(strings.NewReader(string(document)), cfn.Options{})
}

// describedItems returns the entries of the list in an answer of the API. It
// drops null properties, since the SDK writes one for each unset property.
func describedItems(answer []byte, list string, last bool) ([]map[string]any, error) {
	var parts map[string]any
	if err := cfn.Decode(answer, &parts); err != nil {
		return nil, fmt.Errorf("not an answer with %s: %w", list, err)
	}
	entries, ok := parts[list].([]any)
	if !ok {
		return nil, fmt.Errorf("not an answer with %s: it has no such list", list)
	}
	if more, _ := parts["NextMarker"].(string); more != "" && last {
		return nil, fmt.Errorf("an answer with %s says that more follows: give all pages", list)
	}
	var items []map[string]any
	for _, entry := range entries {
		item, ok := withoutNulls(entry).(map[string]any)
		if !ok {
			return nil, errors.New("an entry of " + list + " is not an object")
		}
		items = append(items, item)
	}
	return items, nil
}

func withoutNulls(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if value == nil {
				delete(v, key)
				continue
			}
			v[key] = withoutNulls(value)
		}
	case []any:
		for i, value := range v {
			v[i] = withoutNulls(value)
		}
	}
	return v
}

func (d Described) name(arn string) string {
	if name, ok := d.Names[arn]; ok {
		return name
	}
	return arn
}

func (d Described) targetGroup(_ string, item map[string]any) map[string]any { return item }

func (d Described) listener(_ string, item map[string]any) map[string]any {
	delete(item, "LoadBalancerArn") // it is not described here
	item["DefaultActions"] = d.actions(item["DefaultActions"])
	return item
}

// rule returns the rule as a resource, or nil for the default rule, which the
// listener also describes.
func (d Described) rule(arn string, item map[string]any) map[string]any {
	if item["Priority"] == "default" {
		return nil
	}
	listener, _ := ListenerOfRule(arn)
	conditions, _ := item["Conditions"].([]any)
	for _, c := range conditions {
		if condition, ok := c.(map[string]any); ok {
			onceEach(condition)
		}
	}
	properties := map[string]any{"ListenerArn": d.reference(listener), "Actions": d.actions(item["Actions"])}
	for _, same := range []string{"Priority", "Conditions", "Transforms"} {
		if value, ok := item[same]; ok {
			properties[same] = value
		}
	}
	return properties
}

// onceEach removes duplicates from a condition: the API gives the values of a
// path or host both in the condition's configuration and in the condition itself.
func onceEach(condition map[string]any) {
	field, _ := condition["Field"].(string)
	f := fieldNamed(field)
	if f == nil {
		return
	}
	config, ok := condition[f.config].(map[string]any)
	if !ok {
		return
	}
	for _, name := range []string{"Values", "RegexValues"} {
		if list, _ := config[name].([]any); len(list) > 0 {
			delete(condition, name)
		} else {
			delete(config, name)
		}
		if list, ok := condition[name].([]any); ok && len(list) == 0 {
			delete(condition, name)
		}
	}
}

// actions converts actions to refer to target groups as a template would.
func (d Described) actions(v any) any {
	list, _ := v.([]any)
	for _, a := range list {
		action, ok := a.(map[string]any)
		if !ok {
			continue
		}
		d.refer(action)
		if config, ok := action["ForwardConfig"].(map[string]any); ok {
			groups, _ := config["TargetGroups"].([]any)
			for _, g := range groups {
				if group, ok := g.(map[string]any); ok {
					d.refer(group)
				}
			}
		}
	}
	return v
}

func (d Described) refer(object map[string]any) {
	if arn, ok := object["TargetGroupArn"].(string); ok {
		object["TargetGroupArn"] = d.reference(arn)
	}
}

// reference returns a reference to a resource by name, whether the resource is
// described or not.
func (d Described) reference(arn string) any {
	name := d.name(arn)
	if _, ok := d.resources[name]; !ok {
		return name
	}
	return map[string]any{"Ref": name}
}

// ListenerOfRule returns the ARN of the listener that a rule belongs to, given
// the rule's ARN.
func ListenerOfRule(rule string) (listener string, ok bool) {
	end := strings.LastIndexByte(rule, '/')
	if !strings.Contains(rule, ":listener-rule/") || end < 0 {
		return "", false
	}
	// arn:...:listener-rule/app/NAME/BALANCER/LISTENER/RULE is a rule of
	// arn:...:listener/app/NAME/BALANCER/LISTENER.
	return strings.Replace(rule[:end], ":listener-rule/", ":listener/", 1), true
}
