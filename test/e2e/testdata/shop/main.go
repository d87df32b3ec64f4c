// Command shop is another team's CDK app: a shop behind a load balancer that it
// shares with billing and a status page, and that can be closed on its own.
package main

import (
	"log"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	flags, err := maintenancemode.ReadFlags(app)
	if err != nil {
		log.Fatal(err)
	}
	stack := awscdk.NewStack(app, jsii.String("Shop"), nil)
	vpc := awsec2.NewVpc(stack, jsii.String("Vpc"), &awsec2.VpcProps{MaxAzs: jsii.Number(2), NatGateways: jsii.Number(0)})
	alb := elbv2.NewApplicationLoadBalancer(stack, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{Vpc: vpc, InternetFacing: jsii.Bool(true)})
	group := func(name string) elbv2.ApplicationTargetGroup {
		return elbv2.NewApplicationTargetGroup(stack, &name, &elbv2.ApplicationTargetGroupProps{
			Vpc: vpc, Port: jsii.Number(8080), Protocol: elbv2.ApplicationProtocol_HTTP, TargetType: elbv2.TargetType_IP,
		})
	}
	shop, billing := group("ShopGroup"), group("BillingGroup")

	listener := alb.AddListener(jsii.String("Http"), &elbv2.BaseApplicationListenerProps{
		Port: jsii.Number(80), DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{shop}, nil),
	})
	listener.AddAction(jsii.String("Billing"), &elbv2.AddApplicationActionProps{
		Priority:   jsii.Number(10),
		Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_HostHeaders(jsii.Strings("billing.example.com"))},
		Action:     elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{billing}, nil),
	})
	listener.AddAction(jsii.String("Status"), &elbv2.AddApplicationActionProps{
		Priority:   jsii.Number(300),
		Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_HostHeaders(jsii.Strings("status.example.com"))},
		Action:     elbv2.ListenerAction_FixedResponse(jsii.Number(200), &elbv2.FixedResponseOptions{MessageBody: jsii.String("fine")}),
	})
	maintenancemode.New(stack, "Maintenance", flags.Apply(maintenancemode.Props{
		Listener:       listener,
		AppTargetGroup: shop,
		Hosts:          []string{"shop.example.com"},
		Allow:          []string{"GET /cart/{id}"},
		Answer:         maintenance.Answer{Message: map[string]string{"en": "The shop is closed for an hour."}},
	}))
	app.Synth(nil)
}
