package stacks

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// releaseAlarm returns the alarm that the service uses to roll a release back.
func releaseAlarm(t *testing.T, template template) string {
	t.Helper()
	service := template.Resources[template.ofType("AWS::ECS::Service")[0]]
	configuration := service.Properties["DeploymentConfiguration"].(map[string]any)
	for _, id := range template.ofType("AWS::CloudWatch::Alarm") {
		if !strings.HasPrefix(id, "ReleaseErrors") {
			continue
		}
		want := fmt.Sprintf(`{"AlarmNames":[{"Ref":%q}],"Enable":true,"Rollback":true}`, id)
		if got := text(configuration["Alarms"]); got != want {
			t.Fatalf("the service has the deployment alarms %s, want %s", got, want)
		}
		if breaker := text(configuration["DeploymentCircuitBreaker"]); breaker != `{"Enable":true,"Rollback":true}` {
			t.Errorf("the circuit breaker is %s, want it beside the alarm", breaker)
		}
		return id
	}
	t.Fatal("the stack has no alarm for releases")
	return ""
}

// TestReleaseAlarm checks that a release whose requests fail is rolled back
// within minutes, and that nothing is rolled back while the product is closed or
// its mode is changing.
func TestReleaseAlarm(t *testing.T) {
	fails := func(share float64) func(v values) {
		return func(v values) { v["HTTPCode_Target_5XX_Count"] = share * v["RequestCount"] }
	}
	breaks := func(v values) { v["HTTPCode_ELB_502_Count"] = v["RequestCount"] / 10 }
	for _, test := range []struct {
		name     string
		modes    []maintenance.Mode // of each minute; the last one continues
		requests float64
		change   func(v values)
		want     int // within so many minutes, 0: never
	}{
		{"every request fails", []maintenance.Mode{maintenance.Open}, 600, fails(1), 3},
		{"one request in ten fails", []maintenance.Mode{maintenance.Open}, 600, fails(0.1), 3},
		{"one request in ten meets a connection that a task has broken", []maintenance.Mode{maintenance.Open}, 600, breaks, 3},
		{"read-only, one request in ten fails", []maintenance.Mode{maintenance.ReadOnly}, 600, fails(0.1), 3},
		{"closed, every allowed request fails", []maintenance.Mode{maintenance.Closed}, 600, fails(1), 0},
		{"closed, every allowed request meets a broken connection", []maintenance.Mode{maintenance.Closed}, 600, breaks, 0},
		{"one request in a hundred fails", []maintenance.Mode{maintenance.Open}, 600, fails(0.01), 0},
		{"three of three requests fail", []maintenance.Mode{maintenance.Open}, 3, fails(1), 0},
		{"closed and opened again, and no request fails", []maintenance.Mode{maintenance.Closed, maintenance.Closed, maintenance.Open}, 600, fails(0), 0},
		{"opened again, and then requests fail", []maintenance.Mode{maintenance.Closed, maintenance.Closed, maintenance.Open}, 600, fails(0.1), 5},
	} {
		for _, environment := range environments {
			template := synthesized(t, environment, maintenance.Open).template
			id := releaseAlarm(t, template)
			c := newCloudWatch(t, template)
			var history []values
			first := 0
			for n := -10; n < 30; n++ {
				mode := test.modes[min(max(n, 0), len(test.modes)-1)]
				v := maps.Clone(healthy(mode, test.requests))
				if n >= 0 {
					test.change(v)
				}
				history = append(history, v)
				if c.minute(history); c.state[id] && first == 0 {
					first = n + 1
				}
			}
			if first > test.want || first == 0 && test.want > 0 {
				t.Errorf("%s, %s: rolled back after %d minutes, want %d (0: never)", environment, test.name, first, test.want)
			}
		}
	}
}
