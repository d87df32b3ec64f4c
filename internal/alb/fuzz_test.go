package alb

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// FuzzReadTemplate checks that no input makes the reader, or what uses its
// result, panic, and that the result is at most a multiple of the input.
func FuzzReadTemplate(f *testing.F) {
	files, err := filepath.Glob("testdata/*.template.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no templates in testdata: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{
		`{"Resources": {}}`, `{"Resources": null}`, `{"Resources": {"Fn::ForEach::A": []}}`, `[]`, `{`, "",
		ruleTemplate("", "", ""),
		ruleTemplate(`[{"Field": "path-pattern", "Values": [{"Fn::Sub": "${A}${!B}${C.D}"}]}]`, "", ""),
		ruleTemplate(`[{"Field": "host-header", "RegexValues": ["^(a|b)*$", "(", "\\p{L}"]}]`, "", ""),
		ruleTemplate(`[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X", "Values": ["{{resolve:secretsmanager:{{ref:a}}", "{{ref:"]}}]`, "", ""),
		ruleTemplate(`[{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "\\*", "Value": "\\"}]}}]`, "", ""),
		ruleTemplate(`[{"SourceIpConfig": {"Values": ["10.0.0.0/8", {"Ref": "A"}, "::/0"]}}]`, "", ""),
		ruleTemplate("", `[{"Type": "redirect", "Order": "2", "RedirectConfig": {"StatusCode": "HTTP_301"}}, {"Type": "jwt-validation", "Order": 1}]`, ""),
		ruleTemplate("", `{"Fn::If": ["A", [], {"Ref": "AWS::NoValue"}]}`, `, "Conditions": {"A": {"Fn::And": [{"Condition": "A"}, {"Fn::Equals": [1, true]}]}}`),
		ruleTemplate(`{"Fn::Split": [",", {"Ref": "P"}]}`, `{"Fn::Select": [0, {"Fn::FindInMap": ["M", "a", "b"]}]}`,
			`, "Parameters": {"P": {"Type": "List<Number>", "Default": 1}}, "Mappings": {"M": {"a": {"b": [[]]}}}`),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		template, err := Read(bytes.NewReader(data), cfn.Options{Reveal: func(name string) (string, bool) { return name, len(name)%2 == 0 }})
		if err != nil {
			if template != nil || err.Error() == "" {
				t.Errorf("template %v with error %q", template, err)
			}
			return
		}
		for _, p := range Check(template) {
			if p.Message == "" {
				t.Errorf("problem without a message: %+v", p)
			}
		}
		for _, l := range template.Listeners {
			r := Request{Method: "GET", Target: "/a/%62?c=d", Host: "example.com", Source: netip.MustParseAddr("10.1.2.3"), Header: map[string][]string{"X": {"y"}}}
			if e := l.Explain(&r); e.Rule == nil && e.Status == 0 || len(e.Reasons()) == 0 {
				t.Errorf("no decision: %+v", e)
			}
		}
	})
}

// FuzzRoute checks that no request and no value makes matching panic, and that
// Route agrees with Explain.
func FuzzRoute(f *testing.F) {
	f.Add("GET", "/a/../b?x=1&y", "example.com:443", "ios", "/a/*")
	f.Add("TRACE", "http://h/%2e%2e//?%", "", "\x00", "{{ref:x")
	f.Add("", "?#", "é", "${Token[a]}", `*?\*{{resolve:ssm:a}}`)
	f.Add("P", "/..%2f..", "::", "%", "^(/a|b)+$")
	f.Fuzz(func(t *testing.T, method, target, host, header, value string) {
		l := &Listener{Ref: Ref{LogicalID: "L"}, Default: Rule{Actions: forwardTo("Default")}}
		for i, c := range []Condition{
			Methods{value}, PathPatterns{value}, PathRegexes{value}, Hosts{value}, HostRegexes{value},
			Header{"X", []string{value}}, HeaderRegexes{"X", []string{value}}, QueryStrings{{value, value}, {"", value}},
		} {
			l.Rules = append(l.Rules, Rule{Priority: i + 1, Conditions: []Condition{c}, Actions: forwardTo("App")})
			_ = l.Rules[i].Check()
		}
		r := Request{Method: method, Target: target, Host: host, Header: map[string][]string{"X": {header}, "X-Forwarded-For": {header}}}
		e := l.Explain(&r)
		for _, step := range e.Steps {
			if step.Outcome.Verdict.Matches() {
				if step.Rule != e.Rule {
					t.Errorf("Route says rule %s, Explain says %s", e.Rule.Name(), step.Rule.Name())
				}
				break
			}
		}
		if e.Rejection == "" && e.Rule == nil {
			t.Error("no decision")
		}
	})
}
