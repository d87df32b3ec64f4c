package rules

import (
	"regexp"
	"slices"
	"strings"
)

// headerName matches the name of a header that reaches the listener's rules: at
// most 40 characters, and only letters, digits and hyphens, since the load
// balancer drops other headers.
var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,40}$`)

// cookieName matches the name of a cookie that hides no wildcard when it is used
// in the value of a rule.
var cookieName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ownedHeaders are headers that browsers, CloudFront or the load balancer set,
// rewrite or interpret: no client can use them for its own purpose.
var ownedHeaders = []string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers", "Access-Control-Request-Method",
	"Authorization", "Cache-Control", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Cookie", "Date", "DNT",
	"Early-Data", "Expect", "Forwarded", "From", "Host", "HTTP2-Settings", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range",
	"If-Unmodified-Since", "Keep-Alive", "Max-Forwards", "Origin", "Pragma", "Priority", "Range", "Referer", "Set-Cookie", "TE", "Trailer",
	"Transfer-Encoding", "Upgrade", "Upgrade-Insecure-Requests", "Via", "Warning", "X-Real-IP", "X-Requested-With",
}

// ownedPrefixes are prefixes of the names of more such headers.
var ownedPrefixes = []string{"CloudFront-", "Proxy-", "Sec-", "X-Amz-", "X-Amzn-", "X-Edge-", "X-Forwarded-"}

// isOwned reports whether a header is not for a client to choose.
func isOwned(header string) bool {
	equal := func(name string) bool { return strings.EqualFold(name, header) }
	prefixed := func(prefix string) bool {
		return len(header) >= len(prefix) && strings.EqualFold(header[:len(prefix)], prefix)
	}
	return slices.ContainsFunc(ownedHeaders, equal) || slices.ContainsFunc(ownedPrefixes, prefixed)
}
