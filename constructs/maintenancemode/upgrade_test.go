package maintenancemode_test

import (
	"testing"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// TestNew_WithoutUpgrades checks that read-only lets a client open a WebSocket,
// which can then write, unless the switch refuses upgrades.
func TestNew_WithoutUpgrades(t *testing.T) {
	socket := map[string][]string{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
	get := func(target string, header map[string][]string) alb.Request {
		return alb.Request{Method: "GET", Target: target, Header: header}
	}
	for _, without := range []bool{false, true} {
		synthesized := map[maintenance.Mode]template{}
		for _, mode := range maintenance.Modes() {
			synthesized[mode] = mustSynth(t, func(p product) {
				p.new(maintenancemode.Props{Mode: mode, ReadOnly: true, WithoutUpgrades: without, Allow: []string{"GET /api/live"}})
			})
		}
		readOnly := "app"
		if without {
			readOnly = "responder"
		}
		for _, test := range []struct {
			name    string
			request alb.Request
			want    map[maintenance.Mode]string
		}{
			{"a WebSocket", get("/socket", socket), map[maintenance.Mode]string{maintenance.Open: "app", maintenance.ReadOnly: readOnly, maintenance.Closed: "responder"}},
			{"a read", get("/socket", nil), map[maintenance.Mode]string{maintenance.Open: "app", maintenance.ReadOnly: "app", maintenance.Closed: "responder"}},
			{"a WebSocket on the allowlist", get("/api/live", socket), map[maintenance.Mode]string{maintenance.Open: "app", maintenance.ReadOnly: "app", maintenance.Closed: "app"}},
		} {
			for mode, want := range test.want {
				if got := synthesized[mode].route(t, test.request); got != want {
					t.Errorf("WithoutUpgrades %v, %s, %s: got %s, want %s", without, test.name, mode, got, want)
				}
			}
		}
	}
}
