package alb

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestExplain checks the reasons as people read them.
func TestExplain(t *testing.T) {
	l := appListener()
	l.Rules = append(l.Rules[:3:3], Rule{
		Priority: 80, Actions: forwardTo("App"),
		Conditions: []Condition{Hosts{"api.example.com"}, QueryStrings{{"a", "1"}, {"", "2"}}, cidrs("10.0.0.0/8")},
	})
	for _, test := range []struct {
		name    string
		request Request
		want    string
	}{
		{"matched", get("/api/login"), `
rule 5 does not match: header X-Bypass is not sent
rule 10 matches: method GET or HEAD, path "/api/login" or "/api/files/*"`},
		{"method", Request{Method: "POST", Target: "/api/login", Host: "example.com"}, `
rule 5 does not match: header X-Bypass is not sent
rule 10 does not match: method "POST" is not GET or HEAD
rule 20 does not match: method "POST" is not GET
rule 80 does not match: host "example.com" is not "api.example.com"
default rule: no rule before it matches`},
		{"hints", Request{Method: "HEAD", Target: "/API/login", Host: "api.example.com:443"}, `
rule 5 does not match: header X-Bypass is not sent
rule 10 does not match: path "/API/login" is not "/api/login" or "/api/files/*": case counts
rule 20 does not match: method "HEAD" is not GET: GET does not include HEAD
rule 80 does not match: host "api.example.com:443" is not "api.example.com": rules see the port too
default rule: no rule before it matches`},
		{"query", Request{Target: "/x?b=1", Host: "api.example.com"}, `
rule 5 does not match: header X-Bypass is not sent
rule 10 does not match: path "/x" is not "/api/login" or "/api/files/*"
rule 20 does not match: path "/x" is not ~ "^/api/templates/[^/]+$"
rule 80 does not match: query "b=1" does not have a=1 or any key=2
default rule: no rule before it matches`},
		{"source", Request{Target: "/x?b=2", Host: "api.example.com", Source: from("8.8.8.8").Source}, `
rule 5 does not match: header X-Bypass is not sent
rule 10 does not match: path "/x" is not "/api/login" or "/api/files/*"
rule 20 does not match: path "/x" is not ~ "^/api/templates/[^/]+$"
rule 80 does not match: source 8.8.8.8 is not in 10.0.0.0/8
default rule: no rule before it matches`},
		{"secret", with("X-Bypass", "my guess"), `
rule 5 probably does not match: header X-Bypass <secret BypassSecret>
rule 10 does not match: path "/" is not "/api/login" or "/api/files/*"
rule 20 does not match: path "/" is not ~ "^/api/templates/[^/]+$"
rule 80 does not match: host "example.com" is not "api.example.com"
default rule: no rule before it matches
a condition compares with a secret: it matches if the secret is sent`},
		{"escapes", get("/api/log%69n"), `
rule 5 does not match: header X-Bypass is not sent
rule 10 probably matches: path "/api/login" or "/api/files/*"
rule 20 probably does not match: path ~ "^/api/templates/[^/]+$"
rule 80 does not match: host "example.com" is not "api.example.com"
default rule: no rule before it matches
the path holds a percent-escape, and how ALB decodes it before matching is not documented
the plain and the normalized path lead to different answers`},
		{"rejected", Request{Method: "TRACE"}, `
the load balancer answers 405 before it looks at rules: method TRACE is not supported`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := "\n" + strings.Join(l.Explain(&test.request).Reasons(), "\n")
			if got != test.want {
				t.Errorf("got%s\nwant%s", got, test.want)
			}
		})
	}
}

// TestDisplay checks that no secret is shown, and that unknown values are shown
// by name.
func TestDisplay(t *testing.T) {
	for value, want := range map[string]string{
		"plain {text} $x": "plain {text} $x",
		"{{resolve:secretsmanager:{{ref:BypassSecret}}:SecretString:::}}": "<secret BypassSecret>",
		"a{{resolve:secretsmanager:prod/bypass:SecretString:token::v}}b":  "a<secret prod/bypass>b",
		"{{resolve:ssm-secure:/bypass:1}}":                                "<secret /bypass:1>",
		"{{resolve:ssm:/domain}}":                                         "${ssm:/domain}",
		"api." + cfn.Opaque("Domain"):                                     "api.${Domain}",
		cfn.OpaqueSecret("Token"):                                         "<secret Token>",
		"${Token[TOKEN.12]}x":                                             "${Token}x",
		cfn.Opaque("import " + cfn.Display("x-"+cfn.Opaque("Env"))):       "${import x-Env}",
		"{{resolve:secretsmanager:never closed":                           "<secret never closed>",
		"${Token[never closed":                                            "${Token}",
		"{{ref:a}}{{ref:b}}":                                              "${a}${b}",
	} {
		if got := cfn.Display(value); got != want {
			t.Errorf("cfn.Display(%q) = %q, want %q", value, got, want)
		}
	}
}

