package guard

import (
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// TestGuard_SendsAModeEvent checks that an event is sent for a change that passes
// and changes the mode, and that the change passes whatever happens to the event.
func TestGuard_SendsAModeEvent(t *testing.T) {
	const at = "2026-11-22T03:12:09Z"
	for _, test := range []struct {
		name      string
		old, next maintenance.Mode
		typed     bool
		status    string
		change    func(*world)
		want      string // from -> to at since; empty if none is sent
		announced bool
	}{
		{"closing", open, closed, true, "UPDATE_IN_PROGRESS", nil, "open -> closed at " + at, true},
		{"opening", closed, open, true, "UPDATE_IN_PROGRESS", nil, "closed -> open at " + at, true},
		{"opening that is refused", closed, open, false, "UPDATE_IN_PROGRESS", nil, "", false},
		{"the same mode", closed, closed, true, "UPDATE_IN_PROGRESS", nil, "", false},
		{"a rollback of closing has a time of its own", closed, open, false, "UPDATE_ROLLBACK_IN_PROGRESS", func(w *world) {
			r := live.NewRecord(closed, before)
			r.Previous = live.Turn{Mode: open, Since: before.AddDate(0, -1, 0)}
			w.record = r.Encode()
		}, "closed -> open at " + at, true},
		{"closed by hand, and now by a deploy", open, closed, true, "UPDATE_IN_PROGRESS", func(w *world) { w.live = closed }, "open -> closed at " + at, true},
		{"read-only by hand, and closed by a deploy", open, closed, true, "UPDATE_IN_PROGRESS", func(w *world) { w.live = readOnly }, "read-only -> closed at " + at, true},
		{"nothing is recorded yet", open, closed, true, "UPDATE_IN_PROGRESS", func(w *world) { w.record = live.Placeholder }, "", false},
		{"a deploy that is over", open, closed, true, "UPDATE_COMPLETE", nil, "", false},
		{"EventBridge refuses", open, closed, true, "UPDATE_IN_PROGRESS", func(w *world) { w.broken["PutEvents"] = true }, "", false},
		{"EventBridge says nonsense", open, closed, true, "UPDATE_IN_PROGRESS", func(w *world) { w.wrong["PutEvents"] = "<html>" }, "", false},
		{"EventBridge does not answer", open, closed, true, "UPDATE_IN_PROGRESS", func(w *world) { w.hangs["PutEvents"] = true }, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.status, w.live, w.record = test.status, test.old, live.NewRecord(test.old, before).Encode()
			if test.change != nil {
				test.change(w)
			}
			typed := ""
			if test.typed {
				typed = tonight
			}
			a := w.handle(t, w.event(cfn.RequestUpdate, props(test.old, "SwitchName", "Maintenance"), props(test.next, "SwitchName", "Maintenance", "Explicit", typed, "Until", "2026-11-22T06:00:00Z")))
			if refused := strings.Contains(test.name, "refused"); (a.Status == cfn.StatusFailed) != refused {
				t.Errorf("got %s %q", a.Status, a.Reason)
			}
			got := ""
			for _, e := range w.announced {
				got += string(e.From) + " -> " + string(e.To) + " at " + e.Since.Format("2006-01-02T15:04:05Z")
				if e.ID != "fieldreports-prod/Maintenance/"+at || e.How != live.TurnedByDeploy || e.Until.IsZero() != (e.To == open) {
					t.Errorf("got %+v", e)
				}
			}
			if got != test.want {
				t.Errorf("sent %q, want %q", got, test.want)
			}
			recorded := w.record
			if announced := strings.Contains(recorded, `"announced":{`); announced != test.announced {
				t.Errorf("recorded %s, that it was sent: want %v", recorded, test.announced)
			}
		})
	}
}
