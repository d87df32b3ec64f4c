//go:build judges

package lint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// TestStates checks the state machine of a night with asl-validator, in every
// shape, and checks that asl-validator refuses a wrong one.
func TestStates(t *testing.T) {
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	resources := window.Resources{
		Function: "arn:aws:lambda:us-east-1:111111111111:function:steps", Cluster: "cluster", Task: "task:1", Role: "role", SecurityGroup: "sg-1", Container: "noren", Subnets: []string{"subnet-1"}, Stack: "shop", Switch: "shop/Maintenance",
	}
	judge := func(definition string, code int) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "night.asl.json")
		if err := os.WriteFile(file, []byte(definition), 0o600); err != nil {
			t.Fatal(err)
		}
		said := string(output(t, exec.Command("test/lint/node_modules/.bin/asl-validator", "--json-path", file), code))
		if code == 0 && !strings.Contains(said, "is valid") {
			t.Errorf("asl-validator says %s", said)
		}
	}
	for i := range 8 {
		w := window.Window{
			Start: start, End: start.Add(time.Hour), Mode: maintenance.Closed, Ask: i&1 == 0, Announces: i&2 == 0, Mutes: i&2 == 0,
			Verify: []window.Request{{Method: "GET", Path: "/", Status: 200}},
		}
		if i&4 == 0 {
			w.Changes = []window.Change{{Name: "regions", Rehearsed: time.Minute}}
		}
		judge(w.Definition(resources), 0)
		if i == 0 {
			judge(strings.Replace(w.Definition(resources), `"Next": "Drained"`, `"Next": "Elsewhere"`, 1), 1)
		}
	}
}
