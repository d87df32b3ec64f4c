package maintenancemode

import (
	"fmt"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/noren-cdk/noren/internal/rules"
)

// Service is a part of the product with a target group of its own, such as one of
// several services that a load balancer tells apart by path.
type Service struct {
	// TargetGroup is where the service answers. Required.
	TargetGroup elbv2.IApplicationTargetGroup

	// Hosts narrows Allow and HealthCheckPath to requests for these host names.
	// Default: Props.Hosts.
	Hosts []string

	// Allow is the allowlist of the service, like Props.Allow. Default: nothing.
	Allow []string

	// HealthCheckPath is a path of the service that is open to everyone in every
	// mode. Default: none. The load balancer's own health checks of the targets
	// continue in any case.
	HealthCheckPath string
}

// services returns all services of the switch: first the application, then the
// others.
func (p Props) services() []Service {
	return append([]Service{{TargetGroup: p.AppTargetGroup, Allow: p.Allow, HealthCheckPath: p.HealthCheckPath}}, p.Services...)
}

// name returns the service's name in errors, by its index in services.
func (s Service) name(i int) string {
	if i == 0 {
		return "AppTargetGroup"
	}
	return fmt.Sprintf("Services[%d].TargetGroup", i-1)
}

// stands reports whether the service has rules that are the same in every mode:
// those for its allowlist and health check.
func (s Service) stands() bool { return len(s.Allow) > 0 || s.HealthCheckPath != "" }

// plan returns what the rules of the switch on a listener depend on.
func (p Props) plan(t turned) rules.Plan {
	plan := rules.Plan{
		First:           p.first(),
		Hosts:           p.Hosts,
		ClientHeader:    p.Clients.Header,
		ClientValues:    p.Clients.Values,
		BypassCIDRs:     p.Bypass.CIDRs,
		BypassHeader:    p.Bypass.Header,
		BypassCookie:    p.Bypass.Cookie,
		UnlockPath:      p.unlockPath(),
		Status:          p.Status.URL != "",
		ReadOnly:        p.ReadOnly,
		WithoutUpgrades: p.WithoutUpgrades,
		CloseByRule:     t.byRule,
	}
	for i, s := range p.services() {
		service := rules.Service{Hosts: s.Hosts, Allow: s.Allow, HealthCheckPath: s.HealthCheckPath}
		if len(t.routes) > 0 { // otherwise only what all listeners share is needed
			for _, r := range t.routes[i] {
				service.Routes = append(service.Routes, rules.Route{Name: r.name(), Conditions: r.conditions, Unknown: r.unknown})
			}
		}
		plan.Services = append(plan.Services, service)
	}
	return plan
}
