package maintenancemode_test

import (
	"net/netip"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// fieldReports returns a maintenance that uses every feature.
func fieldReports(mode maintenance.Mode) maintenancemode.Props {
	return maintenancemode.Props{
		Mode:     mode,
		ReadOnly: true,
		Allow:    []string{"POST /api/login", "GET /api/templates", "GET /api/templates/{id}", "GET /api/files/{path...}"},
		Clients:  maintenancemode.Clients{Header: "X-Client", Values: []string{"ios", "android"}},
		Bypass: maintenancemode.Bypass{
			CIDRs:  []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
			Header: "X-Maintenance-Bypass",
			Cookie: "maintenance-bypass",
		},
		Status: maintenancemode.Status{URL: "https://app.example.com/maintenance.json"},
		Guard:  maintenancemode.Guard{Enabled: true},
		Answer: maintenance.Answer{Message: map[string]string{"en": "Back soon."}},
	}
}

func TestWhereRequestsGo(t *testing.T) {
	mobile := map[string][]string{"X-Client": {"ios"}}
	tests := []struct {
		name                   string
		request                alb.Request
		open, readOnly, closed string
	}{
		{"a manager opens the web", alb.Request{Method: "GET", Target: "/"}, "app", "app", "responder"},
		{"a manager saves", alb.Request{Method: "POST", Target: "/api/reports"}, "app", "responder", "responder"},
		{"the app logs in", alb.Request{Method: "POST", Target: "/api/login", Header: mobile}, "app", "app", "app"},
		{"the web logs in", alb.Request{Method: "POST", Target: "/api/login"}, "app", "responder", "responder"},
		{"the app reads a list", alb.Request{Method: "GET", Target: "/api/templates?since=5", Header: mobile}, "app", "app", "app"},
		{"the app reads one", alb.Request{Method: "GET", Target: "/api/templates/7", Header: mobile}, "app", "app", "app"},
		{"the app asks for its head", alb.Request{Method: "HEAD", Target: "/api/templates/7", Header: mobile}, "app", "app", "app"},
		{"the app reads what is not allowed", alb.Request{Method: "GET", Target: "/api/templates/7/history", Header: mobile}, "app", "app", "responder"},
		{"the app reads a file", alb.Request{Method: "GET", Target: "/api/files/a/b.png", Header: mobile}, "app", "app", "app"},
		{"the app uploads", alb.Request{Method: "POST", Target: "/api/reports", Header: mobile}, "app", "responder", "responder"},
		{"the app deletes", alb.Request{Method: "DELETE", Target: "/api/templates/7", Header: mobile}, "app", "responder", "responder"},
		{"a browser asks before it posts", alb.Request{Method: "OPTIONS", Target: "/api/reports"}, "app", "app", "responder"},
		{"a probe asks for the health", alb.Request{Method: "GET", Target: "/api/health"}, "app", "app", "app"},
		{"a probe posts to the health check", alb.Request{Method: "POST", Target: "/api/health"}, "app", "responder", "responder"},
		{"the office saves", alb.Request{Method: "POST", Target: "/api/reports", Source: netip.MustParseAddr("203.0.113.9")}, "app", "app", "app"},
		{"someone else saves", alb.Request{Method: "POST", Target: "/api/reports", Source: netip.MustParseAddr("198.51.100.9")}, "app", "responder", "responder"},
		{"the secret in a header", alb.Request{Method: "POST", Target: "/x", Header: map[string][]string{"X-Maintenance-Bypass": {secret}}}, "app", "app", "app"},
		{"a wrong secret in a header", alb.Request{Method: "POST", Target: "/x", Header: map[string][]string{"X-Maintenance-Bypass": {secret + "0"}}}, "app", "responder", "responder"},
		{"the secret in a cookie among others", alb.Request{Method: "GET", Target: "/", Header: map[string][]string{"Cookie": {"a=1; maintenance-bypass=" + secret + "; b=2"}}}, "app", "app", "app"},
		{"staff opens the page for the cookie", alb.Request{Method: "GET", Target: "/api/maintenance/unlock"}, "unlock", "unlock", "unlock"},
		{"staff sends the secret", alb.Request{Method: "POST", Target: "/api/maintenance/unlock"}, "unlock", "unlock", "unlock"},
		{"an app looks whether something is announced", alb.Request{Method: "GET", Target: "/maintenance.json"}, "302", "302", "302"},
		{"an operator looks, too", alb.Request{Method: "HEAD", Target: "/maintenance.json", Source: netip.MustParseAddr("203.0.113.9")}, "302", "302", "302"},
		{"someone writes to the announcement", alb.Request{Method: "PUT", Target: "/maintenance.json"}, "app", "responder", "responder"},
		{"something below the announcement", alb.Request{Method: "GET", Target: "/maintenance.json/x"}, "app", "app", "responder"},
		{"a wrong secret in a cookie", alb.Request{Method: "GET", Target: "/", Header: map[string][]string{"Cookie": {"maintenance-bypass=guess"}}}, "app", "app", "responder"},
	}
	open := mustSynth(t, func(p product) { p.new(fieldReports(maintenance.Open)) })
	readOnly := mustSynth(t, func(p product) { p.new(fieldReports(maintenance.ReadOnly)) })
	closed := mustSynth(t, func(p product) { p.new(fieldReports(maintenance.Closed)) })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := open.route(t, test.request); got != test.open {
				t.Errorf("open: got %s, want %s", got, test.open)
			}
			if got := readOnly.route(t, test.request); got != test.readOnly {
				t.Errorf("read-only: got %s, want %s", got, test.readOnly)
			}
			if got := closed.route(t, test.request); got != test.closed {
				t.Errorf("closed: got %s, want %s", got, test.closed)
			}
		})
	}
}

