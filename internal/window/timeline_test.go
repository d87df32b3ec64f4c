package window_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/window"
)

// history returns events a second apart, each as KIND STATE.
func history(events ...window.Event) []window.Event {
	for i := range events {
		events[i].At = time.Date(2026, 11, 30, 17, 0, i, 0, time.UTC)
	}
	return events
}

func entered(state string) window.Event { return window.Event{Kind: "TaskStateEntered", State: state} }
func left(state, output string) window.Event {
	return window.Event{Kind: "TaskStateExited", State: state, Output: output}
}

func TestTimeline(t *testing.T) {
	scheduled := window.Event{Kind: "TaskScheduled"}
	failed := window.Event{Kind: "TaskFailed", Error: "NotYet", Cause: `{"errorMessage":"it is not closed everywhere","errorType":"NotYet"}`}
	taskFailed := `{"StoppedReason":"Essential container in task exited","Containers":[{"ExitCode":1}]}`
	tests := []struct {
		name   string
		events []window.Event
		want   []string // prefixes of the lines for what has begun
	}{
		{"not begun", nil, nil},
		{"a step that ran", history(entered("Preflight"), scheduled, left("Preflight", `{"Preflight":{"said":"in time"}}`)),
			[]string{"Preflight done 2s in time"}},
		{"a step that is asked again", history(entered("ClosedEverywhere"), scheduled, failed, scheduled),
			[]string{"ClosedEverywhere running 1m0s it is not closed everywhere"}},
		{"a question", history(entered("Ask"), window.Event{Kind: "TaskScheduled", Parameters: `{"Payload":{"step":"Ask","token":"AAAA"}}`}),
			[]string{"Ask asking 1m0s asks whether to open"}},
		{"a change that failed", history(entered("Change 20261201-regions"), scheduled, window.Event{Kind: "ExecutionFailed", Error: "States.TaskFailed", Cause: taskFailed}),
			[]string{"Change 20261201-regions failed 2s (rehearsed 14m0s) Essential container in task exited, exit code 1"}},
		{"an abort", history(entered("Drained"), scheduled, window.Event{Kind: "ExecutionAborted"}),
			[]string{"Drained failed 2s it was ended by a person"}},
		{"a time-out", history(entered("Close"), scheduled, window.Event{Kind: "TaskTimedOut", Error: "States.Timeout"}, window.Event{Kind: "ExecutionTimedOut", Error: "States.Timeout"}),
			[]string{"Close failed 3s it took longer than it may"}},
		{"a redrive", history(entered("Close"), scheduled, window.Event{Kind: "ExecutionFailed", Error: "X", Cause: "why"}, window.Event{Kind: "ExecutionRedriven"}, scheduled, left("Close", "{}"), entered("Drained")),
			[]string{"Close done 5s", "Drained running"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			steps := window.Timeline(night().Steps(), test.events)
			for i, p := range steps {
				if p.Stage != window.Comes {
					line := window.Lines(steps, p.Started.Add(time.Minute))[i]
					got = append(got, strings.Join(strings.Fields(line), " "))
					if (p.Stage == window.Asking) != (p.Token != "") {
						t.Errorf("%s is %s, with the token %q", p.Name, p.Stage, p.Token)
					}
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got  %q\nwant %q", got[i], want)
				}
			}
		})
	}
}

// TestLines_AreInColumns checks the columns for names and times of any length.
func TestLines_AreInColumns(t *testing.T) {
	at := time.Date(2026, 11, 30, 17, 0, 0, 0, time.UTC)
	lines := window.Lines([]window.Progress{
		{Name: "Close", Stage: window.Done, Started: at, Ended: at.Add(3 * time.Second), Said: "open -> closed"},
		{Name: "Change 20261201-regions-of-the-world", Stage: window.Failed, Rehearsed: 14 * time.Minute, Started: at, Ended: at.Add(time.Hour), Why: "disk full"},
		{Name: "Open", Stage: window.Comes, Does: "opens"},
	}, at)
	want := []string{
		"Close                                 done                           3s  open -> closed",
		"Change 20261201-regions-of-the-world  failed   1h0m0s (rehearsed 14m0s)  disk full",
		"Open                                  comes                              opens",
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("got  %q\nwant %q", lines[i], want[i])
		}
	}
}

// TestText_IsWhatTheDocsShow compares the timeline in docs/maintenance.md with
// what is printed.
func TestText_IsWhatTheDocsShow(t *testing.T) {
	page, err := os.ReadFile("../../docs/maintenance.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(night().Text(), "\n"); !strings.Contains(string(page), want) {
		t.Errorf("docs/maintenance.md does not have\n%s", want)
	}
}
