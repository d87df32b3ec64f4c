package replay

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
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
