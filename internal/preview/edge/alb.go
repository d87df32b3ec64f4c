package edge

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/noren-cdk/noren/internal/alb"
)

// ALBConfig configures an [ALB].
type ALBConfig struct {
	// Templates are the templates synthesized in each mode, by the name of the
	// mode such as "open". They have the same listeners. Required.
	//
	// Conditions on values that only a deploy knows, such as a generated secret,
	// match if the templates were read with a [cfn.Options.Reveal] that knows
	// them.
	Templates map[string]*alb.Template

	// Mode is the mode to start in, a key of Templates. Required.
	Mode string

	// LoadBalancer is the logical id of the load balancer, for templates with
	// several. Default: the only one.
	LoadBalancer string

	// Targets are the targets registered with the target groups, by the logical
	// id of the group or, for a group outside the template, by what the template
	// says about it ([alb.Ref.String]). Default: none, which is answered with
	// 503.
	Targets map[string]Target

	// Host is the product's own domain. Rules and targets see it in place of
	// localhost or a loopback address. Default: the host stays, without the port
	// that a listener has only on this machine.
	Host string

	// Localize puts this machine's addresses into a redirect of such a request to
	// another of the product's domains. Default: nil, the redirect leads where it
	// would lead on AWS.
	Localize func(location string) string

	// Identity makes every request count as authenticated, for rules that first
	// let a user log in or check a token. Targets get it as X-Amzn-Oidc-Identity.
	// Default: none; where the load balancer would send a browser to its identity
	// provider, the answer is 401 with a page that says so.
	Identity string

	// Observe is called after every request, by the goroutine that served it; the
	// next request on the same connection waits for it. Default: nil, it is not
	// called.
	Observe func(Observation)
}

// ALB is an Application Load Balancer with the listeners, rules and target groups
// of a template. It serves requests as the handler of its main listener; see
// [ALB.Listeners] for the others.
type ALB struct {
	config    ALBConfig
	listeners []*Listener
	groups    map[string]*group // by Ref.String, for all modes
	current   atomic.Pointer[mode]
	modes     map[string]*mode
	transport *transports

	flipping sync.Mutex // held by Flip and Close
	closed   bool

	upgradedMu sync.Mutex
	upgraded   map[int]func() // closes the connections that servers no longer track
	upgrades   int
}

// NewALB returns a load balancer. It starts the health checks of the target
// groups at once, and must be closed with [ALB.Close].
func NewALB(config ALBConfig) (*ALB, error) {
	a := &ALB{config: config, groups: map[string]*group{}, modes: map[string]*mode{}}
	if len(config.Templates) == 0 {
		return nil, errors.New("load balancer: Templates are missing")
	}
	if config.Templates[config.Mode] == nil {
		return nil, fmt.Errorf("load balancer: unknown mode %q: want %s", config.Mode, a.modeNames())
	}
	balancer, err := a.chooseBalancer()
	if err != nil {
		return nil, fmt.Errorf("load balancer: %w", err)
	}
	if err := a.addListeners(balancer); err != nil {
		return nil, fmt.Errorf("load balancer: %w", err)
	}
	for name, template := range config.Templates {
		m, err := a.newMode(name, template, balancer)
		if err != nil {
			return nil, fmt.Errorf("load balancer, mode %q: %w", name, err)
		}
		a.modes[name] = m
	}
	if err := a.register(); err != nil {
		return nil, fmt.Errorf("load balancer: %w", err)
	}
	start := a.modes[config.Mode]
	a.transport = newTransports()
	a.begin(start)
	return a, nil
}

// modeNames lists the modes for display.
func (a *ALB) modeNames() string {
	return strings.Join(slices.Sorted(maps.Keys(a.config.Templates)), ", ")
}

// chooseBalancer returns the load balancer of the wanted listeners. It is zero if
// the template only adds rules to listeners that it does not define.
func (a *ALB) chooseBalancer() (alb.Ref, error) {
	var found []alb.Ref
	template := a.config.Templates[a.config.Mode]
	for _, l := range template.Listeners {
		if !slices.Contains(found, l.LoadBalancer) {
			found = append(found, l.LoadBalancer)
		}
	}
	want := a.config.LoadBalancer
	if want == "" && len(found) > 1 { // listeners outside the template have none
		found = slices.DeleteFunc(found, func(ref alb.Ref) bool { return ref == alb.Ref{} })
	}
	if want == "" && len(found) == 1 {
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, ref := range found {
		names[i] = ref.String()
		if want != "" && names[i] == want {
			return ref, nil
		}
	}
	switch {
	case len(found) == 0:
		return alb.Ref{}, errors.New("the template has no listener")
	case want == "":
		return alb.Ref{}, fmt.Errorf("the template has listeners of %d load balancers: want one of %s", len(found), strings.Join(names, ", "))
	}
	return alb.Ref{}, fmt.Errorf("no listener is of load balancer %q: want %s", want, strings.Join(names, " or "))
}

// Mode returns the current mode.
func (a *ALB) Mode() string { return a.current.Load().name }

// Modes returns the names of all modes, sorted.
func (a *ALB) Modes() []string { return slices.Sorted(maps.Keys(a.modes)) }

// Template returns the template of the current mode.
func (a *ALB) Template() *alb.Template { return a.current.Load().template }

// Flip changes the mode, as a deploy of its template would, but at once: requests
// that arrive after it returns are answered in the new mode, those in progress
// end as they began, and none is dropped.
func (a *ALB) Flip(name string) error {
	a.flipping.Lock()
	defer a.flipping.Unlock()
	m := a.modes[name]
	if m == nil {
		return fmt.Errorf("unknown mode %q: want %s", name, a.modeNames())
	}
	if a.closed {
		return errors.New("load balancer is closed")
	}
	a.begin(m)
	return nil
}

// ServeHTTP answers for the main listener.
func (a *ALB) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.Main().ServeHTTP(w, r) }

// Close stops the health checks, stops the servers of [Listener.Serve], and
// closes connections to targets. It cuts off requests in progress; their
// observers may still be called. The owner of the targets' functions must close
// these.
func (a *ALB) Close() {
	a.flipping.Lock()
	defer a.flipping.Unlock()
	a.closed = true
	for _, l := range a.listeners {
		l.close()
	}
	for _, g := range a.groups {
		g.detach()
	}
	a.endUpgraded()
	a.transport.close()
}
