package stacks

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// nights is the number of simulated nights: go test ./stacks -run Silent -nights
// 10000.
var nights = flag.Int("nights", 100, "how many nights TestSilentProbe simulates")

// TestSilentProbe checks that once the probe is silent, no alarm says that the
// product is closed, and none is suppressed because the probe last saw it closed.
// A minute or two without the probe, or a night without a fault, notifies no one
// of planned work.
func TestSilentProbe(t *testing.T) {
	const length, enough = 60, 10 // in minutes; the API's errors must notify within enough
	template := synthesized(t, "prod", maintenance.Open).template
	id := func(name string) string {
		for _, kind := range []string{"Alarm", "CompositeAlarm"} {
			for _, id := range template.ofType("AWS::CloudWatch::" + kind) {
				if withoutHash(id) == name {
					return id
				}
			}
		}
		t.Fatalf("there is no %s", name)
		return ""
	}
	closed, unknown, errors := id("MaintenanceClosedAlarm"), id("MaintenanceModeUnknownAlarm"), id("AppErrorsAlarm")
	for seed := range *nights {
		r := rand.New(rand.NewPCG(uint64(seed), 21))
		silent := 10 + r.IntN(20)
		fails := silent + r.IntN(20) // after the product was opened, which the probe does not see
		if seed%4 == 0 {
			silent, fails = length, 5+r.IntN(20) // it is planned work
		}
		c := newCloudWatch(t, template)
		var history []values
		last := 0 // when the probe said closed
		for n := range length {
			v := healthy(maintenance.Closed, 600)
			if hiccup := n > 3 && r.IntN(20) == 0 && n-last < 3; n >= silent || hiccup {
				delete(v, "Mode")
				delete(v, "Drift")
				delete(v, "Overdue")
			} else {
				last = n
			}
			if n >= fails {
				v["HTTPCode_Target_5XX_Count"] = v["RequestCount"]
			}
			history = append(history, v)
			c.minute(history)
			if c.state[closed] != (n-last <= furtherBack) {
				t.Fatalf("night %d, minute %d: the probe said closed %d minutes ago, and the alarm says closed: %v", seed, n, n-last, c.state[closed])
			}
		}
		told, isTold := c.told[errors]
		switch at, isUnknown := c.told[unknown]; {
		case silent == length && (isTold || isUnknown):
			t.Errorf("night %d: closed, and seen to be: told at %v", seed, c.told)
		case silent == length:
		case !isUnknown || at > silent+5:
			t.Errorf("night %d: silent since minute %d, and told at %v", seed, silent, c.told)
		case !isTold || told > max(silent, fails)+enough:
			t.Errorf("night %d: silent since minute %d, failing since %d, and told at %v", seed, silent, fails, c.told)
		}
	}
}
