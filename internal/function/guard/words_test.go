package guard

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// TestWhatTheEventSays checks the texts word for word, as someone who is
// surprised reads them.
func TestWhatTheEventSays(t *testing.T) {
	const (
		opens    = "Refused to open: the product has been closed since 2026-11-22T02:34:09Z (38 minutes ago)"
		commands = " The deploy is rolled back, the listener stays as it was. To deploy and stay closed: npx cdk deploy -c env=prod -c maintenance=true. To open: npx cdk deploy -c env=prod -c maintenance=false."
		commit   = " Or, to open by a commit: set maintenance.reopen in environments/prod.yaml to 2026-11-22T02:34:09Z."
	)
	someone := live.Attribution{Since: before, By: "arn:aws:sts::111111111111:assumed-role/deploy/ko"}
	later := now.Add(2 * time.Hour).Format(time.RFC3339)
	for i, test := range []struct {
		name      string
		live      maintenance.Mode
		record    string
		by        string
		old, next map[string]any
		want      string
	}{
		{
			"a forgotten flag", closed, live.NewRecord(closed, before).Encode(), live.Placeholder, props(closed), props(open),
			opens + ", and this deploy, which has no -c maintenance=false, would open the product." + commands + commit,
		},
		{
			"who closed is known", closed, live.NewRecord(closed, before).Encode(), someone.Encode(), props(closed), props(open),
			opens + ", turned to closed by arn:aws:sts::111111111111:assumed-role/deploy/ko, and this deploy, which has no -c maintenance=false, would open the product." + commands + commit,
		},
		{
			"to read-only by a file", closed, live.NewRecord(closed, before).Encode(), live.Placeholder, props(closed), props(readOnly, "ReopensAt", ""),
			opens + ", and this deploy, which has no -c maintenance=read-only, would open it for reads." + strings.Replace(commands, "maintenance=false", "maintenance=read-only", 1),
		},
		{
			"a message and an end that would be forgotten too", closed, live.NewRecord(closed, before).Encode(), live.Placeholder,
			props(closed, "Message", "We're back at four.", "Until", later), props(open, "ReopensAt", ""),
			opens + ", and this deploy, which has no -c maintenance=false, would open the product." +
				strings.Replace(commands, "maintenance=true", `maintenance=true -c maintenance-message='We'\''re back at four.' -c maintenance-until=2026-11-22T05:12:09Z`, 1),
		},
		{
			"someone opened by hand meanwhile", open, live.NewRecord(closed, before).Encode(), live.Placeholder, props(closed), props(open),
			opens + ", and this deploy, which has no -c maintenance=false, would open the product." +
				strings.Replace(commands, "The deploy is rolled back, the listener stays as it was.", "The deploy is rolled back. The listener is open already: it was flipped by hand.", 1) + commit,
		},
		{
			"the record is lost", closed, live.Placeholder, live.Placeholder, props(closed), props(open, "Command", "", "ReopensAt", ""),
			"Refused to open: the product is closed, since when is not known, and this deploy, which has no -c maintenance=false, would open the product." + strings.ReplaceAll(commands, " -c env=prod", ""),
		},
		{
			"closed by hand", closed, live.NewRecord(open, before).Encode(), live.Placeholder, props(open, "Explicit", tonight), props(open, "ByHand", "the output EmergencyOpenCommand"),
			"Refused to open: the listener was made closed by hand, the last deploy had left it open, and this deploy, which has no -c maintenance=false, would open the product." +
				" The deploy is rolled back, the listener stays as it was. To deploy and stay closed: npx cdk deploy -c env=prod -c maintenance=true. To open: npx cdk deploy -c env=prod -c maintenance=false; should the listener stay closed, flip it back by hand (the output EmergencyOpenCommand).",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record, w.attribution = test.live, test.record, test.by
			a := w.handle(t, w.event(cfn.RequestUpdate, test.old, test.next))
			t.Logf("%s %s", a.Status, a.Reason)
			if a.Status != cfn.StatusFailed || a.Reason != test.want {
				t.Errorf("got  %s %q\nwant %q", a.Status, a.Reason, test.want)
			}
			if page, err := os.ReadFile("../../../docs/maintenance.md"); i == 0 && (err != nil || !strings.Contains(strings.Join(strings.Fields(string(page)), " "), a.Reason)) {
				t.Errorf("docs/maintenance.md does not show %q (%v)", a.Reason, err)
			}
		})
	}
}

// TestWhatIsWarnedOf checks deploys that pass with a warning in the event and the
// log.
func TestWhatIsWarnedOf(t *testing.T) {
	later := now.Add(2 * time.Hour).Format(time.RFC3339)
	typed := props(closed, "Message", "Back at four.", "Until", later)
	const forgot = "Maintenance stays on, but clients are no longer told all that they were told before. To tell them again: npx cdk deploy -c env=prod -c maintenance="
	for _, test := range []struct {
		name      string
		live      maintenance.Mode
		old, next map[string]any
		want      string
	}{
		{"a message and an end are forgotten", closed, typed, props(closed), forgot + "true -c maintenance-message='Back at four.' -c maintenance-until=2026-11-22T05:12:09Z."},
		{"only the end is forgotten", closed, typed, props(closed, "Message", "Back at five."), forgot + "true -c maintenance-until=2026-11-22T05:12:09Z."},
		{"on the way to read-only", closed, typed, props(readOnly, "Explicit", tonight, "Until", later), forgot + "read-only -c maintenance-message='Back at four.'."},
		{"a long message", closed, props(closed, "Message", strings.Repeat("メ", 1000)), props(closed), forgot + "true -c maintenance-message='...'."},
		{"both are said again", closed, typed, props(closed, "Message", "Back at five.", "Until", later), ""},
		{"the end is past", closed, props(closed, "Until", before.Format(time.RFC3339)), props(closed), ""},
		{"the product opens", closed, typed, props(open, "Explicit", tonight), ""},
		{"the product was open", open, props(open, "Message", "Back at four."), props(closed), ""},
		{"closed by hand, and asked to open", closed, props(open), props(open, "Explicit", tonight), "The listener is closed, by hand, and stays so: CloudFormation sees nothing to change. To change that, flip it back by hand."},
		{"opened by hand, and asked to close", open, props(closed), props(closed, "Explicit", tonight), "The listener is open, by hand, and stays so: CloudFormation sees nothing to change. To change that, flip it back by hand."},
		{"closed by hand, and asked to close", closed, props(open), props(closed, "Explicit", tonight), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live = test.live
			w.record = live.NewRecord(maintenance.Mode(test.old["Mode"].(string)), before).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, test.old, test.next))
			if a.Status != cfn.StatusSuccess || a.Reason != test.want {
				t.Errorf("got  %s %q\nwant %q", a.Status, a.Reason, test.want)
			}
			if warned := strings.Contains(w.log.String(), `"level":"WARN"`); warned != (test.want != "") {
				t.Errorf("the log warns: %v; %s", warned, w.log.String())
			}
			if summary := a.Data[Summary].(string); !strings.HasPrefix(summary, "The product has been ") || !strings.HasSuffix(summary, test.want) {
				t.Errorf("the output of the stack says %q", summary)
			}
		})
	}
}

func TestGuard_ARollbackWarnsOfNothing(t *testing.T) {
	w := newWorld(t)
	w.live, w.status, w.record = open, "UPDATE_ROLLBACK_IN_PROGRESS", live.NewRecord(closed, before).Encode()
	if a := w.handle(t, w.event(cfn.RequestUpdate, props(closed, "Message", "Back at four."), props(closed))); a.Reason != "" {
		t.Errorf("got %q", a.Reason)
	}
}
