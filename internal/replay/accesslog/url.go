package accesslog

import (
	"cmp"
	"strings"
)

// Host is the Host header as the client most likely sent it. The log shows the
// host and, always, the listener's port. Clients leave out the port that goes
// with the scheme and send any other (RFC 9110, 4.2.3 and 7.2), which is what
// Host does too. A port that the client sent is kept where it is logged beside
// the listener's.
func (e *Entry) Host() string {
	scheme, host, port, _ := e.parts()
	return sentHost(scheme, host, port)
}

// Address is the listener's port, and Host and RequestTarget, all at once.
func (e *Entry) Address() (port, host, target string) {
	scheme, host, port, target := e.parts()
	return port, sentHost(scheme, host, port), cmp.Or(target, "/")
}

func sentHost(scheme, host, port string) string {
	switch {
	case port == "", scheme == "http" && port == "80", scheme == "https" && port == "443":
		return host
	case hasPort(host):
		return host
	}
	return host + ":" + port
}

// Port is the listener's port, "" if the URL has none.
func (e *Entry) Port() string {
	_, _, port, _ := e.parts()
	return port
}

// RequestTarget is the path and query as the client sent them, not decoded.
func (e *Entry) RequestTarget() string {
	_, _, _, target := e.parts()
	return cmp.Or(target, "/")
}

// parts splits the URL. The target starts at the first slash after the
// authority, or after the port: "*" of OPTIONS follows it directly.
func (e *Entry) parts() (scheme, host, port, target string) {
	scheme, rest, ok := strings.Cut(e.URL, "://")
	if !ok {
		return "", "", "", e.URL
	}
	authority := rest
	if slash := strings.IndexAny(rest, "/?#"); slash >= 0 {
		authority, target = rest[:slash], rest[slash:]
	}
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.IndexByte(authority[colon:], ']') >= 0 {
		return scheme, authority, "", target
	}
	digits := 0
	for colon+1+digits < len(authority) && isDigit(authority[colon+1+digits]) {
		digits++
	}
	end := colon + 1 + digits
	return scheme, authority[:colon], authority[colon+1 : end], authority[end:] + target
}

func hasPort(host string) bool {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || colon+1 == len(host) || strings.HasSuffix(host, "]") {
		return false
	}
	for i := colon + 1; i < len(host); i++ {
		if !isDigit(host[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
