package account

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

func init() {
	for name, do := range map[string]func(*Account, request, resources) (any, error){
		"DescribeListeners":              (*Account).describeListeners,
		"DescribeRules":                  (*Account).describeRules,
		"DescribeLoadBalancers":          (*Account).describeLoadBalancers,
		"DescribeLoadBalancerAttributes": (*Account).describeLoadBalancerAttributes,
		"DescribeTargetGroupAttributes":  (*Account).describeTargetGroupAttributes,
	} {
		operations["elasticloadbalancing:"+name] = func(a *Account, q request) (any, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			all, err := a.deployed(balancerType, listenerType, ruleType, groupType)
			if err != nil {
				return nil, err
			}
			return do(a, q, all)
		}
	}
}

// The types of the load balancer's resources.
const (
	balancerType = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listenerType = "AWS::ElasticLoadBalancingV2::Listener"
	ruleType     = "AWS::ElasticLoadBalancingV2::ListenerRule"
	groupType    = "AWS::ElasticLoadBalancingV2::TargetGroup"
)

func (a *Account) describeListeners(q request, all resources) (any, error) {
	listeners := []any{}
	wanted, balancer := q.list("ListenerArns"), q.form.Get("LoadBalancerArn")
	all.each(listenerType, func(r cfn.Resource) {
		name := a.stack.physical[r.LogicalID]
		of := fmt.Sprint(r.Properties["LoadBalancerArn"])
		if !slices.Contains(wanted, name) && of != balancer {
			return
		}
		listeners = append(listeners, map[string]any{
			"ListenerArn": name, "LoadBalancerArn": of, "Port": r.Properties["Port"], "Protocol": r.Properties["Protocol"],
			"DefaultActions": actions(r.Properties["DefaultActions"]),
		})
	})
	if len(wanted) > 0 && len(listeners) == 0 {
		return nil, refuse("ListenerNotFound", "One or more listeners not found")
	}
	return map[string]any{"Listeners": listeners}, nil
}

// actions returns actions in the API's form: a single target group is also a
// forward.
func actions(v any) []any {
	list, _ := v.([]any)
	var described []any
	for i, item := range list {
		action, _ := item.(map[string]any)
		copied := map[string]any{}
		for name, value := range action {
			copied[name] = value
		}
		if group, ok := copied["TargetGroupArn"]; ok && copied["ForwardConfig"] == nil {
			copied["ForwardConfig"] = map[string]any{"TargetGroups": []any{map[string]any{"TargetGroupArn": group, "Weight": "1"}}}
		}
		if copied["Order"] == nil && len(list) > 1 {
			copied["Order"] = strconv.Itoa(i + 1)
		}
		described = append(described, copied)
	}
	return described
}

func (a *Account) describeRules(q request, all resources) (any, error) {
	of := q.form.Get("ListenerArn")
	rules := []any{}
	all.each(ruleType, func(r cfn.Resource) {
		if fmt.Sprint(r.Properties["ListenerArn"]) != of {
			return
		}
		rule := map[string]any{
			"RuleArn": a.stack.physical[r.LogicalID], "Priority": r.Properties["Priority"], "IsDefault": "false",
			"Conditions": r.Properties["Conditions"], "Actions": actions(r.Properties["Actions"]),
		}
		if transforms, ok := r.Properties["Transforms"]; ok {
			rule["Transforms"] = transforms
		}
		rules = append(rules, rule)
	})
	found := false
	all.each(listenerType, func(r cfn.Resource) {
		if a.stack.physical[r.LogicalID] == of {
			found = true
			rules = append(rules, map[string]any{"RuleArn": of + "/default", "Priority": "default", "IsDefault": "true", "Conditions": []any{}, "Actions": actions(r.Properties["DefaultActions"])})
		}
	})
	if !found {
		return nil, refuse("ListenerNotFound", "One or more listeners not found")
	}
	return map[string]any{"Rules": rules}, nil
}

func (a *Account) describeLoadBalancers(_ request, all resources) (any, error) {
	balancers := []any{}
	all.each(balancerType, func(r cfn.Resource) {
		balancers = append(balancers, map[string]any{
			"LoadBalancerArn": a.stack.physical[r.LogicalID], "LoadBalancerName": r.LogicalID, "Type": "application",
			"DNSName": strings.ToLower(r.LogicalID) + ".elb.amazonaws.com", "State": map[string]any{"Code": "active"},
		})
	})
	return map[string]any{"LoadBalancers": balancers}, nil
}

func (a *Account) describeLoadBalancerAttributes(q request, all resources) (any, error) {
	return a.attributes(all, balancerType, q.form.Get("LoadBalancerArn"), "LoadBalancerAttributes", map[string]string{"idle_timeout.timeout_seconds": "60"})
}

func (a *Account) describeTargetGroupAttributes(q request, all resources) (any, error) {
	return a.attributes(all, groupType, q.form.Get("TargetGroupArn"), "TargetGroupAttributes", map[string]string{"deregistration_delay.timeout_seconds": "300"})
}

// quickened are the load balancer attributes that are times to wait.
var quickened = map[string]bool{"idle_timeout.timeout_seconds": true, "deregistration_delay.timeout_seconds": true}

// attributes returns the attributes of a resource, with defaults.
func (a *Account) attributes(all resources, kind, of, property string, defaults map[string]string) (any, error) {
	var found []any
	exists := false
	all.each(kind, func(r cfn.Resource) {
		if a.stack.physical[r.LogicalID] != of {
			return
		}
		exists = true
		given, _ := r.Properties[property].([]any)
		found = append(found, given...)
	})
	if !exists {
		return nil, refuse("ResourceNotFound", "%s is not there", of)
	}
	if a.config.Quick {
		found = slices.DeleteFunc(found, func(f any) bool { m, _ := f.(map[string]any); return quickened[fmt.Sprint(m["Key"])] })
		for key := range defaults {
			defaults[key] = "1"
		}
	}
	for key, value := range defaults {
		if !slices.ContainsFunc(found, func(f any) bool { m, _ := f.(map[string]any); return m["Key"] == key }) {
			found = append(found, map[string]any{"Key": key, "Value": value})
		}
	}
	return map[string]any{"Attributes": found}, nil
}
