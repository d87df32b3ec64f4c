package maintenancemode

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/alb"
)

// validation checks at synthesis what only the finished app shows: rules of
// others on the load balancer, a default action that was changed afterwards, and
// services that swing target groups. CDK and CloudFormation check none of this
// before a deploy.
type validation struct {
	this      constructs.Construct
	props     Props
	listeners []turned
	problems  []string
	open      map[string]bool // paths of rules that are said to stay open
}

// Validate implements constructs.IValidation.
func (v *validation) Validate() *[]*string {
	v.problems = nil
	all := listenerRules(v.this)
	v.open = map[string]bool{}
	if v.checkUnchanged() {
		for _, t := range v.listeners {
			v.checkRules(t, all)
			v.checkWays(t)
		}
		v.checkOtherListeners(all)
		v.checkElsewhere(all)
	}
	v.checkQuota(all)
	if awscdk.Stack_Of(v.this).NestedStackParent() != nil {
		v.note("the switch is in a nested stack: it changes with a deploy, and noren close, open and read-only change it only with --now")
	}
	if err := v.props.swings(v.this); err != nil {
		for line := range strings.Lines(err.Error()) {
			v.bad("%s", strings.TrimSpace(line))
		}
	}
	var problems []*string
	for _, problem := range v.problems {
		problems = append(problems, &problem)
	}
	return &problems
}

