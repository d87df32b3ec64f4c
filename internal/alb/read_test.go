package alb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/cfn"
)

// ruleTemplate returns a template with a listener and a rule "R", whose
// conditions and actions are given as JSON.
func ruleTemplate(conditions, actions, sections string) string {
	if conditions == "" {
		conditions = `[{"Field": "path-pattern", "Values": ["/a"]}]`
	}
	if actions == "" {
		actions = `[{"Type": "forward", "TargetGroupArn": {"Ref": "G"}}]`
	}
	return fmt.Sprintf(`{"Resources": {
		"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Port": 443, "Protocol": "HTTPS",
			"Certificates": [{"CertificateArn": "arn"}], "LoadBalancerArn": {"Ref": "B"},
			"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "G"}}]}},
		"G": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "ip"}},
		"B": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {}},
		"R": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
			"ListenerArn": {"Ref": "L"}, "Priority": 10, "Conditions": %s, "Actions": %s}}
	}%s}`, conditions, actions, sections)
}

func readRule(t *testing.T, source string) (Rule, []Problem) {
	t.Helper()
	template, err := Read(strings.NewReader(source), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := template.Listener(Ref{LogicalID: "L"})
	if len(l.Rules) != 1 {
		t.Fatalf("%d rules, want 1", len(l.Rules))
	}
	return l.Rules[0], Check(template)
}

// TestReadConditions reads every condition in every spelling.
func TestReadConditions(t *testing.T) {
	for _, test := range []struct {
		conditions string
		want       []Condition
		problem    string
	}{
		{`[{"Field": "path-pattern", "Values": ["/a"]}]`, []Condition{PathPatterns{"/a"}}, ""},
		{`[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b"]}}]`, []Condition{PathPatterns{"/a", "/b"}}, ""},
		{`[{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/a$"]}}]`, []Condition{PathRegexes{"^/a$"}}, ""},
		{`[{"Field": "path-pattern", "RegexValues": ["^/a$"]}]`, []Condition{PathRegexes{"^/a$"}}, ""},
		{`[{"Field": "path-pattern", "RegexValues": ["^/a$"], "PathPatternConfig": {"RegexValues": ["^/a$"]}}]`, []Condition{PathRegexes{"^/a$"}}, ""},
		{`[{"Field": "host-header", "Values": ["a.com"]}]`, []Condition{Hosts{"a.com"}}, ""},
		{`[{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.com"]}}]`, []Condition{Hosts{"a.com"}}, ""},
		{`[{"Field": "host-header", "HostHeaderConfig": {"RegexValues": ["^a$"]}}]`, []Condition{HostRegexes{"^a$"}}, ""},
		{`[{"HostHeaderConfig": {"Values": ["a.com"]}}]`, []Condition{Hosts{"a.com"}}, ""},
		{`[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "Values": ["a", "b"]}}]`, []Condition{Header{"X-A", []string{"a", "b"}}}, ""},
		{`[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A", "RegexValues": ["^a$"]}}]`, []Condition{HeaderRegexes{"X-A", []string{"^a$"}}}, ""},
		{`[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-A"}, "RegexValues": ["^a$"]}]`, []Condition{HeaderRegexes{"X-A", []string{"^a$"}}}, ""},
		{`[{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "HEAD"]}}]`, []Condition{Methods{"GET", "HEAD"}}, ""},
		{`[{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "a", "Value": 1}, {"Value": "b"}]}}]`, []Condition{QueryStrings{{"a", "1"}, {"", "b"}}}, ""},
		{`[{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8", "2001:db8::/32"]}}]`, []Condition{cidrs("10.0.0.0/8", "2001:db8::/32")}, ""},
		{`[{"Field": "source-ip", "SourceIpConfig": {"Values": {"Ref": "Cidrs"}}}]`, []Condition{Unknown{"source-ip", []string{cfn.Opaque("Cidrs")}, nil}}, ""},
		{`[{"Field": "query-string", "QueryStringConfig": {"Values": {"Ref": "Pairs"}}}]`, []Condition{Unknown{"query-string", []string{cfn.Opaque("Pairs")}, nil}}, ""},
		{`[{"Field": "path-pattern", "PathPatternConfig": {"Values": {"Fn::Split": [",", {"Ref": "Paths"}]}}}]`, []Condition{PathPatterns{cfn.Opaque("Paths")}}, ""},

		// These can be read, but not deployed.
		{`[{"Field": "path-pattern", "Values": ["/a", "/b"]}]`, []Condition{PathPatterns{"/a", "/b"}},
			`warning: R: condition has 2 Values at its top, and the API may take 1 only`},
		{`[{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/b"]}}]`, []Condition{PathPatterns{"/a", "/b"}},
			`error: R: condition has both Values and PathPatternConfig.Values`},
		{`[{"Field": "host-header", "RegexValues": ["a"], "HostHeaderConfig": {"RegexValues": ["b"]}}]`, []Condition{HostRegexes{"a", "b"}},
			`error: R: condition has both RegexValues and HostHeaderConfig.RegexValues`},
		{`[{"Field": "http-request-method", "Values": ["GET"]}]`, []Condition{Methods{"GET"}},
			`error: R: Values at the top of a condition is for host-header and path-pattern only`},
		{`[{"Field": "path-pattern", "Values": ["/a"], "HostHeaderConfig": {"Values": ["a.com"]}}]`, []Condition{PathPatterns{"/a"}},
			`error: R: HostHeaderConfig does not apply to a path-pattern condition`},
		{`[{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.1.2.3"]}}]`, []Condition{cidrs("10.1.2.3/32")},
			`error: R: source IP "10.1.2.3" is not a CIDR, want "10.1.2.3/32"`},
		{`[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"], "RegexValues": ["^/b$"]}}]`,
			[]Condition{PathPatterns{"/a"}, PathRegexes{"^/b$"}},
			`error: R: rule has 2 path-pattern conditions, ALB allows 1
error: R: rule mixes values and regexes for path-pattern, ALB allows one or the other`},
		{`[{"Field": "path-pattern"}]`, []Condition{PathPatterns(nil)}, `error: R: condition has no path pattern`},
	} {
		t.Run(test.conditions, func(t *testing.T) {
			rule, problems := readRule(t, ruleTemplate(test.conditions, "", ""))
			if got, want := fmt.Sprintf("%#v", rule.Conditions), fmt.Sprintf("%#v", test.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if got := problemTexts(problems); got != test.problem {
				t.Errorf("problems\n%s\nwant\n%s", got, test.problem)
			}
		})
	}
}

func problemTexts(problems []Problem) string {
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.Severity.String()+": "+p.LogicalID+": "+p.Error())
	}
	return strings.Join(texts, "\n")
}

