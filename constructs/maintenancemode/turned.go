package maintenancemode

import (
	"cmp"
	"fmt"
	"slices"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
)

// turned is a listener that the switch turns.
type turned struct {
	listener elbv2.IApplicationListener
	resource elbv2.CfnListener      // nil if it is imported
	scope    constructs.Construct   // of its rules
	scopes   []constructs.Construct // of the rules of further services
	byRule   bool                   // the switch does not set its default action
	rules    []rules.Rule
	routes   [][]route // by service: how requests reach it without the switch
}

// route is a rule of the app, or the default action of a listener, that sends to
// a service.
type route struct {
	from       constructs.IConstruct // nil if the route is assumed
	conditions []alb.Condition
	unknown    bool // only a deploy knows the conditions
	does       actions
}

func (r route) name() string {
	if r.from == nil {
		return "the rules of another app"
	}
	return pathOf(r.from)
}

// listeners determines how each listener sends to the services, and what closes
// it.
func (p Props) listeners(scope constructs.IConstruct) ([]turned, error) {
	var all []turned
	for _, listener := range append([]elbv2.IApplicationListener{p.Listener}, p.Listeners...) {
		t, err := p.turned(scope, listener)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	services := p.services()
	for i, s := range services {
		if slices.ContainsFunc(all, func(t turned) bool { return len(t.routes[i]) > 0 }) {
			continue
		}
		assumed := false
		for _, t := range all {
			// The rules belong to another app, which is not visible here.
			if t.resource == nil || len(p.Hosts) > 0 || len(s.Hosts) > 0 {
				t.routes[i] = []route{{does: plainForward(s.TargetGroup.TargetGroupArn()), unknown: i > 0 && len(p.Hosts) == 0 && len(s.Hosts) == 0}}
				assumed = true
			}
		}
		if !assumed {
			t := all[0]
			return nil, fmt.Errorf("nothing on %s forwards to %s: its default action is %s; take the listener on which the application answers, define its rules before MaintenanceMode, or set Hosts where another app adds the rules for it",
				pathOf(t.resource), s.name(i), text(newActions(t.resource, t.resource.DefaultActions()).list))
		}
	}
	for i := range all {
		t := &all[i]
		count := 0
		for s, routes := range t.routes {
			count += len(routes)
			for _, r := range routes[min(1, len(routes)):] {
				if first := routes[0]; services[s].stands() && first.does.canonical(scope) != r.does.canonical(scope) {
					return nil, fmt.Errorf("%s and %s send to %s in two ways, %s and %s: what is allowed can go one way only",
						first.name(), r.name(), services[s].name(s), text(first.does.list), text(r.does.list))
				}
			}
		}
		if count == 0 {
			return nil, fmt.Errorf("nothing on %s forwards to AppTargetGroup or to one of Services: leave it out of Listeners", *t.listener.Node().Path())
		}
		t.byRule = t.byRule || count > 1 || t.defaultRoute() == nil
		if !t.byRule {
			if err := sameStack(scope, t.resource); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// turned finds the rules of a listener that send to the services, and its default
// action if it does so as well.
func (p Props) turned(scope constructs.IConstruct, listener elbv2.IApplicationListener) (turned, error) {
	services := p.services()
	t := turned{listener: listener, resource: listenerOf(listener), routes: make([][]route, len(services))}
	t.byRule = t.resource == nil || len(p.Hosts) > 0
	add := func(from constructs.IConstruct, does actions, read func() ([]alb.Condition, bool)) {
		for i, s := range services {
			if does.forwardTo(s.TargetGroup) {
				conditions, known := read()
				t.routes[i] = append(t.routes[i], route{from: from, conditions: conditions, unknown: !known, does: does})
				return
			}
		}
	}
	for _, r := range t.rulesOf(scope) {
		add(r, actionsOf(r), func() ([]alb.Condition, bool) { return conditionsOf(r) })
	}
	if t.resource == nil {
		return t, nil
	}
	def := newActions(t.resource, t.resource.DefaultActions())
	if len(def.list) == 0 {
		return t, fmt.Errorf("%s has no default action yet: add its targets before MaintenanceMode", pathOf(t.resource))
	}
	add(t.resource, def, func() ([]alb.Condition, bool) { return nil, true })
	return t, nil
}

// defaultRoute returns the default action's route if it sends to a service, else
// nil.
func (t turned) defaultRoute() *route {
	for _, routes := range t.routes {
		for i := range routes {
			if r := &routes[i]; r.from != nil && t.resource != nil && *r.from.Node().Path() == *t.resource.Node().Path() {
				return r
			}
		}
	}
	return nil
}

// routeOf returns the route by which a rule of the switch sends requests.
func (t turned) routeOf(r rules.Rule) route { return t.routes[r.Service][r.Route] }

// isRoute reports whether a rule of the app sends to a service.
func (t turned) isRoute(r elbv2.CfnListenerRule) bool {
	return slices.ContainsFunc(slices.Concat(t.routes...), func(to route) bool {
		return to.from != nil && *to.from.Node().Path() == *r.Node().Path()
	})
}

// scopeOf returns the scope in which the rules of a service are defined.
func (t *turned) scopeOf(service int) constructs.Construct {
	if service == 0 {
		return t.scope
	}
	for len(t.scopes) < service {
		t.scopes = append(t.scopes, nil)
	}
	if t.scopes[service-1] == nil {
		t.scopes[service-1] = constructs.NewConstruct(t.scope, jsii.String(fmt.Sprintf("Service%d", service)))
	}
	return t.scopes[service-1]
}

// has reports whether a rule is on the listener. It compares references, since
// listeners of two stacks may look the same in a template.
func (t turned) has(r elbv2.CfnListenerRule) bool {
	return *r.ListenerArn() == *t.listener.ListenerArn() || t.resource != nil && isOn(r, t.resource)
}

// rulesOf returns the rules that the app has on a listener, by priority, except
// those of switches.
func (t turned) rulesOf(scope constructs.IConstruct) []elbv2.CfnListenerRule {
	var found []elbv2.CfnListenerRule
	for _, r := range listenerRules(scope) {
		if t.has(r) && !ofSwitch(r) {
			found = append(found, r)
		}
	}
	slices.SortStableFunc(found, func(a, b elbv2.CfnListenerRule) int { return cmp.Compare(*a.Priority(), *b.Priority()) })
	return found
}
