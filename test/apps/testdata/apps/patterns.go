package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

func pattern(in lab, https bool) (awscdk.Stack, awsecspatterns.ApplicationLoadBalancedFargateService) {
	stack := newStack(in.app, "Shop")
	props := &awsecspatterns.ApplicationLoadBalancedFargateServiceProps{
		Vpc: newVpc(stack), AssignPublicIp: jsii.Bool(true),
		TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageOptions{Image: awsecs.ContainerImage_FromRegistry(s("nginx"), nil)},
	}
	if https {
		props.Certificate = awscertificatemanager.Certificate_FromCertificateArn(stack, s("Cert"), s("arn:aws:acm:eu-west-1:111111111111:certificate/abc"))
		props.RedirectHTTP = jsii.Bool(true)
		props.Protocol = elbv2.ApplicationProtocol_HTTPS
	}
	return stack, awsecspatterns.NewApplicationLoadBalancedFargateService(stack, s("Web"), props)
}

func init() {
	// 1: the pattern that most people start with, HTTPS with redirect
	cases["01-pattern-https"] = func(in lab) {
		stack, web := pattern(in, true)
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: web.Listener(), AppTargetGroup: web.TargetGroup(), Allow: []string{"POST /api/login", "GET /api/items/{id}"},
		})
	}
	cases["01-pattern-http"] = func(in lab) {
		stack, web := pattern(in, false)
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: web.Listener(), AppTargetGroup: web.TargetGroup(),
		})
	}
	cases["01-pattern-guard"] = func(in lab) {
		stack, web := pattern(in, true)
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: web.Listener(), AppTargetGroup: web.TargetGroup(), ReadOnly: true, Guard: maintenancemode.Guard{Enabled: true},
			Bypass: maintenancemode.Bypass{Cookie: "staff", Header: "X-Staff"},
		})
	}
	// on the redirect listener by mistake
	cases["01-pattern-wrong-listener"] = func(in lab) {
		stack, web := pattern(in, true)
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: web.RedirectListener(), AppTargetGroup: web.TargetGroup(),
		})
	}
	// the pattern with several target groups: ApplicationMultipleTargetGroupsFargateService
	cases["01-multi-pattern"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		web := awsecspatterns.NewApplicationMultipleTargetGroupsFargateService(stack, s("Web"), &awsecspatterns.ApplicationMultipleTargetGroupsFargateServiceProps{
			Vpc: newVpc(stack), MemoryLimitMiB: n(512), Cpu: n(256),
			TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageProps{Image: awsecs.ContainerImage_FromRegistry(s("nginx"), nil)},
			TargetGroups: &[]*awsecspatterns.ApplicationTargetProps{
				{ContainerPort: n(80)},
				{ContainerPort: n(90), PathPattern: s("/admin/*"), Priority: n(10)},
			},
		})
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: web.Listener(), AppTargetGroup: web.TargetGroup(),
		})
	}
}
