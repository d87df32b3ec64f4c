package rules

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
	"github.com/noren-cdk/noren/maintenance"
)

// A switch takes a band of priorities, as many as ALB allows rules by default.
// Every rule has a slot of its own in it, so that no rule is renumbered when
// another comes or goes.
const (
	// Band is how many priorities a switch takes.
	Band = 100

	// First is the default of Plan.First.
	First = 100

	allowSlot   = 0 // Allow0, Allow1, ...
	allowSlots  = 80
	unlockSlot  = 80 // before the bypass, which would send the page's visitors to the app
	bypassSlot  = 81 // BypassSource0 ... BypassSource3, BypassHeader, BypassCookie
	sourceSlots = 4
	healthSlot  = 90 // HealthCheck, or Attached
	readSlot    = 91 // Read0 ... Read3
	closeSlot   = 95 // Close0 ... Close4
)

// Plan is what the rules of a switch depend on.
type Plan struct {
	// First is the first priority of the band. Default: 100.
	First int

	// Hosts are the host names that the switch is for. Default: any.
	Hosts []string

	// Allow are http.ServeMux patterns with a method, of requests that go on.
	Allow []string

	// ClientHeader narrows Allow to requests with one of ClientValues in it.
	// Default: any request.
	ClientHeader string
	ClientValues []string

	// BypassCIDRs are networks that are let through.
	BypassCIDRs []netip.Prefix

	// BypassHeader and BypassCookie are where a request carries the secret that
	// lets it through. Default: nowhere.
	BypassHeader string
	BypassCookie string

	// UnlockPath is the page that gives the cookie. Required with BypassCookie.
	UnlockPath string

	// HealthCheckPath answers everybody in every mode. Default: none.
	HealthCheckPath string

	// ReadOnly prepares the mode read-only: the rules that let reads through.
	ReadOnly bool

	// CloseByRule says that the listener's default action is not the switch's, so
	// that closing takes a rule.
	CloseByRule bool
}

// Target is where a rule sends requests.
type Target int

// The targets of rules.
const (
	App Target = iota
	Responder
	Unlock
)

// Rule is a listener rule of a switch.
type Rule struct {
	ID         string // the id of its construct
	Priority   int
	Conditions []alb.Condition
	Target     Target
}

// Reads tells whether the rule is one that lets reads through in the mode
// read-only.
func (r Rule) Reads() bool {
	return strings.TrimRight(r.ID, "0123456789") == maintenance.ReadID
}

// Last is the last priority of the band.
func (p Plan) Last() int { return p.first() + Band - 1 }

func (p Plan) first() int { return cmp.Or(p.First, First) }

// Standing are the rules that exist in every mode: they send to the app what
// maintenance does not stop.
func (p Plan) Standing() ([]Rule, error) {
	hosts := p.hostConditions()
	var rules []Rule
	var errs []error
	add := func(id string, slot int, conditions ...alb.Condition) {
		rules = append(rules, Rule{id, p.first() + slot, conditions, App})
	}

	fixed := slices.Clone(hosts)
	if p.ClientHeader != "" {
		fixed = append(fixed, alb.Header{Name: p.ClientHeader, Values: p.ClientValues})
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
	if most := perRule * sourceSlots; len(p.BypassCIDRs) > most {
		errs = append(errs, fmt.Errorf("Bypass.CIDRs has %d prefixes, %d rules take %d beside %d hosts", len(p.BypassCIDRs), sourceSlots, most, len(p.Hosts)))
	} else {
		for i, cidrs := range chunks(p.BypassCIDRs, perRule) {
			add(fmt.Sprintf("BypassSource%d", i), bypassSlot+i, append([]alb.Condition{alb.SourceIPs(cidrs)}, hosts...)...)
		}
	}
	if path := p.HealthCheckPath; path != "" {
		add("HealthCheck", healthSlot, append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodHead}, alb.PathPatterns{path}}, hosts...)...)
	}
	if len(rules) == 0 {
		// A target group that no rule refers to is not health-checked, and ECS
		// refuses to deploy into it: this rule keeps it on the listener while the
		// default action is elsewhere.
		add("Attached", healthSlot, append([]alb.Condition{nobody}, hosts...)...)
	}
	return rules, errors.Join(append(errs, Check(rules))...)
}

