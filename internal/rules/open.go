package rules

import (
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
)

// StillOpen is a rule outside the switch that sends requests somewhere while the
// switch is closed.
type StillOpen struct {
	Listener *alb.Listener
	Rule     *alb.Rule

	// Request is one of the requests.
	Request alb.Request
}

// StillOpen returns the rules that stay open in a template in which the switch is
// closed: on its listeners, for one of its hosts if it has any, and on the other
// listeners of the same load balancers on which no switch has rules.
func (f Found) StillOpen(t *alb.Template, others []Found) []StillOpen {
	var all []StillOpen
	var balancers []alb.Ref
	for _, l := range t.Listeners {
		if at, ok := f.listenerIn(l); ok {
			balancers = append(balancers, l.LoadBalancer)
			all = append(all, stillOpen(l, f.Responder, at)...)
		}
	}
	for _, l := range t.Listeners {
		switched := slices.ContainsFunc(others, func(o Found) bool { _, ok := o.listenerIn(l); return ok })
		if _, ok := f.listenerIn(l); !ok && !switched && l.LoadBalancer != (alb.Ref{}) && slices.Contains(balancers, l.LoadBalancer) {
			at := Listener{}
			for _, of := range f.Listeners {
				at.Hosts = of.Hosts
			}
			all = append(all, stillOpen(l, f.Responder, at)...)
		}
	}
	return slices.DeleteFunc(all, func(o StillOpen) bool {
		return slices.ContainsFunc(others, func(other Found) bool {
			at, ok := other.listenerIn(o.Listener)
			j := &judgement{Listener: at}
			return ok && (j.stands(o.Rule) || j.turns(o.Rule))
		})
	})
}

// listenerIn returns the part of a listener that belongs to the switch; ok is
// false if none does.
func (f Found) listenerIn(l *alb.Listener) (at Listener, ok bool) {
	for _, at := range f.Listeners {
		if at.Name == l.Ref.String() {
			return at, true
		}
	}
	return Listener{}, false
}

// stillOpen returns the rules of a listener, outside the switch, that forward to
// something other than its responder.
func stillOpen(l *alb.Listener, responder string, at Listener) []StillOpen {
	var all []StillOpen
	j := &judgement{Listener: at}
	classes, _ := witness.Classes(l, l)
	for _, c := range classes {
		r := c.New
		if j.stands(r) || j.turns(r) || len(at.Hosts) > 0 && !j.hostsTakeAny(c.Request.Host) ||
			slices.ContainsFunc(all, func(o StillOpen) bool { return o.Rule == r }) {
			continue
		}
		to := (alb.Decision{Rule: r}).Targets()
		if slices.ContainsFunc(to, func(t alb.Target) bool { return t.Group.String() != responder }) {
			all = append(all, StillOpen{l, r, c.Request})
		}
	}
	return all
}

// hostsTakeAny reports whether the switch has a host.
func (j *judgement) hostsTakeAny(host string) bool {
	return slices.ContainsFunc(j.Hosts, func(h string) bool { return strings.EqualFold(h, host) || alb.Overlap(h, host) })
}

// String says what stays open, in a sentence without a full stop.
func (o StillOpen) String() string {
	var to []string
	for _, t := range (alb.Decision{Rule: o.Rule}).Targets() {
		to = append(to, t.Group.String())
	}
	return described(o.Rule) + " of " + o.Listener.Name() + " forwards to " + strings.Join(to, ", ") + ", such as " + o.Request.Method + " " + o.Request.Target
}