// TestDescribe checks conditions and actions as tables show them.
func TestDescribe(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Methods{"GET", "HEAD"}.String(), "method GET or HEAD"},
		{PathPatterns{"/a", "/b/*"}.String(), `path "/a" or "/b/*"`},
		{PathRegexes{"^/a$"}.String(), `path ~ "^/a$"`},
		{Hosts{"api." + cfn.Opaque("Domain")}.String(), `host api.${Domain}`},
		{HostRegexes{"^a$"}.String(), `host ~ "^a$"`},
		{Header{"X-Bypass", []string{bypass}}.String(), `header X-Bypass <secret BypassSecret>`},
		{HeaderRegexes{"X-A", []string{"^a$"}}.String(), `header X-A ~ "^a$"`},
		{QueryStrings{{"a", "1"}, {"", "2"}}.String(), `query a=1 or any key=2`},
		{cidrs("10.0.0.0/8", "2001:db8::/32").String(), `source 10.0.0.0/8 or 2001:db8::/32`},
		{Unknown{"source-ip", []string{cfn.Opaque("Office")}, cidrs("10.0.0.0/8")}.String(), `source 10.0.0.0/8 or source-ip ${Office}`},
		{Forward{Groups: []WeightedGroup{{Ref{LogicalID: "App"}, 1}}}.String(), "forward to App"},
		{Forward{Groups: []WeightedGroup{{Ref{LogicalID: "App"}, 9}, {Ref{External: cfn.Opaque("import X")}, 1}}}.String(),
			"forward to App 90 %, ${import X} 10 %"},
		{Redirect{Status: 302, Protocol: "HTTPS", Port: "443"}.String(), "redirect 302 to https://#{host}:443/#{path}?#{query}"},
		{FixedResponse{Status: 503, ContentType: "text/plain"}.String(), "fixed response 503 text/plain"},
		{FixedResponse{Status: 404}.String(), "fixed response 404"},
		{Authenticate{Method: "jwt-validation"}.String(), "jwt-validation"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

// TestLocation checks the Location header against those that real load balancers
// sent.
func TestLocation(t *testing.T) {
	for _, test := range []struct {
		source   string
		redirect Redirect
		listener *Listener
		request  Request
		want     string
	}{
		{"LBC-e2e redirect-to-aws", Redirect{Protocol: "HTTPS", Host: "aws.amazon.com", Port: "443", Path: "/eks/", Query: "k=v"},
			&Listener{Protocol: "HTTP", Port: 80}, Request{Target: "/redirect-to-aws", Host: "x.elb.amazonaws.com"},
			"https://aws.amazon.com:443/eks/?k=v"},
		{"LBC-e2e", Redirect{Path: "/new-path", Host: "example.com"},
			&Listener{Protocol: "HTTP", Port: 80}, Request{Target: "/old", Host: "x.elb.amazonaws.com"},
			"http://example.com:80/new-path"},
		{"BC", Redirect{Protocol: "HTTPS", Port: "443"},
			&Listener{Protocol: "HTTP", Port: 80}, Request{Target: "/a/b?c=d", Host: "example.com:80"},
			"https://example.com:443/a/b?c=d"},
		{"BC", Redirect{Host: "www.#{host}", Path: "/v2/#{path}", Query: "#{query}&r=1"},
			&Listener{Protocol: "HTTPS", Port: 8443}, Request{Target: "/a?c=d", Host: "example.com:8443"},
			"https://www.example.com:8443/v2/a?c=d&r=1"},
		{"BC", Redirect{Path: "/"},
			&Listener{Protocol: "HTTPS", Port: 443}, Request{Host: "example.com"},
			"https://example.com:443/"},
	} {
		if got := test.redirect.Location(test.listener, &test.request); got != test.want {
			t.Errorf("%s: got %q, want %q", test.source, got, test.want)
		}
	}
}
