package stacks

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

// healthy returns a minute of a healthy product in a mode.
func healthy(mode maintenance.Mode, requests float64) values {
	return values{
		"Mode": float64(mode.Number()), "Drift": 0, "Overdue": 0,
		"HealthyHostCount": 2, "UnHealthyHostCount": 0, "RequestCount": requests, "TargetResponseTime": 0.1,
		"DesiredTaskCount": 2, "RunningTaskCount": 2,
		"CPUUtilization": 20, "DatabaseConnections": 20, "ACUUtilization": 30, "Deadlocks": 0, "AuroraReplicaLagMaximum": 20,
	}
}

// faults are faults that may happen. Each changes a healthy minute, the n-th
// since it happened.
var faults = []struct {
	name     string
	requests float64
	change   func(v values, n int)
	want     map[maintenance.Mode]int // someone is told within so many minutes. 0: no one is told
}{
	{"every request fails, 600 a minute", 600, func(v values, _ int) { v["HTTPCode_Target_5XX_Count"] = v["RequestCount"] }, told(6, 6, 4)},
	{"one request in ten fails, 600 a minute", 600, func(v values, _ int) { v["HTTPCode_Target_5XX_Count"] = 60 }, told(6, 6, 4)},
	{"5 of 5 requests fail in ten minutes, one every other minute", 0, few(2), told(12, 12, 10)},
	{"5 of 5 requests fail in one minute of ten", 0, func(v values, n int) {
		if n%10 == 0 {
			v["RequestCount"], v["HTTPCode_Target_5XX_Count"] = 5, 5
		}
	}, told(12, 12, 10)},
	{"the database is gone, 5 requests in ten minutes, all fail", 0, func(v values, n int) { gone(v); few(2)(v, n) }, told(5, 5, 5)},
	{"the database is gone, nobody asks", 0, func(v values, _ int) { gone(v); delete(v, "RequestCount") }, told(5, 5, 5)},
	{"reads take 30 s", 600, func(v values, _ int) { v["TargetResponseTime"] = 30 }, told(8, 8, 0)},
	{"no task is healthy", 600, func(v values, _ int) { v["HealthyHostCount"] = 0 }, told(3, 3, 3)},
	{"the probe is silent", 600, func(v values, _ int) { delete(v, "Mode"); delete(v, "Drift") }, told(5, 5, 5)},
	{"a rule by hand lets requests through", 600, func(v values, _ int) { delete(v, "Mode"); v["Drift"] = 1 }, told(5, 5, 5)},
	{"one request in a thousand fails, 600 a minute", 600, func(v values, n int) {
		if n%2 == 0 {
			v["HTTPCode_Target_5XX_Count"] = 1
		}
	}, told(0, 0, 0)},
	{"nothing", 600, func(values, int) {}, told(0, 0, 0)},
	{"nothing, and nobody asks", 0, func(v values, _ int) { delete(v, "RequestCount") }, told(0, 0, 0)},
}

func told(open, readOnly, closed int) map[maintenance.Mode]int {
	return map[maintenance.Mode]int{maintenance.Open: open, maintenance.ReadOnly: readOnly, maintenance.Closed: closed}
}

// few returns a fault: a failing request every so many minutes.
func few(every int) func(v values, n int) {
	return func(v values, n int) {
		delete(v, "RequestCount")
		if n%every == 0 {
			v["RequestCount"], v["HTTPCode_Target_5XX_Count"] = 1, 1
		}
	}
}

// gone simulates a missing database.
func gone(v values) {
	for name := range v {
		switch name {
		case "CPUUtilization", "DatabaseConnections", "ACUUtilization", "Deadlocks", "AuroraReplicaLagMaximum":
			delete(v, name)
		}
	}
}

// TestToldAfter checks that each fault notifies someone in time, in every mode,
// and that the runbook's table gives the minutes and the alarm.
func TestToldAfter(t *testing.T) {
	const before, during = 30, 60
	table := "| what happened | open | read-only | closed |\n| --- | --- | --- | --- |\n"
	template := synthesized(t, "prod", maintenance.Open).template
	for _, f := range faults {
		table += "| " + f.name
		for _, mode := range maintenance.Modes() {
			c := newCloudWatch(t, template)
			var history []values
			for n := -before; n < during; n++ {
				v := maps.Clone(healthy(mode, f.requests))
				if f.requests == 0 {
					delete(v, "RequestCount")
				}
				if n >= 0 {
					f.change(v, n)
				}
				history = append(history, v)
				c.minute(history)
			}
			names, minutes := c.first(before)
			want := f.want[mode]
			switch {
			case want == 0 && len(names) > 0, want > 0 && (len(names) == 0 || minutes > want):
				t.Errorf("%s, %s: told after %d minutes by %q, want %d (0: not at all)", f.name, mode, minutes, names, want)
			}
			cell := "nobody"
			if len(names) > 0 {
				cell = fmt.Sprintf("%d min, `%s`", minutes, strings.Join(names, "`, `"))
			}
			table += " | " + cell
		}
		table += " |\n"
	}
	const begin, end = "<!-- told: written by go test ./stacks -run TestToldAfter -update -->\n", "<!-- told: end -->"
	document, _ := runbook(t)
	head, rest, ok := strings.Cut(document, begin)
	is, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the runbook has no place for the table")
	}
	if is == table {
		return
	}
	if !*update {
		t.Fatalf("the runbook's table is not what the alarms do: run with -update; want\n%s", table)
	}
	if err := os.WriteFile(remembered("docs/runbook.md"), []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
