package diff

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// threeHundredChanges returns two templates of some 180 KB, made of the product
// and other resources, with 300 changes of every kind.
func threeHundredChanges(t testing.TB) (before, after []byte) {
	t.Helper()
	read := func(file string) map[string]any {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template map[string]any
		if err := json.Unmarshal(data, &template); err != nil {
			t.Fatal(err)
		}
		return template
	}
	old, next := read(open), read(closed)
	put := func(template map[string]any, id, text string) {
		var r any
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		template["Resources"].(map[string]any)[id] = r
	}
	long := strings.Repeat("what an alarm says at length, ", 36)
	for i := range 75 {
		put(old, fmt.Sprintf("Alarm%d", i), fmt.Sprintf(`{"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmDescription": "%sbefore", "Threshold": %d}}`, long, i))
		put(next, fmt.Sprintf("Alarm%d", i), fmt.Sprintf(`{"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmDescription": "%safter", "Threshold": %d}}`, long, i+1))
		put(old, fmt.Sprintf("Gone%d", i), fmt.Sprintf(`{"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "gone-%d", "MessageRetentionPeriod": 1209600}}`, i))
		statement := fmt.Sprintf(`{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::bucket-%d/*"}}`, i)
		put(old, fmt.Sprintf("Policy%d", i), fmt.Sprintf(`{"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["r%d"], "PolicyDocument": {"Statement": [%s]}}}`, i, statement))
		put(next, fmt.Sprintf("Policy%d", i), fmt.Sprintf(`{"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["r%d"], "PolicyDocument": {"Statement": [%s, {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}}}`, i, statement))
		put(next, fmt.Sprintf("New%d", i), fmt.Sprintf(`{"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "%snew"}}`, long[:300]))
	}
	text := func(template map[string]any) []byte {
		data, err := json.MarshalIndent(template, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return text(old), text(next)
}

// BenchmarkDiff measures how long a reviewer waits: for reading two templates,
// comparing them and writing the comment.
func BenchmarkDiff(b *testing.B) {
	before, after := threeHundredChanges(b)
	changes, length := 0, 0
	for b.Loop() {
		old, err := Read(before, cfn.Options{})
		if err != nil {
			b.Fatal(err)
		}
		next, err := Read(after, cfn.Options{})
		if err != nil {
			b.Fatal(err)
		}
		d := Compare(old, next)
		changes, length = len(d.Resources), len(Markdown([]Pair{{"shop.template.json", d}}, "", "https://example.com/artifact"))
	}
	b.ReportMetric(float64(len(before)+len(after))/2048, "KiB/template")
	b.ReportMetric(float64(changes), "resources")
	b.ReportMetric(float64(length), "bytes")
}
