package replay

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// fateOf returns the fate of one request.
func fateOf(t *testing.T, config Config, e accesslog.Entry) string {
	t.Helper()
	counts := replayed(t, config, e).Requests
	for name, n := range map[string]int64{"allowed": counts.Allowed, "refused": counts.Refused, "depends": counts.Depends, "unaffected": counts.Unaffected} {
		if n == 1 {
			return name
		}
	}
	return fmt.Sprint(counts)
}

func TestFates(t *testing.T) {
	ios := []Assumption{{Name: "X-Client", Value: "IOS"}}
	web := []Assumption{{Name: "X-Client", Value: "web"}}
	from := func(address string, e accesslog.Entry) accesslog.Entry {
		e.Client = netip.MustParseAddrPort(address)
		return e
	}
	status := func(status, rule int, actions string, e accesslog.Entry) accesslog.Entry {
		e.Status, e.Rule, e.Actions = status, rule, actions
		return e
	}
	tests := []struct {
		name   string
		config Config
		entry  accesslog.Entry
		want   string
	}{
		{"the header is not known", Config{}, called("GET", "/api/templates", phone, 101), "depends"},
		{"of another user agent", Config{Assume: []Assumption{{Name: "X-Client", Value: "ios", Agents: []string{"Other/*"}}}}, called("GET", "/api/templates", phone, 101), "depends"},
		{"the header is assumed", Config{Assume: ios}, called("GET", "/api/templates", phone, 101), "allowed"},
		{"with another value", Config{Assume: web}, called("GET", "/api/templates", phone, 101), "refused"},
		{"not sent", Config{Assume: []Assumption{{Name: "x-client"}}}, called("GET", "/api/templates", phone, 101), "refused"},
		{"HEAD goes with GET", Config{Assume: ios}, called("HEAD", "/api/templates/7", phone, 102), "allowed"},
		{"another method", Config{Assume: ios}, called("POST", "/api/templates", phone, 0), "refused"},
		{"the path of none", Config{Assume: ios}, called("GET", "/api/templates/7/x", phone, 0), "refused"},
		{"whatever the header", Config{}, called("GET", "/api/me", phone, 0), "refused"},
		{"the health check", Config{}, called("GET", "/api/health", "curl/8", 190), "allowed"},
		{"an operator's network", Config{}, from("203.0.113.9:1", called("DELETE", "/api/reports/1", firefox, 180)), "allowed"},
		{"beside it", Config{}, from("203.0.113.16:1", called("DELETE", "/api/reports/1", firefox, 0)), "refused"},
		{"an address that was not logged", Config{}, func() accesslog.Entry {
			e := called("GET", "/api/me", phone, 0)
			e.Client = netip.AddrPort{}
			return e
		}(), "depends"},
		{"a path that can be read in two ways", Config{Assume: ios}, called("GET", "/api/x/%2e%2e/templates", phone, 0), "depends"},
		{"an escape that does not matter", Config{}, called("GET", "/caf%C3%A9", phone, 0), "refused"},

		{"what was recorded tells of the header", Config{Since: noon}, called("GET", "/api/templates", phone, 101), "allowed"},
		{"and that it was not sent", Config{Since: noon}, called("GET", "/api/templates", firefox, 0), "refused"},
		{"but not before", Config{Since: noon.Add(1)}, called("GET", "/api/templates", phone, 101), "depends"},
		{"against what was assumed", Config{Since: noon, Assume: ios}, called("GET", "/api/templates", firefox, 0), "refused"},
		{"a write with the bypass secret", Config{Since: noon}, called("POST", "/api/reports", firefox, 185), "allowed"},
		{"a rule that cannot be", Config{Since: noon}, called("GET", "/api/me", phone, 100), "refused"},

		{"a method that ALB refuses", Config{}, called("TRACE", "/", phone, accesslog.NoRule), "unaffected"},
		{"a bad request", Config{}, status(400, accesslog.NoRule, "", called("GET", "/api/templates", phone, 0)), "unaffected"},
		{"the firewall", Config{}, status(403, 0, "waf", called("GET", "/api/templates", phone, 0)), "unaffected"},
		{"a client that went away", Config{}, status(460, accesslog.NoRule, "", called("POST", "/api/reports", phone, 0)), "refused"},
		{"an old log", Config{Since: noon, Assume: ios}, called("GET", "/api/templates", phone, accesslog.RuleNotLogged), "allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := fateOf(t, test.config, test.entry); got != test.want {
				t.Errorf("%s %s, rule %d: got %s, want %s", test.entry.Method, test.entry.URL, test.entry.Rule, got, test.want)
			}
		})
	}
}

