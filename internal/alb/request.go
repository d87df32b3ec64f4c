package alb

import (
	"net/netip"
	"strings"
)

// Request is a request as a load balancer sees it. It must not be changed after
// its first use, and the first use must not be concurrent with others.
type Request struct {
	// Method is the method as sent. Default: GET.
	Method string

	// Target is the undecoded request-target of the request line: "/path?query",
	// or a URL. Default: "/".
	Target string

	// Host is the first Host header (or :authority) as sent, port included:
	// rules see the port too. Source: LBC-conf HTTPRouteHostnameIntersection.
	Host string

	// Header holds the other headers; names are compared without case. It can be
	// an http.Header.
	Header map[string][]string

	// HeadersUnknown says that headers missing in Header may have been sent, as
	// with a request from an access log. A header known to be absent has an entry
	// without values.
	HeadersUnknown bool

	// HostUnknown says that the host is not known. Host is then empty.
	HostUnknown bool

	// QueryUnknown says that the query is not known. Target then has none.
	QueryUnknown bool

	// Source is the peer of the connection; behind a proxy, it is the proxy.
	// Default: not known.
	Source netip.Addr

	// Proto is the protocol version of the request line. Default: "HTTP/1.1".
	Proto string

	prepared   bool
	method     string
	methodBit  methodSet
	host       string // in lower case
	path       reading
	query      string
	authority  string // of a request-target that is a URL, in lower case
	hostDoubt  Doubt
	queryDoubt Doubt
	doubt      Doubt // about the request, whatever the rules are
	fields     []line
	absent     []string // names of headers known not to have been sent

	// What decides before any rule does: see reject.go.
	ordinary     bool // nothing does
	http2        bool
	aboveRoot    bool
	encoded      bool // it has a Transfer-Encoding
	badEncoding  bool
	lineSize     int
	headerSize   int
	largest      int // size of the largest header
	forwardedFor int // addresses in X-Forwarded-For
	length       string
	hazard       hazard
}

// line is a header line.
type line struct {
	name, value string
	doubt       Doubt
}

// prepare derives, once, what conditions look at.
func (r *Request) prepare() {
	if !r.prepared {
		r.derive()
	}
}

func (r *Request) derive() {
	r.prepared = true
	r.method = r.Method
	if r.method == "" {
		r.method = "GET"
	}
	r.methodBit = methodBit(r.method)
	r.host = strings.ToLower(r.Host)
	target := r.Target
	if target == "" {
		target = "/"
	}
	var form Doubt
	target, r.authority, form = splitTarget(target)
	r.authority = strings.ToLower(r.authority)
	target, _, _ = strings.Cut(target, "#")
	raw, query, _ := strings.Cut(target, "?")
	r.path, r.aboveRoot = readPath(raw)
	r.path.doubt |= form
	r.doubt = form | r.path.doubt&MalformedEscape
	r.query = query
	r.queryDoubt = nonASCII(query)
	r.hostDoubt = nonASCII(r.Host)
	for name, values := range r.Header {
		if len(values) == 0 && r.HeadersUnknown {
			r.absent = append(r.absent, name)
		}
		for _, value := range values {
			if r.fields == nil {
				r.fields = make([]line, 0, len(r.Header))
			}
			r.fields = append(r.fields, line{name, value, nonASCII(value)})
		}
	}
	r.survey()
}

// splitTarget returns the path and query of a request-target and, if it is a URL,
// its authority.
func splitTarget(target string) (path, authority string, doubt Doubt) {
	if strings.HasPrefix(target, "/") {
		return target, "", 0
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || strings.ContainsAny(scheme, "/?#") {
		return target, "", TargetForm
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return "/", rest, 0
	}
	if rest[end] != '/' {
		return "/" + rest[end:], rest[:end], 0
	}
	return rest[end:], rest[:end], 0
}

// nonASCII returns the doubt about a text with bytes outside visible ASCII. Rules
// look at visible ASCII only. Source: UGnow condition types.
func nonASCII(s string) Doubt {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return NonASCII
		}
	}
	return 0
}
