package maintenancemode_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// rule adds another team's rule to the listener.
func (p product) rule(id string, priority int, hosts ...string) elbv2.CfnListenerRule {
	return p.ruleTo(p.targetGroup(id+"Group"), id, priority, hosts...)
}

func (p product) ruleTo(target elbv2.ApplicationTargetGroup, id string, priority int, hosts ...string) elbv2.CfnListenerRule {
	conditions := []any{&elbv2.CfnListenerRule_RuleConditionProperty{
		Field:             jsii.String("path-pattern"),
		PathPatternConfig: &elbv2.CfnListenerRule_PathPatternConfigProperty{Values: jsii.Strings("/other/*")},
	}}
	if len(hosts) > 0 {
		conditions = append(conditions, &elbv2.CfnListenerRule_RuleConditionProperty{
			Field:            jsii.String("host-header"),
			HostHeaderConfig: &elbv2.CfnListenerRule_HostHeaderConfigProperty{Values: jsii.Strings(hosts...)},
		})
	}
	return elbv2.NewCfnListenerRule(p.stack, &id, &elbv2.CfnListenerRuleProps{
		ListenerArn: p.listener.ListenerArn(),
		Priority:    jsii.Number(priority),
		Conditions:  conditions,
		Actions:     []any{&elbv2.CfnListenerRule_ActionProperty{Type: jsii.String("forward"), TargetGroupArn: target.TargetGroupArn()}},
	})
}

