package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestSettings checks that a resource changes with a parameter, a mapping or a
// condition that it uses, although its own text does not.
func TestSettings(t *testing.T) {
	const resources = `"Resources": {
		"G": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupEgress": [], "SecurityGroupIngress": [
			{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": {"Ref": "From"}},
			{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": {"Fn::FindInMap": ["Nets", "office", "cidr"]}}]}},
		"I": {"Type": "AWS::EC2::SecurityGroupIngress", "Condition": "All", "Properties": {"GroupId": {"Ref": "G"}, "IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}},
		"P": {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": {"Fn::Sub": "arn:${From}"}}}}},
		"N": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::If": ["Named", "a", "b"]}}},
		"Q": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}}`
	const parameters, mappings = `"Parameters": {"From": {"Type": "String", "Default": "10.0.0.0/8"}}`, `"Mappings": {"Nets": {"office": {"cidr": "10.1.0.0/16"}, "other": {"cidr": "x"}}}`
	const conditions = `"Conditions": {"All": {"Fn::Equals": ["a", "b"]}, "Named": {"Fn::Not": [{"Condition": "All"}]}}`
	before := "{" + strings.Join([]string{parameters, mappings, conditions, resources}, ", ") + "}"
	for _, test := range []struct {
		name, from, to string
		given          map[string]string // the second template's parameters
		want           string
	}{
		{"nothing", "", "", nil, ""},
		{"a default", "10.0.0.0/8", "0.0.0.0/0", nil, "G P | G may be reached from ${From (0.0.0.0/0 by default)}, tcp 443 | P (PolicyDocument of b): Allow *: s3:* on arn:${From (0.0.0.0/0 by default)}"},
		{"a value that is given", "", "", map[string]string{"From": "0.0.0.0/0"}, "G P | G may be reached from 0.0.0.0/0, tcp 443 | P (PolicyDocument of b): Allow *: s3:* on arn:0.0.0.0/0"},
		{"a mapping", "10.1.0.0/16", "10.0.0.0/7", nil, "G | G may be reached from 10.0.0.0/7, tcp 22"},
		{"another part of the mapping", `"x"`, `"y"`, nil, ""},
		{"a condition, and one that refers to it", `["a", "b"]`, `["a", "a"]`, nil, `N I | G may be reached from 0.0.0.0/0, all protocols and ports (when All, which is {"Fn::Equals":["a","a"]})`},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(text string, given map[string]string) Template {
				read, err := Read([]byte(text), cfn.Options{Parameters: given})
				if err != nil {
					t.Fatal(err)
				}
				return read
			}
			d := Compare(read(before, nil), read(strings.Replace(before, test.from, test.to, 1), test.given))
			var ids, got []string
			for _, r := range d.Resources {
				ids = append(ids, r.LogicalID)
			}
			got = append(got, strings.Join(ids, " "))
			for _, r := range d.Rights {
				got = append(got, r.After)
			}
			if text := strings.Join(got, " | "); text != test.want {
				t.Errorf("got\n%s\nwant\n%s", text, test.want)
			}
		})
	}
	changed := Compare(templateOf(t, ""), templateOf(t, ""))
	if len(changed.Warnings) > 0 {
		t.Errorf("nothing changes: %q", changed.Warnings)
	}
	other, err := Read([]byte(`{"Transform": "Any", "Resources": {}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if warnings := fmt.Sprint(Compare(Nothing(), other).Warnings); !strings.Contains(warnings, "the transform of the template changes") {
		t.Errorf("the transform changes: got the warnings %s", warnings)
	}
	if clients := Compare(Nothing(), other).sameForClients(); !strings.HasPrefix(clients, "not known: ") {
		t.Errorf("the transform changes, and for clients: %s", clients)
	}
}
