package alb

import (
	"fmt"
	"strings"
)

// tier is how far a request departs from RFC 7230, in the classification of
// http-desync-guardian, the library that ALB uses. Source: UG23 desync mitigation
// mode.
type tier uint8

const (
	compliant  tier = iota
	acceptable      // no known risk
	ambiguous       // servers differ over it
	severe          // a high risk
)

// hazard is a fault of a request that is found before any rule looks at it.
type hazard struct {
	tier tier
	why  string
}

// reject returns the status with which the load balancer answers a request before
// it looks at rules, and 0 for a request that reaches them. Sources: UG23 and
// UGnow troubleshooting, unless noted otherwise.
func (l *Listener) reject(r *Request) (status int, why string, doubt Doubt) {
	switch {
	case r.method == "TRACE":
		return 405, "method TRACE is not supported", 0
	case !r.http2 && !validVersion(r.Proto):
		return 505, fmt.Sprintf("protocol version %q is not supported", r.Proto), 0
	case r.lineSize > MaxHeaderLine:
		return 414, fmt.Sprintf("the request line has more than %d bytes", MaxHeaderLine), DocumentedTwice
	case r.largest > MaxHeaderLine:
		return 400, fmt.Sprintf("a header has more than %d bytes", MaxHeaderLine), DocumentedTwice
	case r.headerSize > MaxHeaders:
		return 400, fmt.Sprintf("the headers have more than %d bytes", MaxHeaders), DocumentedTwice
	case r.forwardedFor > MaxForwardedFor:
		return 463, fmt.Sprintf("X-Forwarded-For has %d addresses, ALB allows %d", r.forwardedFor, MaxForwardedFor), 0
	case r.badEncoding:
		return 501, "Transfer-Encoding is neither chunked nor identity", 0
	case r.aboveRoot:
		return 400, "the path climbs above the root", r.path.doubt
	}
	mode := l.Balancer.DesyncMode()
	if r.hazard.tier == severe && mode != "monitor" || r.hazard.tier > compliant && mode == "strictest" {
		return 400, r.hazard.why, 0
	}
	return 0, "", 0
}

func validVersion(proto string) bool {
	return proto == "" || proto == "HTTP/1.1" || proto == "HTTP/1.0"
}

// survey records the sizes and hazards of a request.
func (r *Request) survey() {
	r.http2 = r.Proto == "HTTP/2" || r.Proto == "HTTP/2.0"
	r.lineSize = len(r.method) + len(r.Target) + len("  HTTP/1.1\r\n")
	r.headerSize = len("Host: \r\n") + len(r.Host)
	lengths := 0
	for i := range r.fields {
		f := &r.fields[i]
		size := len(f.name) + len(": \r\n") + len(f.value)
		r.headerSize += size
		r.largest = max(r.largest, size)
		if f.doubt != 0 || !token(f.name) {
			r.worse(headerHazard(f))
		}
		switch len(f.name) {
		case len("Content-Length"):
			if equalFold(f.name, "Content-Length") {
				r.contentLength(f.value, lengths)
				lengths++
			}
		case len(forwardedFor):
			if equalFold(f.name, forwardedFor) {
				r.forwardedFor += strings.Count(f.value, ",") + 1
			}
		case len("Transfer-Encoding"):
			if equalFold(f.name, "Transfer-Encoding") {
				r.transferEncoding(f.value)
			}
		}
	}
	if r.encoded && lengths > 0 {
		r.worse(hazard{ambiguous, "the request has both Content-Length and Transfer-Encoding"})
	}
	if !token(r.method) {
		r.worse(hazard{severe, fmt.Sprintf("method %q is malformed", r.method)})
	}
	r.worse(targetHazard(r.Target))
	r.ordinary = r.method != "TRACE" && (r.http2 || validVersion(r.Proto)) && r.lineSize <= MaxHeaderLine &&
		r.largest <= MaxHeaderLine && r.headerSize <= MaxHeaders && r.forwardedFor <= MaxForwardedFor &&
		!r.badEncoding && !r.aboveRoot && r.hazard.tier == compliant
}

// worse keeps the worst hazard, the first of equal ones.
func (r *Request) worse(h hazard) {
	if !r.http2 && h.tier > r.hazard.tier {
		r.hazard = h
	}
}

func (r *Request) contentLength(value string, before int) {
	value = strings.Trim(value, " \t")
	switch {
	case value == "" || strings.Trim(value, "0123456789") != "":
		r.worse(hazard{severe, "Content-Length is not a number"})
	case before > 0 && value != r.length:
		r.worse(hazard{severe, "the request has different Content-Lengths"})
	case before > 0:
		r.worse(hazard{ambiguous, "the request has Content-Length twice"})
	case r.method != "GET" && r.method != "HEAD":
	case strings.Trim(value, "0") == "":
		r.worse(hazard{acceptable, r.method + " has a Content-Length of 0"})
	default:
		r.worse(hazard{ambiguous, r.method + " has a Content-Length"})
	}
	r.length = value
}

func (r *Request) transferEncoding(value string) {
	r.encoded = true
	for _, coding := range strings.Split(value, ",") {
		if coding = strings.Trim(coding, " \t"); !equalFold(coding, "chunked") && !equalFold(coding, "identity") {
			r.badEncoding = true
		}
	}
	if r.method == "GET" || r.method == "HEAD" {
		r.worse(hazard{ambiguous, r.method + " has a Transfer-Encoding"})
	}
}

func headerHazard(f *line) hazard {
	if strings.ContainsAny(f.name+f.value, "\x00\r\n") {
		return hazard{severe, "a header holds a null character or a line break"}
	}
	return hazard{acceptable, "a header holds characters outside visible ASCII"}
}

func targetHazard(target string) hazard {
	worst := hazard{}
	for i := range len(target) {
		switch c := target[i]; {
		case c > 0x20 && c < 0x7f:
		case c == 0 || c == '\r' || c == '\n':
			return hazard{severe, "the request-target holds a null character or a line break"}
		case c == ' ' && worst.tier < acceptable:
			worst = hazard{acceptable, "the request-target holds a space"}
		case c != ' ':
			worst = hazard{ambiguous, "the request-target holds characters outside visible ASCII"}
		}
	}
	return worst
}

// token reports whether s is a token of RFC 7230, as methods and header names are.
func token(s string) bool {
	for i := range len(s) {
		if !tokenCharacters[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenCharacters = func() (set [256]bool) {
	for c := '!'; c <= '~'; c++ {
		set[c] = !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	}
	return set
}()
