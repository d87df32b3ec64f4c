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

	// Hosts are the host names of the switch. Default: any.
	Hosts []string

	// Services are the parts of the product with their own target groups. The
	// first one is the application: it gets what no other service takes.
	// Required.
	Services []Service

	// ClientHeader narrows what services allow to requests in which it has one of
	// ClientValues. Default: any request.
	ClientHeader string
	ClientValues []string

	// BypassCIDRs are networks that are let through.
	BypassCIDRs []netip.Prefix

	// BypassHeader and BypassCookie are the names of the header and the cookie
	// that carry the bypass secret. Default: none.
	BypassHeader string
	BypassCookie string

	// UnlockPath is the page that sets the cookie. Required with BypassCookie.
	UnlockPath string

	// Status redirects maintenance.StatusPath to the document that says whether
	// the product is closed.
	Status bool

	// ReadOnly prepares the mode read-only: the rules that let reads through.
	ReadOnly bool

	// WithoutUpgrades excludes requests that ask for another protocol, such as
	// WebSockets, from the reads, with a rule before them.
	WithoutUpgrades bool

	// CloseByRule says that the listener's default action does not belong to the
	// switch, so that closing takes a rule.
	CloseByRule bool
}

// Service is a part of the product with a target group of its own.
type Service struct {
	// Hosts are the host names for Allow and HealthCheckPath. Default: those of
	// the plan.
	Hosts []string

	// Allow are http.ServeMux patterns with a method, for requests that are let
	// through in every mode.
	Allow []string

	// HealthCheckPath is open to everyone in every mode. Default: none.
	HealthCheckPath string

	// Routes are the ways in which requests reach the service without the switch,
	// in the order in which the listener tries them. Default: the listener does
	// not send to it.
	Routes []Route
}

// Route is a rule of the listener, or its default action, that sends to a
// service.
type Route struct {
	// Name is the name of the route in errors.
	Name string

	// Conditions are the conditions of the rule. Default: it takes all requests.
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
	Service    int // index in Plan.Services of the service whose target group App is
	Route      int // index of the route by which the rule sends requests
}

// Reads reports whether the rule lets reads through in the mode read-only.
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

// nobody is a condition that no request meets: an address reserved for
// documentation (RFC 5737).
var nobody = alb.SourceIPs{netip.MustParsePrefix("192.0.2.1/32")}

// readMethods are the methods that read.
var readMethods = alb.Methods(reads)

// Standing returns the rules that are the same in every mode: they send to the
// services what maintenance does not stop.
func (p Plan) Standing() ([]Rule, error) {
	b := p.builder()
	b.standing()
	return b.done()
}

// BypassSecret returns the rules that let through requests with the secret, and
// let everyone reach the page that sets the cookie. They are the same in every
// mode, too.
func (p Plan) BypassSecret(secret string) ([]Rule, error) {
	b := p.builder()
	b.bypassSecret(secret)
	return b.done()
}

// Turning returns the rules that carry the mode, last in the band. Only two
// things differ between modes: where the reads go, and which requests the closing
// rules match.
//
// A listener whose default action does not belong to the switch is closed by
// rules. While it is open they are disarmed: a condition that no request meets
// replaces their own.
func (p Plan) Turning(mode maintenance.Mode) ([]Rule, error) {
	b := p.builder()
	b.turning(mode)
	return b.done()
}

// Last returns the last priority of the band.
func (p Plan) Last() int { return p.first() + p.band().width - 1 }

func (p Plan) first() int { return cmp.Or(p.First, First) }

// hostsOf returns the host conditions for what a service allows. For a zero
// service, they are those of the switch.
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

// Check reports every limit of ALB that one of the rules exceeds.
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
