package edge

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// exchange is a request and its answer.
type exchange struct {
	w        http.ResponseWriter
	r        *http.Request
	listener *Listener
	mode     *mode
	rules    *modeListener
	rule     *rule // nil if the load balancer answers before it looks at rules

	host  string // as rules see it
	path  string // the raw path and query that the client sent
	local bool   // the client addressed this machine

	targetHost string // set by a transform, or ""

	request  *alb.Request // separate, since observers may keep it
	decision alb.Decision

	// The outcome, for observers.
	status   int
	group    *group
	target   *target
	cause    string
	location string

	cookies []string // to be set, whoever answers
}

// statusClientClosed is the status in the access log for a client that
// disconnected before the answer. Source: UG23 troubleshooting.
const statusClientClosed = 460

func (l *Listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	m := l.alb.current.Load()
	x := &exchange{w: w, r: r, listener: l, mode: m, rules: m.listeners[l.ref], path: originForm(r.RequestURI)}
	x.host, x.local = l.hostSeen(r)
	x.request = &alb.Request{
		Method: r.Method,
		Target: r.RequestURI,
		Host:   x.host,
		Header: headersSeen(r),
		Source: peer(r),
		Proto:  r.Proto,
	}
	x.decision = x.rules.Route(x.request)
	if x.decision.Rule != nil {
		x.rule = x.rules.rules[x.decision.Rule]
	}
	if observe := l.alb.config.Observe; observe != nil {
		defer func() { observe(x.observation(start)) }()
	}
	x.serve()
}

// headersSeen returns the headers as they were sent: net/http removes one.
func headersSeen(r *http.Request) map[string][]string {
	if len(r.TransferEncoding) == 0 {
		return r.Header
	}
	h := make(map[string][]string, len(r.Header)+1)
	for name, values := range r.Header {
		h[name] = values
	}
	h["Transfer-Encoding"] = r.TransferEncoding
	return h
}

// peer returns the address of the client.
func peer(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap()
}

func (x *exchange) serve() {
	if x.rule == nil {
		x.refuse(x.decision.Status, x.decision.Rejection)
		return
	}
	if len(x.rule.Actions) == 0 {
		x.cause = "the template does not have the listener's default action"
		x.answer(http.StatusServiceUnavailable, "text/html", pageSaying(http.StatusServiceUnavailable, x.cause))
		return
	}
	for _, action := range x.rule.Actions {
		switch action := action.(type) {
		case alb.Authenticate:
			if !x.authenticate(action) {
				return
			}
		case alb.Forward:
			x.forward(action)
		case alb.Redirect:
			x.redirect(action)
		case alb.FixedResponse:
			x.answer(action.Status, or(action.ContentType, "text/plain"), cfn.Display(action.Body))
		}
	}
}

// forward sends the request to one of the groups. There is no failover.
func (x *exchange) forward(f alb.Forward) {
	if x.r.Method == http.MethodConnect { // what ALB answers is not documented
		x.refuse(http.StatusMethodNotAllowed, "the load balancer is not the client's proxy")
		return
	}
	g := x.choose(f)
	if g == nil {
		x.refuse(http.StatusServiceUnavailable, "all target groups have weight 0")
		return
	}
	x.group = g.group
	if x.target = x.pick(g); x.target == nil {
		x.refuse(http.StatusServiceUnavailable, "the target group has no target in service")
		return
	}
	if err := x.transform(); err != nil {
		x.refuse(http.StatusInternalServerError, "the transform failed: "+err.Error())
		return
	}
	if x.target.function != nil {
		x.invoke(g.settings)
		return
	}
	x.proxy(g.settings)
}

// clientGone records that the client is gone.
func (x *exchange) clientGone() {
	x.cause = "the client closed the connection"
	x.status = statusClientClosed
	panic(http.ErrAbortHandler)
}
