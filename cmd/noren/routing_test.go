package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// routingCases are templates of common shapes, and what noren says about them: a
// part of stdout and stderr together. A part that begins with ! must be absent.
var routingCases = []struct {
	name  string
	args  string // files are in testdata/routing
	code  int
	wants []string
}{
	{"several target groups want a weight each", "check i24805.json", 1,
		[]string{"target group has no weight, and with several groups each needs one of 0 to 999"}},
	{"an imported listener may have other rules", "explain /api/x --template imported500.json", 0,
		[]string{"uncertain", "the listener is not in the template: arn:aws:elasticloadbalancing:us-east-1:1:listener/app/a/1/2"}},
	{"a nested stack may add rules", "explain /api/x --template nested.json", 0,
		[]string{"uncertain", "the listener's ARN goes to Svc, a nested stack that is not read"}},
	{"a rule may be on a listener", "explain /products --listener L --template ifarn.json", 0,
		[]string{"uncertain", "rule 2 matches if it exists: condition C"}},
	{"and is, as soon as the condition is decided", "explain /products --listener L --template ifarn.json --parameter AWS::Region=us-east-1", 0,
		[]string{"rule 2 R", "!uncertain"}},
	{"only a deploy knows a priority", "explain /other --template prio_getatt.json", 0, []string{"default rule", "!uncertain"}},
	{"unless it is given", "routes prio_getatt.json --value Prio.Priority=5", 0, []string{"5        R"}},
	{"subnets are of no interest to routing", "explain /products --template undecided_subnets.json", 0, []string{"rule 2 R", "!uncertain"}},
	{"one fault hides no others", "check two_problems.json", 1,
		[]string{`resource "R": Priority: is 0, want 1 to 50000`, "rule has 7 condition values, ALB allows 5", "two_problems.json:1:"}},
	{"a default action by condition", "explain /x --template condact.json", 0, []string{"uncertain", "condition Maint"}},
	{"with its parameter", "explain /x --template condact.json --parameter M=off", 0, []string{"A ", "default rule", "!uncertain"}},
	{"a parameter that is mistyped", "explain /x --template condact.json --parameter Typo=1", 1, []string{`unknown parameter "Typo": want M`}},
	{"each side of a comparison has its own", "diff condact.json condact.json --old-parameter M=off --new-parameter M=on", 0, []string{"A -> fixed response 503", "compared 1 template with 1 template"}},
	{"and both have the same", "diff condact.json condact.json --parameter M=off", 0, []string{"!fixed response 503", "!depends"}},
	{"a parameter of one side that is mistyped", "diff condact.json condact.json --new-parameter N=on", 1, []string{`unknown parameter "N": want M`}},
	{"a value of one side", "diff prio_getatt.json prio_getatt.json --old-value Prio.Priority=5 --new-value Prio.Priority=7", 0, []string{"compared 1 template with 1"}},
	{"one of a resource that is not there", "diff prio_getatt.json prio_getatt.json --old-value Pro.Priority=5", 1, []string{`the template has no resource "Pro"`}},
	{"what cannot be read is named, and does not count as the same", "diff two_problems.json two_problems.json --expect closed", 3, []string{"not read: two_problems.json:1:"}},
	{"a rule that another takes everything from", "check shadow.json", 0, []string{"warning: rule is dead: rule 10 R1 takes all that it would take", "R2 Conditions", "0 errors, 1 warning; read 1 template"}},
	{"the maintenance rule above its own allow rules", "check maint_top.json", 0, []string{"rule 1 Maint takes all that it would take", "R Conditions", "Office Conditions"}},
	{"without the dead rules", "check maint_top2.json", 0, []string{"0 errors, 0 warnings"}},
	{"dead rules in the table", "routes maint_top.json", 0, []string{"dead (B)"}},
	{"transforms in the table", "routes transform.json", 0, []string{`the target gets path "^/old/(.*)$" as "/new/$1"`}},
	{"what a transform makes of the path", "explain 'GET /old/a' --template transform.json", 0, []string{"the target gets the path /new/a"}},
	{"a redirect of a request", "explain 'GET http://www.example.com/x' --template transform.json", 0, []string{"answers 301 with Location: http://example.com:80/x"}},
	{"a redirect with parts of the request", "explain 'GET https://a.example.com/go/y?z=1' --template transform.json", 0,
		[]string{"answers 302 with Location: https://a.example.com:8443/go/y/x?a=b&z=1"}},
	{"a redirect to a host that is not given", "explain 'GET /go/y?' --template transform.json", 0, []string{"Location: https://#{host}:8443/go/y/x"}},
	{"a fixed response", "explain /x --template shadow.json --listener L", 0, []string{"rule 10"}},
	{"a body", "explain /x --template condact.json --parameter M=on", 0, []string{"answers 503 without a body"}},
	{"two listeners on one port", "check dupport.json", 1, []string{`port 80 is taken by listener "L" of the same load balancer`}},
	{"a service on a target group that no rule uses", "check i34290.json", 1, []string{"target group is that of service S, but no listener forwards to it"}},
	{"a priority twice on an imported listener", "check twostacks", 1, []string{`priority 500 is taken by rule "R"`, "twostacks/b.template.json:", "read 2 templates"}},
	{"and on one that is imported by its export", "check twoimp", 1, []string{`priority 500 is taken by rule "R"`}},
	{"read as one load balancer", "routes twostacks", 0, []string{"/api/*", "/apx/*", "2 of 100 in twostacks"}},
	{"a line of a log", "explain 'GET http://example.com:80/old/a HTTP/1.1' --template transform.json -H X:1", 0, []string{"rule 10 T1"}},
}

