package edge

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/preview/cloudfront"
)

// cache keeps answers. It never keeps a file of a bucket: the entry only says
// since when it would have been kept, so that a changed file is served changed,
// as after an invalidation.
type cache struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is a cached answer or, with a file's version, the fact that there was
// one.
type entry struct {
	status int
	header http.Header
	body   []byte
	failed bool
	file   string // the version of the file; empty for an answer of a host
	stored time.Time
	until  time.Time
}

// largestKept is the maximum size, in bytes, of a kept answer, and mostKept the
// maximum number of answers.
const (
	largestKept = 8 << 20
	mostKept    = 1000
)

func (c *cache) get(key string) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e == nil || !time.Now().Before(e.until) {
		delete(c.entries, key)
		return nil
	}
	return e
}

func (c *cache) put(key string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || len(c.entries) >= mostKept {
		c.entries = map[string]*entry{}
	}
	c.entries[key] = e
}

// cacheKey returns the cache key: the path, what the cache policy selects, and
// whether the viewer accepts compressed answers.
func (v *visit) cacheKey() string {
	policy := v.behavior.Cache
	method := v.request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	key := []string{v.behavior.Pattern, method, v.path, v.query(policy.Query), v.cookies(policy.Cookies)}
	for _, name := range slices.Sorted(maps.Keys(v.request.Header)) {
		if policy.Headers.Has(name) && name != "Cookie" {
			key = append(key, name+":"+strings.Join(v.request.Header[name], ","))
		}
	}
	if policy.Headers.Has("Host") {
		key = append(key, v.request.Host)
	}
	if policy.Compressed && acceptsGzip(v.request.Header.Get("Accept-Encoding")) {
		key = append(key, "gzip")
	}
	return strings.Join(key, "\n")
}

// keep keeps an answer of a host for a time, once the viewer has received all of
// it.
func (c *CloudFront) keep(v *visit, answer *http.Response, d time.Duration) {
	if d <= 0 || v.request.Method == http.MethodHead {
		return
	}
	e := &entry{
		status: answer.StatusCode, header: answer.Header.Clone(), failed: v.cached == "Error from cloudfront",
	}
	length := answer.ContentLength
	answer.Body = &keepingBody{ReadCloser: answer.Body, keep: func(body []byte) {
		if length >= 0 && int64(len(body)) != length {
			return
		}
		e.body, e.stored = body, time.Now()
		e.until = e.stored.Add(d)
		c.cache.put(v.key, e)
	}}
}

// keepingBody remembers what is read of a body, and calls keep at its end.
type keepingBody struct {
	io.ReadCloser
	body []byte
	keep func([]byte) // nil once it was called, or if the body is too large
}

func (b *keepingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.keep == nil {
		return n, err
	}
	b.body = append(b.body, p[:n]...)
	switch {
	case len(b.body) > largestKept:
		b.keep, b.body = nil, nil
	case err == io.EOF:
		b.keep(b.body)
		b.keep = nil
	}
	return n, err
}

// answerFromCache answers from the cache. It reports whether it could.
func (c *CloudFront) answerFromCache(w http.ResponseWriter, v *visit) bool {
	if !v.behavior.Caches(v.request.Method) || v.request.Header.Get("Range") != "" {
		return false
	}
	e := c.cache.get(v.key)
	if e == nil || e.file != "" {
		return false
	}
	v.cached = "Hit from cloudfront"
	if e.failed {
		v.cached = "Error from cloudfront"
	}
	answer := newResponse(v.request, e.status, e.header.Clone(), e.body)
	answer.Header.Set("Age", strconv.Itoa(int(time.Since(e.stored).Seconds())))
	if tag := answer.Header.Get("Etag"); tag != "" && strings.Contains(v.request.Header.Get("If-None-Match"), tag) {
		answer = newResponse(v.request, http.StatusNotModified, answer.Header, nil)
		answer.Header.Del("Content-Length")
	}
	if v.behavior.ViewerResponse != nil && e.status < 400 {
		if err := v.runResponse(answer); err != nil {
			c.functionFailed(w, v, err)
			return true
		}
	}
	compress(v, answer)
	c.dress(v, answer.Header)
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body) // the viewer may be gone
	_ = answer.Body.Close()
	return true
}

// noteFile records since when a version of a file would have been kept.
func (c *CloudFront) noteFile(v *visit, answer *http.Response, d time.Duration) {
	version := answer.Header.Get(fileVersion)
	answer.Header.Del(fileVersion)
	if e := c.cache.get(v.key); e != nil && e.file == version && answer.StatusCode < 400 {
		v.cached = "Hit from cloudfront"
		answer.Header.Set("Age", strconv.Itoa(int(time.Since(e.stored).Seconds())))
		return
	}
	if d > 0 {
		now := time.Now()
		c.cache.put(v.key, &entry{file: version, stored: now, until: now.Add(d)})
	}
}

// freshness returns how long the origin says that an answer is fresh, and whether
// it says so.
func freshness(header http.Header) (said bool, d time.Duration) {
	shared := false
	for directive := range strings.SplitSeq(strings.ToLower(strings.Join(header["Cache-Control"], ",")), ",") {
		name, text, _ := strings.Cut(strings.TrimSpace(directive), "=")
		seconds, err := strconv.Atoi(strings.Trim(text, `"`))
		switch {
		case name == "no-store" || name == "no-cache" || name == "private":
			return true, 0
		case err != nil:
		case name == "s-maxage":
			said, shared, d = true, true, time.Duration(seconds)*time.Second
		case name == "max-age" && !shared:
			said, d = true, time.Duration(seconds)*time.Second
		}
	}
	if expires, err := http.ParseTime(header.Get("Expires")); !said && err == nil {
		return true, time.Until(expires)
	}
	return said, d
}

// errorTime returns how long an error is kept: for the distribution's time,
// despite an origin's no-store, or for the origin's if that is longer. Source:
// CFDev.
func errorTime(d *cloudfront.Distribution, status int, said bool, age time.Duration) time.Duration {
	least := d.Error(status).CacheTime
	switch {
	case cloudfront.KeepsError(status):
		return max(least, age)
	case said && age > 0:
		return max(least, age)
	}
	return 0
}
