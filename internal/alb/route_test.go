package alb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
)

// appListener returns a listener of an app in maintenance.
func appListener() *Listener {
	return &Listener{
		Ref: Ref{LogicalID: "Listener"}, Protocol: "HTTPS", Port: 443,
		Rules: []Rule{
			{Priority: 5, Conditions: []Condition{Header{"X-Bypass", []string{bypass}}}, Actions: forwardTo("App")},
			{Priority: 10, Conditions: []Condition{Methods{"GET", "HEAD"}, PathPatterns{"/api/login", "/api/files/*"}}, Actions: forwardTo("App")},
			{Priority: 20, Conditions: []Condition{Methods{"GET"}, PathRegexes{"^/api/templates/[^/]+$"}}, Actions: forwardTo("App")},
			{Priority: 30, Conditions: []Condition{PathPatterns{"/old/*"}}, Actions: []Action{Redirect{Status: 301, Host: "new.example.com"}}},
			{Priority: 40, Conditions: []Condition{PathPatterns{"/gone"}}, Actions: []Action{FixedResponse{Status: 410}}},
			{Priority: 50, Conditions: []Condition{PathPatterns{"/canary"}}, Actions: []Action{Forward{Groups: []WeightedGroup{
				{Ref{LogicalID: "App"}, 90}, {Ref{LogicalID: "Canary"}, 10}, {Ref{LogicalID: "Off"}, 0},
			}}}},
			{Priority: 60, Conditions: []Condition{PathPatterns{"/admin/*"}}, Actions: append(
				[]Action{Authenticate{"authenticate-oidc", "authenticate"}}, forwardTo("Admin")...)},
			{Priority: 61, Conditions: []Condition{PathPatterns{"/public/*"}}, Actions: append(
				[]Action{Authenticate{"authenticate-oidc", "allow"}}, forwardTo("Admin")...)},
			{Priority: 70, Conditions: []Condition{PathPatterns{"/none"}}, Actions: []Action{Forward{Groups: []WeightedGroup{
				{Ref{LogicalID: "App"}, 0}, {Ref{LogicalID: "Canary"}, 0},
			}}}},
		},
		Default: Rule{LogicalID: "Listener", Actions: forwardTo("Maintenance")},
	}
}

// TestRoute checks that the matching rule with the lowest priority decides, and
// what it does.
func TestRoute(t *testing.T) {
	l := appListener()
	for _, test := range []struct {
		name    string
		request Request
		rule    string
		targets string // with shares
		status  int
		doubt   Doubt
	}{
		{"allowed", get("/api/login"), "10", "App 100%", 0, 0},
		{"allowed by *", get("/api/files/a/b"), "10", "App 100%", 0, 0},
		{"allowed by a regex", get("/api/templates/7"), "20", "App 100%", 0, 0},
		{"HEAD is listed", Request{Method: "HEAD", Target: "/api/login", Host: "h"}, "10", "App 100%", 0, 0},
		{"HEAD is not listed", Request{Method: "HEAD", Target: "/api/templates/7", Host: "h"}, "default", "Maintenance 100%", 0, 0},
		{"not allowed", get("/api/reports"), "default", "Maintenance 100%", 0, 0},
		{"trailing slash", get("/api/login/"), "default", "Maintenance 100%", 0, 0},
		{"redirect", get("/old/x"), "30", "", 301, 0},
		{"fixed response", get("/gone"), "40", "", 410, 0},
		{"weighted", get("/canary"), "50", "App 90%, Canary 10%", 0, 0},
		{"after authentication", get("/admin/x"), "60", "Admin 100%", 0, Authentication},
		{"authentication as one likes", get("/public/x"), "61", "Admin 100%", 0, 0},
		{"weights of 0", get("/none"), "70", "App 0%, Canary 0%", 0, ZeroWeights},
		{"the secret, or not", with("X-Bypass", "x"), "default", "Maintenance 100%", 0, SecretValue},
		{"escapes", get("/api/log%69n"), "10", "App 100%", 0, PathEscapes | PathReadings},
		{"escapes that no rule minds", get("/api/reports%20"), "default", "Maintenance 100%", 0, PathEscapes},
		{"dot segments out of an allowed folder", get("/api/files/../reports"), "default", "Maintenance 100%", 0, PathDots | PathReadings},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := l.Route(&test.request)
			if got := d.Rule.Name(); got != test.rule {
				t.Errorf("rule %s, want %s", got, test.rule)
			}
			if got := shares(d); got != test.targets {
				t.Errorf("targets %q, want %q", got, test.targets)
			}
			if d.Status != test.status {
				t.Errorf("status %d, want %d", d.Status, test.status)
			}
			if d.Doubt != test.doubt {
				t.Errorf("doubt %q, want %q", d.Doubt, test.doubt)
			}
		})
	}
}

func shares(d Decision) string {
	var texts []string
	for _, target := range d.Targets() {
		texts = append(texts, fmt.Sprintf("%s %.0f%%", target.Group, 100*target.Share))
	}
	return strings.Join(texts, ", ")
}

