package alb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Check returns what the API would refuse in a template's load balancers,
// listeners, rules and target groups, and what it would accept but is probably a
// mistake. CDK and CloudFormation leave most of this to the API. Exceeded quotas
// that can be raised are warnings.
func Check(t *Template) []Problem {
	problems := slices.Concat(t.problems, t.checkNames(), t.checkBalancers(), t.checkPorts())
	for _, l := range t.Listeners {
		problems = append(problems, t.checkListener(l)...)
	}
	for _, g := range t.TargetGroups {
		problems = append(problems, t.checkTargetGroup(g)...)
	}
	return problems
}

// balancer returns a Ref that identifies a listener's load balancer. For a
// listener outside the template, it is the listener itself.
func (l *Listener) balancer() Ref {
	if l.Foreign() {
		return l.Ref
	}
	return l.LoadBalancer
}

// checkBalancers checks what the listeners of each load balancer share.
func (t *Template) checkBalancers() []Problem {
	var problems []Problem
	done := map[Ref]bool{}
	for i, l := range t.Listeners {
		if ref := l.balancer(); !done[ref] {
			done[ref] = true
			problems = append(problems, checkBalancer(ref, t.Listeners[i:])...)
		}
	}
	return problems
}

// checkBalancer checks the load balancer that ref names. listeners may include
// those of other load balancers.
func checkBalancer(ref Ref, listeners []*Listener) []Problem {
	c := &checker{logicalID: ref.LogicalID}
	own, rules := 0, 0
	groups := map[Ref]bool{}
	for _, l := range listeners {
		if l.balancer() != ref {
			continue
		}
		own++
		rules += len(l.Rules)
		for group := range l.targetGroups() {
			groups[group] = true
		}
		if l.Balancer != nil {
			c.path = l.Balancer.Path
		}
	}
	if own > MaxListeners {
		c.warnf(own, MaxListeners, "load balancer has %d listeners, ALB allows %d unless the quota was raised", own, MaxListeners)
	}
	if rules > MaxRules {
		c.warnf(rules, MaxRules, "load balancer has %d rules, ALB allows %d unless the quota was raised", rules, MaxRules)
	}
	if len(groups) > MaxTargetGroups {
		c.errorf(len(groups), MaxTargetGroups, "load balancer has %d target groups, ALB allows %d", len(groups), MaxTargetGroups)
	}
	return c.problems
}

// targetGroups returns the target groups that a listener's rules send requests
// to.
func (l *Listener) targetGroups() map[Ref]bool {
	groups := map[Ref]bool{}
	for _, rule := range append([]Rule{l.Default}, l.Rules...) {
		for _, action := range rule.Actions {
			if forward, ok := action.(Forward); ok {
				for _, g := range forward.Groups {
					groups[g.Group] = true
				}
			}
		}
	}
	return groups
}

func (t *Template) checkListener(l *Listener) []Problem {
	problems := l.problems
	if !l.Foreign() {
		c := &checker{logicalID: l.Ref.LogicalID, path: l.Path}
		if l.Protocol == "HTTPS" && l.Certificates == 0 {
			c.property = "Certificates"
			c.errorf(0, "1 or more", "HTTPS listener has no certificate")
		}
		if l.Certificates > 1 {
			c.property = "Certificates"
			c.errorf(l.Certificates, 1, "listener has %d certificates, CloudFormation takes 1: the others are of a ListenerCertificate", l.Certificates)
		}
		if len(l.Default.Actions) == 0 {
			c.property = "DefaultActions"
			c.errorf(0, "1 or more", "listener has no default action")
		}
		problems = append(problems, c.problems...)
		problems = append(problems, t.checkActions(l, &l.Default, "DefaultActions")...)
	}
	for i := range l.Rules {
		rule := &l.Rules[i]
		problems = append(problems, rule.Check()...)
		problems = append(problems, t.checkActions(l, rule, "Actions")...)
		problems = append(problems, l.checkTaken(i)...)
		problems = append(problems, l.checkDropped(rule)...)
		problems = append(problems, l.checkFamilies(rule)...)
	}
	return append(problems, t.checkForwardOnly(l)...)
}

// checkForwardOnly checks a listener with target groups for HTTP/2 or gRPC: its
// protocol must be HTTPS, and its rules must not answer by themselves, since
// forward is the only action. Source: UG23 load-balancer-target-groups, which
// does not say whether it means all rules of the listener.
func (t *Template) checkForwardOnly(l *Listener) []Problem {
	var version string
	for ref := range l.targetGroups() {
		if g := t.TargetGroup(ref); g != nil && (g.ProtocolVersion == "HTTP2" || g.ProtocolVersion == "GRPC") {
			version = max(version, g.ProtocolVersion)
		}
	}
	var problems []Problem
	if version != "" && l.Protocol == "HTTP" {
		c := &checker{logicalID: l.Ref.LogicalID, path: l.Path, property: "Protocol"}
		c.warnf(l.Protocol, "HTTPS", "listener of HTTP has a target group of %s, for which AWS documents HTTPS as the only protocol", version)
		problems = append(problems, c.problems...)
	}
	for _, rule := range append([]Rule{l.Default}, l.Rules...) {
		action := rule.Final()
		if _, isForward := action.(Forward); version == "" || action == nil || isForward {
			continue
		}
		c := &checker{logicalID: rule.LogicalID, path: rule.Path, property: "Actions"}
		c.warnf(action.Type(), "forward", "rule answers with %s on a listener with a target group of %s, for which AWS documents forward as the only action", action.Type(), version)
		problems = append(problems, c.problems...)
	}
	return problems
}

