package live

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/maintenance"
)

// TestVerdict checks that the live findings and the guard's record must agree,
// and that an unreadable one does not count as agreement.
func TestVerdict(t *testing.T) {
	const open, closed, readOnly = maintenance.Open, maintenance.Closed, maintenance.ReadOnly
	in := func(mode maintenance.Mode) Finding { return Finding{Mode: mode} }
	unread := Finding{Problem: "not allowed"}
	for _, test := range []struct {
		name   string
		status Status
		want   Verdict
	}{
		{"all agree", Status{Assembly: in(closed), Deployed: in(closed), Listener: in(closed), Request: in(closed), Recorded: closed}, Agree},
		{"nothing recorded, no assembly", Status{Deployed: in(closed), Listener: in(closed), Request: in(closed)}, Agree},
		{"a write of a read-only product gets through", Status{Deployed: in(readOnly), Listener: in(readOnly), Request: in(open)}, Disagree},
		{"a read of an open product gets through", Status{Deployed: in(open), Listener: in(open), Request: in(open)}, Agree},
		{"two addresses do not agree", Status{Deployed: in(closed), Listener: in(closed), Request: Finding{Mixed: "x"}}, Disagree},
		{"recorded against live", Status{Deployed: in(open), Listener: in(open), Request: in(open), Recorded: closed}, Disagree},
		{"recorded against live, by a degree", Status{Deployed: in(closed), Listener: in(closed), Request: in(closed), Recorded: readOnly}, Disagree},
		{"deployed against live", Status{Deployed: in(closed), Listener: in(open), Request: in(open), Recorded: open}, Disagree},
		{"the request against live", Status{Deployed: in(closed), Listener: in(closed), Request: in(open), Recorded: closed}, Disagree},
		{"the next deploy", Status{Assembly: in(open), Deployed: in(closed), Listener: in(closed), Request: in(closed), Recorded: closed}, Next},
		{"the next deploy is not known", Status{Assembly: unread, Deployed: in(closed), Listener: in(closed), Request: in(closed)}, Unknown},
		{"the listener is not known", Status{Deployed: in(closed), Listener: unread, Request: in(closed), Recorded: closed}, Unknown},
		{"the request is not known", Status{Deployed: in(closed), Listener: in(closed), Request: unread, Recorded: closed}, Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.status.Verdict(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestVerdict_OfAStackThatIsNotAtRest checks that closed is not reported for a
// stack that may still change the mode, or that cannot be deployed.
func TestVerdict_OfAStackThatIsNotAtRest(t *testing.T) {
	closed := Finding{Mode: maintenance.Closed}
	for status, want := range map[types.StackStatus]Verdict{
		types.StackStatusCreateComplete:         Agree,
		types.StackStatusUpdateComplete:         Agree,
		types.StackStatusUpdateRollbackComplete: Agree,
		types.StackStatusImportComplete:         Agree,
		types.StackStatusImportRollbackComplete: Agree,
	} {
		if got := (Status{Deployed: closed, Listener: closed, Request: closed, Stack: string(status)}).Verdict(); got != want {
			t.Errorf("%s: got %q, want %q", status, got, want)
		}
	}
	rest := 0
	for _, status := range types.StackStatus("").Values() {
		if got := (Status{Deployed: closed, Listener: closed, Request: closed, Stack: string(status)}).Verdict(); got == Agree {
			rest++
		} else if got != Moving {
			t.Errorf("%s: got %q", status, got)
		}
	}
	if rest != 5 {
		t.Errorf("closed is said in %d states, want the 5 above", rest)
	}
}
