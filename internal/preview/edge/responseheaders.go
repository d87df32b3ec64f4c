package edge

import (
	"net/http"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// responseHeader is a header of an answer.
type responseHeader struct{ name, value string }

// insertable are the headers that a listener can set on answers, through its
// attributes routing.http.response.NAME.header_value. Source: BC
// ListenerAttribute.
var insertable = []string{
	"Strict-Transport-Security",
	"Access-Control-Allow-Origin",
	"Access-Control-Allow-Methods",
	"Access-Control-Allow-Headers",
	"Access-Control-Allow-Credentials",
	"Access-Control-Expose-Headers",
	"Access-Control-Max-Age",
	"Content-Security-Policy",
	"X-Content-Type-Options",
	"X-Frame-Options",
}

// responseHeaders returns the headers that a listener's attributes set.
func responseHeaders(l *alb.Listener) []responseHeader {
	var headers []responseHeader
	for _, name := range insertable {
		key := strings.ToLower(strings.ReplaceAll(name, "-", "_"))
		if value := l.Attributes["routing.http.response."+key+".header_value"]; value != "" {
			headers = append(headers, responseHeader{name, cfn.Display(value)})
		}
	}
	return headers
}

// namesItself reports whether the load balancer's own answers have a Server
// header. Default: true. Source: BC ListenerAttribute.
func namesItself(l *alb.Listener) bool {
	return l.Attributes["routing.http.response.server.enabled"] != "false"
}

// setHeaders sets what the load balancer adds to an answer, whoever gave it.
// Whether it replaces a header of the target is not documented; here it does.
func (x *exchange) setHeaders(h http.Header) {
	for _, cookie := range x.cookies {
		h.Add("Set-Cookie", cookie)
	}
	for _, add := range x.rules.headers {
		h.Set(add.name, add.value)
	}
}