// checkTaken checks that no rule before rule i has its priority. It skips two
// rules that exist under conditions, since they may never exist together.
func (l *Listener) checkTaken(i int) []Problem {
	rule := l.Rules[i]
	c := &checker{logicalID: rule.LogicalID, path: rule.Path, property: "Priority"}
	for _, other := range l.Rules[:i] {
		if other.Priority == rule.Priority && rule.Priority != UnknownPriority && (other.If == "" || rule.If == "" || other.If == rule.If) {
			c.errorf(rule.Priority, "a priority of its own", "priority %d is taken by rule %q", rule.Priority, other.LogicalID)
			break
		}
	}
	return c.problems
}

// checkDropped reports conditions on headers that the load balancer drops.
func (l *Listener) checkDropped(rule *Rule) []Problem {
	c := &checker{logicalID: rule.LogicalID, path: rule.Path, property: "Conditions"}
	for _, condition := range rule.Conditions {
		if name := condition.header(); name != "" && droppedName(name) && l.Balancer.DropsInvalidHeaders() {
			c.warnf(name, "letters, digits and hyphens", "header %q is dropped by the load balancer, which keeps letters, digits and hyphens only", name)
		}
	}
	return c.problems
}

func (t *Template) checkTargetGroup(g *TargetGroup) []Problem {
	c := &checker{logicalID: g.LogicalID, path: g.Path}
	var balancers []string
	for _, l := range t.Listeners {
		if name := l.LoadBalancer.String(); name != "" && l.targetGroups()[Ref{LogicalID: g.LogicalID}] && !slices.Contains(balancers, name) {
			balancers = append(balancers, name)
		}
	}
	if len(balancers) > 1 {
		c.errorf(len(balancers), 1, "target group is used by load balancers %s, ALB allows 1", strings.Join(balancers, ", "))
	}
	if len(balancers) > 0 && slices.Contains(streamProtocols, g.Protocol) {
		c.property = "Protocol"
		c.errorf(g.Protocol, "HTTP or HTTPS", "target group has protocol %s, an application load balancer wants HTTP or HTTPS", g.Protocol)
	}
	c.checkHealth(g)
	t.checkUse(c, g)
	if g.Lambda() {
		c.checkLambda(g)
		t.checkPermission(c, g)
	} else if _, ok := g.Attributes["lambda.multi_value_headers.enabled"]; ok {
		c.property = "TargetGroupAttributes"
		c.errorf(g.TargetType, "lambda", "target group of type %s has lambda.multi_value_headers.enabled, which is for lambda only", g.TargetType)
	}
	return c.problems
}

// checkLambda checks a Lambda target group for settings that it must not have.
// Sources: BC; cfn-lint E3681.
func (c *checker) checkLambda(g *TargetGroup) {
	for _, name := range []string{"Port", "Protocol", "ProtocolVersion", "VpcId", "HealthCheckPort", "HealthCheckProtocol"} {
		if g.given[name] {
			c.property = name
			c.errorf(name, "no "+name, "Lambda target group has %s, ALB allows none", name)
		}
	}
	c.property = "Targets"
	if len(g.Targets) > MaxLambdaTargets {
		c.errorf(len(g.Targets), MaxLambdaTargets, "Lambda target group has %d targets, ALB allows %d", len(g.Targets), MaxLambdaTargets)
	}
	c.property = "TargetGroupAttributes"
	for _, name := range slices.Sorted(maps.Keys(g.Attributes)) {
		if strings.HasPrefix(name, "target_group_health.") {
			c.errorf(name, "no "+name, "Lambda target group has %s, ALB allows none", name)
		}
	}
	if g.Sticky() {
		c.errorf("stickiness.enabled", "no stickiness", "Lambda target group has stickiness, ALB allows none")
	}
	if delay, ok := g.Attributes["deregistration_delay.timeout_seconds"]; ok {
		c.warnf(delay, "no delay", "Lambda target group has a deregistration delay, which has no effect")
	}
}

// checkGroups checks a forward action's target groups.
func (t *Template) checkGroups(c *checker, f Forward) {
	if len(f.Groups) == 0 {
		c.errorf(0, "1 or more", "forward action has no target group")
	}
	if len(f.Groups) > MaxTargetGroupsPerForward {
		c.errorf(len(f.Groups), MaxTargetGroupsPerForward, "forward action has %d target groups, ALB allows %d",
			len(f.Groups), MaxTargetGroupsPerForward)
	}
	for _, g := range f.Groups {
		if g.Weight < 0 || g.Weight > MaxWeight {
			c.errorf(g.Weight, fmt.Sprintf("0 to %d", MaxWeight), "weight %d of target group %q is outside 0 to %d", g.Weight, g.Group, MaxWeight)
		}
		if group := t.TargetGroup(g.Group); group != nil && group.Sticky() && len(f.Groups) > 1 && !f.Sticky {
			c.errorf(g.Group, "TargetGroupStickinessConfig", "target group %q is sticky, so the forward action has to be sticky too", g.Group)
		}
	}
	if len(f.Groups) > 0 && f.total() == 0 {
		c.warnf(0, "a weight above 0", "all weights are 0, and what ALB does then is not documented")
	}
	if seconds := f.Stickiness.Seconds(); f.Sticky && (seconds < 1 || f.Stickiness > MaxStickiness) {
		c.errorf(seconds, fmt.Sprintf("1 to %.0f", MaxStickiness.Seconds()), "stickiness of %.0f seconds is outside 1 to %.0f",
			seconds, MaxStickiness.Seconds())
	}
}
