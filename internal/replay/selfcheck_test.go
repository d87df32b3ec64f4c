package replay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

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
