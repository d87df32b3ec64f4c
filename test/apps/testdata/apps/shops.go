package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	targets "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/pipelines"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

func shop(scope constructs.Construct) (awsec2.Vpc, elbv2.ApplicationLoadBalancer, elbv2.ApplicationListener, elbv2.ApplicationTargetGroup) {
	vpc := newVpc(scope)
	alb := newALB(scope, "Alb", vpc)
	tg := newTG(scope, "App", vpc)
	return vpc, alb, alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)}), tg
}

func init() {
	allow := []string{"POST /api/login", "GET /api/items/{id}"}
	// 10: microservices by path on one listener
	micro := func(low float64) func(in lab) (awscdk.Stack, elbv2.ApplicationListener, map[string]elbv2.ApplicationTargetGroup) {
		return func(in lab) (awscdk.Stack, elbv2.ApplicationListener, map[string]elbv2.ApplicationTargetGroup) {
			stack := newStack(in.app, "Shop")
			vpc, _, l, web := shop(stack)
			groups := map[string]elbv2.ApplicationTargetGroup{"web": web}
			for i, name := range []string{"orders", "users"} {
				groups[name] = newTG(stack, name, vpc)
				l.AddAction(s(name+"Rule"), &elbv2.AddApplicationActionProps{Priority: n(low + float64(i)),
					Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings("/"+name, "/"+name+"/*"))}, Action: forward(groups[name])})
			}
			return stack, l, groups
		}
	}
	cases["10-micro-low"] = func(in lab) {
		stack, l, g := micro(10)(in)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: g["web"], Allow: allow})
	}
	cases["10-micro-high"] = func(in lab) {
		stack, l, g := micro(1000)(in)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: g["web"], Allow: allow})
	}
	// one construct per service: the second one's default action is not its own
	cases["10-micro-three"] = func(in lab) {
		stack, l, g := micro(1000)(in)
		in.turn(stack, "WebMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: g["web"], Allow: allow})
		in.turn(stack, "OrdersMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: g["orders"], Allow: []string{"GET /orders/{id}"}, Priority: 200})
	}
	// with Hosts: rules above the band; the allowlist goes to one group only
	cases["10-micro-hosts"] = func(in lab) {
		stack, l, g := micro(1000)(in)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: g["web"], Hosts: []string{"shop.example.com"}, Allow: []string{"GET /orders/{id}", "POST /api/login"}})
	}
	// the only way that works: one construct per service, of which only the last
	// one switches
	cases["10-micro-hack"] = func(in lab) {
		stack, l, g := micro(1000)(in)
		hosts := []string{"shop.example.com"}
		in.turn(stack, "OrdersAllow", maintenancemode.Props{Listener: l, AppTargetGroup: g["orders"], Hosts: hosts, Allow: []string{"GET /orders/{id}"}, Priority: 100})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: g["web"], Hosts: hosts, Allow: []string{"POST /api/login"}, Priority: 200})
	}
	// 11: NLB in front of the ALB
	cases["11-nlb"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc, _, l, tg := shop(stack)
		nlb := elbv2.NewNetworkLoadBalancer(stack, s("Nlb"), &elbv2.NetworkLoadBalancerProps{Vpc: vpc})
		nl := nlb.AddListener(s("Tcp"), &elbv2.BaseNetworkListenerProps{Port: n(80)})
		nl.AddTargets(s("Alb"), &elbv2.AddNetworkTargetsProps{Port: n(80), Targets: &[]elbv2.INetworkLoadBalancerTarget{targets.NewAlbListenerTarget(l)}, HealthCheck: &elbv2.HealthCheck{Protocol: elbv2.Protocol_HTTP, Path: s("/healthz")}})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	cases["11-nlb-root-health"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc := newVpc(stack)
		alb := newALB(stack, "Alb", vpc)
		l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80)})
		tg := l.AddTargets(s("App"), &elbv2.AddApplicationTargetsProps{Port: n(80), Targets: &[]elbv2.IApplicationLoadBalancerTarget{newService(stack, "Svc", vpc)}})
		nlb := elbv2.NewNetworkLoadBalancer(stack, s("Nlb"), &elbv2.NetworkLoadBalancerProps{Vpc: vpc})
		nlb.AddListener(s("Tcp"), &elbv2.BaseNetworkListenerProps{Port: n(80)}).AddTargets(s("Alb"), &elbv2.AddNetworkTargetsProps{Port: n(80), Targets: &[]elbv2.INetworkLoadBalancerTarget{targets.NewAlbListenerTarget(l)}, HealthCheck: &elbv2.HealthCheck{Protocol: elbv2.Protocol_HTTP, Path: s("/")}})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg})
	}
	// 12: the listener is an NLB's: does not compile; nothing to run 13: nested,
	// stage, pipeline, environments
	cases["13-nested-all"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		nested := awscdk.NewNestedStack(stack, s("Edge"), nil)
		_, _, l, tg := shop(nested)
		in.turn(nested, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Guard: maintenancemode.Guard{Enabled: true}})
	}
	cases["13-nested-listener"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		nested := awscdk.NewNestedStack(stack, s("Edge"), nil)
		_, _, l, tg := shop(nested)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	cases["13-nested-construct"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		_, _, l, tg := shop(stack)
		nested := awscdk.NewNestedStack(stack, s("Switch"), nil)
		in.turn(nested, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	twice := func(scope constructs.Construct, account, region string) awscdk.Stage {
		stage := awscdk.NewStage(scope, s("Prod"+strings.ReplaceAll(region, "-", "")), &awscdk.StageProps{Env: &awscdk.Environment{Account: &account, Region: &region}})
		return stage
	}
	cases["13-stages"] = func(in lab) {
		for _, region := range []string{"eu-west-1", "ap-northeast-1"} {
			stage := twice(in.app, "111111111111", region)
			stack := newStack(stage, "Shop")
			vpc := awsec2.NewVpc(stack, s("Vpc"), &awsec2.VpcProps{NatGateways: n(0), AvailabilityZones: jsii.Strings(region+"a", region+"b")})
			alb := newALB(stack, "Alb", vpc)
			tg := newTG(stack, "App", vpc)
			l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)})
			in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Guard: maintenancemode.Guard{Enabled: true}})
		}
	}
	cases["13-pipeline"] = func(in lab) {
		stack := awscdk.NewStack(in.app, s("Pipeline"), &awscdk.StackProps{Env: &awscdk.Environment{Account: s("111111111111"), Region: s("eu-west-1")}})
		bucket := awss3.NewBucket(stack, s("Src"), nil)
		p := pipelines.NewCodePipeline(stack, s("P"), &pipelines.CodePipelineProps{Synth: pipelines.NewShellStep(s("Synth"), &pipelines.ShellStepProps{Input: pipelines.CodePipelineSource_S3(bucket, s("src.zip"), nil), Commands: jsii.Strings("npx cdk synth")})})
		stage := twice(in.app, "111111111111", "eu-west-1")
		inner := newStack(stage, "Shop")
		vpc := awsec2.NewVpc(inner, s("Vpc"), &awsec2.VpcProps{NatGateways: n(0), AvailabilityZones: jsii.Strings("eu-west-1a", "eu-west-1b")})
		alb := newALB(inner, "Alb", vpc)
		tg := newTG(inner, "App", vpc)
		l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)})
		in.turn(inner, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
		p.AddStage(stage, nil)
	}
	// 14: organisation's rules
	cases["14-org"] = func(in lab) {
		stack := awscdk.NewStack(in.app, s("Shop"), &awscdk.StackProps{Synthesizer: awscdk.NewDefaultStackSynthesizer(&awscdk.DefaultStackSynthesizerProps{Qualifier: s("acme")}),
			PermissionsBoundary: awscdk.PermissionsBoundary_FromName(s("acme-boundary"))})
		awscdk.Tags_Of(in.app).Add(s("cost-center"), s("4711"), nil)
		_, _, l, tg := shop(stack)
		m := in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Guard: maintenancemode.Guard{Enabled: true}, Bypass: maintenancemode.Bypass{Cookie: "staff"}})
		awsiam.PermissionsBoundary_Of(stack).Apply(awsiam.ManagedPolicy_FromManagedPolicyName(stack, s("Pb"), s("acme-boundary")))
		_ = m
	}
	cases["14-legacy"] = func(in lab) {
		stack := awscdk.NewStack(in.app, s("Shop"), &awscdk.StackProps{Synthesizer: awscdk.NewLegacyStackSynthesizer()})
		_, _, l, tg := shop(stack)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Guard: maintenancemode.Guard{Enabled: true}})
	}
	cases["14-nag"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		_, _, l, tg := shop(stack)
		sub := constructs.NewConstruct(stack, s("Sub"))
		in.turn(sub, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Guard: maintenancemode.Guard{Enabled: true}, Bypass: maintenancemode.Bypass{Cookie: "staff"}})
		awscdk.Aspects_Of(sub).Add(cdknag.NewAwsSolutionsChecks(nil), nil)
		awscdk.Aspects_Of(sub).Add(cdknag.NewNIST80053R5Checks(nil), nil)
	}
	// 15: extremes
	extreme := func(change func(p *maintenancemode.Props)) func(in lab) {
		return func(in lab) {
			stack := newStack(in.app, "Shop")
			_, _, l, tg := shop(stack)
			p := maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow}
			change(&p)
			in.turn(stack, "Maintenance", p)
		}
	}
	cases["15-message-5k"] = extreme(func(p *maintenancemode.Props) {
		p.Answer = maintenance.Answer{Message: map[string]string{"en": strings.Repeat("We are back soon. ", 290)}}
	})
	cases["15-message-3k9"] = extreme(func(p *maintenancemode.Props) {
		p.Answer = maintenance.Answer{Message: map[string]string{"en": strings.Repeat("x", 3990)}}
	})
	cases["15-60-patterns"] = extreme(func(p *maintenancemode.Props) {
		p.Allow = nil
		for i := range 60 {
			p.Allow = append(p.Allow, fmt.Sprintf("GET /api/r%d/{id}", i))
		}
	})
	cases["15-300-patterns"] = extreme(func(p *maintenancemode.Props) {
		p.Allow = nil
		for i := range 300 {
			p.Allow = append(p.Allow, fmt.Sprintf("GET /api/r%d/{id}", i))
		}
	})
	cases["15-unicode"] = extreme(func(p *maintenancemode.Props) {
		p.Allow = []string{"GET /報告/{id}", "GET /café", "GET /a b", "GET /%E5%A0%B1"}
	})
	cases["15-methods"] = extreme(func(p *maintenancemode.Props) {
		p.Allow = []string{"/api/login", "ANY /x", "get /y", "GET api/z", "GET /a/*", "GET /a/**", "GET /b/:id", "POST /login GET /x", "OPTIONS /api/", "GET /api/{id}.json", "GET ^/x$"}
	})
	cases["15-everything-wrong"] = extreme(func(p *maintenancemode.Props) {
		p.AppTargetGroup = nil
		p.Priority = 49950
		p.Mode = maintenance.ReadOnly
		p.Clients.Header = "X"
	})
	cases["15-until-past"] = extreme(func(p *maintenancemode.Props) {})
	cases["15-hosts-three"] = extreme(func(p *maintenancemode.Props) {
		p.Allow = nil
		p.Hosts = []string{"a.example.com", "b.example.com", "c.example.com"}
	})
	cases["15-one-host-two-clients"] = extreme(func(p *maintenancemode.Props) {
		p.Hosts = []string{"a.example.com"}
		p.Clients = maintenancemode.Clients{Header: "X-Client", Values: []string{"ios", "android"}}
	})
	// 16: other orders of definition
	cases["17-late-targets"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc := newVpc(stack)
		alb := newALB(stack, "Alb", vpc)
		tg := newTG(stack, "App", vpc)
		l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80)})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
		l.AddTargetGroups(s("x"), &elbv2.AddApplicationTargetGroupsProps{TargetGroups: &[]elbv2.IApplicationTargetGroup{tg}})
	}
	cases["17-grpc"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc := newVpc(stack)
		alb := newALB(stack, "Alb", vpc)
		l := alb.AddListener(s("Https"), &elbv2.BaseApplicationListenerProps{Port: n(443), Certificates: &[]elbv2.IListenerCertificate{elbv2.ListenerCertificate_FromArn(s("arn:aws:acm:eu-west-1:111111111111:certificate/abc"))}})
		tg := l.AddTargets(s("App"), &elbv2.AddApplicationTargetsProps{Port: n(50051), Protocol: elbv2.ApplicationProtocol_HTTP, ProtocolVersion: elbv2.ApplicationProtocolVersion_GRPC,
			Targets: &[]elbv2.IApplicationLoadBalancerTarget{newService(stack, "Svc", vpc)}, HealthCheck: &elbv2.HealthCheck{Path: s("/grpc.health.v1.Health/Check"), HealthyGrpcCodes: s("0")}})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: []string{"POST /shop.Login/Login"}})
	}
	// another team's rule in front: maintenance of a part, by path
	cases["17-part"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc, _, l, tg := shop(stack)
		_ = vpc
		_ = awsecs.ContainerImage_FromRegistry
		l.AddAction(s("Admin"), &elbv2.AddApplicationActionProps{Priority: n(5), Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings("/admin/*"))}, Action: elbv2.ListenerAction_FixedResponse(n(403), nil)})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
}
