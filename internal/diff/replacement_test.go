package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestReplacements checks what a change of a property does to its resource,
// whatever the type, and to what refers to it.
func TestReplacements(t *testing.T) {
	for _, test := range []struct {
		name, before, after string // the resources
		want                string // logical id, fate and why
	}{
		{"a prefix of a name", `"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketNamePrefix": "a"}}`, `"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketNamePrefix": "b"}}`,
			"B replaced BucketNamePrefix cannot be changed in place; the new one has none of its data; ITS DATA IS DELETED"},
		{"a property that no schema says of", `"T": {"Type": "AWS::DynamoDB::Table", "Properties": {}}`, `"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"LocalSecondaryIndexes": []}}`,
			"T replaced LocalSecondaryIndexes cannot be changed in place; the new one has none of its data; ITS DATA IS DELETED"},
		{"for some values", `"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": ["a"]}}`, `"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"KeySchema": ["b"]}}`,
			"T may be replaced KeySchema cannot always be changed in place; ITS DATA IS DELETED"},
		{"in place", `"B": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": []}}`, `"B": {"Type": "AWS::S3::Bucket", "Properties": {"Tags": ["t"]}}`, "B changed"},
		{"a part of a property", `"D": {"Type": "AWS::OpenSearchService::Domain", "Properties": {"EncryptionAtRestOptions": {"Enabled": false}}}`,
			`"D": {"Type": "AWS::OpenSearchService::Domain", "Properties": {"EncryptionAtRestOptions": {"Enabled": true}}}`,
			"D may be replaced EncryptionAtRestOptions.Enabled cannot always be changed in place; ITS DATA IS DELETED"},
		{"another part of it", `"C": {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": "a", "ManagedDraining": "x"}}}`,
			`"C": {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": "a", "ManagedDraining": "y"}}}`, "C changed"},
		{"all of it", `"C": {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": {"Ref": "P"}}}`,
			`"C": {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": {"Ref": "Q"}}}`,
			"C may be replaced AutoScalingGroupProvider.AutoScalingGroupArn cannot be changed in place, and may be what changes"},
		{"in an entry of a list", `"M": {"Type": "AWS::SSMQuickSetup::ConfigurationManager", "Properties": {"ConfigurationDefinitions": [{"Type": "a", "Parameters": {}}]}}`,
			`"M": {"Type": "AWS::SSMQuickSetup::ConfigurationManager", "Properties": {"ConfigurationDefinitions": [{"Type": "b", "Parameters": {}}]}}`,
			"M replaced ConfigurationDefinitions.*.Type cannot be changed in place"},
		{"a property that is not known", `"B": {"Type": "AWS::S3::Bucket", "Properties": {}}`, `"B": {"Type": "AWS::S3::Bucket", "Properties": {"Novelty": 1}}`,
			"B may be replaced what a change of Novelty does to AWS::S3::Bucket is not known here; ITS DATA IS DELETED"},
		{"a type that is not known", `"B": {"Type": "Some::Other::Type", "Properties": {}}`, `"B": {"Type": "Some::Other::Type", "Properties": {"A": 1}}`,
			"B may be replaced which properties of Some::Other::Type replace it is not known here"},
		{"a reference to what may be replaced", `"X": {"Type": "Custom::X", "Properties": {"A": 1}}, "L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "X"}}}`,
			`"X": {"Type": "Custom::X", "Properties": {"A": 2}}, "L": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "X"}}}`,
			"L may be replaced LogGroupName refers to X, which may be replaced; ITS DATA IS DELETED\nX may be replaced its provider decides"},
		{"a reference in a part, of two steps", `"S": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": "a"}},
			"A": {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Fn::GetAtt": ["S", "GroupId"]}}}},
			"Z": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "A"}}}`,
			`"S": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": "b"}},
			"A": {"Type": "AWS::ECS::CapacityProvider", "Properties": {"AutoScalingGroupProvider": {"AutoScalingGroupArn": {"Fn::GetAtt": ["S", "GroupId"]}}}},
			"Z": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {"GroupId": {"Ref": "A"}}}`,
			"S replaced VpcId cannot be changed in place\nA replaced AutoScalingGroupProvider.AutoScalingGroupArn refers to S, which is replaced\nZ replaced GroupId refers to A, which is replaced"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var sides [2]Template
			for i, resources := range []string{test.before, test.after} {
				var err error
				if sides[i], err = Read([]byte(`{"Resources": {`+resources+`}}`), cfn.Options{}); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, r := range Compare(sides[0], sides[1]).Resources {
				got = append(got, strings.TrimSpace(r.LogicalID+" "+string(r.Fate)+" "+r.Why))
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

// TestReplacements_TypesOfTheProduct checks that every resource type of the
// product is known.
func TestReplacements_TypesOfTheProduct(t *testing.T) {
	for _, file := range []string{open, sharedOpen} {
		var template struct {
			Resources map[string]struct{ Type string }
		}
		if err := json.Unmarshal(raw(t, file), &template); err != nil {
			t.Fatal(err)
		}
		for id, r := range template.Resources {
			if _, ok := typesKnown()[r.Type]; !ok && !strings.HasPrefix(r.Type, "Custom::") && !strings.HasPrefix(r.Type, "AWS::CDK::") {
				t.Errorf("%s: type %s of %s is not known", file, r.Type, id)
			}
		}
	}
}

// TestReplacements_Order checks that lost data comes first, and then the more
// serious fates.
func TestReplacements_Order(t *testing.T) {
	const bucket, queue, topic = `"AWS::S3::Bucket"`, `"AWS::SQS::Queue"`, `"AWS::SNS::Topic"`
	entry := func(id, kind, property, value string) string {
		return `"` + id + `": {"Type": ` + kind + `, "Properties": {"` + property + `": "` + value + `"}}`
	}
	before := strings.Join([]string{
		entry("ADataChanged", bucket, "Tags", "1"), entry("BDataMaybe", bucket, "Novelty", "1"), entry("CDataReplaced", queue, "QueueName", "1"), entry("DDataRemoved", queue, "QueueName", "1"),
		entry("EChanged", topic, "DisplayName", "1"), entry("FMaybe", topic, "Novelty", "1"), entry("GReplaced", topic, "TopicName", "1"), entry("HRemoved", topic, "TopicName", "1"),
	}, ", ")
	after := strings.Join([]string{
		entry("AAdded", topic, "TopicName", "2"), entry("AAddedData", bucket, "BucketName", "2"),
		entry("ADataChanged", bucket, "Tags", "2"), entry("BDataMaybe", bucket, "Novelty", "2"), entry("CDataReplaced", queue, "QueueName", "2"),
		entry("EChanged", topic, "DisplayName", "2"), entry("FMaybe", topic, "Novelty", "2"), entry("GReplaced", topic, "TopicName", "2"),
	}, ", ")
	old, err := Read([]byte(`{"Resources": {`+before+`}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	next, err := Read([]byte(`{"Resources": {`+after+`}}`), cfn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range Compare(old, next).Resources {
		got = append(got, r.LogicalID)
	}
	const want = "DDataRemoved CDataReplaced BDataMaybe HRemoved GReplaced FMaybe ADataChanged EChanged AAdded AAddedData"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}
