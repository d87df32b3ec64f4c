package cloudfront

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
)

// dev returns the distribution in the example's template.
func dev(t *testing.T) *Distribution {
	t.Helper()
	template, err := os.ReadFile("../../../stacks/testdata/dev/edge.open.json")
	if err != nil {
		t.Fatal(err)
	}
	return only(t, string(template))
}

func only(t *testing.T, template string) *Distribution {
	t.Helper()
	distributions, err := Read([]byte(template), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(distributions) != 1 {
		t.Fatalf("read %d distributions, want 1", len(distributions))
	}
	return distributions[0]
}

// with returns a template with one origin and a default behaviour, with
// additional properties and resources.
func with(config, behavior, resources string) string {
	return `{"Resources": {"Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {
		"Origins": [{"Id": "o", "DomainName": {"Fn::GetAtt": ["Site", "RegionalDomainName"]}, "S3OriginConfig": {}}], ` + config + `
		"DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"` + behavior + `}}}},
		"Site": {"Type": "AWS::S3::Bucket"}` + resources + `}}`
}

func TestExampleIsReadWhole(t *testing.T) {
	d := dev(t)
	if len(d.LeftOut) > 0 {
		t.Errorf("left out: %q", d.LeftOut)
	}
	for path, want := range map[string]string{
		"/": "Site", "/app.js": "Site", "/api": "Site", "/API/x": "Site", "/api/../x": "Site",
		"/api/": "Alb", "/api/reports/7": "Alb", "/x/../api/reports": "Alb",
	} {
		origin := d.Origins[d.Behavior(path).Origin]
		if !strings.HasPrefix(origin.Bucket+origin.LoadBalancer, want) || origin.Why != "" {
			t.Errorf("%s goes to %+v, want %s", path, *origin, want)
		}
	}
	api := d.Behavior("/api/reports")
	if !api.Allows("DELETE") || !api.Cache.Disabled() || api.ToOrigin.Headers.Has("Host") || !api.ToOrigin.Headers.Has("Authorization") {
		t.Errorf("the behaviour of the API is %+v", *api)
	}
	if d.Behavior("/").Allows("POST") {
		t.Error("the site takes POST")
	}
	if got := d.Error(503).CacheTime; got != 0 {
		t.Errorf("a 503 is kept for %v, want not at all", got)
	}
	header := http.Header{}
	d.Behavior("/").Headers.Apply(httptest.NewRequest(http.MethodGet, "/", nil), header)
	if got := header.Get("Content-Security-Policy"); !strings.Contains(got, "connect-src 'self'") {
		t.Errorf("Content-Security-Policy is %q", got)
	}
}

func TestRouterOfTheExampleRuns(t *testing.T) {
	f := dev(t).Behavior("/").ViewerRequest
	for path, want := range map[string]string{
		"/": "/index.html", "/reports/7?page=2": "/index.html?page=2", "/app.js": "/app.js", "/a.b/c": "/index.html",
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Cookie", "a=1; b=2")
		next, answer, err := f.Request(r, Viewer{})
		if err != nil || answer != nil {
			t.Fatalf("%s: answer %v, error %v", path, answer, err)
		}
		if got := next.URL.RequestURI(); got != want || next.Header.Get("Cookie") != "a=1; b=2" {
			t.Errorf("%s becomes %s with %v, want %s", path, got, next.Header, want)
		}
	}
}

func TestFunctionSeesTheRequest(t *testing.T) {
	f, err := newFunction("F", `const handler = async (event) => {
		const r = event.request
		return {statusCode: 200, body: JSON.stringify([
			event.version, event.context.eventType, event.viewer.ip, r.method, r.uri,
			r.querystring.q, r.headers['x-a'], r.headers.host, r.headers.cookie, r.cookies.c,
		])}
	}`)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPut, "http://site.example/a%20b?q=1&q=%32", nil)
	r.Header["X-A"] = []string{"one", "two"}
	r.Header.Set("Cookie", "c=x; d=y")
	_, answer, err := f.Request(r, Viewer{IP: "203.0.113.9"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `["1.0","viewer-request","203.0.113.9","PUT","/a%20b",` +
		`{"value":"1","multiValue":[{"value":"1"},{"value":"%32"}]},` +
		`{"value":"one","multiValue":[{"value":"one"},{"value":"two"}]},{"value":"site.example"},null,{"value":"x"}]`
	if got := string(answer.Body); got != want {
		t.Errorf("the function sees\n%s\nwant\n%s", got, want)
	}
}

func TestFunctionAnswers(t *testing.T) {
	f, err := newFunction("F", `function handler(event) {
		if (event.response) {
			event.response.headers['x-made'] = {value: 'here'};
			event.response.cookies.seen = {value: '1', attributes: 'Path=/'};
			return event.response;
		}
		return {statusCode: 302, headers: {location: {value: '/new'}}, body: {encoding: 'base64', data: 'aGk='}};
	}`)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	_, answer, err := f.Request(r, Viewer{})
	if err != nil || answer.Status != 302 || answer.Header.Get("Location") != "/new" || string(answer.Body) != "hi" {
		t.Errorf("the answer is %+v, error %v", answer, err)
	}
	answer, err = f.Response(r, Viewer{}, 200, http.Header{"Etag": {`"1"`}, "Set-Cookie": {"a=b; Secure", "c=d"}})
	if err != nil || answer.Status != 200 || answer.HasBody {
		t.Fatalf("the answer is %+v, error %v", answer, err)
	}
	cookies := strings.Join(answer.Header["Set-Cookie"], " | ")
	if answer.Header.Get("X-Made") != "here" || answer.Header.Get("Etag") != `"1"` || cookies != "a=b; Secure | c=d | seen=1; Path=/" {
		t.Errorf("the headers are %v", answer.Header)
	}
}

func TestFunctionFails(t *testing.T) {
	for code, want := range map[string]string{
		`function handler(event) { return event.nothing.here }`:                    "function F: TypeError: Cannot read property 'here' of undefined",
		`function handler(event) { while (true) {} }`:                              "function F: it runs too long",
		`function handler(event) { }`:                                              "function F: returned nothing",
		`async function handler(event) { throw new Error('no') }`:                  "function F: rejected with Error: no",
		`async function handler(event) { await new Promise(() => {}) }`:            "function F: waits for ever",
		`function handler(event) { return {statusCode: 99} }`:                      "function F: returned the status 99",
		`function handler(event) { return {statusCode: 'x'} }`:                     `function F: returned a string as "statusCode"`,
		`function handler(event) { return {uri: 'x', method: 'GET'} }`:             `function F: returned a request with the uri "x"`,
		`function handler(event) { event.request.uri = ''; return event.request }`: `function F: returned a request with the uri ""`,
		`var x = 1`:                  "function F: ReferenceError: handler is not defined",
		`const kv = require('nope')`: `function F: GoError: the module "nope" is not here`,
	} {
		f, err := newFunction("F", code)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = f.Request(httptest.NewRequest(http.MethodGet, "/", nil), Viewer{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s", code, err, want)
		}
	}
}

func TestFunctionChangesRequests(t *testing.T) {
	f, err := newFunction("F", `function handler(event) {
		var r = event.request;
		r.uri = '/new/' + r.uri.length;
		r.querystring.b = {value: '2'};
		delete r.querystring.gone;
		r.headers['x-new'] = {value: 'n'};
		delete r.headers['x-old'];
		delete r.cookies.secret;
		return r;
	}`)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://site.example/old?gone=1&a=1", nil)
	r.Header = http.Header{"X-Old": {"o"}, "X-Kept": {"k"}, "Cookie": {"secret=1; k=2"}}
	next, _, err := f.Request(r, Viewer{})
	if err != nil {
		t.Fatal(err)
	}
	header, _ := json.Marshal(next.Header)
	if next.URL.String() != "http://site.example/new/4?a=1&b=2" || string(header) != `{"Cookie":["k=2"],"X-Kept":["k"],"X-New":["n"]}` {
		t.Errorf("the request becomes %s with %s", next.URL, header)
	}
	if r.URL.Path != "/old" || r.Header.Get("X-Old") != "o" {
		t.Error("the viewer's own request has changed")
	}
}

func TestPoliciesOfTheTemplate(t *testing.T) {
	d := only(t, with(`"CustomErrorResponses": [{"ErrorCode": 404, "ResponsePagePath": "/missing.html", "ResponseCode": 200}],`,
		`, "CachePolicyId": {"Ref": "Cache"}, "OriginRequestPolicyId": {"Ref": "Forward"}, "ResponseHeadersPolicyId": {"Ref": "Out"}`,
		`, "Cache": {"Type": "AWS::CloudFront::CachePolicy", "Properties": {"CachePolicyConfig": {"MinTTL": 0, "DefaultTTL": 60, "MaxTTL": 120,
			"ParametersInCacheKeyAndForwardedToOrigin": {
				"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["x-tenant"]}, "CookiesConfig": {"CookieBehavior": "none"},
				"QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": ["utm"]}}}}},
		"Forward": {"Type": "AWS::CloudFront::OriginRequestPolicy", "Properties": {"OriginRequestPolicyConfig": {
			"HeadersConfig": {"HeaderBehavior": "allViewer"}, "CookiesConfig": {"CookieBehavior": "all"}, "QueryStringsConfig": {"QueryStringBehavior": "none"}}}},
		"Out": {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": {"ResponseHeadersPolicyConfig": {
			"CustomHeadersConfig": {"Items": [{"Header": "X-Own", "Value": "1", "Override": false}]},
			"RemoveHeadersConfig": {"Items": [{"Header": "Server"}]},
			"CorsConfig": {"AccessControlAllowOrigins": {"Items": ["https://*.example.com"]}, "AccessControlAllowMethods": {"Items": ["ALL"]},
				"AccessControlAllowHeaders": {"Items": ["x-a"]}, "AccessControlAllowCredentials": true, "OriginOverride": true}}}}`))
	b := d.Behavior("/")
	if b.Cache.DefaultTTL != time.Minute || !b.Cache.Headers.Has("X-Tenant") || b.Cache.Query.Has("utm") || !b.Cache.Query.Has("page") {
		t.Errorf("the cache policy is %+v", b.Cache)
	}
	if !b.ToOrigin.Headers.Has("Host") || b.ToOrigin.Query.Has("page") {
		t.Errorf("the origin request policy is %+v", b.ToOrigin)
	}
	if e := d.Error(404); e.Page != "/missing.html" || e.PageStatus != 200 || e.CacheTime != errorCacheTime {
		t.Errorf("a 404 becomes %+v", e)
	}
	r := httptest.NewRequest(http.MethodOptions, "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	header := http.Header{"X-Own": {"2"}, "Server": {"s"}, "Access-Control-Allow-Origin": {"*"}}
	b.Headers.Apply(r, header)
	for name, want := range map[string]string{
		"X-Own": "2", "Server": "", "Access-Control-Allow-Origin": "https://app.example.com",
		"Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "Access-Control-Allow-Headers": "x-a",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestWhatCannotBeServedIsSaid(t *testing.T) {
	for _, tt := range []struct{ name, behavior, want string }{
		{"policy of another template", `, "CachePolicyId": {"Fn::ImportValue": "Shared"}`, "Cdn: cache policy ${import Shared} is neither managed nor in the template"},
		{"function of another template", `, "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": {"Ref": "Other"}}]`, "Cdn: the function ${Other} is not in the template"},
		{"function with imports", `, "FunctionAssociations": [{"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Kv", "FunctionARN"]}}]`, "Kv: it is not run: "},
		{"headers of CloudFront's own", `, "OriginRequestPolicyId": "33f36d7e-f396-46d9-90e0-52428a34d9dc"`, "Cdn: origins get no CloudFront-* headers"},
		{"Lambda@Edge", `, "LambdaFunctionAssociations": [{"EventType": "origin-request", "LambdaFunctionARN": "x"}]`, "Cdn: Lambda@Edge is not run, on origin-request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := only(t, with("", tt.behavior, `, "Kv": {"Type": "AWS::CloudFront::Function", "Properties": {"FunctionCode": "import cf from 'cloudfront';"}}`))
			if len(d.LeftOut) != 1 || !strings.HasPrefix(d.LeftOut[0], tt.want) {
				t.Errorf("it says %q, want %q", d.LeftOut, tt.want)
			}
		})
	}
}

func TestOrigins(t *testing.T) {
	const balancer = `"Alb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer"}`
	for _, tt := range []struct{ name, origin, resources, balancer, why string }{
		{"its own name", `"DomainName": {"Fn::GetAtt": ["Alb", "DNSName"]}, "CustomOriginConfig": {}`, balancer, "Alb", ""},
		{"a record", `"DomainName": "api.example.com", "CustomOriginConfig": {}`, balancer + `, "Record": {"Type": "AWS::Route53::RecordSet", "Properties": {
			"Name": "api.example.com.", "AliasTarget": {"DNSName": {"Fn::Join": ["", ["dualstack.", {"Fn::GetAtt": ["Alb", "DNSName"]}]]}}}}`, "Alb", ""},
		{"a name from elsewhere", `"DomainName": "api.example.com", "CustomOriginConfig": {}`, balancer, "Alb", "api.example.com is taken for the template's only load balancer, Alb"},
		{"without load balancer", `"DomainName": "api.example.com", "CustomOriginConfig": {}`, `"X": {"Type": "AWS::S3::Bucket"}`, "", "the origin api.example.com is outside of the template"},
		{"a VPC origin of another template", `"DomainName": "x", "VpcOriginConfig": {"VpcOriginId": {"Ref": "Other"}}`, balancer, "", "the VPC origin ${Other} is not in the template"},
		{"a bucket of another template", `"DomainName": {"Fn::ImportValue": "B"}, "S3OriginConfig": {}`, balancer, "", "the bucket ${import B} is not in the template"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := only(t, `{"Resources": {"Cdn": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {
				"Origins": [{"Id": "o", `+tt.origin+`}], "DefaultCacheBehavior": {"TargetOriginId": "o"}}}}, `+tt.resources+`}}`)
			if o := d.Origins["o"]; o.LoadBalancer != tt.balancer || o.Why != tt.why {
				t.Errorf("the origin is %q because %q, want %q because %q", o.LoadBalancer, o.Why, tt.balancer, tt.why)
			}
		})
	}
}

func TestTemplatesThatCannotBeRead(t *testing.T) {
	for template, want := range map[string]string{
		with(`"CacheBehaviors": [{"PathPattern": "/x", "TargetOriginId": "p"}],`, "", ""): `resource "Cdn": DistributionConfig: behaviour "/x": no origin and no origin group "p"`,
		with(`"Aliases": "a",`, "", ""):             `resource "Cdn": DistributionConfig.Aliases: want a list`,
		with("", `, "AllowedMethods": [{}]`, ""):    `resource "Cdn": DistributionConfig.DefaultCacheBehavior.AllowedMethods[0]: want a string`,
		with(`"DefaultRootObject": ["x"],`, "", ""): `resource "Cdn": DistributionConfig.DefaultRootObject: want a string`,
	} {
		if _, err := Read([]byte(template), cfn.Options{}); err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}
