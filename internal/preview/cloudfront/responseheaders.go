package cloudfront

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// ResponseHeadersPolicy says which headers are added to and removed from answers.
type ResponseHeadersPolicy struct {
	Set    []HeaderRule
	Remove []string
	CORS   *CORS
}

// HeaderRule is a header that is added to answers.
type HeaderRule struct {
	Name, Value string
	Override    bool // even if the origin has sent one
}

// CORS says what is added to answers to cross-origin requests.
type CORS struct {
	Origins, Methods, Headers, Expose []string
	Credentials                       bool
	MaxAge                            int
	Override                          bool
}

// responseHeadersPolicies are the managed policies by id. Source: CFDev, managed
// response headers policies.
var responseHeadersPolicies = map[string]ResponseHeadersPolicy{
	"60669652-455b-4ae9-85a4-c4c02393f86c": {CORS: &simpleCORS},                        // SimpleCORS
	"5cc3b908-e619-4b99-88e5-2cf7f45965bd": {CORS: &preflightCORS},                     // CORS-With-Preflight
	"67f7725c-6f97-4210-82d7-5512b31e9d03": {Set: securityRules},                       // SecurityHeadersPolicy
	"e61eb60c-9c35-4d20-a928-2b84e02af89c": {Set: securityRules, CORS: &simpleCORS},    // CORS-and-SecurityHeadersPolicy
	"eaab4381-ed33-4a86-88ca-d9558dc6cd63": {Set: securityRules, CORS: &preflightCORS}, // CORS-with-preflight-and-SecurityHeadersPolicy
}

var (
	simpleCORS    = CORS{Origins: []string{"*"}}
	preflightCORS = CORS{
		Origins: []string{"*"}, Expose: []string{"*"},
		Methods: []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"},
	}
	securityRules = []HeaderRule{
		{"Referrer-Policy", "strict-origin-when-cross-origin", false},
		{"Strict-Transport-Security", "max-age=31536000", false},
		{"X-Content-Type-Options", "nosniff", true},
		{"X-Frame-Options", "SAMEORIGIN", false},
		{"X-Xss-Protection", "1; mode=block", false},
	}
)

func (r *reader) responseHeadersPolicy(behavior node) *ResponseHeadersPolicy {
	id := behavior.field("ResponseHeadersPolicyId").text()
	if id == "" {
		return nil
	}
	if policy, ok := responseHeadersPolicies[id]; ok {
		return &policy
	}
	resource, ok := r.named(id, "AWS::CloudFront::ResponseHeadersPolicy")
	if !ok {
		r.without("%s: response headers policy %s is neither managed nor in the template: it adds nothing", behavior.id, cfn.Display(id))
		return nil
	}
	config := r.properties(resource).field("ResponseHeadersPolicyConfig")
	policy := &ResponseHeadersPolicy{Set: securityHeaders(config.field("SecurityHeadersConfig"))}
	for _, header := range config.field("CustomHeadersConfig").field("Items").items() {
		policy.Set = append(policy.Set, HeaderRule{
			header.field("Header").text(), header.field("Value").text(), header.field("Override").boolean(),
		})
	}
	if config.field("ServerTimingHeadersConfig").field("Enabled").boolean() {
		r.without("%s: answers get no Server-Timing", resource.LogicalID)
	}
	for _, header := range config.field("RemoveHeadersConfig").field("Items").items() {
		policy.Remove = append(policy.Remove, header.field("Header").text())
	}
	if cors := config.field("CorsConfig"); cors.exists() {
		policy.CORS = &CORS{
			Origins:     cors.field("AccessControlAllowOrigins").field("Items").texts(),
			Methods:     cors.field("AccessControlAllowMethods").field("Items").texts(),
			Headers:     cors.field("AccessControlAllowHeaders").field("Items").texts(),
			Expose:      cors.field("AccessControlExposeHeaders").field("Items").texts(),
			Credentials: cors.field("AccessControlAllowCredentials").boolean(),
			MaxAge:      cors.field("AccessControlMaxAgeSec").integer(0),
			Override:    cors.field("OriginOverride").boolean(),
		}
	}
	return policy
}

func securityHeaders(n node) []HeaderRule {
	var rules []HeaderRule
	add := func(property, name string, value func(node) string) {
		if header := n.field(property); header.exists() {
			rules = append(rules, HeaderRule{name, value(header), header.field("Override").boolean()})
		}
	}
	field := func(name string) func(node) string {
		return func(header node) string { return header.field(name).text() }
	}
	add("ContentSecurityPolicy", "Content-Security-Policy", field("ContentSecurityPolicy"))
	add("ContentTypeOptions", "X-Content-Type-Options", func(node) string { return "nosniff" })
	add("FrameOptions", "X-Frame-Options", field("FrameOption"))
	add("ReferrerPolicy", "Referrer-Policy", field("ReferrerPolicy"))
	add("StrictTransportSecurity", "Strict-Transport-Security", func(header node) string {
		value := "max-age=" + header.field("AccessControlMaxAgeSec").text()
		if header.field("IncludeSubdomains").boolean() {
			value += "; includeSubDomains"
		}
		if header.field("Preload").boolean() {
			value += "; preload"
		}
		return value
	})
	add("XSSProtection", "X-Xss-Protection", func(header node) string {
		switch report := header.field("ReportUri").text(); {
		case !header.field("Protection").boolean():
			return "0"
		case header.field("ModeBlock").boolean():
			return "1; mode=block"
		case report != "":
			return "1; report=" + report
		}
		return "1"
	})
	return rules
}

// Apply changes the headers of the answer to a request. A nil policy changes
// nothing.
func (p *ResponseHeadersPolicy) Apply(request *http.Request, header http.Header) {
	if p == nil {
		return
	}
	for _, name := range p.Remove {
		header.Del(name)
	}
	for _, rule := range p.Set {
		if rule.Override || header.Get(rule.Name) == "" {
			header.Set(rule.Name, rule.Value)
		}
	}
	p.CORS.apply(request, header)
}

// apply adds the CORS headers to an answer, unless the origin has sent some.
func (c *CORS) apply(request *http.Request, header http.Header) {
	origin := request.Header.Get("Origin")
	if c == nil || origin == "" || !slices.ContainsFunc(c.Origins, func(pattern string) bool { return allows(pattern, origin) }) {
		return
	}
	set := func(name, value string) {
		if value != "" && (c.Override || header.Get(name) == "") {
			header.Set(name, value)
		}
	}
	allowed := origin
	if slices.Contains(c.Origins, "*") && !c.Credentials {
		allowed = "*"
	}
	set("Access-Control-Allow-Origin", allowed)
	if allowed != "*" {
		header.Add("Vary", "Origin")
	}
	if c.Credentials {
		set("Access-Control-Allow-Credentials", "true")
	}
	set("Access-Control-Expose-Headers", strings.Join(c.Expose, ", "))
	if request.Method != http.MethodOptions || request.Header.Get("Access-Control-Request-Method") == "" {
		return
	}
	methods := c.Methods
	if slices.Contains(methods, "ALL") {
		methods = preflightCORS.Methods
	}
	set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
	set("Access-Control-Allow-Headers", strings.Join(c.Headers, ", "))
	if c.MaxAge > 0 {
		set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
	}
}

// allows reports whether a pattern, in which * stands for any characters, matches
// an origin.
func allows(pattern, origin string) bool {
	if !strings.Contains(pattern, "://") && pattern != "*" {
		_, origin, _ = strings.Cut(origin, "://")
	}
	return alb.Glob(pattern, origin)
}
