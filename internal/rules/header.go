package rules

import (
	"regexp"
	"slices"
	"strings"
)

// headerName is the name of a header that reaches the listener's rules: at most
// 40 characters, and the load balancer drops those with any other than letters,
// digits and hyphens.
var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

// cookieName is the name of a cookie in whose value of a rule no wildcard is
// hidden.
var cookieName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ownedHeaders are set or rewritten by browsers, CloudFront or the load balancer,
// or mean something to them: no client can send them for a purpose of its own.
var ownedHeaders = []string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers", "Access-Control-Request-Method",
	"Authorization", "Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Date", "DNT",
	"Early-Data", "Expect", "Forwarded", "From", "Host", "HTTP2-Settings", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
	"If-Unmodified-Since", "Keep-Alive", "Max-Forwards", "Origin", "Pragma", "Priority", "Range", "Referer", "Set-Cookie", "TE", "Trailer",
	"Transfer-Encoding", "Upgrade", "Upgrade-Insecure-Requests", "Via", "Warning", "X-Real-IP", "X-Requested-With",
}

// ownedPrefixes begin the names of more of them.
var ownedPrefixes = []string{"CloudFront-", "Proxy-", "Sec-", "X-Amz-", "X-Amzn-", "X-Edge-", "X-Forwarded-"}

// isOwned says that a header is not for a client to choose.
func isOwned(header string) bool {
	equal := func(name string) bool { return strings.EqualFold(name, header) }
	prefixed := func(prefix string) bool {
		return len(header) >= len(prefix) && strings.EqualFold(header[:len(prefix)], prefix)
	}
	return slices.ContainsFunc(ownedHeaders, equal) || slices.ContainsFunc(ownedPrefixes, prefixed)
}
