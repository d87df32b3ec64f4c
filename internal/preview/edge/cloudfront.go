package edge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/noren-cdk/noren/internal/preview/cloudfront"
)

// CloudFrontConfig says what a CloudFront serves, and where its origins are.
type CloudFrontConfig struct {
	// Distribution is the distribution to serve. Required.
	Distribution *cloudfront.Distribution

	// Buckets are the contents of buckets, by their logical ids. A bucket that is
	// missing here is empty.
	Buckets map[string]Bucket

	// LoadBalancers are the addresses of load balancers, by their logical ids.
	// One that is missing here cannot be reached.
	LoadBalancers map[string]*url.URL

	// Domain is the host name that viewers use after a deploy. Functions and
	// origins see it instead of this machine's.
	Domain string

	// Localize changes the values of headers on their way to the viewer, such as
	// a content security policy that names the deployed API. Default: nil, they
	// stay unchanged.
	Localize func(string) string

	// Failed is called with the errors of functions, which viewers see as a bare
	// 503.
	Failed func(error)
}

// CloudFront answers as a distribution does. Known differences: a viewer's
// connection counts as HTTPS, although it is not encrypted here, so nothing is
// redirected to HTTPS; files of buckets are served in their current state,
// whatever the cache would keep; compression is only gzip; an answer of more than
// 8 MB is not kept. Package cloudfront says what it leaves out of a template.
type CloudFront struct {
	config CloudFrontConfig
	proxy  *httputil.ReverseProxy
	cache  cache
	hosts  map[time.Duration]*http.Transport // by the origin's timeout
}

// NewCloudFront returns a handler that serves a distribution.
func NewCloudFront(config CloudFrontConfig) *CloudFront {
	if config.Localize == nil {
		config.Localize = func(text string) string { return text }
	}
	if config.Failed == nil {
		config.Failed = func(error) {}
	}
	c := &CloudFront{config: config, hosts: map[time.Duration]*http.Transport{}}
	for _, origin := range config.Distribution.Origins {
		if c.hosts[origin.ReadTimeout] == nil {
			c.hosts[origin.ReadTimeout] = &http.Transport{
				DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
				ResponseHeaderTimeout: origin.ReadTimeout,
				DisableCompression:    true,
				MaxIdleConnsPerHost:   64,
			}
		}
	}
	c.proxy = &httputil.ReverseProxy{
		Rewrite:        rewriteForOrigin,
		Transport:      originTransport{c},
		ModifyResponse: c.finish,
		FlushInterval:  -1, // at once: CloudFront does not wait for the end either
		ErrorHandler:   c.failed,
		ErrorLog:       log.New(discardLog{}, "", 0), // a viewer who disconnects is not an event
	}
	return c
}

type discardLog struct{}

func (discardLog) Write(text []byte) (int, error) { return len(text), nil }

// Close closes idle connections to origins.
func (c *CloudFront) Close() {
	for _, transport := range c.hosts {
		transport.CloseIdleConnections()
	}
}

// visit is a viewer's request in progress.
type visit struct {
	behavior *cloudfront.Behavior
	viewer   cloudfront.Viewer
	request  *http.Request // the viewer's, as the function returned it
	path     string        // without the origin's own path
	key      string        // the cache key
	cached   string        // the value of X-Cache
}

type visitKey struct{}

func visitOf(r *http.Request) *visit {
	v, _ := r.Context().Value(visitKey{}).(*visit)
	return v
}

func (c *CloudFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.config.Domain != "" {
		r = r.Clone(r.Context())
		r.Host = c.config.Domain
	}
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	v := &visit{
		behavior: c.config.Distribution.Behavior(r.URL.EscapedPath()),
		viewer:   cloudfront.Viewer{IP: ip, RequestID: rand.Text(), Domain: r.Host},
		request:  r,
		cached:   "Miss from cloudfront",
	}
	switch {
	case !v.behavior.Allows(r.Method):
		c.refuse(w, v, http.StatusForbidden, "This distribution is not configured to allow the HTTP request method that was used for this request.")
		return
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.ContentLength > 0:
		c.refuse(w, v, http.StatusForbidden, "Bad request: a GET has no body.")
		return
	}
	if v.behavior.ViewerRequest != nil {
		next, answer, err := v.behavior.ViewerRequest.Request(r, v.viewer)
		switch {
		case err != nil:
			c.functionFailed(w, v, err)
			return
		case answer != nil:
			v.cached = "FunctionGeneratedResponse from cloudfront"
			c.answer(w, v, answer.Status, answer.Header, answer.Body)
			return
		}
		v.request = next
	}
	v.path = v.request.URL.EscapedPath()
	if v.path == "/" {
		v.path += c.config.Distribution.DefaultRootObject
	}
	v.key = v.cacheKey()
	if c.answerFromCache(w, v) {
		return
	}
	c.proxy.ServeHTTP(w, v.request.WithContext(context.WithValue(v.request.Context(), visitKey{}, v)))
}

// functionFailed answers for a function that failed, as CloudFront does, with
// 503.
func (c *CloudFront) functionFailed(w http.ResponseWriter, v *visit, err error) {
	c.config.Failed(err)
	v.cached = "FunctionExecutionError from cloudfront"
	c.refuse(w, v, http.StatusServiceUnavailable, "The CloudFront function associated with the CloudFront distribution is invalid or could not run.")
}

// failed answers for a failure between the origin and the viewer.
func (c *CloudFront) failed(w http.ResponseWriter, r *http.Request, err error) {
	v := visitOf(r)
	var function *functionError
	if errors.As(err, &function) {
		c.functionFailed(w, v, function.err)
		return
	}
	c.refuse(w, v, http.StatusBadGateway, "CloudFront wasn't able to connect to the origin.")
}

// refuse answers with an error from CloudFront itself.
func (c *CloudFront) refuse(w http.ResponseWriter, v *visit, status int, why string) {
	if v.cached == "Miss from cloudfront" {
		v.cached = "Error from cloudfront"
	}
	c.answer(w, v, status, http.Header{"Content-Type": {"text/html"}}, errorPage(status, why, v.viewer.RequestID))
}

// answer answers without an origin.
func (c *CloudFront) answer(w http.ResponseWriter, v *visit, status int, header http.Header, body []byte) {
	c.dress(v, header)
	for name, values := range header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.WriteHeader(status)
	if v.request.Method != http.MethodHead {
		_, _ = w.Write(body) // the viewer may be gone
	}
}

// dress adds to an answer what every answer of a behaviour gets.
func (c *CloudFront) dress(v *visit, header http.Header) {
	v.behavior.Headers.Apply(v.request, header)
	for name, values := range header {
		for i, value := range values {
			values[i] = c.config.Localize(value)
		}
		header[name] = values
	}
	header.Set("X-Cache", v.cached)
	header.Add("Via", via)
	header.Set("X-Amz-Cf-Pop", "PREVIEW")
	header.Set("X-Amz-Cf-Id", v.viewer.RequestID)
}

const via = "1.1 preview.cloudfront.net (CloudFront)"

// errorPage returns a page of CloudFront itself.
func errorPage(status int, why, id string) []byte {
	return fmt.Appendf(nil, `<!DOCTYPE html>
<html><head><title>ERROR: The request could not be satisfied</title></head>
<body><h1>%d ERROR</h1><h2>The request could not be satisfied.</h2><hr>%s<hr>
<pre>Generated by cloudfront (CloudFront), on this machine
Request ID: %s</pre></body></html>
`, status, why, id)
}