// words splits a command line; quoted text is one word.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
			continue
		}
		all = append(all, strings.Fields(part)...)
	}
	return all
}

func TestRouting(t *testing.T) {
	for _, test := range routingCases {
		t.Run(test.name, func(t *testing.T) {
			args := words(test.args)
			for i, arg := range args {
				if file := filepath.Join("testdata", "routing", arg); strings.HasSuffix(arg, ".json") || strings.HasPrefix(arg, "two") {
					if _, err := os.Stat(file); err != nil {
						t.Fatal(err)
					}
					args[i] = file
				}
			}
			t.Setenv("COLUMNS", "200")
			var out strings.Builder
			if code := exec(t.Context(), args, strings.NewReader(""), &out, &out); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.wants {
				text, not := strings.CutPrefix(want, "!")
				if strings.Contains(out.String(), text) == not {
					t.Errorf("want %q", want)
				}
			}
			if t.Failed() {
				t.Log(out.String())
			}
		})
	}
}

// TestReplayByParameter checks that a switch by a parameter works with one
// template, given twice.
func TestReplayByParameter(t *testing.T) {
	log := dayLines(t)[1]
	file := filepath.Join("testdata", "routing", "condact.json")
	template, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	template = []byte(strings.ReplaceAll(string(template), `"Port": 80, "Protocol": "HTTP", "DefaultActions"`, `"Port": 443, "Protocol": "HTTPS", "DefaultActions"`))
	file = filepath.Join(t.TempDir(), "switch.json")
	writeFile(t, file, template)
	code, stdout, stderr := runReplay(t, log+"\n", "--open", file, "--closed", file, "--open-parameter", "M=off", "--closed-parameter", "M=on", "-")
	if code != 0 || !strings.Contains(stdout, "refused") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	code, _, stderr = runReplay(t, log+"\n", "--open", file, "--closed", file, "--open-parameter", "N=off", "-")
	if code != 1 || !strings.Contains(stderr, `unknown parameter "N": want M`) {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

// TestLive checks that the AWS CLI's output about existing load balancers can be
// queried like templates.
func TestLive(t *testing.T) {
	dir := t.TempDir()
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/a/1/2"
	listeners, rules := filepath.Join(dir, "listeners.json"), filepath.Join(dir, "rules.json")
	writeFile(t, listeners, []byte(`{"Listeners": [{"ListenerArn": "`+arn+`", "LoadBalancerArn": "arn:lb", "Port": 80, "Protocol": "HTTP",
		"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "nobody here"}}]}]}`))
	writeFile(t, rules, []byte(`{"Rules": [{"RuleArn": "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/a/1/2/3", "Priority": "7",
		"Conditions": [{"Field": "path-pattern", "Values": ["/*"], "PathPatternConfig": {"Values": ["/*"]}}],
		"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]},
		{"RuleArn": "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/a/1/2/4", "Priority": "8",
		"Conditions": [{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}}],
		"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}]}`))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"explain", "/x", "--live", listeners, "--live", rules}, "rule 7"},
		{[]string{"routes", "--live", listeners}, "everything else"},
		{[]string{"check", "--live", listeners, "--live", rules}, "rule is dead: rule 7"},
		{[]string{"explain", "/x", "--live", rules}, "uncertain"},
	} {
		var out strings.Builder
		exec(t.Context(), test.args, strings.NewReader(""), &out, &out)
		if !strings.Contains(out.String(), test.want) {
			t.Errorf("%q: got %s, want %q", test.args, out.String(), test.want)
		}
	}
}

