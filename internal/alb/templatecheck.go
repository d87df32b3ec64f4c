package alb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// checkPorts checks that no two listeners of a load balancer have the same port.
// Source: BC CreateListener, DuplicateListener.
func (t *Template) checkPorts() []Problem {
	var problems []Problem
	for i, l := range t.Listeners {
		for _, other := range t.Listeners[:i] {
			if l.Port != 0 && l.Port == other.Port && !l.Foreign() && !other.Foreign() && l.LoadBalancer == other.LoadBalancer && l.If == "" && other.If == "" {
				c := &checker{logicalID: l.Ref.LogicalID, path: l.Path, property: "Port"}
				c.errorf(l.Port, "a port of its own", "port %d is taken by listener %q of the same load balancer", l.Port, other.Ref.LogicalID)
				problems = append(problems, c.problems...)
			}
		}
	}
	return problems
}

// checkHealth checks a target group's health check. Sources: BC
// CreateTargetGroup; the API's "Health check timeout '30' must be smaller than
// the interval '30'".
func (c *checker) checkHealth(g *TargetGroup) {
	h := g.HealthCheck
	if h.Timeout != 0 && h.Interval != 0 && h.Timeout >= h.Interval {
		c.property = "HealthCheckTimeoutSeconds"
		c.errorf(h.Timeout, "less than "+h.Interval.String(), "health check has a timeout of %v, which is not below its interval of %v", h.Timeout, h.Interval)
	}
	if g.Lambda() && h.Enabled == "" && (h.Path != "" || h.Interval != 0 || h.Timeout != 0 || h.HealthyThreshold != 0 || h.UnhealthyThreshold != 0) {
		c.property = "HealthCheckEnabled"
		c.warnf("", "true", "Lambda target group has health check settings, but its health check is not enabled: a Lambda's is only with HealthCheckEnabled")
	}
}

// registrars are the types of resources that register targets with a target group
// that they name.
var registrars = []string{
	"AWS::ECS::Service", "AWS::ECS::TaskSet", "AWS::AutoScaling::AutoScalingGroup", "AWS::CodeDeploy::DeploymentGroup",
	"AWS::EC2::SpotFleet",
}

// checkUse checks that target groups with targets are used, and that used ones
// have targets, as far as the template tells.
func (t *Template) checkUse(c *checker, g *TargetGroup) {
	if !t.written() {
		return
	}
	used, open := false, false
	for _, l := range t.Listeners {
		used = used || l.targetGroups()[Ref{LogicalID: g.LogicalID}]
	}
	var services []string
	registered := len(g.Targets) > 0
	for _, use := range t.uses(g.LogicalID) {
		kind := use.Resource.Type
		switch {
		case use.Output != "":
			open = true
		case slices.Contains(registrars, kind):
			registered = true
			if kind == "AWS::ECS::Service" {
				services = append(services, use.Resource.LogicalID)
			}
		case isALB(kind), strings.HasPrefix(kind, "AWS::CloudWatch::"), strings.HasPrefix(kind, "AWS::ApplicationAutoScaling::"):
		default:
			open = true // a nested stack, a custom resource or the like may use it
		}
	}
	c.property = ""
	if !used && !open && len(services) > 0 && len(t.Listeners) > 0 && len(t.Faults) == 0 {
		c.errorf(g.LogicalID, "a rule that forwards to it", "target group is that of service %s, but no listener forwards to it: ECS refuses to create the service", strings.Join(services, ", "))
	}
	// Only if the template registers targets at all: other apps register them by
	// hand, or with a controller.
	if used && !registered && !open && t.isDefault(g) && t.has(registrars...) {
		c.warnf(g.LogicalID, "targets", "target group is the default of a listener, but nothing in the template registers targets with it")
	}
}

// isDefault reports whether a listener's default action forwards to a target group.
func (t *Template) isDefault(g *TargetGroup) bool {
	return slices.ContainsFunc(t.Listeners, func(l *Listener) bool {
		forward, ok := l.Default.Final().(Forward)
		return ok && slices.ContainsFunc(forward.Groups, func(w WeightedGroup) bool { return w.Group.LogicalID == g.LogicalID })
	})
}

// checkPermission checks that a function of the template lets load balancers
// invoke it. Source: aws-cdk#4663.
func (t *Template) checkPermission(c *checker, g *TargetGroup) {
	for _, target := range g.Targets {
		if target.LogicalID == "" || !t.written() {
			continue
		}
		permitted := slices.ContainsFunc(t.uses(target.LogicalID), func(use cfn.Use) bool {
			principal := fmt.Sprint(use.Resource.Properties["Principal"])
			return use.Resource.Type == "AWS::Lambda::Permission" && strings.Contains(principal, "elasticloadbalancing")
		})
		if !permitted {
			c.property = "Targets"
			c.errorf(target, "an AWS::Lambda::Permission for elasticloadbalancing.amazonaws.com",
				"Lambda target %s has no permission in the template for elasticloadbalancing.amazonaws.com to invoke it", target)
		}
	}
}

// checkFamilies reports a rule that takes all IPv4 addresses and no IPv6 address,
// on a load balancer that has both.
func (l *Listener) checkFamilies(rule *Rule) []Problem {
	c := &checker{logicalID: rule.LogicalID, path: rule.Path, property: "Conditions"}
	if l.Balancer == nil || !strings.HasPrefix(l.Balancer.IPAddressType, "dualstack") {
		return nil
	}
	for _, condition := range rule.Conditions {
		if four, six := families(condition); four && !six {
			c.warnf("0.0.0.0/0", "0.0.0.0/0 and ::/0", "source IP 0.0.0.0/0 leaves out clients of IPv6, which the load balancer takes: add ::/0")
		}
	}
	return c.problems
}

// families reports whether a condition takes all IPv4 addresses, and all IPv6
// addresses.
func families(c Condition) (four, six bool) {
	for _, v := range c.values() {
		four = four || v.Text == "0.0.0.0/0"
		six = six || v.Text == "::/0"
	}
	return four, six
}
