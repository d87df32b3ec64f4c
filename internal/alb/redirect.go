package alb

import (
	"net"
	"strconv"
	"strings"
)

// Location returns the Location header of the answer to a request that a listener
// received. It always has a port, even the default one. Source: LBC-e2e.
func (r Redirect) Location(l *Listener, req *Request) string {
	req.prepare()
	host := req.Host
	if req.HostUnknown {
		host = "#{host}"
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	path, _, _ := strings.Cut(req.Target, "?")
	if req.authority != "" || path == "" {
		path = req.path.text
	}
	own := map[string]string{
		"protocol": strings.ToLower(l.Protocol),
		"host":     host,
		"port":     strconv.Itoa(l.Port),
		"path":     strings.TrimPrefix(path, "/"),
		"query":    req.query,
	}
	return r.location(func(part string) string { return own[part] })
}

// location fills in the parts of the request that own returns.
func (r Redirect) location(own func(part string) string) string {
	fill := strings.NewReplacer("#{protocol}", own("protocol"), "#{host}", own("host"), "#{port}", own("port"),
		"#{path}", own("path"), "#{query}", own("query")).Replace
	or := func(given, otherwise string) string {
		if given == "" {
			return fill(otherwise)
		}
		return fill(given)
	}
	location := strings.ToLower(or(r.Protocol, "#{protocol}")) + "://" + or(r.Host, "#{host}") + ":" +
		or(r.Port, "#{port}") + or(r.Path, "/#{path}")
	if query := or(r.Query, "#{query}"); query != "" {
		location += "?" + query
	}
	return location
}

// loops reports whether a redirect leads back to the same URL: it changes neither
// protocol, host, port nor path. Source: BC RedirectActionConfig.
func (r Redirect) loops(l *Listener) bool {
	same := func(given string, own ...string) bool {
		for _, o := range append(own, "") {
			if strings.EqualFold(given, o) {
				return true
			}
		}
		return false
	}
	return same(r.Protocol, "#{protocol}", l.Protocol) && same(r.Host, "#{host}") &&
		same(r.Port, "#{port}", strconv.Itoa(l.Port)) && same(r.Path, "/#{path}")
}
