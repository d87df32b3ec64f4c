package window_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

var update = flag.Bool("update", false, "rewrite the goldens with what the tests got")

// night returns a window that uses every feature.
func night() window.Window {
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.FixedZone("", 9*60*60))
	return window.Window{
		Start: start, End: start.Add(2 * time.Hour), Announce: 72 * time.Hour, Mode: maintenance.Closed,
		Changes:   []window.Change{{Name: "20261201-regions", Rehearsed: 14 * time.Minute}, {Name: "20261201-zones", Rehearsed: time.Minute}},
		Verify:    []window.Request{{Method: "GET", Path: "/api/health", Status: 200}},
		Ask:       true,
		Announces: true, Mutes: true,
	}
}

var resources = window.Resources{
	Function: "${Function}", Cluster: "${Cluster}", Task: "${Task}", Role: "${Role}", SecurityGroup: "${SecurityGroup}", Container: "noren",
	Subnets: []string{"${Subnet1}", "${Subnet2}"}, Stack: "${Stack}", Switch: "shop/Maintenance",
}

func names(w window.Window) []string {
	var names []string
	for _, s := range w.Steps() {
		names = append(names, s.Name)
	}
	return names
}

func TestSteps_AreInOrder(t *testing.T) {
	tests := []struct {
		name   string
		change func(*window.Window)
		want   string
	}{
		{"everything", func(*window.Window) {}, "Preflight, CheckChanges, Announce, Mute, Close, ClosedEverywhere, Drained, Change 20261201-regions, Change 20261201-zones, Verify, Ask, Open, OpenEverywhere, Unmute, AnnounceCompleted, Report"},
		{"no change of the schema", func(w *window.Window) { w.Changes = nil }, "Preflight, Announce, Mute, Close, ClosedEverywhere, Drained, Verify, Ask, Open, OpenEverywhere, Unmute, AnnounceCompleted, Report"},
		{"verified", func(w *window.Window) { w.Ask = false }, "Preflight, CheckChanges, Announce, Mute, Close, ClosedEverywhere, Drained, Change 20261201-regions, Change 20261201-zones, Verify, Open, OpenEverywhere, Unmute, AnnounceCompleted, Report"},
		{"nothing to verify", func(w *window.Window) { w.Verify = nil }, "Preflight, CheckChanges, Announce, Mute, Close, ClosedEverywhere, Drained, Change 20261201-regions, Change 20261201-zones, Ask, Open, OpenEverywhere, Unmute, AnnounceCompleted, Report"},
		{"neither announced nor muted", func(w *window.Window) { w.Announces, w.Mutes = false, false }, "Preflight, CheckChanges, Close, ClosedEverywhere, Drained, Change 20261201-regions, Change 20261201-zones, Verify, Ask, Open, OpenEverywhere, Report"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := night()
			test.change(&w)
			if got := strings.Join(names(w), ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestSteps_EndAndAreRepeatedOnlyWhereThatDoesNoHarm(t *testing.T) {
	for _, s := range night().Steps() {
		if s.Timeout <= 0 || s.Timeout > 24*time.Hour || s.Timeout%time.Second != 0 {
			t.Errorf("%s ends after %v", s.Name, s.Timeout)
		}
		if s.Kind == window.ByTask && len(s.Repeats) > 0 {
			t.Errorf("%s: a schema change is repeated without a person who has looked", s.Name)
		}
		for _, r := range s.Repeats {
			if r.Times < 1 || r.Every < time.Second || r.Every%time.Second != 0 || r.Backoff < 1 {
				t.Errorf("%s: %+v", s.Name, r)
			}
			for _, e := range r.Errors {
				if strings.HasPrefix(e, "States.") {
					t.Errorf("%s is repeated after %s, which may be anything", s.Name, e)
				}
			}
		}
	}
}

// definition is the part of a state machine that the tests read.
type definition struct {
	StartAt string
	States  map[string]state
}

type state struct {
	Type, Resource, Next string
	End                  bool
	TimeoutSeconds       int
	Retry                []struct{ ErrorEquals []string }
	Catch                []struct{ Next string }
	Parameters           struct{ Payload map[string]any }
}

func parse(t *testing.T, w window.Window) definition {
	t.Helper()
	var d definition
	if err := json.Unmarshal([]byte(w.Definition(resources)), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDefinition_IsTheSteps(t *testing.T) {
	w := night()
	d := parse(t, w)
	at := d.StartAt
	var got []string
	for at != "" {
		got = append(got, at)
		at = d.States[at].Next
	}
	if !slices.Equal(got, names(w)) {
		t.Errorf("the states are %v", got)
	}
	for i, s := range w.Steps() {
		state := d.States[s.Name]
		want := map[window.Kind]string{
			window.ByFunction: "arn:aws:states:::lambda:invoke", window.ByTask: "arn:aws:states:::ecs:runTask.sync",
			window.ByPerson: "arn:aws:states:::lambda:invoke.waitForTaskToken",
		}[s.Kind]
		if state.Type != "Task" || state.Resource != want || state.TimeoutSeconds != int(s.Timeout.Seconds()) || len(state.Retry) != len(s.Repeats) {
			t.Errorf("%s: %+v", s.Name, state)
		}
		if s.Kind != window.ByTask && (state.Parameters.Payload["step"] != s.Name || state.Parameters.Payload["window"] != w.ID()) {
			t.Errorf("%s: the function is told %v", s.Name, state.Parameters.Payload)
		}
		if len(state.Catch) > 0 {
			t.Errorf("%s has a Catch: the execution could not be repeated from it", s.Name)
		}
		if last := i == len(w.Steps())-1; state.End != last {
			t.Errorf("%s ends the night: %v", s.Name, state.End)
		}
	}
}

// The check begins with what the changes run: the same task, the same files in their
// order, and what the application does meanwhile.
func TestDefinition_ChecksWhatItRuns(t *testing.T) {
	var d struct {
		States map[string]struct {
			Parameters struct {
				Cluster, TaskDefinition string
				NetworkConfiguration    any
				Overrides               struct{ ContainerOverrides []struct{ Command []string } }
			}
		}
	}
	w := night()
	if err := json.Unmarshal([]byte(w.Definition(resources)), &d); err != nil {
		t.Fatal(err)
	}
	check := d.States[window.CheckChanges].Parameters
	want := []string{"ddl", "run", "--check", "--writes", "stopped", "/changes/20261201-regions.sql", "/changes/20261201-zones.sql"}
	if got := check.Overrides.ContainerOverrides[0].Command; !slices.Equal(got, want) {
		t.Errorf("the check is %q, want %q", got, want)
	}
	for i, c := range w.Changes {
		change := d.States["Change "+c.Name].Parameters
		command := change.Overrides.ContainerOverrides[0].Command
		if command[2] != want[5+i] || !strings.Contains(strings.Join(command, " "), "--writes stopped --while closed --stack ${Stack}") {
			t.Errorf("the change is %q, and %s is checked", command, want[5+i])
		}
		change.Overrides = check.Overrides
		if !reflect.DeepEqual(change, check) {
			t.Errorf("the change runs as %+v, and is checked as %+v", change, check)
		}
	}
}

func TestDefinition_Golden(t *testing.T) {
	got := night().Definition(resources) + "\n"
	for range 100 {
		if again := night().Definition(resources) + "\n"; again != got {
			t.Fatal("the same window is rendered in two ways")
		}
	}
	for i := range len(got) {
		if got[i] >= 0x80 {
			t.Fatalf("byte %d is not ASCII", i)
		}
	}
	for _, m := range regexp.MustCompile(`"([^"]+)": "(\$[^"]*)"`).FindAllStringSubmatch(got, -1) {
		path := strings.HasPrefix(m[2], "$.") || strings.HasPrefix(m[2], "$$.")
		if named := strings.HasSuffix(m[1], ".$"); m[1] != "ResultPath" && named != path {
			t.Errorf("%s: only a path, and every path, has a name that ends with .$", m[0])
		}
	}
	file := filepath.Join("testdata", "night.asl.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the state machine has changed: look at it and run this test with -update\n%s", got)
	}
}
