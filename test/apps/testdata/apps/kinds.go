package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscodedeploy"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	actions "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2actions"
	targets "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

const (
	lArn  = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:listener/app/my/50dc6c495c0c9188/f2f7dc8efc522ab2"
	tgArn = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/my/73e2d6bc24d8a067"
)

func init() {
	allow := []string{"POST /api/login", "GET /api/items/{id}"}
	type stackKind struct {
		stack awscdk.Stack
		vpc   awsec2.Vpc
		alb   elbv2.ApplicationLoadBalancer
	}
	base := func(in lab) stackKind {
		stack := newStack(in.app, "Shop")
		vpc := newVpc(stack)
		return stackKind{stack, vpc, newALB(stack, "Alb", vpc)}
	}
	// 4: imported by ARN; both
	imported := func(guard bool, hosts ...string) func(in lab) {
		return func(in lab) {
			stack := newStack(in.app, "Shop")
			sg := awsec2.SecurityGroup_FromSecurityGroupId(stack, s("Sg"), s("sg-123"), nil)
			l := elbv2.ApplicationListener_FromApplicationListenerAttributes(stack, s("L"), &elbv2.ApplicationListenerAttributes{ListenerArn: s(lArn), SecurityGroup: sg})
			tg := elbv2.ApplicationTargetGroup_FromTargetGroupAttributes(stack, s("T"), &elbv2.TargetGroupAttributes{TargetGroupArn: s(tgArn)})
			in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Hosts: hosts,
				Guard: maintenancemode.Guard{Enabled: guard}})
		}
	}
	cases["04-imported"] = imported(false)
	cases["04-imported-guard-hosts"] = imported(true, "shop.example.com")
	cases["04-lookup"] = func(in lab) {
		stack := awscdk.NewStack(in.app, s("Shop"), &awscdk.StackProps{Env: &awscdk.Environment{Account: s("111111111111"), Region: s("eu-west-1")}})
		l := elbv2.ApplicationListener_FromLookup(stack, s("L"), &elbv2.ApplicationListenerLookupOptions{LoadBalancerTags: &map[string]*string{"app": s("shop")}, ListenerPort: n(443)})
		tg := elbv2.ApplicationTargetGroup_FromTargetGroupAttributes(stack, s("T"), &elbv2.TargetGroupAttributes{TargetGroupArn: s(tgArn)})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	// 5: listener in another stack
	cross := func(guard, hosts bool) func(in lab) {
		return func(in lab) {
			edge := newStack(in.app, "Edge")
			vpc := newVpc(edge)
			alb := newALB(edge, "Alb", vpc)
			tg := newTG(edge, "App", vpc)
			l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)})
			api := newStack(in.app, "Api")
			svc := newService(api, "Svc", vpc)
			tg.AddTarget(svc)
			p := maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Guard: maintenancemode.Guard{Enabled: guard}}
			if hosts {
				p.Hosts = []string{"shop.example.com"}
			}
			in.turn(api, "Maintenance", p)
		}
	}
	cases["05-cross-stack"] = cross(false, false)
	cases["05-cross-stack-guard"] = cross(true, false)
	cases["05-cross-stack-hosts"] = cross(true, true)
	// nothing is allowed, so that only the rule for reads forwards to the group
	// of the other stack
	cases["05-cross-stack-bare"] = func(in lab) {
		edge := newStack(in.app, "Edge")
		vpc := newVpc(edge)
		tg := newTG(edge, "App", vpc)
		l := newALB(edge, "Alb", vpc).AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_FixedResponse(n(404), nil)})
		in.turn(newStack(in.app, "Switch"), "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, NoHealthCheck: true,
			Hosts: []string{"shop.example.com"}, Guard: maintenancemode.Guard{Enabled: true}})
	}
	// maintenance in its own stack, listener and target group elsewhere
	cases["05-own-stack"] = func(in lab) {
		edge := newStack(in.app, "Edge")
		vpc := newVpc(edge)
		alb := newALB(edge, "Alb", vpc)
		tg := newTG(edge, "App", vpc)
		l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)})
		in.turn(newStack(in.app, "Switch"), "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	// target group in the service's stack, listener in the edge stack (the usual split), construct in edge
	cases["05-tg-in-app-stack"] = func(in lab) {
		edge := newStack(in.app, "Edge")
		vpc := newVpc(edge)
		alb := newALB(edge, "Alb", vpc)
		api := newStack(in.app, "Api")
		tg := newTG(api, "App", vpc)
		l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)})
		in.turn(edge, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	// 6: instances
	cases["06-asg"] = func(in lab) {
		b := base(in)
		asg := awsautoscaling.NewAutoScalingGroup(b.stack, s("Asg"), &awsautoscaling.AutoScalingGroupProps{Vpc: b.vpc,
			InstanceType: awsec2.NewInstanceType(s("t4g.small")), MachineImage: awsec2.MachineImage_LatestAmazonLinux2023(&awsec2.AmazonLinux2023ImageSsmParameterProps{CpuType: awsec2.AmazonLinuxCpuType_ARM_64}),
			VpcSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}})
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80)})
		tg := l.AddTargets(s("App"), &elbv2.AddApplicationTargetsProps{Port: n(80), Targets: &[]elbv2.IApplicationLoadBalancerTarget{asg}})
		asg.ScaleOnRequestCount(s("Rps"), &awsautoscaling.RequestCountScalingProps{TargetRequestsPerMinute: n(600)})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	cases["06-instance"] = func(in lab) {
		b := base(in)
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80)})
		tg := l.AddTargets(s("App"), &elbv2.AddApplicationTargetsProps{Port: n(80), Targets: &[]elbv2.IApplicationLoadBalancerTarget{targets.NewInstanceIdTarget(s("i-123"), n(80)), targets.NewInstanceIdTarget(s("i-456"), n(80))},
			StickinessCookieDuration: awscdk.Duration_Hours(n(1))})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	// 7: the app is a Lambda function
	cases["07-lambda-app"] = func(in lab) {
		b := base(in)
		fn := awslambda.NewFunction(b.stack, s("Fn"), &awslambda.FunctionProps{Runtime: awslambda.Runtime_NODEJS_22_X(), Handler: s("index.handler"), Code: awslambda.Code_FromInline(s("exports.handler=async()=>({statusCode:200})"))})
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80)})
		tg := l.AddTargets(s("App"), &elbv2.AddApplicationTargetsProps{Targets: &[]elbv2.IApplicationLoadBalancerTarget{targets.NewLambdaTarget(fn)}})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, ReadOnly: true})
	}
	// 8: weighted
	cases["08-weighted"] = func(in lab) {
		b := base(in)
		blue, green := newTG(b.stack, "Blue", b.vpc), newTG(b.stack, "Green", b.vpc)
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_WeightedForward(&[]*elbv2.WeightedTargetGroup{{TargetGroup: blue, Weight: n(90)}, {TargetGroup: green, Weight: n(10)}}, nil)})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blue, Allow: allow})
	}
	cases["08-weighted-hosts"] = func(in lab) {
		b := base(in)
		blue, green := newTG(b.stack, "Blue", b.vpc), newTG(b.stack, "Green", b.vpc)
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_WeightedForward(&[]*elbv2.WeightedTargetGroup{{TargetGroup: blue, Weight: n(90)}, {TargetGroup: green, Weight: n(10)}}, nil)})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blue, Allow: allow, Hosts: []string{"shop.example.com"}})
	}
	cases["08-sticky-forward"] = func(in lab) {
		b := base(in)
		tg := newTG(b.stack, "App", b.vpc)
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{tg}, &elbv2.ForwardOptions{StickinessDuration: awscdk.Duration_Hours(n(1))})})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	// ECS native blue/green as in CDK's documentation
	bluegreen := func(hosts ...string) func(in lab) {
		return func(in lab) {
			b := base(in)
			cluster := awsecs.NewCluster(b.stack, s("Cluster"), &awsecs.ClusterProps{Vpc: b.vpc})
			task := awsecs.NewFargateTaskDefinition(b.stack, s("Task"), nil)
			task.AddContainer(s("web"), &awsecs.ContainerDefinitionOptions{Image: awsecs.ContainerImage_FromRegistry(s("nginx"), nil), PortMappings: &[]*awsecs.PortMapping{{ContainerPort: n(8080)}}})
			svc := awsecs.NewFargateService(b.stack, s("Svc"), &awsecs.FargateServiceProps{Cluster: cluster, TaskDefinition: task, DeploymentStrategy: awsecs.DeploymentStrategy_BLUE_GREEN})
			blue, green := newTG(b.stack, "Blue", b.vpc), newTG(b.stack, "Green", b.vpc)
			l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(blue)})
			if len(hosts) > 0 {
				l = b.alb.AddListener(s("Http2"), &elbv2.BaseApplicationListenerProps{Port: n(81), Protocol: elbv2.ApplicationProtocol_HTTP, DefaultAction: elbv2.ListenerAction_FixedResponse(n(404), nil)})
			}
			rule := elbv2.NewApplicationListenerRule(b.stack, s("Prod"), &elbv2.ApplicationListenerRuleProps{Listener: l, Priority: n(1000),
				Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings("*"))},
				Action:     elbv2.ListenerAction_WeightedForward(&[]*elbv2.WeightedTargetGroup{{TargetGroup: blue, Weight: n(100)}, {TargetGroup: green, Weight: n(0)}}, nil)})
			t := svc.LoadBalancerTarget(&awsecs.LoadBalancerTargetOptions{ContainerName: s("web"), ContainerPort: n(8080),
				AlternateTarget: awsecs.NewAlternateTarget(s("Alt"), &awsecs.AlternateTargetProps{AlternateTargetGroup: green, ProductionListener: awsecs.ListenerRuleConfiguration_ApplicationListenerRule(rule)})})
			t.AttachToApplicationTargetGroup(blue)
			in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blue, Allow: allow, Hosts: hosts})
		}
	}
	cases["08-ecs-bluegreen"] = bluegreen()
	cases["08-ecs-bluegreen-hosts"] = bluegreen("shop.example.com")
	cases["08-codedeploy"] = func(in lab) {
		b := base(in)
		cluster := awsecs.NewCluster(b.stack, s("Cluster"), &awsecs.ClusterProps{Vpc: b.vpc})
		task := awsecs.NewFargateTaskDefinition(b.stack, s("Task"), nil)
		task.AddContainer(s("web"), &awsecs.ContainerDefinitionOptions{Image: awsecs.ContainerImage_FromRegistry(s("nginx"), nil), PortMappings: &[]*awsecs.PortMapping{{ContainerPort: n(8080)}}})
		svc := awsecs.NewFargateService(b.stack, s("Svc"), &awsecs.FargateServiceProps{Cluster: cluster, TaskDefinition: task, DeploymentController: &awsecs.DeploymentController{Type: awsecs.DeploymentControllerType_CODE_DEPLOY}})
		blue, green := newTG(b.stack, "Blue", b.vpc), newTG(b.stack, "Green", b.vpc)
		l := b.alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(blue)})
		svc.AttachToApplicationTargetGroup(blue)
		awscodedeploy.NewEcsDeploymentGroup(b.stack, s("Dg"), &awscodedeploy.EcsDeploymentGroupProps{Service: svc,
			BlueGreenDeploymentConfig: &awscodedeploy.EcsBlueGreenDeploymentConfig{BlueTargetGroup: blue, GreenTargetGroup: green, Listener: l}})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blue, Allow: allow})
	}
	// 9: authentication
	auth := func(elsewhere bool, hosts ...string) func(in lab) {
		return func(in lab) {
			b := base(in)
			users := b.stack
			if elsewhere {
				users = newStack(in.app, "Users")
			}
			pool := awscognito.NewUserPool(users, s("Pool"), nil)
			client := pool.AddClient(s("Client"), &awscognito.UserPoolClientOptions{GenerateSecret: jsii.Bool(true)})
			domain := pool.AddDomain(s("Domain"), &awscognito.UserPoolDomainOptions{CognitoDomain: &awscognito.CognitoDomainOptions{DomainPrefix: s("shop")}})
			tg := newTG(b.stack, "App", b.vpc)
			l := b.alb.AddListener(s("Https"), &elbv2.BaseApplicationListenerProps{Port: n(443),
				Certificates:  &[]elbv2.IListenerCertificate{elbv2.ListenerCertificate_FromArn(s("arn:aws:acm:eu-west-1:111111111111:certificate/abc"))},
				DefaultAction: actions.NewAuthenticateCognitoAction(&actions.AuthenticateCognitoActionProps{UserPool: pool, UserPoolClient: client, UserPoolDomain: domain, Next: forward(tg)})})
			in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Hosts: hosts})
		}
	}
	cases["09-cognito"] = auth(false)
	cases["09-cognito-elsewhere"] = auth(true)
	cases["09-cognito-hosts"] = auth(false, "shop.example.com")
	cases["09-cognito-elsewhere-hosts"] = auth(true, "shop.example.com")
	cases["09-oidc"] = func(in lab) {
		b := base(in)
		tg := newTG(b.stack, "App", b.vpc)
		l := b.alb.AddListener(s("Https"), &elbv2.BaseApplicationListenerProps{Port: n(443),
			Certificates: &[]elbv2.IListenerCertificate{elbv2.ListenerCertificate_FromArn(s("arn:aws:acm:eu-west-1:111111111111:certificate/abc"))},
			DefaultAction: elbv2.ListenerAction_AuthenticateOidc(&elbv2.AuthenticateOidcOptions{AuthorizationEndpoint: s("https://idp/a"), ClientId: s("x"), ClientSecret: awscdk.SecretValue_SecretsManager(s("oidc"), nil),
				Issuer: s("https://idp"), TokenEndpoint: s("https://idp/t"), UserInfoEndpoint: s("https://idp/u"), Next: forward(tg)})})
		in.turn(b.stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg})
	}
}