// TestUndecided checks the conditions that a decision depends on.
func TestUndecided(t *testing.T) {
	l := appListener()
	l.Rules[1].Conditions = append(l.Rules[1].Conditions, Header{"X-Client", []string{"ios"}})
	for _, test := range []struct {
		request Request
		want    string
	}{
		{get("/api/login"), ``},
		{Request{Target: "/api/login", Host: "h", HeadersUnknown: true}, `header X-Bypass <secret BypassSecret>; header X-Client "ios"`},
		{Request{Target: "/api/other", Host: "h", HeadersUnknown: true}, `header X-Bypass <secret BypassSecret>`},
		{get("/api/templates/a%2Fb"), `path ~ "^/api/templates/[^/]+$"`},
		{get("/api/other%20"), ``},
		{Request{Method: "TRACE"}, ``},
	} {
		var texts []string
		for _, c := range l.Route(&test.request).Undecided(&test.request) {
			texts = append(texts, c.String())
		}
		if got := strings.Join(texts, "; "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.request.Target, got, test.want)
		}
	}
}

// TestRoute_SameEffect checks that a doubt about the rule is not a doubt about
// the request if all the rules that may decide do the same.
func TestRoute_SameEffect(t *testing.T) {
	open := appListener()
	open.Rules = open.Rules[:3]
	open.Default.Actions = forwardTo("App")
	request := with("X-Bypass", "x")
	d := open.Route(&request)
	if !d.Certain() || d.RuleDoubt != SecretValue || d.Target().LogicalID != "App" {
		t.Errorf("open: got %v, %v, %v; want App for certain, by one rule or another", d.Target(), d.Doubt, d.RuleDoubt)
	}
	if len(d.Alternatives) != 1 || d.Alternatives[0].Priority != 5 {
		t.Errorf("alternatives %v, want rule 5", d.Alternatives)
	}
	request = with("X-Bypass", "x")
	d = appListener().Route(&request)
	if d.Certain() || len(d.Alternatives) != 1 || d.Alternatives[0].Priority != 5 {
		t.Errorf("closed: certain %v, alternatives %v; want rule 5 as the alternative", d.Certain(), d.Alternatives)
	}
	nominal := get("/api/files/caf%C3%A9")
	if d = appListener().Route(&nominal); d.Certain() || !d.Doubt.Nominal() || len(d.Alternatives) != 0 {
		t.Errorf("doubt %q, alternatives %v; want a nominal doubt without alternatives", d.Doubt, d.Alternatives)
	}
	malformed := get("/a%zz")
	if d = open.Route(&malformed); d.Doubt != MalformedEscape {
		t.Errorf("doubt %q, want that of a malformed escape, whatever the rules do", d.Doubt)
	}
	probable := get("/api/log%69n")
	d = appListener().Route(&probable)
	if len(d.Alternatives) != 1 || !d.Alternatives[0].Default() {
		t.Errorf("alternatives %v, want the default rule", d.Alternatives)
	}
}

// TestForeignListener tries rules of a listener that is not in the template.
func TestForeignListener(t *testing.T) {
	l := &Listener{
		Ref:   Ref{External: cfn.Opaque("import Listener")},
		Rules: []Rule{{Priority: 1, Conditions: []Condition{PathPatterns{"/a"}}, Actions: forwardTo("App")}},
	}
	request := get("/a")
	if d := l.Route(&request); !d.Certain() || d.Target().LogicalID != "App" {
		t.Errorf("got %v %v, want App", d.Target(), d.Doubt)
	}
	request = get("/b")
	if d := l.Route(&request); d.Doubt != ForeignListener || d.Action() != nil {
		t.Errorf("got %v %v, want no action and ForeignListener", d.Action(), d.Doubt)
	}
}

// TestConditionalRule tries a rule whose condition in the template cannot be
// decided.
func TestConditionalRule(t *testing.T) {
	l := appListener()
	l.Rules = []Rule{{Priority: 1, If: "IsBlue", Actions: forwardTo("Blue"), Conditions: []Condition{PathPatterns{"/a"}}}}
	for target, want := range map[string]Doubt{"/a": ConditionalRule, "/b": 0} {
		request := get(target)
		if d := l.Route(&request); d.Doubt != want {
			t.Errorf("%s: doubt %q, want %q", target, d.Doubt, want)
		}
	}
}

// TestDroppedHeader tries a condition on a header that the load balancer drops.
func TestDroppedHeader(t *testing.T) {
	l := appListener()
	l.Balancer = &LoadBalancer{Attributes: map[string]string{"routing.http.drop_invalid_header_fields.enabled": "true"}}
	l.Rules = []Rule{{Priority: 1, Actions: forwardTo("App"), Conditions: []Condition{Header{"X_Client", []string{"ios"}}}}}
	request := with("X_Client", "ios")
	if d := l.Route(&request); d.Doubt != DroppedHeader || !d.Rule.Default() {
		t.Errorf("got rule %s with doubt %q, want the default rule and DroppedHeader", d.Rule.Name(), d.Doubt)
	}
	request = with("X_Client", "web")
	if d := l.Route(&request); !d.Certain() {
		t.Errorf("doubt %q, want none", d.Doubt)
	}
}

// TestRouteAllocatesNothing checks that routing by literal rules does not
// allocate.
func TestRouteAllocatesNothing(t *testing.T) {
	l := benchListener(100, "host")
	l.Rules[50].Conditions = append(l.Rules[50].Conditions, Header{"X-Client", []string{"ios", "android*"}},
		QueryStrings{{"a", "1"}, {"b", "*2"}}, cidrs("10.0.0.0/8"))
	r := forwarded("10.0.0.1", "10.1.2.3")
	r.Host = "api.example.com"
	r.Target = "/api/v1/resource51/items?x=1&b=12"
	r.Header["X-Client"] = []string{"Android/3"}
	if d := l.Route(&r); d.Rule.Priority != 51 {
		t.Fatalf("rule %s, want 51", d.Rule.Name())
	}
	if n := testing.AllocsPerRun(100, func() { l.Route(&r) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