func TestTheFlipIsOneProperty(t *testing.T) {
	for _, guarded := range []bool{false, true} {
		props := fieldReports(maintenance.Open)
		props.ReadOnly, props.Guard.Enabled = false, guarded
		open := mustSynth(t, func(p product) { p.new(props) })
		props.Mode = maintenance.Closed
		closed := mustSynth(t, func(p product) { p.new(props) })
		if len(open.Resources) != len(closed.Resources) {
			t.Errorf("%d resources become %d", len(open.Resources), len(closed.Resources))
		}
		var changed []string
		for id, r := range closed.Resources {
			before := open.Resources[id]
			for name, value := range r.Properties {
				if !reflect.DeepEqual(value, before.Properties[name]) {
					changed = append(changed, r.Type+" "+name)
				}
				delete(before.Properties, name)
			}
			if len(before.Properties) > 0 || !reflect.DeepEqual(r.DependsOn, before.DependsOn) {
				t.Errorf("%s loses %v, or waits for something else", id, before.Properties)
			}
		}
		sort.Strings(changed)
		want := []string{"AWS::ElasticLoadBalancingV2::Listener DefaultActions", "Custom::NorenReopenGuard Digest", "Custom::NorenReopenGuard Mode"}
		if !slices.Equal(changed, want) {
			t.Errorf("guarded %v: %q change, want %q", guarded, changed, want)
		}
	}
}

func TestAnswerReachesTheFunction(t *testing.T) {
	until := time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)
	closed := mustSynth(t, func(p product) {
		p.new(maintenancemode.Props{Mode: maintenance.Closed, Answer: maintenance.Answer{Until: until}})
	})
	for _, r := range closed.Resources {
		if r.Type == "AWS::Lambda::Function" && r.Properties["Description"] == "Answers 503 while the application is closed for maintenance" {
			variables, _ := r.Properties["Environment"].(map[string]any)["Variables"].(map[string]any)
			if variables["MODEPROBE_LISTENER"] != nil {
				continue // it learns the end at run time
			}
			if variables["MAINTENANCE_UNTIL"] != "2026-12-01T04:00:00Z" {
				t.Errorf("got variables %v", variables)
			}
			if r.Properties["VpcConfig"] != nil {
				t.Error("the function is in a VPC")
			}
			return
		}
	}
	t.Error("no function")
}

