package rules

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// Plan is what the rules of a switch on one listener depend on.
type Plan struct {
	// First is the first priority of the band. Default: 100.
	First int

	// Hosts are the host names that the switch is for. Default: any.
	Hosts []string

	// Services are the parts of the product that have target groups of their own.
	// The first one is the application itself: it gets what no other one takes.
	// Required.
	Services []Service

	// ClientHeader narrows what services allow to requests with one of
	// ClientValues in it. Default: any request.
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

	// Status redirects maintenance.StatusPath to where the document is that says
	// whether the product is closed.
	Status bool

	// ReadOnly prepares the mode read-only: the rules that let reads through.
	ReadOnly bool

	// WithoutUpgrades keeps requests that ask for another protocol, such as
	// WebSockets, out of what reads: with a rule before them.
	WithoutUpgrades bool

	// CloseByRule says that the listener's default action is not the switch's, so
	// that closing takes a rule.
	CloseByRule bool
}

// Service is a part of the product with a target group of its own.
type Service struct {
	// Hosts are the host names for which Allow and HealthCheckPath are. Default:
	// those of the plan.
	Hosts []string

	// Allow are http.ServeMux patterns with a method, of requests that go on.
	Allow []string

	// HealthCheckPath answers everybody in every mode. Default: none.
	HealthCheckPath string

	// Routes are how requests come to the service without the switch, in the order
	// in which the listener tries them. Default: the listener does not send to it.
	Routes []Route
}

// Route is a rule of the listener, or its default action, that sends to a
// service.
type Route struct {
	// Name is the route in errors.
	Name string

	// Conditions are those of the rule. Default: it takes all requests.
	Conditions []alb.Condition

	// Unknown says that only a deploy knows the conditions. Default: they are known.
	Unknown bool
}

// Target is where a rule sends requests.
type Target int

// The targets of rules.
const (
	App Target = iota
	Responder
	Unlock
	Status
)

// Rule is a listener rule of a switch.
type Rule struct {
	ID         string // the id of its construct, within its service
	Priority   int
	Conditions []alb.Condition
	Target     Target
	Service    int // of Plan.Services, whose target group App is
	Route      int // of its routes, as which the rule sends requests
}

// Reads reports whether the rule is one that lets reads through in the mode
// read-only.
func (r Rule) Reads() bool { return r.numbered() == maintenance.ReadID }

// Bypasses reports whether the rule lets operators through.
func (r Rule) Bypasses() bool { return strings.HasPrefix(r.numbered(), "Bypass") }

// Turns reports whether the rule carries the mode.
func (r Rule) Turns() bool {
	switch r.numbered() {
	case maintenance.ReadID, maintenance.CloseID, maintenance.UpgradeID:
		return true
	}
	return false
}

func (r Rule) numbered() string { return strings.TrimRight(r.ID, "0123456789") }

// nobody is a condition that no request meets: an address for documentation
// (RFC 5737).
var nobody = alb.SourceIPs{netip.MustParsePrefix("192.0.2.1/32")}

// readMethods are the methods that read.
var readMethods = alb.Methods(reads)

// Standing returns the rules that exist in every mode: they send to the services
// what maintenance does not stop.
func (p Plan) Standing() ([]Rule, error) {
	b := p.builder()
	b.standing()
	return b.done()
}

// BypassSecret returns the rules that let through what carries the secret, and
// everybody to the page that gives the cookie for it. They stand, too.
func (p Plan) BypassSecret(secret string) ([]Rule, error) {
	b := p.builder()
	b.bypassSecret(secret)
	return b.done()
}

// Turning returns the rules that carry the mode, last in the band. They are the
// same in every mode except for where the reads go, and for whom the closing
// rules meet.
//
// A listener whose default action is not the switch's is closed by rules. While
// it is open they are disarmed: they have a condition that nobody meets in the
// place of their own.
func (p Plan) Turning(mode maintenance.Mode) ([]Rule, error) {
	b := p.builder()
	b.turning(mode)
	return b.done()
}

// Last returns the last priority of the band.
func (p Plan) Last() int { return p.first() + p.band().width - 1 }

func (p Plan) first() int { return cmp.Or(p.First, First) }

// hostsOf returns the host conditions of what a service allows; of no service,
// those of the switch.
func (p Plan) hostsOf(s Service) []alb.Condition {
	hosts := s.Hosts
	if len(hosts) == 0 {
		hosts = p.Hosts
	}
	if len(hosts) == 0 {
		return nil
	}
	return []alb.Condition{alb.Hosts(hosts)}
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
