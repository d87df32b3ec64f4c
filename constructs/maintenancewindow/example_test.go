package maintenancewindow_test

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/constructs/maintenancewindow"
)

// This example plans a maintenance without a schema change: it closes the product
// at two in the morning, sends a request through the bypass, and opens if the
// answer is as expected.
func ExampleNew() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), nil)
	balancer := elbv2.NewApplicationLoadBalancer(stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{Vpc: vpc, InternetFacing: jsii.Bool(true)})
	api := elbv2.NewApplicationTargetGroup(stack, jsii.String("Api"), &elbv2.ApplicationTargetGroupProps{
		Vpc: vpc, Port: jsii.Number(8080), TargetType: elbv2.TargetType_IP,
	})
	listener := balancer.AddListener(jsii.String("Http"), &elbv2.BaseApplicationListenerProps{
		Port: jsii.Number(80), DefaultTargetGroups: &[]elbv2.IApplicationTargetGroup{api},
	})
	mode := maintenancemode.New(stack, "Maintenance", maintenancemode.Props{
		Listener: listener, AppTargetGroup: api,
		Allow:  []string{"POST /api/login", "GET /api/templates/{id}"},
		Bypass: maintenancemode.Bypass{Header: "X-Maintenance-Bypass"},
		Guard:  maintenancemode.Guard{Enabled: true},
	})

	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	maintenancewindow.New(stack, "Night", maintenancewindow.Props{
		Maintenance: mode,
		Start:       start, End: start.Add(2 * time.Hour),
		Verify: []maintenancewindow.Request{{Method: "GET", Path: "/api/health", Status: 200}},
		URL:    "https://api.shop.example", BypassHeader: "X-Maintenance-Bypass",
		Topic:   awssns.NewTopic(stack, jsii.String("People"), nil),
		Options: "--stack Shop",
	})

	// One window of Systems Manager starts the maintenance, and another says, a
	// quarter of an hour before its end, that it is not over.
	for _, resource := range *assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::SSM::MaintenanceWindow"), nil) {
		window := (*resource)["Properties"].(map[string]any)
		fmt.Println(window["Schedule"])
	}
	// Unordered output:
	// at(2026-12-01T02:00:00)
	// at(2026-12-01T03:45:00)
}
