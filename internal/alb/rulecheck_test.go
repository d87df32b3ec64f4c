package alb

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestRuleCheck tries each limit of the API that nothing checks earlier.
func TestRuleCheck(t *testing.T) {
	long := "/" + strings.Repeat("a", 130)
	for _, test := range []struct {
		name       string
		priority   int
		conditions []Condition
		want       []string // "severity: message"
	}{
		{"fine", 10, []Condition{
			Methods{"GET", "HEAD"},
			PathPatterns{"/api/*"},
			Header{"X-Client", []string{"ios", "android"}},
		}, nil},
		{"a secret", 10, []Condition{Header{"X-Bypass", []string{"{{resolve:secretsmanager:a:SecretString:::}}"}}}, nil},
		{"priority too high", 50001, []Condition{Methods{"GET"}}, []string{`error: priority 50001 is outside 1 to 50000`}},
		{"priority negative", -1, []Condition{Methods{"GET"}}, []string{`error: priority -1 is outside 1 to 50000`}},
		{"no condition", 1, nil, []string{`error: rule has no condition`}},
		{"default rule with a condition", 0, []Condition{Methods{"GET"}}, []string{`error: default rule has conditions, ALB allows none`}},
		{"six values over several conditions", 1, []Condition{
			Methods{"GET", "HEAD"}, PathPatterns{"/a", "/b"}, Header{"X", []string{"1", "2"}},
		}, []string{`error: rule has 6 condition values, ALB allows 5`}},
		{"regexes count as values", 1, []Condition{
			Methods{"GET", "HEAD", "PUT"}, PathRegexes{"^/a$", "^/b$", "^/c$"},
		}, []string{`error: rule has 6 condition values, ALB allows 5`}},
		{"six wildcards", 1, []Condition{PathPatterns{"/*/*/*", "/?/?/?"}},
			[]string{`warning: rule has 6 wildcards, and AWS documents both 5 and 6 as the limit`}},
		{"seven wildcards", 1, []Condition{PathPatterns{"/*/*/*", "/?/?/?/*"}},
			[]string{`error: rule has 7 wildcards, ALB allows 6`}},
		{"escaped wildcards of a query", 1, []Condition{QueryStrings{{"a", `\*\*\*\?\?\?*`}}}, nil},
		{"four values in a condition", 1, []Condition{PathPatterns{"/a", "/b", "/c", "/d"}},
			[]string{`warning: condition has 4 values, and AWS documents 3, though the API was seen to accept 5`}},
		{"no value", 1, []Condition{PathPatterns{}}, []string{`error: condition has no path pattern`}},
		{"empty value", 1, []Condition{PathPatterns{""}}, []string{`error: path pattern is empty`}},
		{"long path", 1, []Condition{PathPatterns{long}},
			[]string{`error: path pattern "` + long + `" has 131 characters, ALB allows 128`}},
		{"path character", 1, []Condition{PathPatterns{"/a(b)"}},
			[]string{`error: path pattern "/a(b)" contains '(', ALB allows A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`}},
		{"percent in a path", 1, []Condition{PathPatterns{"/a%20b"}},
			[]string{`error: path pattern "/a%20b" contains '%', ALB allows A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`}},
		{"two path conditions", 1, []Condition{PathPatterns{"/a"}, PathPatterns{"/b"}},
			[]string{`error: rule has 2 path-pattern conditions, ALB allows 1`}},
		{"two method conditions", 1, []Condition{Methods{"GET"}, Methods{"PUT"}},
			[]string{`error: rule has 2 http-request-method conditions, ALB allows 1`}},
		{"values and regexes", 1, []Condition{Hosts{"a.example.com"}, HostRegexes{"^b$"}}, []string{
			`error: rule has 2 host-header conditions, ALB allows 1`,
			`error: rule mixes values and regexes for host-header, ALB allows one or the other`,
		}},
		{"values and regexes of a header", 1, []Condition{
			Header{"X-A", []string{"a"}}, HeaderRegexes{"x-a", []string{"^b$"}},
		}, []string{`error: rule mixes values and regexes for http-header x-a, ALB allows one or the other`}},
		{"regexes and values of a header", 1, []Condition{
			HeaderRegexes{"X-A", []string{"^b$"}}, Header{"x-a", []string{"a"}},
		}, []string{`error: rule mixes values and regexes for http-header x-a, ALB allows one or the other`}},
		{"values of a header, regexes of another", 1, []Condition{
			HeaderRegexes{"X-A", []string{"^b$"}}, Header{"X-B", []string{"a"}},
		}, nil},
		{"two headers and two queries", 1, []Condition{
			Header{"X-A", []string{"a"}}, Header{"X-B", []string{"b"}},
			QueryStrings{{"a", "1"}}, QueryStrings{{"b", "2"}},
		}, nil},
		{"host port", 1, []Condition{Hosts{"example.com:8443"}},
			[]string{`error: host "example.com:8443" contains a port, which ALB allows in a regex only, such as "^example\\.com:8443$"`}},
		{"host without dot", 1, []Condition{Hosts{"localhost"}},
			[]string{`error: host "localhost" has no dot, ALB wants at least one`}},
		{"host top label", 1, []Condition{Hosts{"example.*"}},
			[]string{`error: host "example.*" has "*" after the last dot, ALB allows letters only`}},
		{"host with an unknown part", 1, []Condition{Hosts{"api." + cfn.Opaque("Domain")}}, nil},
		{"host character", 1, []Condition{Hosts{"a/b.example.com"}},
			[]string{`error: host "a/b.example.com" contains '/', ALB allows A-Z a-z 0-9 - . * ? _`}},
		{"method in lower case", 1, []Condition{Methods{"get"}},
			[]string{`error: method "get" contains 'g', ALB allows A-Z - _`}},
		{"TRACE", 1, []Condition{Methods{"TRACE"}},
			[]string{`warning: method "TRACE" never matches: ALB answers it with 405`}},
		{"header name", 1, []Condition{Header{"X Client", []string{"a"}}},
			[]string{`error: header name "X Client" contains ' ', ALB allows the characters of an HTTP token`}},
		{"header name with a wildcard", 1, []Condition{Header{"X-*", []string{"a"}}},
			[]string{`error: header name "X-*" contains a wildcard, ALB allows none`}},
		{"long header name", 1, []Condition{Header{strings.Repeat("x", 41), []string{"a"}}},
			[]string{`error: header name "` + strings.Repeat("x", 41) + `" has 41 characters, ALB allows 40`}},
		{"Host as a header", 1, []Condition{Header{"host", []string{"a"}}},
			[]string{`error: header name "host" is refused by ALB: use a host condition`}},
		{"header value not ASCII", 1, []Condition{Header{"X", []string{"é"}}},
			[]string{`warning: header value "é" never matches: rules look at visible ASCII only`}},
		{"query without value", 1, []Condition{QueryStrings{{Key: "a"}}}, []string{`error: query value is empty`}},
		{"broadcast", 1, []Condition{SourceIPs{netip.MustParsePrefix("255.255.255.255/32")}},
			[]string{`error: source IP "255.255.255.255/32" is refused by ALB`}},
		{"not a prefix", 1, []Condition{SourceIPs{{}}}, []string{`error: source IP "invalid Prefix" is not a CIDR`}},
		{"bits outside the mask", 1, []Condition{SourceIPs{netip.MustParsePrefix("10.0.0.1/8")}},
			[]string{`warning: source IP "10.0.0.1/8" has bits outside its mask, want "10.0.0.0/8"`}},
		{"lookahead", 1, []Condition{PathRegexes{`^/(?!api)$`}},
			[]string{`error: path regex "^/(?!api)$" cannot be used: ALB does not support (?!`}},
		{"backreference", 1, []Condition{PathRegexes{`^/(a)\1$`}},
			[]string{`error: path regex "^/(a)\\1$" cannot be used: ALB does not support \1`}},
		{"possessive quantifier", 1, []Condition{PathRegexes{`^/a++$`}},
			[]string{`error: path regex "^/a++$" cannot be used: ALB does not support ++`}},
		{"unicode class", 1, []Condition{PathRegexes{`^/\p{L}$`}},
			[]string{`error: path regex "^/\\p{L}$" uses \p, which ALB does not support`}},
		{"an escaped backslash before p", 1, []Condition{PathRegexes{`^/\\p$`}}, nil},
		{"unclosed group", 1, []Condition{HostRegexes{`(a`}},
			[]string{`error: host regex "(a" cannot be used: missing closing ): (a`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, p := range (Rule{Priority: test.priority, Conditions: test.conditions}).Check() {
				got = append(got, p.Severity.String()+": "+p.Message)
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
