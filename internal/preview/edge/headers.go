package edge

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// isHopByHop reports whether a header is about one connection only and not
// forwarded. The load balancer itself answers Expect.
func isHopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Expect":
		return true
	}
	return false
}

// named returns the additional headers that a Connection header names.
func named(connection []string) []string {
	var names []string
	for _, line := range connection {
		if line == "keep-alive" || line == "close" {
			continue
		}
		for name := range strings.SplitSeq(line, ",") {
			if name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// targetHeaders returns the headers that the target gets.
func (x *exchange) targetHeaders() http.Header {
	in := x.r.Header
	h := make(http.Header, len(in)+5)
	drops := x.mode.balancer.DropsInvalidHeaders()
	for name, values := range in {
		if isHopByHop(name) || drops && !validName(name) {
			continue
		}
		h[name] = values
	}
	for _, name := range named(in["Connection"]) {
		delete(h, name)
	}
	if len(in["Te"]) > 0 && strings.Contains(strings.Join(in["Te"], ","), "trailers") {
		h["Te"] = []string{"trailers"}
	}
	x.addForwarded(h)
	if x.rule.authenticates() {
		for _, name := range []string{"X-Amzn-Oidc-Identity", "X-Amzn-Oidc-Data", "X-Amzn-Oidc-Accesstoken"} {
			delete(h, name)
		}
		if id := x.listener.alb.config.Identity; id != "" {
			h["X-Amzn-Oidc-Identity"] = []string{id}
		}
	}
	return h
}

// validName reports whether a header has a name that is kept when invalid ones
// are dropped. Source: BC routing.http.drop_invalid_header_fields.enabled.
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// addForwarded adds the load balancer's headers about the client. Source: UG23
// x-forwarded-headers.
func (x *exchange) addForwarded(h http.Header) {
	const name = "X-Forwarded-For"
	switch x.mode.balancer.ForwardedFor() {
	case "append":
		if client := x.client(); client != "" {
			if before := h[name]; len(before) > 0 {
				client = strings.Join(before, ", ") + ", " + client
			}
			h[name] = []string{client}
		}
	case "remove":
		delete(h, name)
	}
	l := x.rules.Listener
	if l.Protocol != "" {
		h["X-Forwarded-Proto"] = []string{strings.ToLower(l.Protocol)}
	}
	if l.Port != 0 {
		h["X-Forwarded-Port"] = []string{strconv.Itoa(l.Port)}
	}
	h["X-Amzn-Trace-Id"] = []string{traceID(h.Get("X-Amzn-Trace-Id"), time.Now())}
}

// client returns the peer's address, with its port if the load balancer is
// configured to send it.
func (x *exchange) client() string {
	host, _, err := net.SplitHostPort(x.r.RemoteAddr)
	if err != nil {
		return ""
	}
	if b := x.mode.balancer; b != nil && b.Attributes["routing.http.xff_client_port.enabled"] == "true" {
		return x.r.RemoteAddr
	}
	return host
}

// traceID returns the trace header for a target: a new root or, beside the root
// that was sent, this hop as Self. Source: UG23 load-balancer-request-tracing.
func traceID(sent string, now time.Time) string {
	id := fmt.Sprintf("1-%08x-%016x%08x", uint32(now.Unix()), rand.Uint64(), rand.Uint32())
	if !strings.Contains(sent, "Root=") {
		return strings.TrimSuffix("Root="+id+";"+sent, ";")
	}
	var kept []string
	for part := range strings.SplitSeq(sent, ";") {
		if part = strings.TrimSpace(part); part != "" && !strings.HasPrefix(part, "Self=") {
			kept = append(kept, part)
		}
	}
	return "Self=" + id + ";" + strings.Join(kept, ";")
}

// hostForTarget returns the Host header that the target gets. Unless it is
// preserved, a listener on port 80 or 443 removes any port, another listener adds
// its own if there is none, and a URL as request-target replaces it. Source: UG23
// application-load-balancers, host header preservation.
func (x *exchange) hostForTarget() string {
	if x.targetHost != "" {
		return x.targetHost
	}
	host := x.host
	if x.mode.balancer.PreservesHost() {
		return host
	}
	if u, err := url.Parse(x.r.RequestURI); err == nil && u.Host != "" && u.Scheme != "" {
		host = u.Host
	}
	name, port, err := net.SplitHostPort(host)
	switch listener := x.rules.Port; {
	case listener == 80 || listener == 443:
		if err == nil {
			if strings.Contains(name, ":") {
				return "[" + name + "]"
			}
			return name
		}
	case listener != 0 && (err != nil || port == ""):
		return strings.TrimSuffix(host, ":") + ":" + strconv.Itoa(listener)
	}
	return host
}

// originForm returns a request-target without scheme and host.
func originForm(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	_, rest, ok := strings.Cut(target, "://")
	if !ok {
		return target
	}
	at := strings.IndexAny(rest, "/?")
	switch {
	case at < 0:
		return "/"
	case rest[at] == '?':
		return "/" + rest[at:]
	}
	return rest[at:]
}

// authenticates reports whether a rule requires authentication.
func (r *rule) authenticates() bool {
	for _, action := range r.Actions {
		if _, ok := action.(alb.Authenticate); ok {
			return true
		}
	}
	return false
}