func TestNew_ErrorsAtSynthesis(t *testing.T) {
	many := make([]string, 401)
	for i := range many {
		many[i] = fmt.Sprintf("POST /api/v1/thing%d", i)
	}
	tests := []struct {
		name   string
		define func(p product)
		want   string
	}{
		{"read-only that is not prepared",
			func(p product) { p.new(maintenancemode.Props{Mode: maintenance.ReadOnly}) },
			"maintenancemode Product/Maintenance: Mode: the listener is not prepared for read-only: set ReadOnly"},
		{"a pattern without a method",
			func(p product) { p.new(maintenancemode.Props{Allow: []string{"/api/login"}}) },
			`maintenancemode Product/Maintenance: allow[0] "/api/login": a method is required`},
		{"more rules than the band has room for",
			func(p product) { p.new(maintenancemode.Props{Allow: many}) },
			"maintenancemode Product/Maintenance: Allow compiles to 101 rules, a band has room for 76"},
		{"a status document without encryption",
			func(p product) {
				p.new(maintenancemode.Props{Status: maintenancemode.Status{URL: "http://app.example.com/maintenance.json"}})
			},
			`Status.URL: want an address such as https://app.example.com/maintenance.json, got "http://app.example.com/maintenance.json"`},
		{"a status document at no path",
			func(p product) {
				p.new(maintenancemode.Props{Status: maintenancemode.Status{URL: "https://app.example.com/"}})
			},
			`Status.URL: want an address such as https://app.example.com/maintenance.json, got "https://app.example.com/"`},
		{"an announcement that nobody keeps",
			func(p product) {
				p.new(maintenancemode.Props{Status: maintenancemode.Status{Announce: maintenance.Announcement{From: time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)}}})
			},
			"Status.Announce needs Status.Bucket, where the document is kept"},
		{"an announcement without a beginning",
			func(p product) {
				p.new(maintenancemode.Props{Status: maintenancemode.Status{Bucket: p.bucket(), Announce: maintenance.Announcement{Message: map[string]string{"en": "Soon."}}}})
			},
			"Status.Announce: want from, the planned beginning, with until or a message"},
		{"more rules than the quota",
			func(p product) { p.new(maintenancemode.Props{Allow: many[:16], RuleQuota: 4}) },
			"the load balancer has 5 rules, its quota is 4"},
		{"more rules than the quota once it is closed",
			func(p product) { p.new(maintenancemode.Props{Allow: many[:16], RuleQuota: 5, ReadOnly: true}) },
			"the load balancer has 6 rules, its quota is 5"},
		{"another rule to the app, which maintenance would not stop",
			func(p product) { p.new(maintenancemode.Props{}); p.ruleTo(p.app, "Mine", 300) },
			`the ways of Product/Alb/Listener to AppTargetGroup were changed after MaintenanceMode was made, from ["Product/Alb/Listener to Product/App"] to ["Product/Mine path \"/other/*\" to Product/App",`},
		{"a bypass for everybody",
			func(p product) {
				p.new(maintenancemode.Props{Bypass: maintenancemode.Bypass{CIDRs: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}})
			},
			"Bypass.CIDRs[0]: want a network of operators, got 0.0.0.0/0, which is everybody"},
		{"a cookie name that would be a wildcard",
			func(p product) { p.new(maintenancemode.Props{Bypass: maintenancemode.Bypass{Cookie: "b*p"}}) },
			`Bypass.Cookie: want the name of a cookie such as maintenance-bypass: letters, digits, hyphens and underscores, at most 64, got "b*p"`},
		{"a typing error in the flag's name",
			func(p product) {
				app := awscdk.NewApp(&awscdk.AppProps{Context: &map[string]any{"maintenence": "true"}})
				_, err := maintenancemode.ReadFlags(app)
				panic(err)
			},
			`unknown context key "maintenence": want maintenance, maintenance-message, maintenance-until or maintenance-guard`},
		{"a maintenance that CloudWatch cannot watch over",
			func(p product) { p.new(maintenancemode.Props{ExpectedDuration: 25 * time.Hour}) },
			"ExpectedDuration: want steps of 5m from 5m to 24h, since CloudWatch looks back no further for an alarm, got 25h0m0s"},
		{"a priority outside ALB's",
			func(p product) { p.new(maintenancemode.Props{Priority: 49902}) },
			"Priority must be 1 to 49901, got 49902"},
		{"a rule of the app inside the band",
			func(p product) { p.rule("Mine", 150); p.new(maintenancemode.Props{}) },
			"[Product/Maintenance] priority 150 of Product/Mine lies in the band 100 to 199"},
		{"a rule of the app on the same priority, added afterwards",
			func(p product) { p.new(maintenancemode.Props{Allow: []string{"GET /a"}}); p.rule("Mine", 100) },
			"priority 100 is taken twice on the listener, by Product/Maintenance/Allow0 and Product/Mine"},
		{"a rule before the band that maintenance would not stop",
			func(p product) {
				p.rule("Mine", 5, "*.example.com")
				p.new(maintenancemode.Props{Hosts: []string{"app.example.com"}})
			},
			`priority 5 of Product/Mine comes before the band 100 to 199 and can match ["app.example.com"]`},
		{"a default action that is not the app's",
			func(p product) {
				other := p.targetGroup("Other")
				listener := p.alb.AddListener(jsii.String("Second"), &elbv2.BaseApplicationListenerProps{
					Port: jsii.Number(81), Protocol: elbv2.ApplicationProtocol_HTTP, DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{other}, nil),
				})
				maintenancemode.New(p.stack, "Maintenance", maintenancemode.Props{Listener: listener, AppTargetGroup: p.app})
			},
			"nothing on Product/Alb/Second forwards to AppTargetGroup: its default action is"},
		{"a default action changed afterwards",
			func(p product) {
				p.new(maintenancemode.Props{})
				p.listener.AddAction(jsii.String("Fixed"), &elbv2.AddApplicationActionProps{Action: elbv2.ListenerAction_FixedResponse(jsii.Number(404), nil)})
			},
			"nothing on Product/Alb/Listener forwards to AppTargetGroup: its default action is"},
		{"clients without a value",
			func(p product) {
				p.new(maintenancemode.Props{Clients: maintenancemode.Clients{Header: "X-Client"}})
			},
			`Clients.Values: missing: want values of the header "X-Client"`},
		{"a header name that ALB refuses",
			func(p product) {
				p.new(maintenancemode.Props{Bypass: maintenancemode.Bypass{Header: strings.Repeat("X", 41)}})
			},
			"letters, digits and hyphens, at most 40"},
		{"an answer that is too large for the function",
			func(p product) {
				p.new(maintenancemode.Props{Answer: maintenance.Answer{Message: map[string]string{"en": strings.Repeat("x", 5000)}}})
			},
			"maintenancemode Product/Maintenance: Answer: "},
		{"no listener",
			func(p product) {
				maintenancemode.New(p.stack, "Maintenance", maintenancemode.Props{AppTargetGroup: p.app})
			},
			"maintenancemode Product/Maintenance: Listener is required"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := synth(test.define)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestNew_BuildsNothingOnAnError(t *testing.T) {
	var left int
	_, err := synth(func(p product) {
		defer func() {
			r := recover()
			for _, child := range *p.stack.Node().Children() {
				if *child.Node().Id() == "Maintenance" {
					left++
				}
			}
			panic(r)
		}()
		p.new(maintenancemode.Props{Allow: []string{"GET /a*"}})
	})
	if err == nil || left != 0 {
		t.Errorf("got error %v and %d constructs, want an error and none", err, left)
	}
}

func TestNeighboursThatDoNotCollide(t *testing.T) {
	tests := []struct {
		name   string
		define func(p product)
	}{
		{"a rule after the band", func(p product) {
			kept := p.rule("Mine", 200)
			p.new(maintenancemode.Props{KeepOpen: []constructs.IConstruct{kept}})
		}},
		{"a rule before the band, for another host", func(p product) {
			p.rule("Mine", 5, "other.example.com", "*.example.org")
			p.new(maintenancemode.Props{Hosts: []string{"app.example.com"}})
		}},
		{"the same priority on another listener", func(p product) {
			second := p.alb.AddListener(jsii.String("Second"), &elbv2.BaseApplicationListenerProps{
				Port: jsii.Number(81), Protocol: elbv2.ApplicationProtocol_HTTP, DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{p.app}, nil),
			})
			p.new(maintenancemode.Props{Allow: []string{"GET /a"}, KeepOpen: []constructs.IConstruct{second}})
			p.listener = second
			p.rule("Mine", 100)
		}},
		{"two constructs on one listener, each with hosts and a band of its own", func(p product) {
			for i, host := range []string{"a.example.com", "b.example.com"} {
				maintenancemode.New(p.stack, host, maintenancemode.Props{
					Listener: p.listener, AppTargetGroup: p.app, Hosts: []string{host}, Priority: 100 * (i + 1), Mode: maintenance.Closed,
				})
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := synth(test.define); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFlags(t *testing.T) {
	tests := []struct {
		name    string
		context map[string]any
		want    string
		err     string
	}{
		{"nothing given", nil, "<nil>  0001-01-01T00:00:00Z", ""},
		{"true as text", map[string]any{"maintenance": "true"}, "closed  0001-01-01T00:00:00Z", ""},
		{"true as a boolean", map[string]any{"maintenance": true}, "closed  0001-01-01T00:00:00Z", ""},
		{"false as a boolean", map[string]any{"maintenance": false}, "open  0001-01-01T00:00:00Z", ""},
		{"read-only with a message and an end", map[string]any{"maintenance": "read-only", "maintenance-message": "Soon.", "maintenance-until": "2026-12-01T04:00:00+09:00"},
			"read-only Soon. 2026-12-01T04:00:00+09:00", ""},
		{"a typing error", map[string]any{"maintenance": "ture"}, "", `-c maintenance: unknown mode "ture": want false, read-only or true`},
		{"a typing error in the name", map[string]any{"Maintenace": "true"}, "", `unknown context key "Maintenace": want maintenance, maintenance-message, maintenance-until or maintenance-guard`},
		{"another team's keys", map[string]any{"maintainer": "team-a", "main": "x", "tenants": "3", "@aws-cdk/core:x": true}, "<nil>  0001-01-01T00:00:00Z", ""},
		{"nothing after the equals sign", map[string]any{"maintenance": ""}, "", `-c maintenance: unknown mode "": want false, read-only or true`},
		{"a number", map[string]any{"maintenance": 1}, "", "-c maintenance: unknown mode 1: want false, read-only or true"},
		{"an end that is not a time", map[string]any{"maintenance-until": "tomorrow"}, "", `-c maintenance-until: "tomorrow" is not a time such as 2026-12-01T04:00:00+09:00`},
		{"flags of a switch that has a name, and keys of other people", map[string]any{"shop-maintenance": "true", "maintenance-page": "x", "maintenanceMode": true}, "<nil>  0001-01-01T00:00:00Z", ""},
		{"two mistakes", map[string]any{"maintenance": "on", "maintenance-until": "4am"}, "", "-c maintenance-until: \"4am\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			app := awscdk.NewApp(&awscdk.AppProps{Context: &test.context})
			flags, err := maintenancemode.ReadFlags(app)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %s", err, test.err)
				}
				return
			}
			mode := "<nil>"
			if flags.Mode != nil {
				mode = string(*flags.Mode)
			}
			got := fmt.Sprintf("%s %s %s", mode, flags.Message, flags.Until.Format("2006-01-02T15:04:05Z07:00"))
			if err != nil || got != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
}

// TestReadFlags_OfOneSwitch checks that each of several switches of an app has
// its own flags.
func TestReadFlags_OfOneSwitch(t *testing.T) {
	app := awscdk.NewApp(&awscdk.AppProps{Context: &map[string]any{"maintenance": "read-only", "shop-maintenance": "true", "shop-maintenance-message": "Soon."}})
	shop, err := maintenancemode.ReadFlags(app, "shop")
	if err != nil || *shop.Mode != maintenance.Closed || shop.Message != "Soon." {
		t.Errorf("shop: got %+v, %v", shop, err)
	}
	if all, err := maintenancemode.ReadFlags(app); err != nil || *all.Mode != maintenance.ReadOnly || all.Message != "" {
		t.Errorf("without a name: got %+v, %v", all, err)
	}
	if blog, err := maintenancemode.ReadFlags(app, "blog"); err != nil || blog.Mode != nil {
		t.Errorf("blog: got %+v, %v", blog, err)
	}
}

// TestReadFlags_WhatIsReadByNobody checks that synthesis reports flags that no
// switch reads.
func TestReadFlags_WhatIsReadByNobody(t *testing.T) {
	for _, test := range []struct {
		name       string
		key, value string
		notes, err string
	}{
		{"a flag of another name", "maintenance-mode", "true", "no switch reads maintenance-mode=true: read are shop-maintenance", ""},
		{"a switch that is not there", "blog-maintenance", "true", "no switch reads blog-maintenance=true", ""},
		{"in another spelling", "maintenanceMode", "read-only", "no switch reads maintenanceMode=read-only", ""},
		{"another value", "maintenance-page", "x.html", "", ""},
		{"one of two switches", "shops-maintenance", "true", "", ""},
		{"a misspelt name", "shp-maintenance", "true", "", `unknown context key "shp-maintenance": want shop-maintenance, shop-maintenance-message`},
		{"a misspelt flag", "shop-maintenence", "true", "", `unknown context key "shop-maintenence"`},
		{"a misspelt message", "shop-maintenance-mesage", "x", "", `unknown context key "shop-maintenance-mesage"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(t.TempDir()), Context: &map[string]any{test.key: test.value}})
			stack := awscdk.NewStack(app, jsii.String("Shops"), nil)
			var said string
			_, err := maintenancemode.ReadFlags(app, "shop")
			if err == nil && test.key == "shops-maintenance" {
				_, err = maintenancemode.ReadFlags(app, "shops")
			}
			if err == nil {
				func() {
					defer func() {
						if r := recover(); r != nil {
							err = fmt.Errorf("%v", r)
						}
					}()
					for _, m := range *app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Messages() {
						said += fmt.Sprint(m.Entry.Data)
					}
				}()
			}
			if !strings.Contains(said, test.notes) || test.notes == "" && said != "" {
				t.Errorf("notes %q, want %q", said, test.notes)
			}
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want %q", err, test.err)
			}
		})
	}
}
