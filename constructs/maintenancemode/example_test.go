package maintenancemode_test

import (
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// New puts a load balancer that sends everything to one target group under the
// switch. The allowlist is a rule in every mode; the mode sets the default
// action.
func ExampleNew() {
	for _, typed := range []string{"false", "true"} {
		app := awscdk.NewApp(&awscdk.AppProps{Context: &map[string]any{"maintenance": typed}})
		stack := awscdk.NewStack(app, jsii.String("FieldReports"), nil)
		vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), nil)
		balancer := elbv2.NewApplicationLoadBalancer(stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{Vpc: vpc, InternetFacing: jsii.Bool(true)})
		api := elbv2.NewApplicationTargetGroup(stack, jsii.String("Api"), &elbv2.ApplicationTargetGroupProps{
			Vpc: vpc, Port: jsii.Number(8080), TargetType: elbv2.TargetType_IP,
			HealthCheck: &elbv2.HealthCheck{Path: jsii.String("/api/health")},
		})
		listener := balancer.AddListener(jsii.String("Http"), &elbv2.BaseApplicationListenerProps{
			Port: jsii.Number(80), DefaultTargetGroups: &[]elbv2.IApplicationTargetGroup{api},
		})

		flags, err := maintenancemode.ReadFlags(app)
		if err != nil {
			fmt.Println(err)
			return
		}
		maintenancemode.New(stack, "Maintenance", flags.Apply(maintenancemode.Props{
			Listener:       listener,
			AppTargetGroup: api,
			Allow:          []string{"POST /api/login", "GET /api/templates/{id}"},
			Bypass:         maintenancemode.Bypass{CIDRs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
			Answer:         maintenance.Answer{Message: map[string]string{"en": "Back at four.", "ja": "4\u6642\u306b\u518d\u958b\u3057\u307e\u3059\u3002"}},
		}))

		template := assertions.Template_FromStack(stack, nil)
		for _, resource := range *template.FindResources(jsii.String("AWS::ElasticLoadBalancingV2::Listener"), nil) {
			action := (*resource)["Properties"].(map[string]any)["DefaultActions"].([]any)[0].(map[string]any)
			fmt.Printf("-c maintenance=%s: by default to %v, before that %d rules\n", typed, action["TargetGroupArn"].(map[string]any)["Ref"],
				len(*template.FindResources(jsii.String("AWS::ElasticLoadBalancingV2::ListenerRule"), nil)))
		}
	}
	// Output:
	// -c maintenance=false: by default to ApiF70053CD, before that 4 rules
	// -c maintenance=true: by default to MaintenanceTargetGroup4F265FD4, before that 4 rules
}

// A listener that several products of an AWS account share is narrowed by host
// name.
func ExampleNew_hosts() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), nil)
	listener := elbv2.ApplicationListener_FromApplicationListenerAttributes(stack, jsii.String("Shared"), &elbv2.ApplicationListenerAttributes{
		ListenerArn:   jsii.String("arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/shared/1111222233334444/5555666677778888"),
		SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(stack, jsii.String("SharedGroup"), jsii.String("sg-11112222333344445"), nil),
	})
	shop := elbv2.NewApplicationTargetGroup(stack, jsii.String("ShopGroup"), &elbv2.ApplicationTargetGroupProps{
		Vpc: vpc, Port: jsii.Number(8080), TargetType: elbv2.TargetType_IP,
	})

	maintenancemode.New(stack, "Maintenance", maintenancemode.Props{
		Listener:       listener,
		AppTargetGroup: shop,
		Hosts:          []string{"shop.example.com"},
		Allow:          []string{"POST /api/login"},
		Mode:           maintenance.Closed,
	})

	// This stack does not own the default action, so a rule closes the product:
	// the last one.
	template := assertions.Template_FromStack(stack, nil)
	for _, resource := range *template.FindResources(jsii.String("AWS::ElasticLoadBalancingV2::ListenerRule"), nil) {
		properties := (*resource)["Properties"].(map[string]any)
		action := properties["Actions"].([]any)[0].(map[string]any)
		fmt.Printf("%v: to %v\n", properties["Priority"], action["TargetGroupArn"].(map[string]any)["Ref"])
	}
	// Unordered output:
	// 100: to ShopGroup02C6D41D
	// 195: to MaintenanceTargetGroup4F265FD4
}
