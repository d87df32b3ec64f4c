package replay

import (
	"net/netip"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// called returns an entry for a request to the API.
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
