package edge

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/noren-cdk/noren/internal/preview/cloudfront"
)

// rewriteForOrigin makes the request to the origin: what the behaviour's policies
// let through, and what CloudFront adds to every request. Source: CFDev, request
// behaviour for custom origins.
func rewriteForOrigin(p *httputil.ProxyRequest) {
	v := visitOf(p.In)
	header := http.Header{}
	for name, values := range p.In.Header {
		if v.reachesOrigin(name) {
			header[name] = values
		}
	}
	if cookie := v.cookies(v.behavior.Cache.Cookies, v.behavior.ToOrigin.Cookies); cookie != "" {
		header.Set("Cookie", cookie)
	}
	header.Del("Accept-Encoding")
	switch accepted := p.In.Header.Get("Accept-Encoding"); {
	case v.behavior.Cache.Compressed && acceptsGzip(accepted):
		header.Set("Accept-Encoding", "gzip")
	case !v.behavior.Cache.Compressed && accepted != "" && v.forwards("Accept-Encoding"):
		header.Set("Accept-Encoding", accepted)
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "Amazon CloudFront")
	}
	for _, name := range []string{"Connection", "Upgrade"} { // ReverseProxy has kept them for a WebSocket
		if p.Out.Header[name] != nil {
			header[name] = p.Out.Header[name]
		}
	}
	header["X-Forwarded-For"] = []string{strings.Join(append(p.In.Header["X-Forwarded-For"], v.viewer.IP), ", ")}
	header.Add("Via", via)
	header.Set("X-Amz-Cf-Id", v.viewer.RequestID)
	p.Out.Header = header
	p.Out.URL.RawQuery = v.query(v.behavior.Cache.Query, v.behavior.ToOrigin.Query)
	p.Out.Host = "" // the origin's, unless the policies say the viewer's
	if v.forwards("Host") {
		p.Out.Host = p.In.Host
	}
}

// always are headers that reach the origin although no policy names them: those
// about a body, ranges and conditions.
var always = map[string]bool{
	"Content-Type": true, "Content-Encoding": true, "Range": true, "If-Range": true,
	"If-None-Match": true, "If-Modified-Since": true, "If-Match": true, "If-Unmodified-Since": true,
}

// never are headers that do not reach the origin: CloudFront removes them or sets
// its own.
var never = map[string]bool{
	"Connection": true, "Cookie": true, "Expect": true, "Host": true, "Keep-Alive": true, "Proxy-Authenticate": true,
	"Proxy-Authorization": true, "Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true,
	"Upgrade": true, "X-Amz-Cf-Id": true, "X-Forwarded-For": true, "X-Forwarded-Proto": true, "X-Real-Ip": true,
}

func (v *visit) reachesOrigin(name string) bool {
	if strings.HasPrefix(name, "Sec-Websocket-") {
		return true
	}
	return !never[name] && (always[name] || v.forwards(name))
}

func (v *visit) forwards(header string) bool {
	return v.behavior.Cache.Headers.Has(header) || v.behavior.ToOrigin.Headers.Has(header)
}

// query returns the selected part of the viewer's query, as it was sent.
func (v *visit) query(selections ...cloudfront.Selection) string {
	var kept []string
	for pair := range strings.SplitSeq(v.request.URL.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if pair != "" && selected(name, selections) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}

// cookies returns the viewer's cookies that are selected.
func (v *visit) cookies(selections ...cloudfront.Selection) string {
	var kept []string
	for _, line := range v.request.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			name, _, _ := strings.Cut(pair, "=")
			if pair != "" && selected(name, selections) {
				kept = append(kept, pair)
			}
		}
	}
	return strings.Join(kept, "; ")
}

func selected(name string, selections []cloudfront.Selection) bool {
	for _, s := range selections {
		if s.Has(name) {
			return true
		}
	}
	return false
}

func acceptsGzip(accepted string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		coding, parameter, _ := strings.Cut(strings.TrimSpace(part), ";")
		if coding == "gzip" || coding == "*" {
			return strings.TrimSpace(parameter) != "q=0"
		}
	}
	return false
}

// originTransport sends a request to the origin of its behaviour or, for a group,
// to the second origin if the first one fails.
type originTransport struct {
	c *CloudFront
}

func (t originTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	v := visitOf(r)
	id := v.behavior.Origin
	group, isGroup := t.c.config.Distribution.Groups[id]
	if !isGroup {
		return t.c.ask(id, v.path, r), nil
	}
	readOnly := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	answer := t.c.ask(group.Members[0], v.path, r)
	for _, next := range group.Members[1:] {
		if !readOnly || !fails(answer.StatusCode, group.Statuses) {
			break
		}
		_ = answer.Body.Close()
		answer = t.c.ask(next, v.path, r)
	}
	return answer, nil
}

func fails(status int, statuses []int) bool {
	for _, s := range statuses {
		if s == status {
			return true
		}
	}
	return false
}

// ask sends a request to an origin. An unreachable origin also gives an answer:
// CloudFront's 502 or 504.
func (c *CloudFront) ask(id, path string, r *http.Request) *http.Response {
	origin := c.config.Distribution.Origins[id]
	if origin == nil {
		return c.unreachable(r, http.StatusBadGateway, "The origin "+id+" does not exist.")
	}
	if origin.Bucket != "" {
		return c.config.Buckets[origin.Bucket].answer(r, origin, path)
	}
	address := c.config.LoadBalancers[origin.LoadBalancer]
	if address == nil {
		return c.unreachable(r, http.StatusBadGateway, "Not served here: "+origin.Why+".")
	}
	out := r.Clone(r.Context())
	out.URL = &url.URL{Scheme: address.Scheme, Host: address.Host, RawQuery: r.URL.RawQuery}
	out.URL.Path, out.URL.RawPath = unescaped(origin.Path + path)
	if out.Host == "" {
		out.Host = origin.Domain
	}
	for name, values := range origin.Headers {
		out.Header[name] = values
	}
	answer, err := c.hosts[origin.ReadTimeout].RoundTrip(out)
	switch {
	case err == nil:
		return answer
	case isTimeout(err):
		return c.unreachable(r, http.StatusGatewayTimeout, "The origin did not answer in time.")
	}
	return c.unreachable(r, http.StatusBadGateway, "CloudFront wasn't able to connect to the origin.")
}

// unescaped returns a path and, if that does not determine it, its escaped form.
func unescaped(escaped string) (path, raw string) {
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return escaped, ""
	}
	return path, escaped
}