func TestReadOnly(t *testing.T) {
	tests := []struct {
		entry accesslog.Entry
		since time.Time
		want  string
	}{
		{called("GET", "/api/me", phone, 191), time.Time{}, "allowed"},
		{called("GET", "/api/templates", phone, 101), time.Time{}, "allowed"},
		{called("POST", "/api/reports", phone, 0), time.Time{}, "refused"},
		{called("POST", "/api/login", phone, 100), time.Time{}, "depends"},
		{called("POST", "/api/login", phone, 100), noon, "allowed"},
		{called("POST", "/api/login", firefox, 0), noon, "refused"},
		{called("POST", "/api/reports", firefox, 184), noon, "allowed"},
	}
	for _, test := range tests {
		open, readOnly := template(t, "open"), template(t, "closed")
		for _, l := range readOnly.Listeners {
			app := open.Listener(l.Ref).Default.Actions
			reads := alb.Rule{Priority: 191, Conditions: []alb.Condition{alb.Methods{"GET", "HEAD", "OPTIONS"}}, Actions: app}
			for _, m := range []*alb.Listener{l, open.Listener(l.Ref)} {
				m.Rules = append(m.Rules, reads)
			}
		}
		r, err := New(Config{Open: open, Maintenance: readOnly, Since: test.since})
		if err != nil {
			t.Fatal(err)
		}
		r.Add(&test.entry, Place{"log", 1})
		counts := r.Report().Requests
		got := map[int64]string{counts.Allowed: "allowed", counts.Refused: "refused", counts.Depends: "depends", counts.Unaffected: "unaffected"}[1]
		if got != test.want {
			t.Errorf("%s %s, rule %d: got %s, want %s", test.entry.Method, test.entry.URL, test.entry.Rule, got, test.want)
		}
	}
}

func TestTheListenerIsThatOfThePort(t *testing.T) {
	redirected := called("POST", "/api/reports", phone, 0)
	redirected.URL = "http://api.example.com:80/api/reports"
	if got := fateOf(t, Config{}, redirected); got != "unaffected" {
		t.Errorf("port 80, which redirects: got %s", got)
	}
	other := called("POST", "/api/reports", phone, 0)
	other.URL = "https://api.example.com:8443/api/reports"
	report := replayed(t, Config{}, other)
	if report.Requests.Requests != 0 || report.Lines.OtherPorts != 1 || len(report.Ports) != 1 || report.Ports[0].Name != "8443" {
		t.Errorf("port 8443: got %+v, %+v, %v", report.Requests, report.Lines, report.Ports)
	}
}

func TestReplay_OneLoadBalancerOfSeveral(t *testing.T) {
	a, b := called("GET", "/api/me", phone, 0), called("GET", "/api/me", phone, 0)
	b.LoadBalancer = "app/other/99"
	for _, name := range []string{"other", "app/other/99"} {
		report := replayed(t, Config{LoadBalancer: name}, a, b, a)
		if report.Requests.Requests != 1 || report.Lines.OtherBalancers != 2 {
			t.Errorf("%s: got %+v, %+v", name, report.Requests, report.Lines)
		}
	}
}
