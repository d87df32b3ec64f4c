package diff

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// TestBeside checks what clients see of a distribution, and of a listener, beside
// the rules.
func TestBeside(t *testing.T) {
	const template = `{"Resources": {
		"D": {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": {"Enabled": true, "Comment": "c",
			"CacheBehaviors": [{"PathPattern": "/api/*", "TargetOriginId": "api", "AllowedMethods": ["GET", "HEAD", "POST"]}], "CustomErrorResponses": []}}},
		"F": {"Type": "AWS::CloudFront::Function", "Properties": {"Name": "f", "FunctionCode": "return e.request"}},
		"L": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": "a", "Port": 80, "Protocol": "HTTP", "ListenerAttributes": [],
			"DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]}}}}`
	for _, test := range []struct{ name, from, to, want string }{
		{"another origin", `"api"`, `"other"`, "distribution D: DistributionConfig.CacheBehaviors[0].TargetOriginId: api -> other"},
		{"fewer methods", `, "POST"`, ``, "distribution D: DistributionConfig.CacheBehaviors[0].AllowedMethods[2]: - POST"},
		{"switched off", `"Enabled": true`, `"Enabled": false`, "distribution D: DistributionConfig.Enabled: true -> false"},
		{"a page instead of the message", `"CustomErrorResponses": []`, `"CustomErrorResponses": [{"ErrorCode": 503, "ResponseCode": 200}]`, `distribution D: DistributionConfig.CustomErrorResponses[0]: + {"ErrorCode":503,"ResponseCode":200}`},
		{"a comment", `"c"`, `"other"`, ""},
		{"a function at the edge", `return e.request`, `return {statusCode: 302}`, "F (AWS::CloudFront::Function): changed in place"},
		{"another one", `"D": {"Type"`, `"E": {"Type"`, "distribution D: removed"},
		{"headers of a listener", `"ListenerAttributes": []`, `"ListenerAttributes": [{"Key": "routing.http.response.server.enabled", "Value": "false"}]`, `listener L: ListenerAttributes[0]: + {"Key":"routing.http.response.server.enabled","Value":"false"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			old, oldErr := Read([]byte(template), cfn.Options{})
			next, nextErr := Read([]byte(strings.Replace(template, test.from, test.to, 1)), cfn.Options{})
			if oldErr != nil || nextErr != nil {
				t.Fatal(oldErr, nextErr)
			}
			got := strings.Join(Compare(old, next).Beside, "\n")
			if test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
