package maintenancemode

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// check returns what is wrong with a listener, in any mode.
func (p Props) check(t turned) error {
	plan := p.plan(t)
	var errs []error
	if last := plan.Last(); last > alb.MaxPriority {
		errs = append(errs, fmt.Errorf("Priority must be 1 to %d, got %d", alb.MaxPriority-(last-p.first()), p.Priority))
	}
	_, err := rulesOf(plan, "32 letters and digits", maintenance.Closed)
	return errors.Join(append(errs, err)...)
}

// rulesOf returns all rules of a plan: first those that are the same in every
// mode, then those that turn.
func rulesOf(plan rules.Plan, secret string, mode maintenance.Mode) ([]rules.Rule, error) {
	standing, err := plan.Standing()
	bypass, bypassErr := plan.BypassSecret(secret)
	turning, turningErr := plan.Turning(mode)
	return slices.Concat(standing, bypass, turning), errors.Join(err, bypassErr, turningErr)
}

// settings returns what the functions need to know about a listener.
func (t turned) settings(props Props) rules.Listener {
	at := rules.Listener{Name: *t.listener.ListenerArn(), Hosts: props.Hosts}
	if !t.byRule {
		at.Apps = t.defaultRoute().does.names()
	}
	for _, r := range t.rules {
		if r.Turns() {
			at.Turning = append(at.Turning, r.Priority)
		}
	}
	slices.Sort(at.Turning)
	for _, r := range t.rules {
		if !slices.Contains(at.Turning, r.Priority) {
			at.Standing = append(at.Standing, rules.Standing{Priority: r.Priority, Digest: rules.Digest(r.Conditions)})
		}
	}
	slices.SortFunc(at.Standing, func(a, b rules.Standing) int { return a.Priority - b.Priority })
	return at
}

// addRules defines the rules of a listener, and sets its default action.
func (m *MaintenanceMode) addRules(props Props, t *turned, unlock *string) {
	services := props.services()
	var closing, carry []elbv2.CfnListenerRule
	for _, r := range t.rules {
		var to, transforms any
		var rule elbv2.CfnListenerRule
		var closed func() []any // with the login that stays before it
		if r.Target == rules.App || r.Reads() {
			does := t.routeOf(r).does
			transforms = does.transforms
			if to = does.raw; len(does.list) > 1 {
				closed = func() []any { return does.turnedTo(rule, m.TargetGroup.TargetGroupArn()) }
			}
		}
		switch r.Target {
		case rules.Responder:
			to = plainForward(m.TargetGroup.TargetGroupArn()).raw
		case rules.Unlock:
			to = plainForward(unlock).raw
		case rules.Status:
			to = props.Status.redirect()
		}
		rule = newListenerRule(t.scopeOf(r.Service), r, t.listener, to, transforms)
		if r.Target == rules.Responder && closed != nil {
			m.carriers.override(rule, "Actions", closed)
		}
		m.Rules = append(m.Rules, rule)
		switches := r.Turns()
		if !t.byRule && r.Target == rules.App && !switches {
			attach(services[r.Service].TargetGroup, t.listener, rule)
		}
		if switches {
			m.afterGuard(rule)
			carry = append(carry, rule)
			m.carriers.describeRule(props, t, r, rule, m.TargetGroup.TargetGroupArn(), closed)
		}
		// What is closed to everything closes before what is closed to reads.
		if r.Reads() {
			for _, first := range closing {
				rule.AddResourceDependency(first, nil)
			}
		} else if switches {
			closing = append(closing, rule)
		}
	}
	slices.SortFunc(carry, func(a, b elbv2.CfnListenerRule) int { return cmp.Compare(*a.Priority(), *b.Priority()) })
	m.carriers.rules = append(m.carriers.rules, carry...)
	if t.byRule {
		return
	}
	app := t.defaultRoute().does
	closed := func() []any { return app.turnedTo(t.resource, m.TargetGroup.TargetGroupArn()) }
	m.afterGuard(t.resource)
	m.carriers.listeners = append(m.carriers.listeners, t.resource)
	m.carriers.describeProperty(props, t.resource, "DefaultActions", func(mode maintenance.Mode) any {
		if mode == maintenance.Open {
			return app.template(t.resource)
		}
		return closed()
	})
	if props.Mode != maintenance.Open {
		m.carriers.override(t.resource, "DefaultActions", closed)
	}
}