// TestReadActions reads every action, in the order in which actions run.
func TestReadActions(t *testing.T) {
	groups := func(groups ...WeightedGroup) Forward { return Forward{Groups: groups} }
	for _, test := range []struct {
		actions string
		want    []Action
	}{
		{`[{"Type": "forward", "TargetGroupArn": {"Ref": "G"}}]`, []Action{groups(WeightedGroup{Ref{LogicalID: "G"}, 1})}},
		{`[{"Type": "forward", "TargetGroupArn": {"Fn::GetAtt": "G.TargetGroupArn"}}]`, []Action{groups(WeightedGroup{Ref{LogicalID: "G"}, 1})}},
		{`[{"Type": "forward", "TargetGroupArn": "arn:aws:tg"}]`, []Action{groups(WeightedGroup{Ref{External: "arn:aws:tg"}, 1})}},
		{`[{"Type": "forward", "TargetGroupArn": {"Fn::ImportValue": "Tg"}}]`, []Action{groups(WeightedGroup{Ref{External: cfn.Opaque("import Tg")}, 1})}},
		{`[{"Type": "forward", "TargetGroupArn": {"Ref": "G"}, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "G"}}]}}]`,
			[]Action{groups(WeightedGroup{Ref{LogicalID: "G"}, 1})}},
		{`[{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a", "Weight": "3"}, {"TargetGroupArn": "b", "Weight": 0}]}}]`,
			[]Action{groups(WeightedGroup{Ref{External: "a"}, 3}, WeightedGroup{Ref{External: "b"}, 0})}},
		{`[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": 443, "Host": "h", "Path": "/p", "Query": "q"}}]`,
			[]Action{Redirect{301, "HTTPS", "h", "443", "/p", "q"}}},
		{`[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": 503, "ContentType": "text/html", "MessageBody": "sorry"}}]`,
			[]Action{FixedResponse{503, "text/html", "sorry"}}},
		{`[{"Type": "fixed-response", "Order": 20, "FixedResponseConfig": {"StatusCode": "200"}},
		   {"Type": "authenticate-cognito", "Order": "3", "AuthenticateCognitoConfig": {"OnUnauthenticatedRequest": "deny", "UserPoolArn": "p"}}]`,
			[]Action{Authenticate{"authenticate-cognito", "deny"}, FixedResponse{200, "", ""}}},
		{`[{"Type": "authenticate-oidc", "Order": 1}, {"Type": "forward", "Order": 2, "TargetGroupArn": {"Ref": "G"}}]`,
			[]Action{Authenticate{"authenticate-oidc", "authenticate"}, groups(WeightedGroup{Ref{LogicalID: "G"}, 1})}},
		{`[{"Type": "jwt-validation", "Order": 1, "JwtValidationConfig": {"Issuer": "i"}}, {"Type": "forward", "Order": 2, "TargetGroupArn": {"Ref": "G"}}]`,
			[]Action{Authenticate{"jwt-validation", ""}, groups(WeightedGroup{Ref{LogicalID: "G"}, 1})}},
		{`{"Fn::If": ["Blue", [{"Type": "forward", "TargetGroupArn": "blue"}], [{"Type": "forward", "TargetGroupArn": "green"}]]}`,
			[]Action{groups(WeightedGroup{Ref{External: "green"}, 1})}},
		{`[{"Type": "forward", "TargetGroupArn": {"Fn::If": ["Europe", {"Ref": "G"}, "arn:other"]}}]`,
			[]Action{groups(WeightedGroup{Ref{External: cfn.Opaque("if Europe G else arn:other")}, 1})}},
		{`[{"Type": "forward", "TargetGroupArn": {"Ref": "G"}, "ForwardConfig": {"Ref": "AWS::NoValue"}}]`,
			[]Action{groups(WeightedGroup{Ref{LogicalID: "G"}, 1})}},
	} {
		t.Run(test.actions, func(t *testing.T) {
			rule, _ := readRule(t, ruleTemplate("", test.actions, `, "Conditions": {
				"Blue": {"Fn::Equals": ["a", "b"]}, "Europe": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}}`))
			if diff := cmp.Diff(test.want, rule.Actions); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestReadActionProblems reads actions that the API refuses.
func TestReadActionProblems(t *testing.T) {
	for actions, want := range map[string]string{
		`[{"Type": "forward", "TargetGroupArn": {"Ref": "G"}, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "other"}]}}]`:                               "action has a TargetGroupArn beside a ForwardConfig with other target groups",
		`[{"Type": "forward", "TargetGroupArn": {"Ref": "G"}, "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": {"Ref": "G"}}, {"TargetGroupArn": "b"}]}}]`: "action has a TargetGroupArn beside a ForwardConfig with other target groups",
		`[{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_307", "Path": "/x"}}]`:                                                                    `redirect has status "HTTP_307", ALB allows HTTP_301 and HTTP_302`,
	} {
		_, problems := readRule(t, ruleTemplate("", actions, ""))
		if got := problemTexts(problems); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", actions, got, want)
		}
	}
}

// TestReadIntrinsics checks that what a template tells is evaluated, and what it
// does not tell is kept as a reference.
func TestReadIntrinsics(t *testing.T) {
	const sections = `,
	"Parameters": {
		"Plain": {"Type": "String", "Default": "plain"},
		"Number": {"Type": "Number", "Default": 7},
		"List": {"Type": "CommaDelimitedList", "Default": "x, y"},
		"Open": {"Type": "String"},
		"Hidden": {"Type": "String", "NoEcho": "true", "Default": "hunter2"},
		"Stored": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/name"}
	},
	"Mappings": {"M": {"a": {"b": "mapped", "list": ["m1", "m2"]}}},
	"Conditions": {
		"Yes": {"Fn::Equals": [{"Ref": "Plain"}, "plain"]},
		"Nope": {"Fn::Not": [{"Condition": "Yes"}]},
		"Both": {"Fn::And": [{"Condition": "Yes"}, {"Condition": "Nope"}]},
		"Either": {"Fn::Or": [{"Condition": "Maybe"}, {"Condition": "Yes"}]},
		"Maybe": {"Fn::Equals": [{"Ref": "Open"}, "x"]},
		"Same": {"Fn::Equals": [{"Ref": "Open"}, {"Ref": "Open"}]},
		"Loop": {"Condition": "Loop"}
	}`
	for _, test := range []struct{ value, want string }{
		{`"text"`, "text"},
		{`12`, "12"},
		{`true`, "true"},
		{`{"Ref": "Plain"}`, "plain"},
		{`{"Ref": "Number"}`, "7"},
		{`{"Ref": "Open"}`, "${Open}"},
		{`{"Ref": "Hidden"}`, "<secret Hidden>"},
		{`{"Ref": "Stored"}`, "${Stored}"},
		{`{"Ref": "AWS::Region"}`, "${AWS::Region}"},
		{`{"Ref": "G"}`, "${G}"},
		{`{"Fn::GetAtt": ["G", "TargetGroupName"]}`, "${G.TargetGroupName}"},
		{`{"Fn::Sub": "a-${Plain}-${Open}-${G.Name}-${!Literal}-${Hidden}"}`, "a-plain-${Open}-${G.Name}-${Literal}-<secret Hidden>"},
		{`{"Fn::Sub": ["${v}${List}", {"v": {"Fn::Join": ["+", ["1", {"Ref": "Number"}]]}}]}`, "1+7x,y"},
		{`{"Fn::Join": ["-", ["a", {"Ref": "Plain"}, {"Ref": "AWS::NoValue"}, "b"]]}`, "a-plain-b"},
		{`{"Fn::Join": ["-", {"Ref": "List"}]}`, "x-y"},
		{`{"Fn::Join": ["-", {"Ref": "Open"}]}`, "${Open}"},
		{`{"Fn::Join": ["", ["{{resolve:secretsmanager:", {"Ref": "S"}, ":SecretString:::}}"]]}`, "<secret S>"},
		{`{"Fn::FindInMap": ["M", "a", "b"]}`, "mapped"},
		{`{"Fn::FindInMap": ["M", {"Ref": "Open"}, "b"]}`, "${map M}"},
		{`{"Fn::FindInMap": ["M", "a", "c", {"DefaultValue": "d"}]}`, "d"},
		{`{"Fn::Select": [1, {"Fn::FindInMap": ["M", "a", "list"]}]}`, "m2"},
		{`{"Fn::Select": ["0", {"Ref": "List"}]}`, "x"},
		{`{"Fn::Select": [1, {"Fn::Split": ["/", "a/b/c"]}]}`, "b"},
		{`{"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Open"}]}]}`, "${part 1 of Open}"},
		{`{"Fn::ImportValue": {"Fn::Sub": "${Open}-x"}}`, "${import Open-x}"},
		{`{"Fn::If": ["Yes", "a", {"Fn::FindInMap": ["M", "not", "there"]}]}`, "a"},
		{`{"Fn::If": ["Nope", "a", "b"]}`, "b"},
		{`{"Fn::If": ["Both", "a", "b"]}`, "b"},
		{`{"Fn::If": ["Either", "a", "b"]}`, "a"},
		{`{"Fn::If": ["Maybe", "a", "b"]}`, "${if Maybe a else b}"},
		{`{"Fn::If": ["Maybe", "a", "a"]}`, "a"},
		{`{"Fn::If": ["Same", "a", "b"]}`, "a"},
		{`{"Fn::If": ["Loop", "a", "b"]}`, "${if Loop a else b}"},
		{`{"Fn::Base64": "x"}`, "${Base64}"},
		{`{"Fn::NotInventedYet": {"a": [1]}}`, "${NotInventedYet}"},
	} {
		t.Run(test.value, func(t *testing.T) {
			rule, _ := readRule(t, ruleTemplate(`[{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X", "Values": [`+test.value+`]}}]`, "", sections))
			if got := cfn.Display(rule.Conditions[0].(Header).Values[0]); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestReadFaults checks that what cannot be read is reported with its place.
func TestReadFaults(t *testing.T) {
	resource := func(kind, properties string) string {
		return `{"Resources": {"X": {"Type": "AWS::ElasticLoadBalancingV2::` + kind + `", "Properties": ` + properties + `}}}`
	}
	condition := func(json string) string { return ruleTemplate(`[`+json+`]`, "", "") }
	action := func(json string) string { return ruleTemplate("", `[`+json+`]`, "") }
	for _, test := range []struct{ source, want string }{
		{``, `not a CloudFormation template in JSON or YAML: it is empty`},
		{`Resources:`, `not a CloudFormation template: it has no Resources`},
		{`{"a": 1}`, `not a CloudFormation template: it has no Resources`},
		{`{"Resources": {}} {}`, `not a CloudFormation template in JSON: more follows after the end`},
		{`{"Resources": {"Fn::ForEach::Rules": []}}`, `resource "Fn::ForEach::Rules": cannot be read before CloudFormation has expanded it`},
		{`{"Resources": {"X": 1}}`, `resource "X": want an object, got 1`},
		{resource("Listener", `[]`), `resource "X": want an object as Properties, got a list`},
		{resource("Listener", `{"DefaultActions": {"Type": "forward"}}`), `resource "X": DefaultActions: want a list, got an object`},
		{resource("Listener", `{"Port": "https"}`), `resource "X": Port: want an integer, got "https"`},
		{resource("Listener", `{"Port": null}`), `resource "X": Port: is null`},
		{resource("LoadBalancer", `{"LoadBalancerAttributes": [{"Key": ["a"]}]}`), `resource "X": LoadBalancerAttributes[0].Key: want a string, got a list`},
		{resource("TargetGroup", `{"Matcher": "200"}`), `resource "X": Matcher: want an object, got "200"`},
		{resource("ListenerRule", `{"ListenerArn": "arn"}`), `resource "X": Priority: is missing`},
		{resource("ListenerRule", `{"Priority": 1}`), `resource "X": ListenerArn: is missing`},
		{resource("ListenerRule", `{"ListenerArn": "arn", "Priority": 0}`), `resource "X": Priority: is 0, want 1 to 50000`},
		{resource("ListenerRule", `{"ListenerArn": "arn", "Priority": "first"}`), `resource "X": Priority: want an integer, got "first"`},
		{resource("ListenerRule", `{"ListenerArn": "arn", "Priority": 1, "Condition": []}`), `resource "X": Condition: unknown property`},
		{condition(`{"Field": "cookie", "Values": ["a"]}`), `resource "R": Conditions[0].Field: unknown field "cookie"`},
		{condition(`{"Field": "path-pattern", "PathPattern": ["/a"]}`), `resource "R": Conditions[0].PathPattern: unknown property`},
		{condition(`{"Field": "path-pattern", "Values": "/a"}`), `resource "R": Conditions[0].Values: want a list, got "/a"`},
		{condition(`{"Field": "path-pattern", "Values": [null]}`), `resource "R": Conditions[0].Values[0]: is null`},
		{condition(`{"Field": "path-pattern", "Values": [{"a": 1}]}`), `resource "R": Conditions[0].Values[0]: want a string, got an object`},
		{condition(`{"Field": "source-ip", "SourceIpConfig": {"Values": ["office"]}}`), `resource "R": Conditions[0]: source IP "office" is not a CIDR`},
		{condition(`{"Field": "query-string", "QueryStringConfig": {"Values": ["a=b"]}}`), `resource "R": Conditions[0].QueryStringConfig.Values[0]: want an object, got "a=b"`},
		{condition(`{"Fn::If": ["Nowhere", {}, {}]}`), `resource "R": Conditions[0]: Fn::If: the template has no condition "Nowhere"`},
		{condition(`{"Field": "path-pattern", "Values": [{"Fn::Sub": "${a"}]}`), `resource "R": Conditions[0].Values[0]: Fn::Sub: "${a" is not closed`},
		{condition(`{"Field": "path-pattern", "Ref": "a"}`), `resource "R": Conditions[0]: Ref is beside other keys`},
		{condition(`{"Field": "path-pattern", "Values": [{"Fn::Join": ["", [["a"]]]}]}`), `resource "R": Conditions[0].Values[0]: Fn::Join: want a string, got a list`},
		{condition(`{"Field": "path-pattern", "Values": [{"Fn::FindInMap": ["M", "a", "b"]}]}`), `resource "R": Conditions[0].Values[0]: Fn::FindInMap: no entry "a", "b" in mapping "M"`},
		{condition(`{"Field": "path-pattern", "Values": [{"Fn::Select": [3, ["a"]]}]}`), `resource "R": Conditions[0].Values[0]: Fn::Select: no entry "3" in a list of 1`},
		{action(`{"TargetGroupArn": "arn"}`), `resource "R": Actions[0].Type: is missing`},
		{action(`{"Type": "teleport"}`), `resource "R": Actions[0].Type: unknown action "teleport"`},
		{action(`{"Type": "forward"}`), `resource "R": Actions[0].TargetGroupArn: is missing`},
		{action(`{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a", "Weight": {"Ref": "W"}}]}}`),
			`resource "R": Actions[0].ForwardConfig.TargetGroups[0].Weight: ${W} is known only after a deploy: give its parameter`},
	} {
		t.Run(test.want, func(t *testing.T) {
			_, err := Read(strings.NewReader(test.source), cfn.Options{})
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

// TestReadAllFaults checks that several faults are reported, up to a limit.
func TestReadAllFaults(t *testing.T) {
	_, err := Read(strings.NewReader(ruleTemplate(`["a", "b"]`, `["c"]`, "")), cfn.Options{})
	want := `resource "R": Conditions[0]: want an object, got "a"`
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `Actions[0]: want an object, got "c"`) {
		t.Errorf("got %v", err)
	}
	many := "[" + strings.Repeat(`1, `, 5000) + "1]"
	_, err = Read(strings.NewReader(ruleTemplate(many, "", "")), cfn.Options{})
	if err == nil || strings.Count(err.Error(), "\n") > 50+1 {
		t.Errorf("%d lines of faults, want at most %d", strings.Count(err.Error(), "\n"), 50)
	}
}

// TestReadIsBounded tries templates that grow in size or in depth.
func TestReadIsBounded(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	refs := strings.TrimSuffix(strings.Repeat(`{"Ref": "P"}, `, 5000), ", ")
	for name, source := range map[string]string{
		`resource "X": Fn::Transform cannot be read before CloudFormation has expanded it`: `{"Resources": {"X": {"Fn::Transform": {"Name": "AWS::Include"}}}}`,
		"a large template":  `{"Resources": {}, "Metadata": "` + strings.Repeat("x", cfn.MaxTemplateSize) + `"}`,
		"a large parameter": ruleTemplate(`[{"Field": "path-pattern", "Values": [`+refs+`]}]`, "", `, "Parameters": {"P": {"Type": "String", "Default": "`+big+`"}}`),
		"many values":       ruleTemplate(`[{"Field": "path-pattern", "Values": ["/a"`+strings.Repeat(`, "/a"`, maxValues)+`]}]`, "", ""),
		"many regexes":      ruleTemplate(`[{"Field": "path-pattern", "RegexValues": ["/a"`+strings.Repeat(`, "/a"`, maxRegexes)+`]}]`, "", ""),
		"a deep template":   `{"Resources": ` + strings.Repeat(`{"a": `, 20000) + strings.Repeat(`}`, 20000) + `}`,
		"deep conditions":   ruleTemplate("", `[{"Fn::If": ["C0", 1, 2]}]`, deepConditions(5000)),
	} {
		if _, err := Read(strings.NewReader(source), cfn.Options{}); err == nil || len(err.Error()) > 10_000 {
			t.Errorf("%s: want a short error", name)
		}
	}
}

func deepConditions(n int) string {
	var b strings.Builder
	b.WriteString(`, "Conditions": {`)
	for i := range n {
		fmt.Fprintf(&b, `"C%d": {"Condition": "C%d"}, `, i, i+1)
	}
	fmt.Fprintf(&b, `"C%d": {"Fn::Equals": ["a", "a"]}}`, n)
	return b.String()
}

// TestTargetGroupDefaults checks the API's defaults for a target group without
// properties.
func TestTargetGroupDefaults(t *testing.T) {
	template, err := Read(strings.NewReader(`{"Resources": {"G": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := template.TargetGroups[0]
	if g.TargetType != "instance" || g.Lambda() || g.Sticky() || g.MultiValueHeaders() || g.DeregistrationDelay().Seconds() != 300 {
		t.Errorf("got %+v", g)
	}
}

// TestOtherLoadBalancers checks that network load balancers are ignored.
func TestOtherLoadBalancers(t *testing.T) {
	template, err := Read(strings.NewReader(`{"Resources": {
		"Nlb": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Type": "network"}},
		"Tcp": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Protocol": "TCP", "Port": 22, "LoadBalancerArn": "arn"}},
		"Tls": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"Port": 443, "LoadBalancerArn": {"Ref": "Nlb"}}},
		"R": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Tcp"}, "Priority": 1}},
		"Other": {"Type": "Custom::Thing", "Properties": {"Fn::If": "nonsense"}},
		"Typeless": {"Type": {"a": 1}}
	}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(template.LoadBalancers)+len(template.Listeners)+len(template.TargetGroups) != 0 {
		t.Errorf("got %s", outline(template))
	}
}
