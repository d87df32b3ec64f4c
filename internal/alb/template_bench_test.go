package alb_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// BenchmarkTemplate reads a template of 180 KB and routes a request by it. The
// metric "x-json" says how many times longer YAML takes than the same template in
// JSON. scripts/bench.sh compares it with another commit.
func BenchmarkTemplate(b *testing.B) {
	var inYAML strings.Builder
	inYAML.WriteString(`Parameters:
  Stage: {Type: String, Default: prod}
Resources:
  App:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 80, Protocol: HTTP, VpcId: vpc-1}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: arn
      Port: 80
      Protocol: HTTP
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref App}]
`)
	for i := 1; inYAML.Len() < 180_000; i++ {
		if i <= 100 {
			fmt.Fprintf(&inYAML, `  Rule%d:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Listener
      Priority: %d
      Conditions:
        - Field: path-pattern
          PathPatternConfig:
            Values: ["/api/%d/*", !Sub "/${Stage}/%d"]
      Actions:
        - Type: forward
          TargetGroupArn: !Ref App
`, i, i, i, i)
		}
		fmt.Fprintf(&inYAML, `  Role%d:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: ecs-tasks.amazonaws.com}
            Action: sts:AssumeRole
      Tags:
        - {Key: Stage, Value: !Ref Stage}
        - Key: Name
          Value: !Sub "${AWS::StackName}-%d"
`, i, i)
	}
	inJSON, err := cfn.JSON([]byte(inYAML.String()))
	if err != nil {
		b.Fatal(err)
	}
	read := func(data []byte) {
		t, err := alb.Read(bytes.NewReader(data), cfn.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if d := t.Listeners[0].Route(&alb.Request{Target: "/api/100/x", Host: "h"}); d.Rule.Priority != 100 || !d.Certain() {
			b.Fatalf("routed to rule %s", d.Rule.Name())
		}
	}
	fastest := func(data []byte) time.Duration {
		best := time.Hour
		for range 10 {
			start := time.Now()
			read(data)
			best = min(best, time.Since(start))
		}
		return best
	}
	for _, form := range []struct {
		name string
		data []byte
	}{{"json", inJSON}, {"yaml", []byte(inYAML.String())}} {
		b.Run(form.name, func(b *testing.B) {
			b.SetBytes(int64(len(form.data)))
			for b.Loop() {
				read(form.data)
			}
			b.ReportMetric(float64(fastest(form.data))/float64(fastest(inJSON)), "x-json")
		})
	}
}
