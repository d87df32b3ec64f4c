package edge

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// maxLocation is the maximum length of a redirect's URL. AWS gives no figure for
// the 507 that it documents; this is the limit for a header.
const maxLocation = 8 << 10

// redirect answers with 301 or 302.
//
// If a client addressed this machine, a redirect to a listener's port leads to
// where that listener is served here; [Observation.Location] is what it would be
// on AWS.
func (x *exchange) redirect(action alb.Redirect) {
	x.location = action.Location(x.rules.Listener, x.request)
	if len(x.location) > maxLocation {
		x.refuse(507, "the redirect's URL is too long")
		return
	}
	x.w.Header().Set("Location", x.localLocation())
	x.answer(action.Status, "text/html", page(action.Status))
}

func (x *exchange) localLocation() string {
	if !x.local {
		return x.location
	}
	scheme, rest, _ := strings.Cut(x.location, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, port, err := net.SplitHostPort(rest[:end])
	seen, _, errSeen := net.SplitHostPort(x.host)
	if errSeen != nil {
		seen = x.host
	}
	if err != nil || !strings.EqualFold(host, seen) {
		localize := x.listener.alb.config.Localize
		if localize == nil {
			return x.location
		}
		if err == nil && scheme == "https" && port == "443" {
			return localize("https://" + host + rest[end:])
		}
		return localize(x.location)
	}
	for _, l := range x.listener.alb.listeners {
		if strconv.Itoa(l.Port) != port || !strings.EqualFold(l.Protocol, scheme) || l.Address() == "" {
			continue
		}
		_, local, err := net.SplitHostPort(l.Address())
		if err != nil {
			continue
		}
		u := url.URL{Host: x.r.Host}
		return "http://" + net.JoinHostPort(u.Hostname(), local) + rest[end:]
	}
	return x.location
}
