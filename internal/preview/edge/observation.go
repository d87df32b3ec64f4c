package edge

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// Observation is a request that was answered.
type Observation struct {
	Time     time.Time     // when it came
	Duration time.Duration // until it was answered in full

	Listener *Listener
	Mode     string
	Method   string
	URL      string // the request-target, as it was sent
	Host     string // as rules saw it
	Source   netip.Addr

	// Rule is the rule that took the request, or nil if the load balancer
	// answered before it looked at rules.
	Rule *alb.Rule

	// Group and Target are where the request was sent; Target is a URL or
	// "function". They are "" if the load balancer answered by itself.
	Group  string
	Target string

	// Status is the status of the answer, 460 if the client went away before it.
	Status int

	// Cause says why the load balancer answered by itself though no rule told
	// it to, such as a target that refused the connection. It is empty otherwise.
	Cause string

	// Location is that of a redirect as it would be on AWS.
	Location string

	listener *alb.Listener
	template *alb.Template
	request  *alb.Request
}

// RuleName is the rule's priority, "default", or "none".
func (o Observation) RuleName() string {
	if o.Rule == nil {
		return "none"
	}
	return o.Rule.Name()
}

// Action is what the rule does, for a reader.
func (o Observation) Action() string {
	if o.Rule == nil {
		return "answer " + title(o.Status)
	}
	return o.template.ActionName(o.Rule)
}

// Why are the reasons of the decision, as `noren explain` gives them. They are
// worked out when asked for.
func (o Observation) Why() []string { return o.listener.Explain(o.request).Reasons() }

func (x *exchange) observation(start time.Time) Observation {
	o := Observation{
		Time:     start,
		Duration: time.Since(start),
		Listener: x.listener,
		Mode:     x.mode.name,
		Method:   x.r.Method,
		URL:      x.r.RequestURI,
		Host:     x.host,
		Source:   x.request.Source,
		Rule:     x.decision.Rule,
		Status:   x.status,
		Cause:    x.cause,
		Location: x.location,
		listener: x.rules.Listener,
		template: x.mode.template,
		request:  x.request,
	}
	if x.group != nil {
		o.Group = x.group.name
	}
	if x.target != nil {
		o.Target = x.target.name
	}
	return o
}

// RuleCount is how many requests a rule took since the load balancer started,
// in all modes.
type RuleCount struct {
	Listener string // its logical id
	Rule     string // its logical id; the listener's for a default rule, "" for requests that reached no rule
	Count    int64
}

// Counts are the counts of all rules, those of every mode.
func (a *ALB) Counts() []RuleCount { return a.counters.all() }

// counters count by rule. They go on when the mode changes.
type counters struct {
	mu       sync.Mutex
	list     []*counter
	rejected counter
}

type counter struct {
	listener, rule string
	n              atomic.Int64
}

// of returns the counter of a rule.
func (c *counters) of(l *alb.Listener, r *alb.Rule) *counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, known := range c.list {
		if known.listener == l.Ref.String() && known.rule == r.LogicalID {
			return known
		}
	}
	added := &counter{listener: l.Ref.String(), rule: r.LogicalID}
	c.list = append(c.list, added)
	return added
}

func (c *counters) all() []RuleCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := make([]RuleCount, 0, len(c.list)+1)
	for _, k := range c.list {
		counts = append(counts, RuleCount{k.listener, k.rule, k.n.Load()})
	}
	return append(counts, RuleCount{Count: c.rejected.n.Load()})
}
