package stacks

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
	"github.com/noren-cdk/noren/maintenance"
)

// TestTheWayOutOfAGuardThatCannotStart tries -c maintenance=true and -c
// maintenance-guard=absent, as docs/guard.md describes. Nothing calls the guard
// any more, and no carrier of the mode changes: the product stays closed in every
// order of calls.
func TestTheWayOutOfAGuardThatCannotStart(t *testing.T) {
	for _, name := range []string{"staging", "prod"} {
		env := loadEnvironment(t, name)
		if !env.Maintenance.Guard {
			t.Fatalf("%s has no guard: is this test looking at the right thing?", name)
		}
		mode := maintenance.Closed
		a, err := synthWith(env, maintenancemode.Flags{Mode: &mode, GuardAbsent: true})
		if err != nil {
			t.Fatal(err)
		}
		deployed, without := synthesized(t, name, mode).template, a.template
		guards := deployed.ofType(maintenance.GuardType)
		if len(guards) != 1 || len(without.ofType(maintenance.GuardType)) > 0 {
			t.Fatalf("%s: guards %q before, %q after", name, guards, without.ofType(maintenance.GuardType))
		}
		if strings.Contains(string(a.data), guards[0]) {
			t.Errorf("%s: something still refers to %s", name, guards[0])
		}
		carriers := 0
		for id, r := range deployed.Resources {
			if r.Type != "AWS::ElasticLoadBalancingV2::Listener" && r.Type != "AWS::ElasticLoadBalancingV2::ListenerRule" {
				continue
			}
			carriers++
			if after, exists := without.Resources[id]; !exists || !reflect.DeepEqual(r.Properties, after.Properties) {
				t.Errorf("%s: %s changes from\n%s\nto\n%s", name, id, text(r), text(after))
			}
		}
		if carriers < 5 {
			t.Errorf("%s: %d listeners and rules: is this test looking at the right thing?", name, carriers)
		}

		if _, err := synthesizable(func() { _, err = synthWith(env, maintenancemode.Flags{GuardAbsent: true}) }); err == nil || !strings.Contains(err.Error(), "needs the mode to be typed") {
			t.Errorf("%s, without the mode: got %v, want that it is to be typed", name, err)
		}
	}
}

// synthesizable runs a synthesis and returns CDK's panic as an error.
func synthesizable(synthesize func()) (ok bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	synthesize()
	return true, nil
}
