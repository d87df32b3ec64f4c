package alb

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// checked returns the problems of a template with a load balancer "Alb", a
// listener "Listener" and a target group "App", after change has edited it.
func checked(change func(t *Template, l *Listener)) string {
	b := &LoadBalancer{LogicalID: "Alb", Path: "Stack/Alb"}
	l := &Listener{
		Ref: Ref{LogicalID: "Listener"}, Path: "Stack/Alb/Listener", Protocol: "HTTPS", Port: 443, Certificates: 1,
		LoadBalancer: Ref{LogicalID: "Alb"}, Balancer: b,
		Default: Rule{LogicalID: "Listener", Actions: forwardTo("App")},
	}
	t := &Template{
		LoadBalancers: []*LoadBalancer{b},
		Listeners:     []*Listener{l},
		TargetGroups:  []*TargetGroup{{LogicalID: "App", TargetType: "ip"}},
	}
	change(t, l)
	return problemTexts(Check(t))
}

// rules returns n rules without problems.
func rules(n int) []Rule {
	var out []Rule
	for i := range n {
		out = append(out, Rule{
			Priority: i + 1, LogicalID: fmt.Sprintf("Rule%d", i+1),
			Conditions: []Condition{PathPatterns{"/a"}}, Actions: forwardTo("App"),
		})
	}
	return out
}

// acting returns a change that adds a rule with actions.
func acting(actions ...Action) func(*Template, *Listener) {
	return func(_ *Template, l *Listener) {
		l.Rules = rules(1)
		l.Rules[0].Actions = actions
	}
}

func weighted(weights ...int) Forward {
	var f Forward
	for i, w := range weights {
		f.Groups = append(f.Groups, WeightedGroup{Ref{LogicalID: fmt.Sprintf("G%d", i)}, w})
	}
	return f
}

// group returns a change that adds a target group beside "App".
func group(g TargetGroup) func(*Template, *Listener) {
	return func(t *Template, _ *Listener) {
		g.LogicalID = "Group"
		t.TargetGroups = append(t.TargetGroups, &g)
	}
}

