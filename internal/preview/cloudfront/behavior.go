package cloudfront

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// Behavior says how paths that match a pattern are answered.
type Behavior struct {
	// Pattern is a path pattern, in which * stands for any characters, including
	// slashes, and ? for exactly one. Case matters; the leading slash may be
	// omitted. Source: CFDev.
	Pattern string

	// Origin is the id of an origin or of an origin group.
	Origin string

	// ViewerProtocol is "allow-all", "https-only" or "redirect-to-https".
	ViewerProtocol string

	// Methods are the methods that are let through; others get a 403. Default:
	// GET and HEAD.
	Methods []string

	// CachedMethods are the methods whose answers are cached. Default: GET and
	// HEAD.
	CachedMethods []string

	// Compress says that answers that the origin did not compress are compressed.
	Compress bool

	// Cache says what the cache key consists of, and how long an answer is kept.
	Cache CachePolicy

	// ToOrigin says what reaches the origin in addition to the cache key.
	ToOrigin OriginRequestPolicy

	// Headers are the headers that are added to answers. Default: none.
	Headers *ResponseHeadersPolicy

	// ViewerRequest and ViewerResponse run before the cache is looked up, and
	// before the answer is sent. Default: none.
	ViewerRequest  *Function
	ViewerResponse *Function
}

var readMethods = []string{"GET", "HEAD"}

func (r *reader) behavior(n node) *Behavior {
	b := &Behavior{
		Pattern:        n.field("PathPattern").text(),
		Origin:         n.field("TargetOriginId").text(),
		ViewerProtocol: n.field("ViewerProtocolPolicy").text(),
		Methods:        n.field("AllowedMethods").texts(),
		CachedMethods:  n.field("CachedMethods").texts(),
		Compress:       n.field("Compress").boolean(),
		Cache:          r.cachePolicy(n),
		ToOrigin:       r.originRequestPolicy(n),
		Headers:        r.responseHeadersPolicy(n),
	}
	if len(b.Methods) == 0 {
		b.Methods = readMethods
	}
	if len(b.CachedMethods) == 0 {
		b.CachedMethods = readMethods
	}
	for _, association := range n.field("FunctionAssociations").items() {
		f := r.function(association)
		switch event := association.field("EventType").text(); event {
		case "viewer-request":
			b.ViewerRequest = f
		case "viewer-response":
			b.ViewerResponse = f
		default:
			association.fault("EventType %q: want viewer-request or viewer-response", event)
		}
	}
	for _, association := range n.field("LambdaFunctionAssociations").items() {
		r.without("%s: Lambda@Edge is not run, on %s", n.id, association.field("EventType").text())
	}
	if len(n.field("TrustedKeyGroups").items()) > 0 || len(n.field("TrustedSigners").items()) > 0 {
		r.without("%s: signed URLs are not checked", n.id)
	}
	return b
}

// Allows reports whether a method is let through.
func (b *Behavior) Allows(method string) bool { return slices.Contains(b.Methods, method) }

// Caches reports whether answers to a method are cached.
func (b *Behavior) Caches(method string) bool { return slices.Contains(b.CachedMethods, method) }

func (b *Behavior) matches(path string) bool {
	return alb.Glob("/"+strings.TrimPrefix(b.Pattern, "/"), path) || b.Pattern == "*"
}

// withoutDots resolves the dot segments of a path: CloudFront matches the
// normalized path and sends the raw one. Source: CFDev, path pattern.
func withoutDots(p string) string {
	if !strings.Contains(p, "/.") {
		return p
	}
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// ErrorResponse says what happens to an error of the origin.
type ErrorResponse struct {
	Status int

	// CacheTime is the minimum time for which the error is kept: a longer max-age
	// of the origin is respected, its no-store is not. Default: 10 seconds.
	// Source: CFDev.
	CacheTime time.Duration

	// Page is the path of the page that is sent instead, with PageStatus.
	// Default: the origin's own answer.
	Page       string
	PageStatus int
}

// errorCacheTime is the default for how long errors are kept. Source: CFDev.
const errorCacheTime = 10 * time.Second

func errorResponse(n node) ErrorResponse {
	e := ErrorResponse{
		Status:     n.field("ErrorCode").integer(0),
		CacheTime:  n.field("ErrorCachingMinTTL").seconds(errorCacheTime),
		Page:       n.field("ResponsePagePath").text(),
		PageStatus: n.field("ResponseCode").integer(0),
	}
	if e.PageStatus == 0 {
		e.PageStatus = e.Status
	}
	return e
}

// Error returns the configuration for errors with a status.
func (d *Distribution) Error(status int) ErrorResponse {
	if e, ok := d.Errors[status]; ok {
		return e
	}
	return ErrorResponse{Status: status, CacheTime: errorCacheTime, PageStatus: status}
}

// KeepsError reports whether errors with a status are kept although the origin
// does not ask for it. The others are kept if it sends a max-age. Source: CFDev.
func KeepsError(status int) bool {
	return slices.Contains([]int{404, 414, 500, 501, 502, 503, 504}, status)
}
