package live

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// ask is a request whose answer shows the mode.
type ask struct {
	method string
	target *url.URL
	header http.Header

	// allowed says that the request is let through in every mode.
	allowed bool
}

func (a ask) String() string { return a.method + " " + a.target.String() }

// requests determines what requests get, several times in a row, at every address
// of the load balancer if the addresses can be reached: a read and a write that
// no rule lets through, and two reads that are let through in every mode. The
// write is sent only if the mode refuses it. Their paths are new every time, so
// that no cache answers and no resource exists there.
func (q Query) requests(ctx context.Context, d *deployed, s rules.Found, mode maintenance.Mode) Finding {
	base := q.URL
	switch {
	case base != "":
	case d.outputs["ApiUrl"] != "":
		base = d.outputs["ApiUrl"]
	case d.outputs["SiteUrl"] != "":
		base = strings.TrimSuffix(d.outputs["SiteUrl"], "/") + "/api/"
	default:
		return Finding{Detail: "none was sent: the stack has no output ApiUrl or SiteUrl, so give --url"}
	}
	target, err := url.Parse(base)
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return Finding{Detail: "none was sent", Problem: fmt.Sprintf("%q is not an address such as https://api.example.com/", base)}
	}
	target = target.JoinPath("noren-status-" + strings.ToLower(rand.Text()[:8]))
	if len(d.switches) > 1 && !isFor(s, target.Hostname()) {
		return Finding{Detail: fmt.Sprintf("none was sent: whether %s belongs to this switch is not known, so give --url", target.Host)}
	}
	if rule := d.allows(s, target); rule != "" {
		return Finding{Detail: fmt.Sprintf("none was sent: GET %s is let through by %s in every mode, so give --url", target.Path, rule)}
	}
	if d.asksForLogin(s) {
		return Finding{Detail: "none was sent: the listener asks for a log-in first, so the verdict rests on the rules alone"}
	}
	asks := []ask{{method: http.MethodGet, target: target}}
	if mode != maintenance.Open {
		asks = append(asks, ask{method: http.MethodPost, target: target})
	}
	return q.tell(ctx, q.reach(ctx, d, s, target), append(asks, d.allowed(s, target)...))
}

// listeners returns the listeners of a switch in the template, as far as it
// defines them.
func (d *deployed) listeners(s rules.Found) (found []*alb.Listener, turning [][]int) {
	for _, at := range s.Listeners {
		for _, l := range d.Listeners {
			if l.Ref.String() == at.Name && !l.Foreign() {
				found, turning = append(found, l), append(turning, at.Turning)
			}
		}
	}
	return found, turning
}

// allows returns the name of the rule that lets the GET through in every mode,
// according to the template. It is empty if no rule does, or if the switch is not
// known.
func (d *deployed) allows(s rules.Found, target *url.URL) string {
	all, turning := d.listeners(s)
	for i, l := range all {
		decision := l.Route(&alb.Request{Method: http.MethodGet, Target: target.EscapedPath(), Host: target.Host})
		if decision.Rule != nil && !decision.Rule.Default() && !refuses(s, decision) && !slices.Contains(turning[i], decision.Rule.Priority) {
			return "rule " + decision.Rule.Name()
		}
	}
	return ""
}

// refuses reports whether a request ends with the maintenance answer.
func refuses(s rules.Found, d alb.Decision) bool {
	return slices.ContainsFunc(d.Targets(), func(t alb.Target) bool { return t.Group.String() == s.Responder })
}

// asksForLogin reports whether requests that no rule takes must log in first. In
// that case a stranger's request says nothing about the mode.
func (d *deployed) asksForLogin(s rules.Found) bool {
	all, _ := d.listeners(s)
	return slices.ContainsFunc(all, func(l *alb.Listener) bool {
		return slices.ContainsFunc(l.Default.Actions, func(a alb.Action) bool { _, ok := a.(alb.Authenticate); return ok })
	})
}

// allowed returns reads that are let through in every mode, according to the
// template: by the first rule that lets a stranger's read through, and by the
// last, which is that of the health check.
func (d *deployed) allowed(s rules.Found, base *url.URL) []ask {
	var asks []ask
	all, turning := d.listeners(s)
	for i, l := range all {
		for k := range l.Rules {
			r := &l.Rules[k]
			if slices.Contains(turning[i], r.Priority) {
				continue
			}
			a, ok := read(r, base)
			if !ok {
				continue
			}
			decision := l.Route(&alb.Request{Method: a.method, Target: a.target.RequestURI(), Host: a.target.Host, Header: a.header})
			app := slices.ContainsFunc(decision.Targets(), func(t alb.Target) bool { return slices.Contains(s.Apps, t.Group.String()) })
			if decision.Rule == r && app {
				asks = append(asks, a)
			}
		}
	}
	if len(asks) > 2 {
		asks = []ask{asks[0], asks[len(asks)-1]}
	}
	return asks
}

// read returns a GET that meets the conditions of a rule, as far as a request
// from here can: routing decides whether it does. ok is false if a condition
// depends on what only a deploy knows, or has no sample text.
func read(r *alb.Rule, base *url.URL) (a ask, ok bool) {
	draft := alb.NewDraft()
	draft.Path = base.Path
	for _, c := range r.Conditions {
		var texts []string
		for _, side := range alb.Samples(c) {
			if len(side.Texts) == 0 || cfn.IsOpaque(side.Texts[0]) {
				return ask{}, false
			}
			texts = append(texts, side.Texts[0])
		}
		if len(texts) == 0 || !alb.SpaceOf(c).Set(&draft, texts) {
			return ask{}, false
		}
	}
	request := draft.Request()
	sent, err := url.Parse(request.Target)
	if err != nil {
		return ask{}, false
	}
	target := *base
	target.Path, target.RawPath, target.RawQuery = sent.Path, sent.RawPath, sent.RawQuery
	return ask{method: http.MethodGet, target: &target, header: http.Header(request.Header), allowed: true}, true
}

// isFor reports whether a switch names a host as one of its own.
func isFor(s rules.Found, host string) bool {
	for _, at := range s.Listeners {
		if slices.ContainsFunc(at.Hosts, func(pattern string) bool { return alb.Overlap(pattern, host) }) {
			return true
		}
	}
	return false
}