// BypassSecret are the rules that let through what carries the secret, and
// everybody to the page that gives the cookie for it.
func (p Plan) BypassSecret(secret string) []Rule {
	var rules []Rule
	hosts := p.hostConditions()
	slot := p.first() + bypassSlot + sourceSlots
	if name := p.BypassHeader; name != "" {
		conditions := append([]alb.Condition{alb.Header{Name: name, Values: []string{secret}}}, hosts...)
		rules = append(rules, Rule{"BypassHeader", slot, conditions, App})
	}
	if name := p.BypassCookie; name != "" {
		// A Cookie header holds all cookies of the site in one line.
		value := "*" + name + "=" + secret + "*"
		conditions := append([]alb.Condition{alb.Header{Name: "Cookie", Values: []string{value}}}, hosts...)
		rules = append(rules, Rule{"BypassCookie", slot + 1, conditions, App})

		conditions = append([]alb.Condition{alb.Methods{http.MethodGet, http.MethodPost}, alb.PathPatterns{p.UnlockPath}}, hosts...)
		rules = append(rules, Rule{maintenance.UnlockID, p.first() + unlockSlot, conditions, Unlock})
	}
	return rules
}

// Turning are the rules that carry the mode, last in the band. They are the same
// in every mode but for where the reads go, and for whom the closing rules meet.
//
// A listener whose default action is not the switch's is closed by rules. While
// it is open they are disarmed: they have a condition that nobody meets in the
// place of their own.
func (p Plan) Turning(mode maintenance.Mode) []Rule {
	var turning []Rule
	if p.CloseByRule {
		for i, hosts := range p.hostsBeside(0) {
			armed := hosts
			if len(armed) == 0 {
				armed = []alb.Condition{alb.PathPatterns{"*"}}
			}
			if mode == maintenance.Open {
				armed = []alb.Condition{nobody}
			}
			turning = append(turning, Rule{fmt.Sprintf("%s%d", maintenance.CloseID, i), p.first() + closeSlot + i, armed, Responder})
		}
	}
	if p.ReadOnly {
		reads := Rule{Target: App}
		if mode == maintenance.Closed {
			reads.Target = Responder
		}
		for i, hosts := range p.hostsBeside(len(readMethods)) {
			reads.ID, reads.Priority = fmt.Sprintf("%s%d", maintenance.ReadID, i), p.first()+readSlot+i
			reads.Conditions = append([]alb.Condition{readMethods}, hosts...)
			turning = append(turning, reads)
		}
	}
	return turning
}

// nobody is a condition that no request meets: an address for documentation
// (RFC 5737).
var nobody = alb.SourceIPs{netip.MustParsePrefix("192.0.2.1/32")}

// readMethods are the methods that read.
var readMethods = alb.Methods(reads)

// hostsBeside are the host conditions of rules that have a number of values
// already: one for as many hosts as fit, none if there are no hosts.
func (p Plan) hostsBeside(values int) [][]alb.Condition {
	if len(p.Hosts) == 0 {
		return [][]alb.Condition{nil}
	}
	var all [][]alb.Condition
	for hosts := range slices.Chunk(p.Hosts, alb.MaxConditionValues-values) {
		all = append(all, []alb.Condition{alb.Hosts(hosts)})
	}
	return all
}

func (p Plan) hostConditions() []alb.Condition {
	if len(p.Hosts) == 0 {
		return nil
	}
	return []alb.Condition{alb.Hosts(p.Hosts)}
}

// Check reports every limit of ALB that one of the rules breaks.
func Check(rules []Rule) error {
	var errs []error
	for _, r := range rules {
		for _, problem := range (alb.Rule{Priority: r.Priority, Conditions: r.Conditions}).Check() {
			if problem.Severity == alb.Error {
				errs = append(errs, fmt.Errorf("%s: %s", r.ID, problem.Message))
			}
		}
	}
	return errors.Join(errs...)
}

// chunks splits a list into pieces of at most n.
func chunks[T any](all []T, n int) [][]T {
	if n < 1 {
		return nil
	}
	return slices.Collect(slices.Chunk(all, n))
}
