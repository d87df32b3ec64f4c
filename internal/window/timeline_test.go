package window_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/window"
)

// history is events a second apart, each as KIND STATE.
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
		want   []string // beginnings of lines of what has begun
	}{
		{"not begun", nil, nil},
		{"a step that ran", history(entered("Preflight"), scheduled, left("Preflight", `{"Preflight":{"said":"in time"}}`)),
			[]string{"Preflight            done            2s  in time"}},
		{"a step that is asked again", history(entered("ClosedEverywhere"), scheduled, failed, scheduled),
			[]string{"ClosedEverywhere     running         1m  it is not closed everywhere"}},
		{"a question", history(entered("Ask"), window.Event{Kind: "TaskScheduled", Parameters: `{"Payload":{"step":"Ask","token":"AAAA"}}`}),
			[]string{"Ask                  asking          1m  asks whether to open"}},
		{"a change that failed", history(entered("Change 20261201-regions"), scheduled, window.Event{Kind: "ExecutionFailed", Error: "States.TaskFailed", Cause: taskFailed}),
			[]string{"Change 20261201-regions failed   2s (rehearsed 14m0s)  Essential container in task exited, exit code 1"}},
		{"an abort", history(entered("Drained"), scheduled, window.Event{Kind: "ExecutionAborted"}),
			[]string{"Drained              failed          2s  it was ended by a person"}},
		{"a time-out", history(entered("Close"), scheduled, window.Event{Kind: "TaskTimedOut", Error: "States.Timeout"}, window.Event{Kind: "ExecutionTimedOut", Error: "States.Timeout"}),
			[]string{"Close                failed          3s  it took longer than it may"}},
		{"a redrive", history(entered("Close"), scheduled, window.Event{Kind: "ExecutionFailed", Error: "X", Cause: "why"}, window.Event{Kind: "ExecutionRedriven"}, scheduled, left("Close", "{}"), entered("Drained")),
			[]string{"Close                done            5s", "Drained              running"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, p := range window.Timeline(night().Steps(), test.events) {
				if p.Stage != window.Comes {
					now := p.Started.Add(time.Minute)
					got = append(got, strings.Replace(p.Line(now), "1m0s", "  1m", 1))
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

// TestText_IsWhatTheDocsShow holds the timeline in docs/maintenance.md to what is
// printed.
func TestText_IsWhatTheDocsShow(t *testing.T) {
	page, err := os.ReadFile("../../docs/maintenance.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(night().Text(), "\n"); !strings.Contains(string(page), want) {
		t.Errorf("docs/maintenance.md does not have\n%s", want)
	}
}