func TestASharedListenerKeepsItsDefaultAction(t *testing.T) {
	define := func(mode maintenance.Mode) func(product) {
		return func(p product) {
			other := p.targetGroup("Other")
			p.listener.AddAction(jsii.String("Other"), &elbv2.AddApplicationActionProps{
				Priority:   jsii.Number(10),
				Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_HostHeaders(jsii.Strings("other.example.com"))},
				Action:     elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{other}, nil),
			})
			p.new(maintenancemode.Props{Mode: mode, ReadOnly: true, Hosts: []string{"app.example.com"}, Allow: []string{"POST /api/login"}})
		}
	}
	tests := []struct {
		request                alb.Request
		open, readOnly, closed string
	}{
		{alb.Request{Method: "GET", Target: "/", Host: "app.example.com"}, "app", "app", "responder"},
		{alb.Request{Method: "PATCH", Target: "/", Host: "app.example.com"}, "app", "responder", "responder"},
		{alb.Request{Method: "POST", Target: "/api/login", Host: "app.example.com"}, "app", "app", "app"},
		{alb.Request{Method: "POST", Target: "/", Host: "other.example.com"}, "Other", "Other", "Other"},
		{alb.Request{Method: "POST", Target: "/", Host: "third.example.com"}, "app", "app", "app"},
	}
	for mode, synthesized := range map[maintenance.Mode]template{
		maintenance.Open:     mustSynth(t, define(maintenance.Open)),
		maintenance.ReadOnly: mustSynth(t, define(maintenance.ReadOnly)),
		maintenance.Closed:   mustSynth(t, define(maintenance.Closed)),
	} {
		for _, test := range tests {
			want := []string{test.open, test.readOnly, test.closed}[mode.Number()]
			if got := synthesized.route(t, test.request); !strings.HasPrefix(got, want) {
				t.Errorf("mode %v, %s %s%s: got %s, want %s", mode, test.request.Method, test.request.Host, test.request.Target, got, want)
			}
		}
	}
}

func TestAnImportedListenerIsClosedByARule(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:us-east-1:111111111111:listener/app/shared/50dc6c495c0c9188/f2f7dc8efc522ab2"
	define := func(mode maintenance.Mode) template {
		return mustSynth(t, func(p product) {
			listener := elbv2.ApplicationListener_FromApplicationListenerAttributes(p.stack, jsii.String("Imported"), &elbv2.ApplicationListenerAttributes{
				ListenerArn:   jsii.String(arn),
				SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(p.stack, jsii.String("Group"), jsii.String("sg-1"), nil),
			})
			maintenancemode.New(p.stack, "Maintenance", maintenancemode.Props{
				Listener: listener, AppTargetGroup: p.app, Mode: mode, Allow: []string{"GET /api/templates"},
			})
		})
	}
	open, closed := define(maintenance.Open), define(maintenance.Closed)
	if got := changed(open, closed); !slices.Equal(got, []string{"Close0.Conditions", "Guard.Digest", "Guard.Mode"}) {
		t.Errorf("closing changes %q, want the conditions of one rule, and the guard's record", got)
	}
	for _, listener := range closed.listeners(t) {
		if !listener.Foreign() {
			continue
		}
		for target, want := range map[string]string{"/api/templates": "App", "/": "Maintenance"} {
			decision := listener.Route(&alb.Request{Method: "GET", Target: target, Host: "any.example.com"})
			if groups := decision.Targets(); len(groups) != 1 || !strings.HasPrefix(groups[0].Group.LogicalID, want) {
				t.Errorf("GET %s goes to %v, want %s", target, groups, want)
			}
		}
		return
	}
	t.Error("no rule refers to the imported listener")
}

func TestTheHealthCheckPathIsTheTargetGroups(t *testing.T) {
	for path, want := range map[string]string{"/api/health": "app", "/": "responder", "": "responder"} {
		synthesized := mustSynth(t, func(p product) {
			p.app.ConfigureHealthCheck(&elbv2.HealthCheck{Path: jsii.String(path)})
			if path == "" {
				p.app.ConfigureHealthCheck(&elbv2.HealthCheck{})
			}
			p.new(maintenancemode.Props{Mode: maintenance.Closed})
		})
		asked := path
		if asked == "" {
			asked = "/"
		}
		decision := synthesized.listener(t).Route(&alb.Request{Method: "GET", Target: asked})
		if got := decision.Target().LogicalID; strings.HasPrefix(got, "App") != (want == "app") {
			t.Errorf("health check path %q: GET %s goes to %s, want %s", path, asked, got, want)
		}
		if problems := decision.Rule.Check(); len(problems) > 0 {
			t.Errorf("health check path %q: %v", path, problems)
		}
	}
}

