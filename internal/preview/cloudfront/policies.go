package cloudfront

import (
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Selection selects headers, cookies or query parameters.
type Selection struct {
	All    bool     // all, or all except Names
	Names  []string // these; headers in canonical form
	Except bool     // with All: except these
}

// Has reports whether a name is selected.
func (s Selection) Has(name string) bool {
	if s.All {
		return !s.Except || !slices.Contains(s.Names, name)
	}
	return slices.Contains(s.Names, name)
}

// CachePolicy says what the cache key contains in addition to the path, all of
// which also reaches the origin, and how long an answer is kept.
type CachePolicy struct {
	Headers, Cookies, Query    Selection
	MinTTL, DefaultTTL, MaxTTL time.Duration

	// Compressed says that Accept-Encoding is in the key, normalized, so that
	// compressed answers can be cached.
	Compressed bool
}

// Disabled reports whether nothing is ever kept except errors.
func (p CachePolicy) Disabled() bool { return p.MaxTTL == 0 }

// OriginRequestPolicy says what reaches the origin in addition to the cache key.
type OriginRequestPolicy struct {
	Headers, Cookies, Query Selection
}

const day = 24 * time.Hour

// cachePolicies are the managed policies by id. Source: CFDev, managed cache
// policies.
var cachePolicies = map[string]CachePolicy{
	"4135ea2d-6df8-44a3-9df3-4b5a84be39ad": {}, // CachingDisabled
	"658327ea-f89d-4fab-a63d-7e88639e58f6": { // CachingOptimized
		MinTTL: time.Second, DefaultTTL: day, MaxTTL: 365 * day, Compressed: true,
	},
	"b2884449-e4de-46a7-ac36-70bc7f1ddd6d": { // CachingOptimizedForUncompressedObjects
		MinTTL: time.Second, DefaultTTL: day, MaxTTL: 365 * day,
	},
	"83da9c7e-98b4-4e11-a168-04f0df8e2c65": { // UseOriginCacheControlHeaders
		Headers: names("Host", "Origin", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override"),
		Cookies: everything, MaxTTL: 365 * day, Compressed: true,
	},
	"4cc15a8a-d715-48a4-82b8-cc0b614638fe": { // UseOriginCacheControlHeaders-QueryStrings
		Headers: names("Host", "Origin", "X-Http-Method", "X-Http-Method-Override", "X-Method-Override"),
		Cookies: everything, Query: everything, MaxTTL: 365 * day, Compressed: true,
	},
	"2e54312d-136d-493c-8eb9-b001f22f67d2": { // Amplify
		Headers: names("Authorization", "Cloudfront-Viewer-Country", "Host"), Cookies: everything, Query: everything,
		MinTTL: 2 * time.Second, DefaultTTL: 2 * time.Second, MaxTTL: 10 * time.Minute, Compressed: true,
	},
}

// originRequestPolicies are the managed policies by id. Source: CFDev, managed
// origin request policies.
var originRequestPolicies = map[string]OriginRequestPolicy{
	"216adef6-5c7f-47e4-b989-5492eafa07d3": {everything, everything, everything}, // AllViewer
	"b689b0a8-53d0-40ab-baf2-68738e2966ac": { // AllViewerExceptHostHeader
		Selection{All: true, Except: true, Names: []string{"Host"}}, everything, everything,
	},
	withCloudFrontHeaders:                  {everything, everything, everything}, // AllViewerAndCloudFrontHeaders-2022-06
	"59781a5b-3903-41f3-afcb-af62929ccde1": {Headers: names("Origin")},           // CORS-CustomOrigin
	"88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": { // CORS-S3Origin
		Headers: names("Access-Control-Request-Headers", "Access-Control-Request-Method", "Origin"),
	},
	"acba4595-bd28-49b8-b9fe-13317c0390fa": {Headers: names("Referer", "User-Agent")}, // UserAgentRefererHeaders
	"bf0718e1-ba1e-49d1-88b1-f726733018ae": {Headers: names("Host")},                  // HostHeaderOnly
}

const withCloudFrontHeaders = "33f36d7e-f396-46d9-90e0-52428a34d9dc"

// seeOwnHeaders records headers that CloudFront itself would add, such as the
// viewer's country.
func (r *reader) seeOwnHeaders(behavior, config node) {
	for _, name := range config.field("HeadersConfig").field("Headers").texts() {
		if strings.HasPrefix(strings.ToLower(name), "cloudfront-") {
			r.withoutOwnHeaders(behavior)
		}
	}
}

func (r *reader) withoutOwnHeaders(behavior node) {
	r.without("%s: origins get no CloudFront-* headers, such as CloudFront-Viewer-Country", behavior.id)
}

var everything = Selection{All: true}

func names(names ...string) Selection { return Selection{Names: names} }

func (r *reader) cachePolicy(behavior node) CachePolicy {
	id := behavior.field("CachePolicyId").text()
	if id == "" {
		return legacyPolicy(behavior)
	}
	if policy, ok := cachePolicies[id]; ok {
		return policy
	}
	resource, ok := r.named(id, "AWS::CloudFront::CachePolicy")
	if !ok {
		r.without("%s: cache policy %s is neither managed nor in the template: nothing is kept", behavior.id, cfn.Display(id))
		return CachePolicy{}
	}
	config := r.properties(resource).field("CachePolicyConfig")
	key := config.field("ParametersInCacheKeyAndForwardedToOrigin")
	r.seeOwnHeaders(behavior, key)
	return CachePolicy{
		Headers:    selection(key.field("HeadersConfig"), "HeaderBehavior", "Headers", true),
		Cookies:    selection(key.field("CookiesConfig"), "CookieBehavior", "Cookies", false),
		Query:      selection(key.field("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings", false),
		MinTTL:     config.field("MinTTL").seconds(0),
		DefaultTTL: config.field("DefaultTTL").seconds(day),
		MaxTTL:     config.field("MaxTTL").seconds(365 * day),
		Compressed: key.field("EnableAcceptEncodingGzip").boolean() || key.field("EnableAcceptEncodingBrotli").boolean(),
	}
}

// legacyPolicy reads the settings of a behaviour without policies.
func legacyPolicy(behavior node) CachePolicy {
	forwarded := behavior.field("ForwardedValues")
	policy := CachePolicy{
		MinTTL:     behavior.field("MinTTL").seconds(0),
		DefaultTTL: behavior.field("DefaultTTL").seconds(day),
		MaxTTL:     behavior.field("MaxTTL").seconds(365 * day),
		Query:      Selection{All: forwarded.field("QueryString").boolean()},
	}
	for _, name := range forwarded.field("Headers").texts() {
		if name == "*" {
			return CachePolicy{Headers: everything, Cookies: everything, Query: everything}
		}
		policy.Headers.Names = append(policy.Headers.Names, textproto.CanonicalMIMEHeaderKey(name))
	}
	switch cookies := forwarded.field("Cookies"); cookies.field("Forward").text() {
	case "all":
		policy.Cookies = everything
	case "whitelist":
		policy.Cookies = Selection{Names: cookies.field("WhitelistedNames").texts()}
	}
	return policy
}

func (r *reader) originRequestPolicy(behavior node) OriginRequestPolicy {
	id := behavior.field("OriginRequestPolicyId").text()
	if id == "" {
		return OriginRequestPolicy{}
	}
	if policy, ok := originRequestPolicies[id]; ok {
		if id == withCloudFrontHeaders {
			r.withoutOwnHeaders(behavior)
		}
		return policy
	}
	resource, ok := r.named(id, "AWS::CloudFront::OriginRequestPolicy")
	if !ok {
		r.without("%s: origin request policy %s is neither managed nor in the template: all but Host is forwarded", behavior.id, cfn.Display(id))
		return originRequestPolicies["b689b0a8-53d0-40ab-baf2-68738e2966ac"]
	}
	config := r.properties(resource).field("OriginRequestPolicyConfig")
	r.seeOwnHeaders(behavior, config)
	return OriginRequestPolicy{
		Headers: selection(config.field("HeadersConfig"), "HeaderBehavior", "Headers", true),
		Cookies: selection(config.field("CookiesConfig"), "CookieBehavior", "Cookies", false),
		Query:   selection(config.field("QueryStringsConfig"), "QueryStringBehavior", "QueryStrings", false),
	}
}

func selection(n node, behavior, list string, headers bool) Selection {
	s := Selection{Names: n.field(list).texts()}
	if headers {
		for i, name := range s.Names {
			s.Names[i] = textproto.CanonicalMIMEHeaderKey(name)
		}
	}
	switch kind := n.field(behavior).text(); kind {
	case "none", "":
		return Selection{}
	case "whitelist":
		return s
	case "all", "allViewer", "allViewerAndWhitelistCloudFront":
		return everything
	case "allExcept":
		s.All, s.Except = true, true
		return s
	default:
		n.field(behavior).fault("%q: want one of %s", kind, strings.Join([]string{"none", "whitelist", "all", "allExcept", "allViewer"}, ", "))
		return Selection{}
	}
}
