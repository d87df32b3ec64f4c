package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDiff_NestedStacks checks that the templates of nested stacks are paired by
// their ids in the parent, whatever their files are called, and read with the
// parameters that the parent gives them.
func TestDiff_NestedStacks(t *testing.T) {
	const child = `{"Parameters": {"From": {"Type": "String"}, "Maintenance": {"Type": "String", "Default": "off"}},
		"Conditions": {"Closed": {"Fn::Equals": [{"Ref": "Maintenance"}, "on"]}},
		"Resources": {
			"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupEgress": [], "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": {"Ref": "From"}}]}},
			"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": "b", "Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Fn::If": ["Closed",
				{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}, {"Type": "forward", "TargetGroupArn": "app"}]}]}}}}`
	parent := func(file, from, maintenance string) string {
		return `{"Resources": {"N": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "` + file + `", "Parameters": {"From": "` + from + `", "Maintenance": "` + maintenance + `"}}}}}`
	}
	write := func(files ...string) string {
		dir := t.TempDir()
		for i := 0; i < len(files); i += 2 {
			if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for _, test := range []struct {
		name, old, next string
		want            []string
	}{
		{"another address", write("p.template.json", parent("n1.json", "10.0.0.0/8", "off"), "n1.json", child), write("p.template.json", parent("n2.json", "0.0.0.0/0", "off"), "n2.json", child),
			[]string{"p.template.json/N\n", "+ G may be reached from 0.0.0.0/0, tcp 443 (widened)", "compared 2 templates with 2 templates"}},
		{"closed by a parameter of the parent", write("p.template.json", parent("n.json", "10.0.0.0/8", "off"), "n.json", child), write("p.template.json", parent("n.json", "10.0.0.0/8", "on"), "n.json", child),
			[]string{"app -> fixed response 503"}},
		{"parents in files of other names", write("p.json", parent("n.json", "10.0.0.0/8", "off"), "n.json", child) + "/p.json", write("q.json", parent("n.json", "0.0.0.0/0", "off"), "n.json", child) + "/q.json",
			[]string{"p.json and q.json/N\n", "(widened)"}},
		{"a nested stack that goes", write("p.template.json", parent("n.json", "10.0.0.0/8", "off"), "n.json", child), write("p.template.json", `{"Resources": {}}`),
			[]string{"- N removed, MAY HOLD DATA: what is in it is deleted", "p.template.json/N\n", "- G removed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := exec(t.Context(), []string{"diff", test.old, test.next}, strings.NewReader(""), &out, &out); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, &out)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("does not say %q:\n%s", want, &out)
				}
			}
		})
	}
}
