package turn

import (
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// TestTold checks that the names come from the template's description.
func TestTold(t *testing.T) {
	f := withRole(t, maintenance.Open)
	told, err := operation(f).Told(t.Context())
	if want := (Told{Stack: "shop", Switch: told.Switch, Monitors: "shop-Monitors"}); err != nil || told.Switch == "" || told.Monitors != want.Monitors || told.Stack != want.Stack {
		t.Errorf("got %+v, %v, want %+v", told, err, want)
	}
	f.template = strings.Replace(f.template, `\"Monitors\":\"Monitors\",`, "", 1)
	if told, err = operation(f).Told(t.Context()); err != nil || told.Monitors != "" {
		t.Errorf("without monitors: got %+v, %v", told, err)
	}
}
