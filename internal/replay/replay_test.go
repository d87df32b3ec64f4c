package replay

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/accesslog"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// called is an entry of a request to the API.
func called(method, path, agent string, rule int) accesslog.Entry {
	return accesslog.Entry{
		Type: "h2", Time: noon, Created: noon, LoadBalancer: "app/fieldreports/1f2e", Client: netip.MustParseAddrPort("198.51.100.7:4000"),
		Status: 200, Method: method, URL: "https://api.example.com:443" + path, Proto: "HTTP/2.0", UserAgent: agent, Rule: rule, Actions: "forward",
	}
}

func replayed(t *testing.T, config Config, entries ...accesslog.Entry) Report {
	t.Helper()
	r := newReplay(t, config)
	for i, e := range entries {
		r.Add(&e, Place{"log", i + 1})
	}
	return r.Report()
}

// fateOf is the fate of one request.
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

// In read-only mode the default goes to the app, and a rule refuses writes that
// is not there when open.
func TestReadOnly(t *testing.T) {
	tests := []struct {
		entry accesslog.Entry
		since time.Time
		want  string
	}{
		{called("GET", "/api/me", phone, 0), time.Time{}, "allowed"},
		{called("GET", "/api/templates", phone, 101), time.Time{}, "allowed"},
		{called("POST", "/api/reports", phone, 0), time.Time{}, "refused"},
		{called("POST", "/api/login", phone, 100), time.Time{}, "depends"},
		{called("POST", "/api/login", phone, 100), noon, "allowed"},
		{called("POST", "/api/login", firefox, 0), noon, "refused"},
		{called("POST", "/api/reports", firefox, 184), noon, "allowed"},
	}
	for _, test := range tests {
		open, readOnly := template(t, "open"), template(t, "maintenance")
		for _, l := range readOnly.Listeners {
			l.Default.Actions = open.Listener(l.Ref).Default.Actions
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

func TestOneLoadBalancerOfSeveral(t *testing.T) {
	a, b := called("GET", "/api/me", phone, 0), called("GET", "/api/me", phone, 0)
	b.LoadBalancer = "app/other/99"
	for _, name := range []string{"other", "app/other/99"} {
		report := replayed(t, Config{LoadBalancer: name}, a, b, a)
		if report.Requests.Requests != 1 || report.Lines.OtherBalancers != 2 {
			t.Errorf("%s: got %+v, %+v", name, report.Requests, report.Lines)
		}
	}
}

func TestWhatNothingUsed(t *testing.T) {
	report := replayed(t, Config{Assume: []Assumption{{Name: "X-Client", Value: "ios"}}},
		called("POST", "/api/login", phone, 100), called("HEAD", "/api/templates/8", phone, 102), called("POST", "/api/templates", phone, 0))
	var got []string
	for _, u := range report.Unused {
		got = append(got, fmt.Sprint(u.Rule, " ", u.Pattern))
	}
	want := []string{"101 GET /api/templates", "103 GET /api/files/{path...}", "104 GET /api/reports", "105 GET /api/reports/{id}"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSuggestions(t *testing.T) {
	var entries []accesslog.Entry
	for i := range 40 {
		open := func(method, path string, status, second int) {
			e := called(method, path, phone, 0)
			e.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1)
			e.Created, e.Status = noon.Add(time.Duration(second)*time.Second), status
			entries = append(entries, e)
		}
		open("GET", "/api/me", 200, 2) // a little out of order
		open("POST", "/api/devices", 201, 0)
		open("GET", fmt.Sprintf("/api/teams/%d/sites/%d", i, i), 200, 3)
		open("POST", "/api/reports", 201, 4) // a write that has its time
		open("GET", "/api/gone", 404, 5)
		open("GET", "/api/(odd)", 200, 6)
		open("GET", "/api/things/", 200, 7)
	}
	entries = append(entries, called("GET", "/admin", crawler, 0), called("GET", "/about", firefox, 0))
	report := replayed(t, Config{}, entries...)
	var got []string
	for _, s := range report.Suggestions {
		got = append(got, fmt.Sprint(s.Pattern, " ", s.Requests, " ", s.FirstCalls, " ", s.Writes))
	}
	want := []string{
		"POST /api/devices 40 40 true", "GET /api/me 40 0 false", "GET /api/teams/{id}/sites/{id2} 40 0 false", "GET /api/things/{$} 40 0 false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if report.Sessions != 40 || report.StuckSessions != 40 || report.FirstRefused[0] != (FirstCall{"POST", "/api/devices", 40, 40}) {
		t.Errorf("got %d sessions, %d stuck, %+v", report.Sessions, report.StuckSessions, report.FirstRefused)
	}

	// Without an app, everybody but bots counts, and writes are not suggested.
	report = replayed(t, Config{}, called("GET", "/admin", crawler, 0), called("GET", "/about", firefox, 0), called("POST", "/about", firefox, 0))
	if len(report.Suggestions) != 1 || report.Suggestions[0].Pattern != "GET /about" {
		t.Errorf("without an app: got %+v", report.Suggestions)
	}
}

func TestASessionEndsWhenItIsIdle(t *testing.T) {
	var entries []accesslog.Entry
	for _, minute := range []int{0, 29, 58, 89, 200} {
		e := called("GET", "/api/me", phone, 0)
		e.Created = noon.Add(time.Duration(minute) * time.Minute)
		entries = append(entries, e)
	}
	if got := replayed(t, Config{}, entries...).Sessions; got != 3 {
		t.Errorf("got %d sessions, want 3", got)
	}
	slices.Reverse(entries)
	if got := replayed(t, Config{}, entries...).Sessions; got != 3 {
		t.Errorf("newest first: got %d sessions, want 3", got)
	}
}

func TestSelfCheck(t *testing.T) {
	ios := []Assumption{{Name: "X-Client", Value: "ios"}}
	entries := []accesslog.Entry{
		called("GET", "/api/me", phone, 0),                   // agrees
		called("GET", "/api/templates", phone, 101),          // agrees, with the assumption
		called("GET", "/api/templates", firefox, 0),          // contradicts it
		called("GET", "/api/me", firefox, 185),               // a secret
		called("GET", "/api/me", firefox, 7),                 // no such rule
		called("GET", "/api/teams/1", phone, 100),            // another path
		called("GET", "/api/teams/2", phone, 100),            // the same again
		called("GET", "/x", phone, accesslog.NoRule),         // not compared
		called("GET", "/x", phone, accesslog.RuleNotLogged),  // not compared
		called("TRACE", "/api/teams/3", phone, 0),            // not expected to be routed
		called("GET", "/api/%2e%2e/../templates", phone, 33), // rejected, one would think
	}
	check := replayed(t, Config{Since: noon, Assume: ios}, entries...).SelfCheck
	if want := (CheckCounts{Compared: 9, Agreed: 2, Possible: 1, Contradicted: 1, Disagreed: 5}); check.CheckCounts != want {
		t.Errorf("got %+v, want %+v", check.CheckCounts, want)
	}
	if check.Bypassed != 1 || check.Settled != 2 {
		t.Errorf("got %d with the secret, %d settled; want 1, 2", check.Bypassed, check.Settled)
	}
	want := []Disagreement{
		{"GET", "/api/teams/{id}", "100", "default", 2, Place{"log", 6}, noon},
		{"GET", "/api/%2e%2e/../templates", "33", "none: the path climbs above the root", 1, Place{"log", 11}, noon},
		{"GET", "/api/me", "7", "default", 1, Place{"log", 5}, noon},
		{"TRACE", "/api/teams/{id}", "default", "none: method TRACE is not supported", 1, Place{"log", 10}, noon},
	}
	if diff := cmp.Diff(want, check.Disagreements); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	late := replayed(t, Config{Since: noon.Add(time.Second), Assume: ios}, entries...).SelfCheck
	if late.Compared != 0 {
		t.Errorf("before Since: got %+v", late.CheckCounts)
	}
}

// A hostile log names something new in every line.
func TestAHostileLogTakesBoundedMemory(t *testing.T) {
	r := newReplay(t, Config{Since: noon})
	long := strings.Repeat("x", 2000)
	const lines = 70_000
	frequent := 0
	for i := range lines {
		e := called(fmt.Sprint("M", i), fmt.Sprintf("/%dx%s", i, long), fmt.Sprintf("agent%d/%s", i, long), 1+i%50_000)
		e.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
		e.LoadBalancer = fmt.Sprintf("app/%d%s", i, long)
		if i%7 == 0 {
			e.URL = fmt.Sprintf("https://a:%d/", i)
		}
		if i%1000 == 999 {
			e = called("GET", "/api/me", phone, 0)
			frequent++
		}
		r.Add(&e, Place{"log", i + 1})
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 150<<20 {
		t.Errorf("%d bytes are in use", memory.HeapAlloc)
	}
	report := r.Report()
	var sum int64
	for _, e := range report.Endpoints {
		sum += e.Requests
		if e.Path == "/api/me" && e.Requests != int64(frequent) {
			t.Errorf("the one that is called often has %d requests, want %d", e.Requests, frequent)
		}
	}
	if len(report.Endpoints) > maxEndpoints+1 || sum != report.Requests.Requests || sum+report.Lines.OtherPorts != lines {
		t.Errorf("%d endpoints with %d requests, %d requests, %d to other ports", len(report.Endpoints), sum, report.Requests.Requests, report.Lines.OtherPorts)
	}
	if last := report.Endpoints[len(report.Endpoints)-1]; last.Path != Other || last.Method != "" || last.Requests == 0 {
		t.Errorf("what did not fit: got %+v", last)
	}
	if len(report.SelfCheck.Disagreements) != maxDisagreements || report.SelfCheck.Disagreed == 0 {
		t.Errorf("%d disagreements listed of %d", len(report.SelfCheck.Disagreements), report.SelfCheck.Disagreed)
	}
	for name, n := range map[string]int{"clients": len(report.Clients), "methods": len(report.Methods), "load balancers": len(report.LoadBalancers), "ports": len(report.Ports)} {
		if n > maxFamilies+1 {
			t.Errorf("%d %s", n, name)
		}
	}
}