func (v *validation) bad(format string, args ...any) {
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// note reports something that is not an error. It is not a CDK warning, since
// --strict turns warnings into errors.
func (v *validation) note(format string, args ...any) {
	awscdk.Annotations_Of(v.this).AddInfo(jsii.String(fmt.Sprintf(format, args...)))
}

// checkUnchanged checks whether the services are still reached in the way that
// the rules of the switch assume.
func (v *validation) checkUnchanged() bool {
	now, err := v.props.listeners(v.this.Node().Scope())
	if err != nil {
		v.bad("%s", err)
		return false
	}
	same := true
	for i, t := range v.listeners {
		for s := range t.routes {
			if before, after := v.ways(t.routes[s]), v.ways(now[i].routes[s]); before != after {
				same = false
				v.bad("the ways of %s to %s were changed after MaintenanceMode was made, from %s to %s: make MaintenanceMode after all rules of the application",
					*t.listener.Node().Path(), v.props.services()[s].name(s), before, after)
			}
		}
	}
	return same
}

// ways describes routes in a text.
func (v *validation) ways(routes []route) string {
	texts := []string{}
	for _, r := range routes {
		said := r.name()
		for _, c := range r.conditions {
			said += " " + c.String()
		}
		texts = append(texts, said+" to "+r.does.says(v.this))
	}
	return text(texts)
}

// own reports whether the construct defined the rule.
func (v *validation) own(r elbv2.CfnListenerRule) bool {
	return strings.HasPrefix(*r.Node().Path(), *v.this.Node().Path()+"/")
}

// kept reports whether KeepOpen names a listener or rule, or a target group that
// it forwards to.
func (v *validation) kept(resource constructs.IConstruct, does actions) bool {
	return slices.ContainsFunc(v.props.KeepOpen, func(open constructs.IConstruct) bool {
		if group, ok := open.(elbv2.IApplicationTargetGroup); ok {
			want := resolved(resource, group.TargetGroupArn())
			return len(does.groups()) > 0 && !slices.ContainsFunc(does.groups(), func(arn any) bool { return text(arn) != want })
		}
		path := *open.Node().Path()
		return path == *resource.Node().Path() || path == pathOf(resource)
	})
}

// checkRules checks the rules of others on a listener of the switch.
func (v *validation) checkRules(t turned, all []elbv2.CfnListenerRule) {
	first, last := v.props.first(), v.props.plan(t).Last()
	taken := map[int]string{}
	inBand := map[string]bool{}
	behind := 0
	for _, r := range all {
		if !t.has(r) {
			continue
		}
		priority, path := int(*r.Priority()), pathOf(r)
		if !v.own(r) {
			behind = max(behind, priority)
		}
		if other, ok := taken[priority]; ok && !ofSwitch(r) {
			v.bad("priority %d is taken twice on the listener, by %s and %s", priority, other, path)
		}
		taken[priority] = path
		if v.own(r) {
			continue
		}
		if priority >= first && priority <= last {
			if ofSwitch(r) {
				inBand[*r.Node().Scope().Node().Path()] = true
			} else {
				v.bad("priority %d of %s lies in the band %d to %d: move it, or set Priority", priority, path, first, last)
			}
			continue
		}
		switch {
		case ofSwitch(r):
		case !t.isRoute(r):
			v.checkForeign(t, r)
		case priority < first:
			v.bad("%s (priority %d) forwards to %s, and comes before the band %d to %d, so that maintenance would not stop it: give it a priority above %d",
				path, priority, newActions(r, r.Actions()).says(v.this), first, last, last)
		}
	}
	for other := range inBand {
		v.bad("%s has rules in the same band, %d to %d: set Priority of one of them, such as %d", other, first, last, (behind/100+1)*100)
	}
}

// checkForeign checks a rule that belongs neither to this switch nor to another
// one.
func (v *validation) checkForeign(t turned, r elbv2.CfnListenerRule) {
	first, last := v.props.first(), v.props.plan(t).Last()
	priority, path := int(*r.Priority()), pathOf(r)
	does := newActions(r, r.Actions())
	before := priority < first
	problems := len(v.problems)
	defer func() { v.open[*r.Node().Path()] = len(v.problems) > problems }()
	switch {
	case len(does.groups()) == 0 || v.kept(r, does):
		if !before && t.byRule && len(v.props.Hosts) == 0 && v.kept(r, does) {
			v.bad("%s (priority %d) is named in KeepOpen, but the rule that closes the listener comes before it: give it a priority below %d", path, priority, first)
		}
	case !t.byRule:
		v.bad("%s (priority %d) stays open when the switch is closed: list its target group in Services, or name it in KeepOpen if it is meant to", path, priority)
	case before && len(v.props.Hosts) > 0 && matchesAny(hostsOf(r), v.props.Hosts):
		v.bad("priority %d of %s comes before the band %d to %d and can match %q, which maintenance would not stop then: give it a priority above %d or a host of its own",
			priority, path, first, last, v.props.Hosts, last)
	case before && len(v.props.Hosts) == 0:
		v.bad("%s (priority %d) comes before the band %d to %d and stays open when the switch is closed: name it in KeepOpen if it is meant to, or give it a priority above %d", path, priority, first, last, last)
	}
}

// checkOtherListeners finds what other listeners of the load balancer leave open.
// It skips listeners on which another MaintenanceMode has rules.
func (v *validation) checkOtherListeners(all []elbv2.CfnListenerRule) {
	for _, l := range v.loadBalancerListeners() {
		this := turned{resource: l}
		if slices.ContainsFunc(v.listeners, func(t turned) bool { return t.resource != nil && *t.resource.Node().Path() == *l.Node().Path() }) ||
			slices.ContainsFunc(all, func(r elbv2.CfnListenerRule) bool { return this.isOn(r) && ofSwitch(r) }) {
			continue
		}
		const help = "give the listener in Listeners, or name it in KeepOpen if it is meant to"
		if does := newActions(l, l.DefaultActions()); len(does.groups()) > 0 && !v.kept(l, does) {
			v.bad("the default action of %s, another listener of the load balancer, stays open when the switch is closed: %s", pathOf(l), help)
		}
		for _, r := range all {
			does := newActions(r, r.Actions())
			if !this.isOn(r) || len(does.groups()) == 0 || v.kept(r, does) || v.kept(l, does) || len(v.props.Hosts) > 0 && !matchesAny(hostsOf(r), v.props.Hosts) {
				continue
			}
			v.bad("%s, on another listener of the load balancer, stays open when the switch is closed: %s", pathOf(r), help)
		}
	}
}

// isOn is like has, for a listener known only as a resource.
func (t turned) isOn(r elbv2.CfnListenerRule) bool { return isOn(r, t.resource) }

// loadBalancerListeners returns all listeners of the load balancer that the app
// defines.
func (v *validation) loadBalancerListeners() []elbv2.CfnListener {
	balancer := ""
	for _, t := range v.listeners {
		if t.resource != nil {
			balancer, _ = balancerArn(t.resource)
		}
	}
	var found []elbv2.CfnListener
	for _, l := range listenerResources(v.this) {
		if of, _ := balancerArn(l); balancer != "" && of == balancer {
			found = append(found, l)
		}
	}
	return found
}

// checkQuota counts the rules of the load balancer.
func (v *validation) checkQuota(all []elbv2.CfnListenerRule) {
	var on []turned
	for _, l := range v.loadBalancerListeners() {
		on = append(on, turned{resource: l, listener: nil})
	}
	count := 0
	for _, r := range all {
		mine := slices.ContainsFunc(v.listeners, func(t turned) bool { return t.has(r) })
		if mine || slices.ContainsFunc(on, func(t turned) bool { return t.isOn(r) }) {
			count++
		}
	}
	if quota := cmp.Or(v.props.RuleQuota, alb.MaxRules); count > quota {
		v.bad("the load balancer has %d rules, its quota is %d: raise the quota of the account and RuleQuota, or allow less", count, quota)
	}
}
