package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

func twoListeners(in lab) (awscdk.Stack, elbv2.ApplicationListener, elbv2.ApplicationListener, elbv2.ApplicationTargetGroup) {
	stack := newStack(in.app, "Shop")
	vpc := newVpc(stack)
	alb := newALB(stack, "Alb", vpc)
	tg := newTG(stack, "App", vpc)
	l80 := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: forward(tg)})
	l443 := alb.AddListener(s("Https"), &elbv2.BaseApplicationListenerProps{Port: n(443), DefaultAction: forward(tg),
		Certificates: &[]elbv2.IListenerCertificate{elbv2.ListenerCertificate_FromArn(s("arn:aws:acm:eu-west-1:111111111111:certificate/abc"))}})
	return stack, l80, l443, tg
}

func init() {
	allow := []string{"POST /api/login", "GET /api/items/{id}"}
	// 2: both listeners serve the app: two constructs
	cases["02-two-constructs"] = func(in lab) {
		stack, l80, l443, tg := twoListeners(in)
		for i, id := range []string{"MaintenanceHttp", "MaintenanceHttps"} {
			l := []elbv2.ApplicationListener{l80, l443}[i]
			in.turn(stack, id, maintenancemode.Props{Listener: l, AppTargetGroup: tg, Allow: allow,
				Bypass: maintenancemode.Bypass{Cookie: "staff"}, Guard: maintenancemode.Guard{Enabled: true}})
		}
	}
	// only one of the two listeners that serve the app
	cases["02-one-of-two"] = func(in lab) {
		stack, _, l443, tg := twoListeners(in)
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l443, AppTargetGroup: tg, Allow: allow})
	}
	// the quota is the load balancer's: 60 rules on each listener
	cases["02-quota"] = func(in lab) {
		stack, l80, l443, tg := twoListeners(in)
		var many []string
		for i := range 60 {
			many = append(many, fmt.Sprintf("GET /api/v%d/items/{id}/x", i))
		}
		_ = many
		// 60 other rules on the plain listener
		for i := range 90 {
			l80.AddAction(s(fmt.Sprintf("R%d", i)), &elbv2.AddApplicationActionProps{Priority: n(float64(1000 + i)),
				Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings(fmt.Sprintf("/old/%d", i)))},
				Action:     elbv2.ListenerAction_FixedResponse(n(410), nil)})
		}
		in.turn(stack, "Maintenance", maintenancemode.Props{Listener: l443, AppTargetGroup: tg, Allow: many})
	}
	// 3: shared listener, two products by host
	shared := func(in lab) (awscdk.Stack, awsec2.Vpc, elbv2.ApplicationListener, elbv2.ApplicationTargetGroup, elbv2.ApplicationTargetGroup) {
		stack := newStack(in.app, "Shared")
		vpc := newVpc(stack)
		alb := newALB(stack, "Alb", vpc)
		l := alb.AddListener(s("Http"), &elbv2.BaseApplicationListenerProps{Port: n(80), DefaultAction: elbv2.ListenerAction_FixedResponse(n(404), nil)})
		return stack, vpc, l, newTG(stack, "Shop", vpc), newTG(stack, "Blog", vpc)
	}
	hostRule := func(l elbv2.ApplicationListener, id string, priority float64, tg elbv2.IApplicationTargetGroup, hosts ...string) {
		l.AddAction(&id, &elbv2.AddApplicationActionProps{Priority: &priority,
			Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_HostHeaders(jsii.Strings(hosts...))}, Action: forward(tg)})
	}
	cases["03-shared-two"] = func(in lab) {
		stack, _, l, shop, blog := shared(in)
		hostRule(l, "ShopRule", 1000, shop, "shop.example.com")
		hostRule(l, "BlogRule", 1010, blog, "blog.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"shop.example.com"}, Allow: allow})
		in.turn(stack, "BlogMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blog, Hosts: []string{"blog.example.com"}, Priority: 200})
	}
	// usual priorities: 1, 2
	cases["03-shared-low-priorities"] = func(in lab) {
		stack, _, l, shop, blog := shared(in)
		hostRule(l, "ShopRule", 1, shop, "shop.example.com")
		hostRule(l, "BlogRule", 2, blog, "blog.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"shop.example.com"}, Allow: allow})
	}
	// Priority is missing for the second
	cases["03-shared-same-band"] = func(in lab) {
		stack, _, l, shop, blog := shared(in)
		hostRule(l, "ShopRule", 1000, shop, "shop.example.com")
		hostRule(l, "BlogRule", 1010, blog, "blog.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"shop.example.com"}, Allow: allow})
		in.turn(stack, "BlogMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blog, Hosts: []string{"blog.example.com"}, Allow: allow})
	}
	// bands overlap, but at present no priority is used twice
	cases["03-shared-overlapping-bands"] = func(in lab) {
		stack, _, l, shop, blog := shared(in)
		hostRule(l, "ShopRule", 1000, shop, "shop.example.com")
		hostRule(l, "BlogRule", 1010, blog, "blog.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"shop.example.com"}})
		in.turn(stack, "BlogMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: blog, Hosts: []string{"blog.example.com"}, Priority: 150})
	}
	// one product closed, the other not: how with one flag?
	cases["03-forgot-hosts"] = func(in lab) {
		stack, _, l, shop, blog := shared(in)
		hostRule(l, "ShopRule", 1000, shop, "shop.example.com")
		hostRule(l, "BlogRule", 1010, blog, "blog.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Allow: allow})
	}
	// wildcard hosts, many hosts
	cases["03-wildcard-hosts"] = func(in lab) {
		stack, _, l, shop, blog := shared(in)
		hostRule(l, "ShopRule", 1000, shop, "*.shop.example.com", "shop.example.com")
		hostRule(l, "BlogRule", 1010, blog, "blog.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"*.shop.example.com", "shop.example.com"}, Allow: allow,
			Clients: maintenancemode.Clients{Header: "X-Client", Values: []string{"ios", "android"}}, ReadOnly: true})
	}
	cases["03-hosts-five"] = func(in lab) {
		stack, _, l, shop, _ := shared(in)
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"a.example.com", "b.example.com", "c.example.com", "d.example.com", "e.example.com"}, Allow: allow})
	}
	cases["03-hosts-three-clients"] = func(in lab) {
		stack, _, l, shop, _ := shared(in)
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"a.example.com", "b.example.com", "c.example.com"}, Allow: allow,
			Clients: maintenancemode.Clients{Header: "X-Client", Values: []string{"ios", "android"}}})
	}
	cases["03-hosts-port-and-upper"] = func(in lab) {
		stack, _, l, shop, _ := shared(in)
		hostRule(l, "ShopRule", 1000, shop, "shop.example.com")
		in.turn(stack, "ShopMaintenance", maintenancemode.Props{Listener: l, AppTargetGroup: shop, Hosts: []string{"https://Shop.example.com:443/"}, Allow: allow})
	}
}
