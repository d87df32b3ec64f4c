package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Parts of an app: a listener whose rules are in a nested stack.
const (
	appTemplate = `{"Resources": {
  "LB": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Type": "application"}},
  "L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "LB"}, "Port": 80, "Protocol": "HTTP",
    "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}},
  "Svc": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": ADDRESS, "Parameters": {"ListenerArn": {"Ref": "L"}}}METADATA}}}`
	serviceTemplate = `
Parameters:
  ListenerArn: {Type: String}
  Priority: {Type: Number, Default: 5}
Resources:
  TG:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {TargetType: ip, Port: 80, Protocol: HTTP, VpcId: vpc-1}
  R:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref ListenerArn
      Priority: !Ref Priority
      Conditions: [{Field: path-pattern, Values: ["/api/*"]}]
      Actions: [{Type: forward, TargetGroupArn: !Ref TG}]
`
)

// TestAssemblies checks that an assembly is treated as a whole, and that every
// answer says how much of it was read.
func TestAssemblies(t *testing.T) {
	app := func(url, metadata string) string {
		return strings.NewReplacer("ADDRESS", url, "METADATA", metadata).Replace(appTemplate)
	}
	const explain = "explain /api/x? -H A:b --host h --template APP"
	for _, test := range []struct {
		name  string
		files map[string]string
		args  string
		code  int
		wants []string
	}{
		{"a nested stack beside its parent, as aws cloudformation package takes it",
			map[string]string{"app.template.json": app(`"./service.yaml"`, ""), "service.yaml": serviceTemplate}, explain, 0,
			[]string{"rule 5 R", "!uncertain", "read 2 templates"}},
		{"as CDK names it in the metadata",
			map[string]string{"app.template.json": app(`{"Fn::Sub": "https://s3.${AWS::Region}/x.json"}`, `, "Metadata": {"aws:asset:path": "svc.nested.template.json"}`),
				"svc.nested.template.json": jsonOf(t, serviceTemplate)}, explain, 0,
			[]string{"rule 5 R", "!uncertain", "read 2 templates"}},
		{"as CDK lists its assets",
			map[string]string{"app.template.json": app(`{"Fn::Sub": "https://s3.${AWS::Region}/cdk-assets/0123abcd.json"}`, ""), "svc.nested.template.json": jsonOf(t, serviceTemplate),
				"app.assets.json": `{"files": {"0123abcd": {"source": {"path": "svc.nested.template.json"}}}}`}, explain, 0,
			[]string{"rule 5 R", "!uncertain"}},
		{"one that is elsewhere", map[string]string{"app.template.json": app(`"https://s3.example.com/service.yaml"`, "")}, explain, 0,
			[]string{"default rule", "uncertain", "not read: nested stack Svc of ", "(https://s3.example.com/service.yaml)"}},
		{"and check says so", map[string]string{"app.template.json": app(`"https://s3.example.com/service.yaml"`, "")}, "check APP", 0,
			[]string{"warning: not read: nested stack Svc", "0 errors, 1 warning; read 1 template; not read: nested stack Svc"}},
		{"a priority that is taken in the nested stack", map[string]string{"app.template.json": strings.Replace(app(`"./service.yaml"`, ""), `"Svc"`,
			`"Own": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "L"}, "Priority": 5, "Conditions": [{"Field": "path-pattern", "Values": ["/x"]}],
			"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}}, "Svc"`, 1), "service.yaml": serviceTemplate}, "check APP", 1,
			[]string{`priority 5 is taken by rule "Own"`, "service.yaml:13:", "read 2 templates"}},
		{"unless its parameter says another", map[string]string{"app.template.json": app(`"./service.yaml"`, ""), "service.yaml": serviceTemplate}, explain + " --parameter Priority=7", 0,
			[]string{"rule 7 R"}},
		{"a stack that is dead by another", map[string]string{"app.template.json": strings.Replace(app(`"./service.yaml"`, ""), `"Svc"`,
			`"Own": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "L"}, "Priority": 1, "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}],
			"Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]}}, "Svc"`, 1), "service.yaml": serviceTemplate}, "check APP", 0,
			[]string{"rule is dead: rule 1 Own takes all that it would take", "R Conditions", "service.yaml:14:"}},
		{"a nested stack that nests itself", map[string]string{"app.template.json": app(`"./app.template.json"`, "")}, explain, 0, []string{"not read: nested stack Svc"}},
		{"stages", map[string]string{"pipeline.template.json": `{"Resources": {}}`, "assembly-Prod/Prod.template.json": app(`"./service.yaml"`, ""), "assembly-Prod/service.yaml": serviceTemplate},
			explain, 0, []string{"rule 5 R", "!uncertain", "read 3 templates"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("COLUMNS", "300")
			dir := filepath.Join(t.TempDir(), "app")
			for name, content := range test.files {
				file := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				writeFile(t, file, []byte(content))
			}
			args := words(test.args)
			for i, arg := range args {
				if arg == "APP" {
					args[i] = dir
				}
			}
			code, stdout, stderr := noren(args...)
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			for _, want := range test.wants {
				text, not := strings.CutPrefix(want, "!")
				if strings.Contains(stdout, text) == not {
					t.Errorf("want %q", want)
				}
			}
			if t.Failed() {
				t.Log(stdout, stderr)
			}
		})
	}
}

func jsonOf(t *testing.T, inYAML string) string {
	t.Helper()
	data, err := cfn.JSON([]byte(inYAML))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
