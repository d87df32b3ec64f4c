package edge

import (
	"net/netip"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// Observation is a request that was answered.
type Observation struct {
	Time     time.Time     // when it arrived
	Duration time.Duration // until it was completely answered

	Listener *Listener
	Mode     string
	Method   string
	URL      string // the request-target as sent
	Host     string // as rules saw it
	Source   netip.Addr

	// Rule is the rule that took the request, or nil if the load balancer
	// answered before it looked at rules.
	Rule *alb.Rule

	// Group and Target are where the request was sent; Target is a URL or
	// "function". They are "" if the load balancer itself answered.
	Group  string
	Target string

	// Status is the status of the answer, 460 if the client disconnected before
	// it.
	Status int

	// Cause says why the load balancer itself answered although no rule told it
	// to, such as a target that refused the connection. It is empty otherwise.
	Cause string

	// Location is the Location of a redirect as it would be on AWS.
	Location string

	listener *alb.Listener
	template *alb.Template
	request  *alb.Request
}

// RuleName returns the rule's priority, "default", or "none".
func (o Observation) RuleName() string {
	if o.Rule == nil {
		return "none"
	}
	return o.Rule.Name()
}

// Action describes what the rule does.
func (o Observation) Action() string {
	if o.Rule == nil {
		return "answer " + title(o.Status)
	}
	return o.template.ActionName(o.Rule)
}

// Why returns the reasons of the decision, like `noren explain`. They are
// computed by the call.
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