// TestCheck checks, one at a time, for mistakes that only the API would refuse.
func TestCheck(t *testing.T) {
	sticky := weighted(1, 1)
	sticky.Sticky, sticky.Stickiness = true, MaxStickiness+time.Second
	forward := forwardTo("App")[0]
	for _, test := range []struct {
		name   string
		change func(*Template, *Listener)
		want   string
	}{
		{"nothing", func(*Template, *Listener) {}, ``},
		{"100 rules", func(_ *Template, l *Listener) { l.Rules = rules(100) }, ``},
		{"101 rules", func(_ *Template, l *Listener) { l.Rules = rules(101) },
			`warning: Alb: load balancer has 101 rules, ALB allows 100 unless the quota was raised`},
		{"101 rules for a listener outside the template", func(t *Template, _ *Listener) {
			t.Listeners = append(t.Listeners, &Listener{Ref: Ref{External: "arn"}, Rules: rules(101)})
		}, `warning: : load balancer has 101 rules, ALB allows 100 unless the quota was raised`},
		{"51 listeners", func(t *Template, l *Listener) {
			for i := range 50 {
				t.Listeners = append(t.Listeners, &Listener{Ref: Ref{LogicalID: fmt.Sprint(i)}, LoadBalancer: l.LoadBalancer, Default: l.Default})
			}
		}, `warning: Alb: load balancer has 51 listeners, ALB allows 50 unless the quota was raised`},
		{"101 target groups", func(_ *Template, l *Listener) {
			l.Rules = rules(100)
			for i := range l.Rules {
				l.Rules[i].Actions = forwardTo(fmt.Sprint(i))
			}
		}, `error: Alb: load balancer has 101 target groups, ALB allows 100`},
		{"the limits of rules", func(_ *Template, l *Listener) {
			l.Rules = rules(1)
			l.Rules[0].Conditions = []Condition{PathPatterns{"/a b"}}
		}, `error: Rule1: path pattern "/a b" contains ' ', ALB allows A-Z a-z 0-9 _ - . $ / ~ " ' @ : + & * ?`},
		{"same priority", func(_ *Template, l *Listener) {
			l.Rules = rules(2)
			l.Rules[1].Priority = 1
		}, `error: Rule2: priority 1 is taken by rule "Rule1"`},
		{"same priority under two conditions", func(_ *Template, l *Listener) {
			l.Rules = rules(2)
			l.Rules[1].Priority = 1
			l.Rules[0].If, l.Rules[1].If = "IsBlue", "IsGreen"
		}, ``},
		{"same priority under one condition", func(_ *Template, l *Listener) {
			l.Rules = rules(2)
			l.Rules[1].Priority = 1
			l.Rules[0].If, l.Rules[1].If = "IsBlue", "IsBlue"
		}, `error: Rule2: priority 1 is taken by rule "Rule1"`},
		{"no certificate", func(_ *Template, l *Listener) { l.Certificates = 0 }, `error: Listener: HTTPS listener has no certificate`},
		{"no default action", func(_ *Template, l *Listener) { l.Default.Actions = nil }, `error: Listener: listener has no default action`},
		{"a listener outside the template", func(_ *Template, l *Listener) {
			l.Ref, l.Certificates, l.Default = Ref{External: "arn"}, 0, Rule{}
		}, ``},

		{"no action", acting(), `error: Rule1: rule has no action`},
		{"two that answer", acting(forward, forward),
			`error: Rule1: action 1 of 2 is forward, want one forward, redirect or fixed-response, at the end`},
		{"none that answers", acting(Authenticate{Method: "authenticate-oidc"}),
			`error: Rule1: action 1 of 1 is authenticate-oidc, want one forward, redirect or fixed-response, at the end`},
		{"authentication first", acting(Authenticate{Method: "authenticate-oidc"}, forward), ``},
		{"authentication without TLS", func(t *Template, l *Listener) {
			acting(Authenticate{Method: "jwt-validation"}, forward)(t, l)
			l.Protocol = "HTTP"
		}, `error: Rule1: action jwt-validation is for HTTPS listeners only`},

		{"no target group", acting(Forward{}), `error: Rule1: forward action has no target group`},
		{"6 target groups", acting(weighted(1, 1, 1, 1, 1, 1)), `error: Rule1: forward action has 6 target groups, ALB allows 5`},
		{"weight too high", acting(weighted(1, 1000)), `error: Rule1: weight 1000 of target group "G1" is outside 0 to 999`},
		{"weight negative", acting(weighted(1, -1, 1)), `error: Rule1: weight -1 of target group "G1" is outside 0 to 999`},
		{"weights of 0", acting(weighted(0, 0)), `warning: Rule1: all weights are 0, and what ALB does then is not documented`},
		{"stickiness too long", acting(sticky), `error: Rule1: stickiness of 604801 seconds is outside 1 to 604800`},
		{"stickiness without a duration", acting(Forward{Groups: weighted(1, 1).Groups, Sticky: true}),
			`error: Rule1: stickiness of 0 seconds is outside 1 to 604800`},
		{"a sticky group among several", func(t *Template, l *Listener) {
			acting(Forward{Groups: []WeightedGroup{{Ref{LogicalID: "App"}, 1}, {Ref{LogicalID: "B"}, 1}}})(t, l)
			t.TargetGroups[0].Attributes = map[string]string{"stickiness.enabled": "true"}
		}, `error: Rule1: target group "App" is sticky, so the forward action has to be sticky too`},

		{"fixed status", acting(FixedResponse{Status: 302}), `error: Rule1: fixed response has status 302, ALB allows 2xx, 4xx and 5xx`},
		{"fixed body", acting(FixedResponse{Status: 503, Body: strings.Repeat("é", 1024)}), ``},
		{"fixed body too long", acting(FixedResponse{Status: 503, Body: strings.Repeat("a", 1025)}),
			`error: Rule1: fixed response has a body of 1025 characters, ALB allows 1024`},
		{"fixed content type", acting(FixedResponse{Status: 503, ContentType: "application/xml"}),
			`error: Rule1: fixed response has content type "application/xml", ALB allows text/plain, text/css, text/html, application/javascript, application/json`},

		{"redirect", acting(Redirect{Status: 301, Host: "www.#{host}", Port: "#{port}", Path: "/v2/#{path}", Query: "#{query}"}), ``},
		{"redirect loop", acting(Redirect{Status: 301, Protocol: "HTTPS", Port: "443", Path: "/#{path}", Query: "a=b"}),
			`error: Rule1: redirect leads back to where it came from, ALB wants another protocol, host, port or path`},
		{"redirect to HTTP", acting(Redirect{Status: 301, Protocol: "HTTP"}), `error: Rule1: redirect from HTTPS to HTTP is refused by ALB`},
		{"redirect protocol", acting(Redirect{Status: 301, Protocol: "FTP"}), `error: Rule1: redirect has protocol "FTP", ALB allows HTTP, HTTPS and #{protocol}`},
		{"redirect port", acting(Redirect{Status: 301, Port: "65536"}), `error: Rule1: redirect has port "65536", ALB allows 1 to 65535 and #{port}`},
		{"redirect path", acting(Redirect{Status: 301, Path: "x"}), `error: Rule1: redirect has path "x", ALB allows a path that starts with /`},
		{"redirect query", acting(Redirect{Status: 301, Path: "/x", Query: "?a"}), `error: Rule1: redirect has query "?a", ALB allows a query without the leading ?`},
		{"redirect length", acting(Redirect{Status: 301, Path: "/" + strings.Repeat("x", 128)}),
			`error: Rule1: redirect path "/` + strings.Repeat("x", 128) + `" has 129 characters, ALB allows 128`},

		{"multi-value headers without Lambda", group(TargetGroup{TargetType: "ip", Attributes: map[string]string{"lambda.multi_value_headers.enabled": "true"}}),
			`error: Group: target group of type ip has lambda.multi_value_headers.enabled, which is for lambda only`},
		{"a header that is dropped", func(t *Template, l *Listener) {
			l.Rules = rules(1)
			l.Rules[0].Conditions = []Condition{Header{"X-Ok", []string{"a"}}, HeaderRegexes{"X_Client", []string{"^a$"}}}
			l.Balancer.Attributes = map[string]string{"routing.http.drop_invalid_header_fields.enabled": "true"}
		}, `warning: Rule1: header "X_Client" is dropped by the load balancer, which keeps letters, digits and hyphens only`},
		{"a Lambda target group", group(TargetGroup{TargetType: "lambda", Targets: make([]Ref, 1)}), ``},
		{"with port and protocol", group(TargetGroup{TargetType: "lambda", given: map[string]bool{"Port": true, "Protocol": true, "VpcId": true}}),
			`error: Group: Lambda target group has Port, ALB allows none
error: Group: Lambda target group has Protocol, ALB allows none
error: Group: Lambda target group has VpcId, ALB allows none`},
		{"with a health check's port", group(TargetGroup{TargetType: "lambda", given: map[string]bool{
			"HealthCheckPort": true, "HealthCheckProtocol": true, "ProtocolVersion": true, "HealthCheckPath": true}}),
			`error: Group: Lambda target group has ProtocolVersion, ALB allows none
error: Group: Lambda target group has HealthCheckPort, ALB allows none
error: Group: Lambda target group has HealthCheckProtocol, ALB allows none`},
		{"with two functions", group(TargetGroup{TargetType: "lambda", Targets: make([]Ref, 2)}),
			`error: Group: Lambda target group has 2 targets, ALB allows 1`},
		{"with stickiness", group(TargetGroup{TargetType: "lambda", Attributes: map[string]string{"stickiness.enabled": "true"}}),
			`error: Group: Lambda target group has stickiness, ALB allows none`},
		{"with a delay", group(TargetGroup{TargetType: "lambda", Attributes: map[string]string{"deregistration_delay.timeout_seconds": "3"}}),
			`warning: Group: Lambda target group has a deregistration delay, which has no effect`},
		{"with health thresholds", group(TargetGroup{TargetType: "lambda", Attributes: map[string]string{"target_group_health.dns_failover.minimum_healthy_targets.count": "1"}}),
			`error: Group: Lambda target group has target_group_health.dns_failover.minimum_healthy_targets.count, ALB allows none`},
		{"a fixed response beside gRPC", func(t *Template, l *Listener) {
			acting(FixedResponse{Status: 503})(t, l)
			t.TargetGroups[0].ProtocolVersion = "GRPC"
		}, `warning: Rule1: rule answers with fixed-response on a listener with a target group of GRPC, for which AWS documents forward as the only action`},
		{"gRPC over HTTP", func(t *Template, l *Listener) {
			l.Protocol = "HTTP"
			t.TargetGroups[0].ProtocolVersion = "GRPC"
		}, `warning: Listener: listener of HTTP has a target group of GRPC, for which AWS documents HTTPS as the only protocol`},
		{"of two load balancers", func(t *Template, l *Listener) {
			t.Listeners = append(t.Listeners, &Listener{Ref: Ref{LogicalID: "L2"}, LoadBalancer: Ref{LogicalID: "Alb2"}, Default: l.Default})
		}, `error: App: target group is used by load balancers Alb, Alb2, ALB allows 1`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := checked(test.change); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestProblem checks that a problem says what is wrong, where, and what is
// allowed.
func TestProblem(t *testing.T) {
	problems := Rule{
		Priority: 10, LogicalID: "Allow0", Path: "Stack/Maintenance/Allow0",
		Conditions: []Condition{Methods{"GET"}, PathPatterns{"/a", "/" + strings.Repeat("b", 128)}},
	}.Check()
	if len(problems) != 1 {
		t.Fatalf("%d problems, want 1", len(problems))
	}
	want := Problem{
		Severity: Error, LogicalID: "Allow0", Path: "Stack/Maintenance/Allow0", Property: "Conditions[1]",
		Message: `path pattern "/` + strings.Repeat("b", 128) + `" has 129 characters, ALB allows 128`,
		Value:   "/" + strings.Repeat("b", 128), Limit: "128",
	}
	if problems[0] != want {
		t.Errorf("got %+v, want %+v", problems[0], want)
	}
}

// TestCheckShowsNoSecret checks that problems of rules with secrets do not show
// them.
func TestCheckShowsNoSecret(t *testing.T) {
	secret := "{{resolve:secretsmanager:prod/bypass:SecretString:token::}}"
	for _, p := range (Rule{Priority: 1, Conditions: []Condition{
		Header{"X", []string{strings.Repeat("x", 129) + secret}}, PathPatterns{"/ " + secret}, QueryStrings{{"", "é" + secret}},
	}}).Check() {
		if strings.Contains(p.Message+p.Value, "resolve") || !strings.Contains(p.Message, "<secret prod/bypass>") {
			t.Errorf("problem %+v", p)
		}
	}
}

// TestCheckTransforms checks that a rule has at most one transform of each type,
// with bounded regexes.
func TestCheckTransforms(t *testing.T) {
	rule := rules(1)[0]
	rule.Transforms = []Transform{
		{"url-rewrite", "^/a", "/b"}, {"url-rewrite", "", ""}, {"body-rewrite", "a", "b"},
		{"host-header-rewrite", "a", strings.Repeat("b", 1025)},
	}
	want := `error: Rule1: rule has more than one url-rewrite transform, ALB allows 1
error: Rule1: transform regex is empty
error: Rule1: transform "body-rewrite" is unknown, want url-rewrite or host-header-rewrite
error: Rule1: transform replacement "` + strings.Repeat("b", 1025) + `" has 1025 characters, ALB allows 1024`
	if got := problemTexts(rule.Check()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
