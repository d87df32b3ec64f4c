package maintenancemode_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// path adds a rule of the app for paths.
func (p product) path(to elbv2.IApplicationTargetGroup, priority float64, paths ...string) *elbv2.ApplicationListenerRule {
	id := "Rule" + strings.NewReplacer("/", "", "*", "").Replace(paths[0])
	r := elbv2.NewApplicationListenerRule(p.stack, &id, &elbv2.ApplicationListenerRuleProps{
		Listener: p.listener, Priority: &priority,
		Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings(paths...))},
		Action:     elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{to}, nil),
	})
	return &r
}

// microservices defines three services that the listener distinguishes by path.
func (p product) microservices() (orders, users elbv2.ApplicationTargetGroup) {
	orders, users = p.targetGroup("Orders"), p.targetGroup("Users")
	p.path(orders, 1000, "/orders", "/orders/*")
	p.path(users, 1001, "/users/*")
	return orders, users
}

// judged returns where each request goes on each listener that has rules of the
// switch, and the mode that the switch has according to the template alone. A
// request that ends with ! carries the secret.
func (t template) judged(tb testing.TB, requests ...string) (got map[string]string, mode maintenance.Mode) {
	tb.Helper()
	data, err := json.Marshal(t)
	if err != nil {
		tb.Fatal(err)
	}
	read, err := alb.Read(bytes.NewReader(data), cfn.Options{Reveal: func(string) (string, bool) { return secret, true }})
	if err != nil {
		tb.Fatal(err)
	}
	found := t.switches(tb)[0]
	mode, mixed := rules.Together(found.In(read))
	if mixed != "" {
		tb.Errorf("mixed: %s", mixed)
	}
	got = map[string]string{}
	for _, l := range read.Listeners {
		if !slices.ContainsFunc(found.Listeners, func(at rules.Listener) bool { return at.Name == l.Ref.String() }) {
			continue
		}
		for _, text := range requests {
			bare, secretly := strings.CutSuffix(text, " !")
			r := request(bare)
			if secretly {
				r.Header = map[string][]string{"X-Maintenance-Bypass": {secret}}
			}
			got[text] += decidedOf(l, r) + " "
		}
	}
	return got, mode
}

// TestServices tries several services, each with an allowlist, in every mode.
func TestServices(t *testing.T) {
	for _, test := range []struct {
		name   string
		define func(p product, props maintenancemode.Props)
		want   string // a line for each request: where it goes open, read-only, closed
	}{
		{"by path, and the application by default", func(p product, props maintenancemode.Props) {
			orders, users := p.microservices()
			props.Services = []maintenancemode.Service{{TargetGroup: orders, Allow: []string{"GET /orders/{id}"}}, {TargetGroup: users}}
			p.new(props)
		}, `
			POST /api/login     App      App      App
			GET /               App      App      Target
			POST /              App      Target   Target
			GET /orders/7       Orders   Orders   Orders
			GET /orders         Orders   Orders   Target
			POST /orders/7      Orders   Target   Target
			GET /users/7        Users    Users    Target
			PROPPATCH /users/7  Users    Target   Target
			POST /users/7 !     Users    Users    Users
			POST / !            App      App      App
			GET /api/health     App      App      App`},
		{"by path, and a 404 by default", func(p product, props maintenancemode.Props) {
			p.listener.Node().DefaultChild().(elbv2.CfnListener).SetDefaultActions([]any{&elbv2.CfnListener_ActionProperty{
				Type: jsii.String("fixed-response"), FixedResponseConfig: &elbv2.CfnListener_FixedResponseConfigProperty{StatusCode: jsii.String("404")},
			}})
			orders, users := p.microservices()
			p.path(p.app, 1002, "/api/*", "/web/*", "/static/*")
			props.Services = []maintenancemode.Service{{TargetGroup: orders, Allow: []string{"GET /orders/{id}"}}, {TargetGroup: users}}
			p.new(props)
		}, `
			POST /api/login     App      App      App
			GET /static/x       App      App      Target
			POST /web/x         App      Target   Target
			GET /orders/7       Orders   Orders   Orders
			POST /orders/7      Orders   Target   Target
			GET /users/7        Users    Users    Target
			GET /elsewhere      .        Target   Target
			POST /static/x !    App      App      App
			GET /elsewhere !    .        Target   Target
			GET /api/health     App      App      App`},
		{"one within the other", func(p product, props maintenancemode.Props) {
			orders, users := p.targetGroup("Orders"), p.targetGroup("Users")
			p.path(orders, 1000, "/x/orders/*")
			p.path(users, 1001, "/x/*")
			props.Services = []maintenancemode.Service{{TargetGroup: orders}, {TargetGroup: users, Allow: []string{"GET /x/me"}}}
			p.new(props)
		}, `
			GET /x/orders/7     Orders   Orders   Target
			GET /x/me           Users    Users    Users
			GET /x/you          Users    Users    Target
			POST /x/orders/7    Orders   Target   Target`},
		{"a port for each", func(p product, props maintenancemode.Props) {
			orders := p.targetGroup("Orders")
			props.Listeners = []elbv2.IApplicationListener{p.further(81, forward(orders))}
			props.Services = []maintenancemode.Service{{TargetGroup: orders, Allow: []string{"GET /orders/{id}"}}}
			p.new(props)
		}, `
			GET /orders/7       Orders App   Orders App   Orders Target
			POST /api/login     Orders App   Target App   Target App
			POST /x             Orders App   Target Target   Target Target`},
		{"one is named as one that stays open", func(p product, props maintenancemode.Props) {
			orders, users := p.targetGroup("Orders"), p.targetGroup("Users")
			p.path(orders, 10, "/orders/*")
			p.path(users, 1001, "/users/*")
			props.KeepOpen = []constructs.IConstruct{orders}
			props.Services = []maintenancemode.Service{{TargetGroup: users}}
			p.new(props)
		}, `
			POST /orders/7      Orders   Orders   Orders
			POST /users/7       Users    Target   Target`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests []string
			want := map[string][]string{}
			for line := range strings.Lines(strings.TrimSpace(test.want)) {
				columns := slices.DeleteFunc(strings.Split(strings.TrimSpace(line), "  "), func(s string) bool { return strings.TrimSpace(s) == "" })
				for i, c := range columns {
					columns[i] = strings.TrimSpace(c)
				}
				requests = append(requests, columns[0])
				want[columns[0]] = columns[1:]
			}
			for i, mode := range maintenance.Modes() {
				synthesized := mustSynth(t, func(p product) {
					test.define(p, maintenancemode.Props{
						Mode: mode, ReadOnly: true, Allow: []string{"POST /api/login"},
						Bypass: maintenancemode.Bypass{Header: "X-Maintenance-Bypass", Cookie: "staff"},
					})
				})
				got, judged := synthesized.judged(t, requests...)
				if judged != mode {
					t.Errorf("%s: the template is taken for %q", mode, judged)
				}
				for _, request := range requests {
					if got, want := strings.TrimSpace(got[request]), strings.TrimPrefix(want[request][i], "."); got != want {
						t.Errorf("%s: %s goes to %q, want %q", mode, request, got, want)
					}
				}
			}
		})
	}
}
