package maintenancemode_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// TestWritten checks that what only the template shows is an error if it
// invalidates the checks of the construct, and a note if it keeps noren close
// from working.
func TestWritten(t *testing.T) {
	forward := []any{map[string]any{"Type": "forward", "TargetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:111111111111:targetgroup/theirs/1"}}
	rule := func(p product, priority float64, listener *string) awscdk.CfnResource {
		return awscdk.NewCfnResource(p.stack, jsii.String("Raw"), &awscdk.CfnResourceProps{
			Type: jsii.String("AWS::ElasticLoadBalancingV2::ListenerRule"),
			Properties: &map[string]any{"ListenerArn": listener, "Priority": priority, "Actions": forward,
				"Conditions": []any{map[string]any{"Field": "path-pattern", "PathPatternConfig": map[string]any{"Values": []any{"/raw/*"}}}}},
		})
	}
	tests := []struct {
		name   string
		define func(product)
		refuse bool
		want   []string // of the report, in order
	}{
		{"nothing", func(p product) { p.new(maintenancemode.Props{}) }, false, nil},
		{"closed, and read-only prepared", func(p product) {
			p.new(maintenancemode.Props{Mode: maintenance.Closed, ReadOnly: true, Allow: []string{"POST /api/login"}})
		}, false, nil},
		{"a default action that is overridden", func(p product) {
			p.new(maintenancemode.Props{})
			p.listener.Node().DefaultChild().(elbv2.CfnListener).AddPropertyOverride(jsii.String("DefaultActions"), forward)
		}, true, []string{"DefaultActions of Product/Alb/Listener is overridden past the props of CDK, so that MaintenanceMode has not checked it: set it by SetDefaultActions of the resource, or by the props"}},
		{"a part of a rule of another team that is overridden", func(p product) {
			theirs := p.ruleTo(p.targetGroup("Theirs"), "TheirRule", 50)
			p.new(maintenancemode.Props{KeepOpen: []constructs.IConstruct{theirs}})
			theirs.AddPropertyOverride(jsii.String("Conditions.0.PathPatternConfig.Values"), []string{"*"})
		}, true, []string{"Conditions of Product/TheirRule is overridden past the props of CDK"}},
		{"what no check looks at is overridden", func(p product) {
			p.new(maintenancemode.Props{})
			p.listener.Node().DefaultChild().(elbv2.CfnListener).AddPropertyOverride(jsii.String("SslPolicy"), "ELBSecurityPolicy-TLS13-1-2-2021-06")
		}, false, nil},
		{"a rule without the class for it", func(p product) {
			p.new(maintenancemode.Props{})
			rule(p, 50, p.listener.ListenerArn())
		}, true, []string{"Product/Raw is a rule of a listener that MaintenanceMode cannot read: define it with elbv2.NewCfnListenerRule or by the listener"}},
		{"such a rule of another listener", func(p product) {
			p.new(maintenancemode.Props{})
			rule(p, 50, jsii.String("arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/theirs/1/2"))
		}, false, nil},
		{"texts that are not ASCII", func(p product) {
			p.stack.TemplateOptions().SetDescription(jsii.String("Außendienst"))
			awscdk.Tags_Of(p.app).Add(jsii.String("Büro"), jsii.String("Zürich"), nil)
			awscdk.NewCfnOutput(p.stack, jsii.String("Where"), &awscdk.CfnOutputProps{Value: jsii.String("Zürich")})
			p.new(maintenancemode.Props{Answer: maintenance.Answer{Message: map[string]string{"de": "Wir sind gleich zurück."}}})
		}, false, []string{
			`"Außendienst" in Description is not ASCII: CloudFormation gives it back with question marks, and noren close, open and read-only refuse the template`,
			`"Zürich" in Outputs.Where.Value and 1 other place is not ASCII`,
			`"Büro" in Resources.AppABC.Properties.Tags[0].Key is not ASCII`,
		}},
		{"of two switches that are closed, the first says it for the template", func(p product) {
			p.stack.TemplateOptions().SetDescription(jsii.String("Außendienst"))
			blog := p.targetGroup("Blog")
			other := p.alb.AddListener(jsii.String("Other"), &elbv2.BaseApplicationListenerProps{
				Port: jsii.Number(81), Protocol: elbv2.ApplicationProtocol_HTTP, DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{blog}, nil),
			})
			p.new(maintenancemode.Props{Mode: maintenance.Closed})
			maintenancemode.New(p.stack, "Second", maintenancemode.Props{Listener: other, AppTargetGroup: blog, Mode: maintenance.Closed})
		}, false, []string{`"Außendienst" in Description`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := synth(test.define)
			if refused := err != nil; refused != test.refuse {
				t.Errorf("refused: %v, want %v: %v", refused, test.refuse, err)
			}
			said := got.said(t)
			if len(said) != len(test.want) {
				t.Fatalf("it says %q, want %q", said, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(hash.ReplaceAllString(said[i], "ABC"), want) {
					t.Errorf("it says %q, want %q", said[i], want)
				}
			}
		})
	}
}

var hash = regexp.MustCompile("[0-9A-F]{8}")

// said returns the descriptions in the validation report of the template.
func (t template) said(tb testing.TB) []string {
	tb.Helper()
	if t.report == "" {
		return nil
	}
	var report struct {
		PluginReports []struct {
			PluginName string
			Violations []struct{ Description, Severity string }
		}
	}
	if err := json.Unmarshal([]byte(t.report), &report); err != nil {
		tb.Fatal(err)
	}
	var said []string
	for _, r := range report.PluginReports {
		for _, v := range r.Violations {
			if r.PluginName == "MaintenanceMode" && !slices.Contains([]string{"error", "info"}, v.Severity) {
				tb.Errorf("severity %q: with --strict CDK refuses warnings", v.Severity)
			}
			said = append(said, v.Description)
		}
	}
	return said
}
