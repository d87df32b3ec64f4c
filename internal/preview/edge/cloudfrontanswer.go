package edge

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// functionError says that a viewer-response function failed.
type functionError struct{ err error }

func (e *functionError) Error() string { return e.err.Error() }

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// unreachable returns the answer for an origin that does not answer.
func (c *CloudFront) unreachable(r *http.Request, status int, why string) *http.Response {
	body := errorPage(status, why, visitOf(r).viewer.RequestID)
	return newResponse(r, status, http.Header{"Content-Type": {"text/html"}}, body)
}

func newResponse(r *http.Request, status int, header http.Header, body []byte) *http.Response {
	header.Set("Content-Length", strconv.Itoa(len(body)))
	response := &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: int64(len(body)), Body: http.NoBody, Request: r,
	}
	if r.Method != http.MethodHead {
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	return response
}

// finish turns the origin's answer into the viewer's: the page for its error, the
// cache, the function, compression and the headers of the policy.
func (c *CloudFront) finish(answer *http.Response) error {
	v := visitOf(answer.Request)
	if answer.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	failed := answer.StatusCode >= 400
	keep := c.timeToKeep(v, answer)
	if failed {
		v.cached = "Error from cloudfront"
		c.replaceError(v, answer)
	}
	if v.readFromBucket(answer) {
		c.noteFile(v, answer, keep)
	} else {
		c.keep(v, answer, keep)
	}
	if f := v.behavior.ViewerResponse; f != nil && !failed {
		if err := v.runResponse(answer); err != nil {
			return &functionError{err}
		}
	}
	compress(v, answer)
	c.dress(v, answer.Header)
	return nil
}

func (v *visit) runResponse(answer *http.Response) error {
	changed, err := v.behavior.ViewerResponse.Response(v.request, v.viewer, answer.StatusCode, answer.Header)
	if err != nil {
		return err
	}
	length := answer.Header["Content-Length"]
	answer.StatusCode, answer.Header = changed.Status, changed.Header
	answer.Status = strconv.Itoa(changed.Status) + " " + http.StatusText(changed.Status)
	if !changed.HasBody {
		if length != nil {
			answer.Header["Content-Length"] = length
		}
		return nil
	}
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(changed.Body))
	answer.ContentLength = int64(len(changed.Body))
	answer.Header.Set("Content-Length", strconv.Itoa(len(changed.Body)))
	return nil
}

// replaceError replaces an error that has a page by the page.
func (c *CloudFront) replaceError(v *visit, answer *http.Response) {
	response := c.config.Distribution.Error(answer.StatusCode)
	if response.Page == "" {
		return
	}
	page := *v
	page.behavior = c.config.Distribution.Behavior(response.Page)
	page.path = response.Page
	request := answer.Request.Clone(answer.Request.Context())
	request.Method, request.Host, request.Body, request.ContentLength = http.MethodGet, "", nil, 0
	request.Header.Del("Range")
	request.Header.Del("If-None-Match")
	request.Header.Del("If-Modified-Since")
	replacement := c.ask(page.behavior.Origin, page.path, request)
	if replacement.StatusCode != http.StatusOK {
		_ = replacement.Body.Close()
		return // the origin's own error, with which CloudFront answers then. Source: CFDev
	}
	_ = answer.Body.Close()
	answer.StatusCode = response.PageStatus
	answer.Status = strconv.Itoa(response.PageStatus) + " " + http.StatusText(response.PageStatus)
	answer.Header, answer.Body, answer.ContentLength = replacement.Header, replacement.Body, replacement.ContentLength
	if v.request.Method == http.MethodHead {
		_ = answer.Body.Close()
		answer.Body = http.NoBody
	}
}

// compressible are the types that CloudFront compresses, or their prefixes.
// Source: CFDev, compressed files.
var compressible = []string{
	"application/javascript", "application/json", "application/manifest+json", "application/wasm", "application/xml",
	"application/vnd.api+json", "font/otf", "font/ttf", "image/svg+xml", "text/",
}

// compress compresses an answer if the behaviour says so, the viewer accepts it,
// and it is neither too small nor too large. CloudFront would choose Brotli if
// the viewer also accepts that.
func compress(v *visit, answer *http.Response) {
	header := answer.Header
	contentType := strings.ToLower(header.Get("Content-Type"))
	known := false
	for _, start := range compressible {
		known = known || strings.HasPrefix(contentType, start)
	}
	switch {
	case !v.behavior.Compress, !v.behavior.Cache.Compressed, v.behavior.Cache.Disabled(), !known,
		answer.StatusCode != http.StatusOK, header.Get("Content-Encoding") != "",
		answer.ContentLength < 1000, answer.ContentLength > 10_000_000:
		return
	}
	header.Add("Vary", "Accept-Encoding")
	if !acceptsGzip(v.request.Header.Get("Accept-Encoding")) {
		return
	}
	header.Set("Content-Encoding", "gzip")
	header.Del("Accept-Ranges")
	header.Del("Content-Length")
	answer.ContentLength = -1
	if tag := header.Get("Etag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		header.Set("Etag", "W/"+tag)
	}
	if v.request.Method == http.MethodHead {
		return
	}
	plain := answer.Body
	read, write := io.Pipe()
	answer.Body = read
	go func() {
		defer plain.Close()
		out := gzip.NewWriter(write)
		_, err := io.Copy(out, plain)
		write.CloseWithError(errors.Join(err, out.Close()))
	}()
}

// timeToKeep returns how long an answer is kept in the cache.
func (c *CloudFront) timeToKeep(v *visit, answer *http.Response) time.Duration {
	if !v.behavior.Caches(v.request.Method) || v.request.Header.Get("Range") != "" {
		return 0
	}
	said, age := freshness(answer.Header)
	if answer.StatusCode >= 400 {
		return errorTime(c.config.Distribution, answer.StatusCode, said, age)
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode/100 != 3 || answer.StatusCode == http.StatusNotModified {
		return 0
	}
	policy := v.behavior.Cache
	if !said {
		age = policy.DefaultTTL
	}
	return min(max(age, policy.MinTTL), policy.MaxTTL)
}
