package alb

import (
	"cmp"
	"strings"
)

// URL is the parsed URL of a request, as people write it and access logs record
// it. Its parts are not decoded.
type URL struct {
	Scheme string // "" if the text is not a URL
	Host   string // without the port
	Port   string // "" if it has none
	Target string // path and query, "" if there is nothing after the authority
}

// SplitURL splits a URL into its parts. The target starts at the first slash
// after the authority, or right after the port: a log writes the "*" of OPTIONS
// directly behind it. A text that is not a URL is all target.
func SplitURL(text string) URL {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || strings.ContainsAny(scheme, "/?#") {
		return URL{Target: text}
	}
	u := URL{Scheme: scheme}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, u.Target = rest[:end], rest[end:]
	}
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.IndexByte(authority[colon:], ']') >= 0 {
		u.Host = authority
		return u
	}
	digits := 0
	for colon+1+digits < len(authority) && isDigit(authority[colon+1+digits]) {
		digits++
	}
	end := colon + 1 + digits
	u.Host, u.Port = authority[:colon], authority[colon+1:end]
	if more := authority[end:]; more != "" {
		u.Target = more + u.Target
	}
	return u
}

// SentHost returns the Host header that a client sends for the URL. Clients omit
// the default port of the scheme and send any other (RFC 9110, 4.2.3 and 7.2). It
// keeps a port that the client sent, which a log has beside the listener's.
func (u URL) SentHost() string {
	switch {
	case u.Port == "", u.Scheme == "http" && u.Port == "80", u.Scheme == "https" && u.Port == "443":
		return u.Host
	case hasPort(u.Host):
		return u.Host
	}
	return u.Host + ":" + u.Port
}

// RequestTarget returns the request-target that a client sends.
func (u URL) RequestTarget() string { return cmp.Or(u.Target, "/") }

// ListenerPort returns the port of the listener that the URL leads to, "" if its
// scheme has none.
func (u URL) ListenerPort() string {
	if u.Port == "" {
		return map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Port
}

func hasPort(host string) bool {
	colon := strings.LastIndexByte(host, ':')
	return colon >= 0 && colon+1 < len(host) && !strings.HasSuffix(host, "]") &&
		!strings.ContainsFunc(host[colon+1:], func(r rune) bool { return r > '9' || r < '0' })
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