// TestDrift compares existing load balancers with a template.
func TestDrift(t *testing.T) {
	dir := t.TempDir()
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:1:"
	write := func(name, content string) string {
		file := filepath.Join(dir, name)
		writeFile(t, file, []byte(strings.ReplaceAll(content, "ARN", arn)))
		return file
	}
	template := write("app.json", `{"Resources": {
		"A": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80, "Protocol": "HTTP"}},
		"B": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80, "Protocol": "HTTP"}},
		"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": "x", "Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "A"}}]}},
		"R": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "L"}, "Priority": 7, "Conditions": [{"Field": "path-pattern", "Values": ["/a"]}],
			"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "B"}}]}}}}`)
	listeners := func(group string) string {
		return write("listeners-"+group+".json", `{"Listeners": [{"ListenerArn": "ARNlistener/app/a/1/2", "LoadBalancerArn": "x", "Port": 80, "Protocol": "HTTP",
			"DefaultActions": [{"Type": "forward", "TargetGroupArn": "ARNtargetgroup/`+group+`/1"}]}]}`)
	}
	rules := func(more string) string {
		return write(fmt.Sprintf("rules%d.json", len(more)), `{"Rules": [{"RuleArn": "ARNlistener-rule/app/a/1/2/3", "Priority": "7", "Conditions": [{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}}],
			"Actions": [{"Type": "forward", "TargetGroupArn": "ARNtargetgroup/b/1"}]}`+more+`]}`)
	}
	names := write("names.json", `{"StackResources": [{"LogicalResourceId": "A", "PhysicalResourceId": "ARNtargetgroup/a/1"}, {"LogicalResourceId": "B", "PhysicalResourceId": "ARNtargetgroup/b/1"},
		{"LogicalResourceId": "L", "PhysicalResourceId": "ARNlistener/app/a/1/2"}]}`)
	const foreign = `, {"RuleArn": "ARNlistener-rule/app/a/1/2/4", "Priority": "1", "Conditions": [{"Field": "path-pattern", "Values": ["/*"], "PathPatternConfig": {"Values": ["/*"]}}],
			"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}`
	for _, test := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"as deployed", []string{"--live", listeners("a"), "--live", rules(""), "--live", names}, 0, "as the template says"},
		{"without the names of resources", []string{"--live", listeners("a"), "--live", rules("")}, 3, "describe-stack-resources"},
		{"without the rules", []string{"--live", listeners("a"), "--live", names}, 3, `rule 7 (path "/a") is missing`},
	} {
		code, stdout, stderr := noren(append([]string{"diff", template}, test.args...)...)
		if code != test.code || !strings.Contains(stdout, test.want) {
			t.Errorf("%s: exit code %d, want %d and %q\n%s%s", test.name, code, test.code, test.want, stdout, stderr)
		}
	}
	for _, test := range []struct{ name, listeners, rules, want string }{
		{"flipped by hand", listeners("b"), rules(""), "and was deployed to forward to A"},
		{"a rule by hand", listeners("a"), rules(foreign), "is not deployed"},
	} {
		code, stdout, _ := noren("diff", template, "--live", test.listeners, "--live", test.rules, "--live", names)
		if code != 3 || !strings.Contains(stdout, test.want) {
			t.Errorf("%s: exit code %d, want 3 and %q\n%s", test.name, code, test.want, stdout)
		}
	}
}
