package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

// path adds a rule for paths to a listener.
func path(scope constructs.Construct, l elbv2.IApplicationListener, id string, priority float64, tg elbv2.IApplicationTargetGroup, paths ...string) elbv2.ApplicationListenerRule {
	return elbv2.NewApplicationListenerRule(scope, &id, &elbv2.ApplicationListenerRuleProps{
		Listener: l, Priority: &priority,
		Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings(paths...))}, Action: forward(tg),
	})
}

func init() {
	allow := []string{"POST /api/login", "GET /api/items/{id}"}
	orders := []string{"GET /orders/{id}"}

	// Microservices by path, closed together.
	cases["10-micro-services"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc, _, l, web := shop(stack)
		groups := []maintenancemode.Service{{TargetGroup: newTG(stack, "orders", vpc), Allow: orders}, {TargetGroup: newTG(stack, "users", vpc)}}
		path(stack, l, "OrdersRule", 1000, groups[0].TargetGroup, "/orders", "/orders/*")
		path(stack, l, "UsersRule", 1001, groups[1].TargetGroup, "/users", "/users/*")
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: l, AppTargetGroup: web, Allow: allow, Services: groups, WithoutUpgrades: true,
			Bypass: maintenancemode.Bypass{Header: "X-Staff", Cookie: "staff"}, Guard: maintenancemode.Guard{Enabled: true},
		})
	}
	// The same with hosts, and users left open.
	cases["10-micro-services-hosts"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc, _, l, web := shop(stack)
		groups := []maintenancemode.Service{{TargetGroup: newTG(stack, "orders", vpc), Allow: orders}}
		users := newTG(stack, "users", vpc)
		path(stack, l, "OrdersRule", 1000, groups[0].TargetGroup, "/orders", "/orders/*")
		path(stack, l, "UsersRule", 10, users, "/users", "/users/*")
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: l, AppTargetGroup: web, Allow: allow, Services: groups, Hosts: []string{"shop.example.com", "*.shop.example.com"},
			KeepOpen: []constructs.IConstruct{users},
		})
	}
	// A rule with many conditions, and a rule with more than a rule for reads can
	// hold.
	full := func(headers ...string) func(in lab) {
		return func(in lab) {
			stack := newStack(in.app, "Shop")
			vpc, _, l, web := shop(stack)
			users := newTG(stack, "users", vpc)
			conditions := []elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings("/users/*")), elbv2.ListenerCondition_HostHeaders(jsii.Strings("shop.example.com"))}
			for _, name := range headers {
				conditions = append(conditions, elbv2.ListenerCondition_HttpHeader(&name, jsii.Strings("eu")))
			}
			elbv2.NewApplicationListenerRule(stack, s("UsersRule"), &elbv2.ApplicationListenerRuleProps{Listener: l, Priority: n(1000), Action: forward(users), Conditions: &conditions})
			in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: web, Services: []maintenancemode.Service{{TargetGroup: users}}})
		}
	}
	cases["10-micro-wide-rule"] = full("X-Region")
	cases["10-micro-full-rule"] = full("X-Region", "X-Zone", "X-Cell")
	cases["01-multi-services"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		web := awsecspatterns.NewApplicationMultipleTargetGroupsFargateService(stack, s("Web"), &awsecspatterns.ApplicationMultipleTargetGroupsFargateServiceProps{
			Vpc: newVpc(stack), MemoryLimitMiB: n(512), Cpu: n(256),
			TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageProps{Image: awsecs.ContainerImage_FromRegistry(s("nginx"), nil), ContainerPorts: &[]*float64{n(80), n(90)}},
			TargetGroups: &[]*awsecspatterns.ApplicationTargetProps{
				{ContainerPort: n(80)},
				{ContainerPort: n(90), PathPattern: s("/admin/*"), Priority: n(1000)},
			},
		})
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: web.Listener(), AppTargetGroup: web.TargetGroup(), Services: []maintenancemode.Service{{TargetGroup: (*web.TargetGroups())[1]}},
		})
	}
	cases["02-both"] = func(in lab) {
		stack, l80, l443, tg := twoListeners(in)
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: l443, Listeners: []elbv2.IApplicationListener{l80}, AppTargetGroup: tg, Allow: allow,
			Bypass: maintenancemode.Bypass{Cookie: "staff"}, Guard: maintenancemode.Guard{Enabled: true},
		})
	}
	cases["22-default-404"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc := newVpc(stack)
		l := newALB(stack, "Alb", vpc).AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_FixedResponse(n(404), nil)})
		api, web := newTG(stack, "Api", vpc), newTG(stack, "Web", vpc)
		path(stack, l, "ApiRule", 1000, api, "/api/*")
		path(stack, l, "WebRule", 1001, web, "/web/*", "/static/*", "/favicon.ico")
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: l, AppTargetGroup: web, Services: []maintenancemode.Service{{TargetGroup: api, Allow: allow}},
		})
	}

	// An existing rule, and a pattern that would match it.
	cases["20-after"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc, _, l, web := shop(stack)
		path(stack, l, "OrdersRule", 1000, newTG(stack, "orders", vpc), "/orders/*")
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: web, Allow: orders})
	}

	// Rules of another stack on the listener.
	foreign := func(priority float64, before bool, hosts ...string) func(in lab) {
		return func(in lab) {
			stack := newStack(in.app, "Edge")
			vpc, _, l, tg := shop(stack)
			other := newStack(in.app, "Neighbour")
			add := func() { path(other, l, "Theirs", priority, newTG(other, "TheirGroup", vpc), "/theirs/*") }
			if before {
				add()
			}
			in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, Hosts: hosts})
			if !before {
				add()
			}
		}
	}
	cases["05-foreign-in-band"] = foreign(150, false)
	cases["05-foreign-to-app"] = func(in lab) {
		stack := newStack(in.app, "Edge")
		_, _, l, tg := shop(stack)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
		path(newStack(in.app, "Neighbour"), l, "Theirs", 1000, tg, "/theirs/*")
	}
	cases["05-foreign-before-hosts"] = foreign(5, true, "shop.example.com")
	cases["05-foreign-after-hosts"] = foreign(1000, true, "shop.example.com")

	cases["13-two-stacks"] = func(in lab) {
		for _, id := range []string{"Blue", "Green"} {
			stack := newStack(in.app, id)
			_, _, l, tg := shop(stack)
			in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow, RuleQuota: 10})
		}
	}
	cases["03-two-flags"] = func(in lab) {
		stack := newStack(in.app, "Shared")
		vpc := newVpc(stack)
		l := newALB(stack, "Alb", vpc).AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_FixedResponse(n(404), nil)})
		for i, name := range []string{"shop", "blog"} {
			tg := newTG(stack, name, vpc)
			host := name + ".example.com"
			l.AddAction(s(name+"Rule"), &elbv2.AddApplicationActionProps{Priority: n(float64(1000 + i)), Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_HostHeaders(jsii.Strings(host))}, Action: forward(tg)})
			in.turn(stack, strings.ToUpper(name[:1])+name[1:], maintenancemode.Props{Listener: l, AppTargetGroup: tg, Hosts: []string{host}, Priority: 100 * (i + 1)}, name)
		}
	}
	cases["13-regions"] = func(in lab) {
		for _, region := range []string{"eu-west-1", "ap-northeast-1"} {
			stack := awscdk.NewStack(in.app, s("Shop-"+region), &awscdk.StackProps{Env: &awscdk.Environment{Region: &region}})
			_, _, l, tg := shop(stack)
			in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
		}
	}
	cases["21-l1-listener"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		vpc := newVpc(stack)
		balancer, tg := newALB(stack, "Alb", vpc), newTG(stack, "App", vpc)
		l := balancer.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_FixedResponse(n(404), nil)})
		l.Node().DefaultChild().(elbv2.CfnListener).SetDefaultActions([]any{&elbv2.CfnListener_ActionProperty{Type: s("forward"), TargetGroupArn: tg.TargetGroupArn()}})
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow})
	}
	cases["15-five-hosts"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		_, _, l, tg := shop(stack)
		in.turn(stack, "Maintenance", maintenancemode.Props{
			Listener: l, AppTargetGroup: tg, Allow: allow, Bypass: maintenancemode.Bypass{Cookie: "staff"},
			Hosts:   []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com", "f.example.com"},
			Clients: maintenancemode.Clients{Header: "X-Client", Values: []string{"ios", "android", "windows"}},
		})
	}
	cases["15-no-health"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		_, _, l, tg := shop(stack)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, NoHealthCheck: true})
	}
	cases["15-notes"] = func(in lab) {
		stack := newStack(in.app, "Shop")
		_, _, l, tg := shop(stack)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: []string{"ANY /x", "GET /b/:id"}})
	}
}
