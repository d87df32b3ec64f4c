package replay

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
	"github.com/noren-cdk/noren/internal/rules/allowlist"
)

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
		open("GET", "/api/me", 200, 2) // slightly out of order
		open("POST", "/api/devices", 201, 0)
		open("GET", fmt.Sprintf("/api/teams/%d/sites/%d", i, i), 200, 3)
		open("POST", "/api/reports", 201, 4) // a write after the first calls
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

	// Without an app, all clients except bots count, and writes are not
	// suggested.
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

// TestSuggestions_HeaderMissing checks that what the allowlist has is not
// suggested again, but the header that clients lack is.
func TestSuggestions_HeaderMissing(t *testing.T) {
	var entries []accesslog.Entry
	for i := range 40 {
		for second, path := range []string{"/api/templates", fmt.Sprintf("/api/templates/%d", i), "/api/me"} {
			e := called("GET", path, phone, 0)
			e.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1)
			e.Created = noon.Add(time.Duration(second) * time.Second)
			entries = append(entries, e)
		}
	}
	report := replayed(t, Config{Assume: []Assumption{{Name: "X-Client"}}}, entries...)
	want := []Suggestion{
		{Pattern: "GET /api/templates", Header: "X-Client: ios", Requests: 40, FirstCalls: 40},
		{Pattern: "GET /api/me", Requests: 40},
		{Pattern: "GET /api/templates/{id}", Header: "X-Client: ios", Requests: 40},
	}
	if diff := cmp.Diff(want, report.Suggestions); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSuggestions_Compile checks that suggestions are accepted together with the
// allowlist's own lines, whatever was called.
func TestSuggestions_Compile(t *testing.T) {
	open, closed := template(t, "open"), template(t, "closed")
	own := newReplay(t, Config{}).judge.allowed()
	if _, err := allowlist.Compile(own, nil); err != nil {
		t.Fatalf("the lines of the allowlist: %v", err)
	}
	some := 0
	rapid.Check(t, func(t *rapid.T) {
		r, err := New(Config{Open: open, Maintenance: closed})
		if err != nil {
			t.Fatal(err)
		}
		segment := rapid.SampledFrom([]string{"api", "templates", "7", "reports", "files", "a.b", "(x)", "me", "%2e", "{id}", "", "x*", "6f1e2d3c-4b5a-6978-8f9e-0d1c2b3a4958"})
		for i := range 30 {
			path := "/" + strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(t, "path"), "/")
			e := called(rapid.SampledFrom([]string{"GET", "HEAD", "POST", "PUT"}).Draw(t, "method"), path, phone, 0)
			e.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1)
			r.Add(&e, Place{"log", i})
		}
		lines := slices.Clone(own)
		for _, s := range r.Report().Suggestions {
			if s.Header == "" {
				lines = append(lines, s.Pattern)
				some++
			}
		}
		if _, err := allowlist.Compile(lines, nil); err != nil {
			t.Fatal(err)
		}
	})
	if some == 0 {
		t.Error("nothing was suggested: nothing was tested")
	}
}

// TestReplay_LinesWithoutARequest checks that lines without a request are a class
// of their own, whatever the listeners, and that a client missing from the log
// leaves open only what depends on it.
func TestReplay_LinesWithoutARequest(t *testing.T) {
	unreadable, connect := called("", "", "", accesslog.NoRule), called("CONNECT", "", "", accesslog.NoRule)
	unreadable.URL, connect.URL = "", "example.com:443"
	report := replayed(t, Config{}, unreadable, connect, called("GET", "/api/me", phone, 0))
	if report.Lines.NoRequest != 2 || report.Requests.Requests != 1 || report.Lines.OtherPorts != 0 {
		t.Errorf("%d without a request, %d requests, %d to other ports; want 2, 1 and none", report.Lines.NoRequest, report.Requests.Requests, report.Lines.OtherPorts)
	}
	for _, client := range []string{"192.0.2.x:4711", "REDACTED", "xxx.xxx.xxx.xxx:51034", "sha256:0f1e2d"} {
		e := called("GET", "/api/me", phone, 0)
		line := string(e.Append(nil))
		parsed, err := accesslog.Parse(strings.Replace(line, "198.51.100.7:4000", client, 1))
		if err != nil || parsed.Client.IsValid() {
			t.Errorf("%s: %v, %v", client, parsed.Client, err)
			continue
		}
		if got := fateOf(t, Config{}, parsed); got != "depends" {
			t.Errorf("%s: the fate is %s, want one that depends on the address", client, got)
		}
		if got := fateOf(t, Config{}, func() accesslog.Entry { parsed.URL = "https://api.example.com:443/api/health"; return parsed }()); got != "allowed" {
			t.Errorf("%s: the fate of a health check is %s", client, got)
		}
	}
}