func TestTheAppStaysAttached(t *testing.T) {
	synthesized := mustSynth(t, func(p product) {
		p.app.ConfigureHealthCheck(&elbv2.HealthCheck{})
		p.new(maintenancemode.Props{Mode: maintenance.Closed})
	})
	listener := synthesized.listener(t)
	attached := false
	for i := range listener.Rules {
		forward, ok := listener.Rules[i].Final().(alb.Forward)
		attached = attached || ok && strings.HasPrefix(forward.Groups[0].Group.LogicalID, "App")
		for _, problem := range listener.Rules[i].Check() {
			t.Error(problem)
		}
	}
	if !attached {
		t.Error("nothing is allowed, and no rule keeps the app's target group on the listener")
	}
	if got := synthesized.route(t, alb.Request{Method: "GET", Target: "/", Source: netip.MustParseAddr("198.51.100.7")}); got != "responder" {
		t.Errorf("GET / goes to %s", got)
	}
}

func TestRotatingTheSecretChangesTheRules(t *testing.T) {
	define := func(version int) template {
		return mustSynth(t, func(p product) {
			props := fieldReports(maintenance.Open)
			props.Bypass.SecretVersion = version
			p.new(props)
		})
	}
	first, second := define(1), define(2)
	rules := 0
	for id, r := range second.Resources {
		references := len(r.secrets()) > 0
		if r.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" && references {
			rules++
			if reflect.DeepEqual(r.secrets(), first.Resources[id].secrets()) {
				t.Errorf("%s still refers to %v", id, r.secrets())
			}
		}
	}
	if rules != 2 {
		t.Errorf("%d rules refer to the secret, want those of the header and the cookie", rules)
	}
	added := slices.DeleteFunc(changed(first, second), func(name string) bool { return !strings.HasSuffix(name, "comes or goes") })
	if want := []string{"BypassSecret1 comes or goes", "BypassSecret2 comes or goes"}; !slices.Equal(added, want) {
		t.Errorf("the rotation: %q, want %q", added, want)
	}
}

func TestOnlyTheUnlockFunctionMayReadTheSecret(t *testing.T) {
	synthesized := mustSynth(t, func(p product) { p.new(fieldReports(maintenance.Closed)) })
	var readers []string
	for id, r := range synthesized.Resources {
		if r.Type == "AWS::IAM::Policy" && len(r.secrets()) > 0 {
			readers = append(readers, id)
		}
	}
	if len(readers) != 1 || !strings.HasPrefix(readers[0], "MaintenanceUnlock") {
		t.Errorf("%v may read the secret", readers)
	}
}

// TestOnlyLoadBalancersOfTheAccountMayInvoke checks both functions behind target
// groups. Any target group of the account and region may invoke them, since the
// target group's own ARN is not known before the permission.
func TestOnlyLoadBalancersOfTheAccountMayInvoke(t *testing.T) {
	permissions := 0
	for id, r := range mustSynth(t, func(p product) { p.new(fieldReports(maintenance.Open)) }).Resources {
		if r.Type != "AWS::Lambda::Permission" {
			continue
		}
		permissions++
		source := text(r.Properties["SourceArn"])
		if r.Properties["Principal"] != "elasticloadbalancing.amazonaws.com" || !strings.Contains(source, `{"Ref":"AWS::AccountId"}`) || !strings.Contains(source, ":targetgroup/*") {
			t.Errorf("%s lets %v invoke for %s", id, r.Properties["Principal"], source)
		}
	}
	if permissions != 2 {
		t.Errorf("%d permissions, want those of the answer and of the page that unlocks", permissions)
	}
}

// TestFunctionRepository checks that no function is an archive when
// FunctionRepository is set.
func TestFunctionRepository(t *testing.T) {
	template := mustSynth(t, func(p product) {
		p.new(maintenancemode.Props{
			Bypass:             maintenancemode.Bypass{Cookie: "bypass"},
			FunctionRepository: awsecr.Repository_FromRepositoryName(p.stack, jsii.String("Functions"), jsii.String("functions")),
		})
	})
	images := 0
	for id, resource := range template.Resources {
		if resource.Type != "AWS::Lambda::Function" {
			continue
		}
		images++
		if resource.Properties["PackageType"] != "Image" {
			t.Errorf("%s is not an image", id)
		}
	}
	if images != 4 {
		t.Errorf("%d functions, want responder, guard, probe and unlock", images)
	}
}
