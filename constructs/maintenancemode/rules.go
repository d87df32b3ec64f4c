package maintenancemode

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

// The construct's rules take a band of a hundred priorities, as many as ALB
// allows rules by default. Every rule has a slot of its own in it, so that no
// rule is renumbered when another comes or goes.
const (
	bandSize     = 100
	allowSlot    = 0 // Allow0, Allow1, ...
	allowSlots   = 80
	unlockSlot   = 80 // before the bypass, which would send the page's visitors to the app
	bypassSlot   = 81 // BypassSource0 ... BypassSource3, BypassHeader, BypassCookie
	sourceSlots  = 4
	healthSlot   = 90 // HealthCheck, or Attached
	refuseSlot   = 91 // RefuseWrites0 ...
	refuseSlots  = 4
	closeSlot    = 99
	firstDefault = 100 // the default of Props.Priority
)

// target is where a rule of the construct sends requests.
type target int

const (
	toApp target = iota
	toResponder
	toUnlock
)

// rule is a listener rule of the construct.
type rule struct {
	id         string
	priority   int
	conditions []alb.Condition
	target     target
}

// standingRules are those that exist in every mode: they send to the app what
// maintenance does not stop.
func (p Props) standingRules() ([]rule, error) {
	hosts := p.hostConditions()
	var rules []rule
	var errs []error
	add := func(id string, slot int, conditions ...alb.Condition) {
		rules = append(rules, rule{id, p.first() + slot, conditions, toApp})
	}

	fixed := slices.Clone(hosts)
	if p.Clients.Header != "" {
		fixed = append(fixed, alb.Header{Name: p.Clients.Header, Values: p.Clients.Values})
	}
	allow, err := allowlist.Compile(p.Allow, fixed)
	if err != nil {
		errs = append(errs, err)
	}
	if len(allow) > allowSlots {
		errs = append(errs, fmt.Errorf("Allow compiles to %d rules, a band has room for %d", len(allow), allowSlots))
		allow = allow[:allowSlots]
	}
	for i, conditions := range allow {
		add(fmt.Sprintf("Allow%d", i), allowSlot+i, conditions...)
	}

	perRule := alb.MaxConditionValues - len(p.Hosts)
	if most := perRule * sourceSlots; len(p.Bypass.CIDRs) > most {
		errs = append(errs, fmt.Errorf("Bypass.CIDRs has %d prefixes, %d rules take %d beside %d hosts", len(p.Bypass.CIDRs), sourceSlots, most, len(p.Hosts)))
	} else {
		for i, cidrs := range chunks(p.Bypass.CIDRs, perRule) {
			add(fmt.Sprintf("BypassSource%d", i), bypassSlot+i, append([]alb.Condition{alb.SourceIPs(cidrs)}, hosts...)...)
		}
	}
	if path := p.HealthCheckPath; path != "" {
		add("HealthCheck", healthSlot, append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodHead}, alb.PathPatterns{path}}, hosts...)...)
	}
	if len(rules) == 0 {
		// A target group that no rule refers to is not health-checked, and ECS
		// refuses to deploy into it: this rule keeps it on the listener while the
		// default action is elsewhere. Nobody has this address (RFC 5737).
		nobody := netip.MustParsePrefix("192.0.2.1/32")
		add("Attached", healthSlot, append([]alb.Condition{alb.SourceIPs{nobody}}, hosts...)...)
	}
	return rules, errors.Join(append(errs, check(rules))...)
}

// bypassSecretRules let through what carries the secret, and everybody to the
// page that gives the cookie for it.
func (p Props) bypassSecretRules(secret string) []rule {
	var rules []rule
	hosts := p.hostConditions()
	slot := p.first() + bypassSlot + sourceSlots
	if name := p.Bypass.Header; name != "" {
		conditions := append([]alb.Condition{alb.Header{Name: name, Values: []string{secret}}}, hosts...)
		rules = append(rules, rule{"BypassHeader", slot, conditions, toApp})
	}
	if name := p.Bypass.Cookie; name != "" {
		// A Cookie header holds all cookies of the site in one line.
		value := "*" + name + "=" + secret + "*"
		conditions := append([]alb.Condition{alb.Header{Name: "Cookie", Values: []string{value}}}, hosts...)
		rules = append(rules, rule{"BypassCookie", slot + 1, conditions, toApp})

		conditions = append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodPost}, alb.PathPatterns{p.unlockPath()}}, hosts...)
		rules = append(rules, rule{maintenance.UnlockID, p.first() + unlockSlot, conditions, toUnlock})
	}
	return rules
}

// switchRules are those that only the closed modes have. They stand last in the
// band. Closing by a rule is for listeners whose default action is not the
// construct's.
func (p Props) switchRules(mode maintenance.Mode, closeByRule bool) []rule {
	if mode == maintenance.Open {
		return nil
	}
	hosts := p.hostConditions()
	var rules []rule
	if p.ReadOnly {
		writes := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
		for i, methods := range chunks(writes, alb.MaxConditionValues-len(p.Hosts)) {
			conditions := append([]alb.Condition{alb.Methods(methods)}, hosts...)
			rules = append(rules, rule{fmt.Sprintf("%s%d", maintenance.RefuseWritesID, i), p.first() + refuseSlot + i, conditions, toResponder})
		}
	}
	if mode == maintenance.Closed && closeByRule {
		conditions := hosts
		if len(conditions) == 0 {
			conditions = []alb.Condition{alb.PathPatterns{"*"}}
		}
		rules = append(rules, rule{maintenance.CloseID, p.first() + closeSlot, conditions, toResponder})
	}
	return rules
}

func (p Props) hostConditions() []alb.Condition {
	if len(p.Hosts) == 0 {
		return nil
	}
	return []alb.Condition{alb.Hosts(p.Hosts)}
}

// check reports every limit of ALB that one of the rules breaks.
func check(rules []rule) error {
	var errs []error
	for _, r := range rules {
		for _, problem := range (alb.Rule{Priority: r.priority, Conditions: r.conditions}).Check() {
			if problem.Severity == alb.Error {
				errs = append(errs, fmt.Errorf("%s: %s", r.id, problem.Message))
			}
		}
	}
	return errors.Join(errs...)
}

// chunks splits s into pieces of at most n.
func chunks[T any](s []T, n int) [][]T {
	if n < 1 {
		return nil
	}
	return slices.Collect(slices.Chunk(s, n))
}
