package maintenancemode

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/internal/alb"
)

// validation looks, when the app is synthesized, for what only the finished app
// shows: rules of others on the same listener and a default action that was
// changed afterwards. CDK and CloudFormation check none of it before a deploy.
type validation struct {
	this     constructs.Construct
	props    Props
	listener elbv2.CfnListener // nil if imported
	byRule   bool
}

// Validate implements constructs.IValidation.
func (v *validation) Validate() *[]*string {
	var problems []*string
	bad := func(format string, args ...any) {
		problem := fmt.Sprintf(format, args...)
		problems = append(problems, &problem)
	}
	if !v.byRule {
		if err := checkDefaultAction(v.listener, v.props.AppTargetGroup); err != nil {
			bad("%s", err)
		}
	}
	rules := v.listenerRules()
	if quota, most := v.quota(), len(rules); most > quota {
		bad("the listener has %d rules, the load balancer's quota is %d: raise the quota of the account and RuleQuota, or allow less", most, quota)
	}
	first, last := v.props.first(), v.props.last()
	app := resolved(v.this, v.props.AppTargetGroup.TargetGroupArn())
	taken := map[int]string{}
	for _, r := range rules {
		if other, ok := taken[r.priority]; ok {
			bad("priority %d is taken twice on the listener, by %s and %s", r.priority, other, r.path)
		}
		taken[r.priority] = r.path
		switch {
		case v.own(r):
		case r.priority >= first && r.priority <= last:
			bad("priority %d of %s lies in the band %d to %d: move it, or set Priority", r.priority, r.path, first, last)
		case !v.byRule && strings.Contains(r.actions, app):
			bad("%s (priority %d) forwards to AppTargetGroup in every mode, so maintenance would not stop what it matches: use Allow or Bypass for what is meant to go on, the default action for the rest, or Hosts on a shared listener", r.path, r.priority)
		case v.byRule && r.priority < first && len(v.props.Hosts) > 0 && r.matchesAny(v.props.Hosts):
			bad("priority %d of %s comes before the band %d to %d and can match %q, which maintenance would not stop then: give it a priority above %d or a host of its own",
				r.priority, r.path, first, last, v.props.Hosts, last)
		case v.byRule && r.priority < first && len(v.props.Hosts) == 0 && strings.Contains(r.actions, app):
			bad("priority %d of %s comes before the band %d to %d and forwards to AppTargetGroup, which maintenance would not stop then: give it a priority above %d",
				r.priority, r.path, first, last, last)
		}
	}
	return &problems
}

// own tells whether the construct defined the rule.
func (v *validation) own(r listenerRule) bool {
	return strings.HasPrefix(r.path, *v.this.Node().Path()+"/")
}

func (v *validation) quota() int {
	if v.props.RuleQuota > 0 {
		return v.props.RuleQuota
	}
	return alb.MaxRules
}

// listenerRule is what matters here of any rule on the listener.
type listenerRule struct {
	path     string
	priority int
	hosts    []string // nil: any host, or not known; of others' rules only
	actions  string   // in JSON; of others' rules only
}

// listenerRules returns the rules that the app defines on the listener.
func (v *validation) listenerRules() []listenerRule {
	arn := resolved(v.this, v.props.Listener.ListenerArn())
	all := awscdk.ConstructSelector_ResourcesOfType(elbv2.CfnListenerRule_CFN_RESOURCE_TYPE_NAME())
	var rules []listenerRule
	for _, node := range *all.Select(v.this.Node().Root()) {
		rule, ok := node.(elbv2.CfnListenerRule)
		if !ok || resolved(rule, rule.ListenerArn()) != arn {
			continue
		}
		r := listenerRule{path: strings.TrimSuffix(*rule.Node().Path(), "/Resource"), priority: int(*rule.Priority())}
		if !v.own(r) {
			r.actions = resolved(rule, rule.Actions())
			r.hosts = hostsOf(resolved(rule, rule.Conditions()))
		}
		rules = append(rules, r)
	}
	return rules
}

// hostsOf returns the host names of a rule's conditions, given in JSON.
func hostsOf(conditions string) []string {
	var parsed []struct {
		Field            string
		Values           []string
		HostHeaderConfig struct{ Values []string }
	}
	// What does not parse, such as a reference among the values, may be any host.
	if err := json.Unmarshal([]byte(conditions), &parsed); err != nil {
		return nil
	}
	for _, condition := range parsed {
		if condition.Field == "host-header" {
			return append(condition.Values, condition.HostHeaderConfig.Values...)
		}
	}
	return nil
}

// matchesAny tells whether the rule can match a request for one of the hosts.
func (r listenerRule) matchesAny(hosts []string) bool {
	if len(r.hosts) == 0 {
		return true
	}
	for _, a := range r.hosts {
		for _, b := range hosts {
			if alb.Overlap(a, b) {
				return true
			}
		}
	}
	return false
}
