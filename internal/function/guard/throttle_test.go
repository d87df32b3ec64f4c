package guard

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// TestGuard_RefusesAfterThrottling tries a deploy without a flag, five days after
// closing, with a stack that answers only the n-th call.
func TestGuard_RefusesAfterThrottling(t *testing.T) {
	for _, n := range []int{0, 1, 3, 8, 20, 1000} {
		for _, events := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d times, events %v", n, events), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.live, w.record = closed, live.NewRecord(closed, now.Add(-5*24*time.Hour)).Encode()
				w.throttles["DescribeStacks"] = n
				if !events {
					w.throttles["DescribeStackEvents"] = 1000
				}
				a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open)))
				if a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "Refused to open") {
					t.Errorf("got %s %q", a.Status, a.Reason)
				}
				known, unknown := events || n <= 3, !events && n == 1000 // in between, it depends on timing
				if said := strings.Contains(a.Reason, "The state of the stack cannot be read"); said && known || !said && unknown {
					t.Errorf("the state is known: %v; said %q", known, a.Reason)
				}
			})
		}
	}
}

// TestGuard_RollbackPasses checks that a rollback passes although the state of
// the stack is unknown, since it undoes a recent turn.
func TestGuard_RollbackPasses(t *testing.T) {
	w := newWorld(t)
	old, next := props(open), props(closed, "Explicit", tonight)
	if a := w.handle(t, w.event(cfn.RequestUpdate, old, next)); a.Status != cfn.StatusSuccess {
		t.Fatalf("got %q", a.Reason)
	}
	w.live, w.answers = closed, nil
	w.broken["DescribeStacks"], w.broken["DescribeStackEvents"] = true, true
	a := w.handle(t, w.event(cfn.RequestUpdate, next, old))
	if a.Status != cfn.StatusSuccess || !strings.Contains(a.Reason, "as a rollback does") {
		t.Errorf("got %s %q", a.Status, a.Reason)
	}
	if r := w.recorded(t); r.Mode != open {
		t.Errorf("recorded %+v", r)
	}
}

// TestGuard_TellsARollbackFromADeploy checks the time after the deploy of the
// turn is over, as the probe has seen, or long ago: a change that undoes the turn
// then is not a rollback.
func TestGuard_TellsARollbackFromADeploy(t *testing.T) {
	old, next := props(open), props(closed, "Explicit", tonight)
	change := live.Change{From: digest(old), To: digest(next), At: before}
	for _, test := range []struct {
		name    string
		since   time.Time
		settled bool
		record  string // instead of the record
		want    cfn.StatusType
	}{
		{"a while ago", before, false, "", cfn.StatusSuccess},
		{"a while ago, and settled", before, true, "", cfn.StatusFailed},
		{"yesterday", now.Add(-26 * time.Hour), false, "", cfn.StatusFailed},
		{"nothing is recorded", before, false, live.Placeholder, cfn.StatusFailed},
		{"the record cannot be read", before, false, `{"version":9}`, cfn.StatusFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := live.NewRecord(closed, test.since)
			r.Last = change
			r.Last.At = test.since
			w.live, w.record = closed, r.Encode()
			attribution := live.Attribution{Since: r.Since, By: "ko"}
			if test.settled {
				attribution.Settled = r.Last.At
			}
			w.attribution = attribution.Encode()
			if test.record != "" {
				w.record = test.record
			}
			w.broken["DescribeStacks"], w.broken["DescribeStackEvents"] = true, true
			a := w.handle(t, w.event(cfn.RequestUpdate, next, old))
			if a.Status != test.want || !strings.Contains(a.Reason, "The state of the stack cannot be read") {
				t.Errorf("got %s %q, want %s", a.Status, a.Reason, test.want)
			}
			if on := "aws cloudformation continue-update-rollback --stack-name fieldreports-prod --resources-to-skip MaintenanceGuard."; a.Status == cfn.StatusFailed && !strings.Contains(a.Reason, on) {
				t.Errorf("got %q, which does not say how a rollback goes on: %s", a.Reason, on)
			}
		})
	}
}

// TestGuard_EventsThatComeTwice checks that events that come twice or late do not
// change the record, and get the same answer again.
func TestGuard_EventsThatComeTwice(t *testing.T) {
	w := newWorld(t)
	w.live, w.record = closed, live.NewRecord(closed, before).Encode()
	refused := w.event(cfn.RequestUpdate, props(closed), props(open))
	if a := w.handle(t, refused); a.Status != cfn.StatusFailed {
		t.Fatalf("got %q", a.Reason)
	}
	kept := w.record
	for _, status := range []string{"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"} {
		w.status, w.answers = status, nil
		if a := w.handle(t, refused); a.Status != cfn.StatusFailed || w.record != kept {
			t.Errorf("again, %s: got %s %q, recorded %s", status, a.Status, a.Reason, w.record)
		}
	}
	w.status, w.answers = "UPDATE_ROLLBACK_COMPLETE", nil
	if a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open))); w.record != kept || !strings.Contains(a.Reason, "came late") {
		t.Errorf("late, for the first time: got %s %q, recorded %s", a.Status, a.Reason, w.record)
	}

	w.status, w.answers = "UPDATE_IN_PROGRESS", nil
	opening := w.event(cfn.RequestUpdate, props(closed), props(open, "Explicit", tonight))
	w.handle(t, opening)
	w.live, w.answers = open, nil
	w.handle(t, w.event(cfn.RequestUpdate, props(open, "Explicit", tonight), props(closed, "Explicit", tonight)))
	kept, w.answers = w.record, nil
	if a := w.handle(t, opening); a.Status != cfn.StatusSuccess || w.record != kept || w.recorded(t).Mode != closed {
		t.Errorf("the opening again, in the next deploy: got %s %q, recorded %s", a.Status, a.Reason, w.record)
	}
}

// TestGuard_FlagsOfAnotherEvening checks that old flags open nothing.
func TestGuard_FlagsOfAnotherEvening(t *testing.T) {
	for _, test := range []struct {
		name  string
		typed time.Time
		since time.Time
		want  cfn.StatusType
		says  string
	}{
		{"tonight", now.Add(-2 * time.Minute), before, cfn.StatusSuccess, ""},
		{"last week", now.Add(-7 * 24 * time.Hour), now.Add(-8 * 24 * time.Hour), cfn.StatusFailed, "typed at 2026-11-15T03:12:09Z (7 days ago), for another evening"},
		{"before the maintenance began", before.Add(-time.Hour), before, cfn.StatusFailed, "typed at 2026-11-22T01:34:09Z, before this maintenance began"},
		{"by a clock that is behind", before.Add(-2 * time.Minute), before, cfn.StatusSuccess, ""},
		{"in a week", now.Add(7 * 24 * time.Hour), before, cfn.StatusFailed, "for another evening"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = closed, live.NewRecord(closed, test.since).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open, "Explicit", test.typed.Format(time.RFC3339))))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) || test.want == cfn.StatusFailed && !strings.Contains(a.Reason, "To open: npx cdk deploy") {
				t.Errorf("got %s %q", a.Status, a.Reason)
			}
		})
	}
}

// TestGuard_ListenerClosedByHand checks that a deploy that changes anything about
// the listener would open it, and that any other deploy leaves it alone.
func TestGuard_ListenerClosedByHand(t *testing.T) {
	for _, test := range []struct {
		name string
		next map[string]any
		want cfn.StatusType
		says string
	}{
		{"the certificate changes", props(open, "Digest", "b"), cfn.StatusFailed, "-c maintenance=true"},
		{"the certificate changes, and it is to open", props(open, "Digest", "b", "Explicit", tonight), cfn.StatusSuccess, ""},
		{"the certificate changes, and it is to close", props(closed, "Digest", "b", "Explicit", tonight), cfn.StatusSuccess, ""},
		{"nothing of the listener changes", props(open, "Digest", "a", "Command", "make deploy"), cfn.StatusSuccess, "stays so"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = closed, live.NewRecord(open, before).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, props(open, "Digest", "a"), test.next))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) {
				t.Errorf("got %s %q", a.Status, a.Reason)
			}
		})
	}
}

// TestGuard_Shape checks that the way in which the switch closes does not change
// while it is closed.
func TestGuard_Shape(t *testing.T) {
	byRule := map[string]any{"LoadBalancer": alb, "Port": "443", "Hosts": "shop.example.com", "Rules": "199"}
	second := map[string]any{"Listener": listener, "Apps": app}
	with := func(p map[string]any, listeners ...any) map[string]any {
		p["Listeners"] = listeners
		return p
	}
	own := props(closed)["Listeners"].([]any)[0]
	for _, test := range []struct {
		name      string
		old, next map[string]any
		status    string
		want      cfn.StatusType
	}{
		{"hosts come, closed", props(closed), with(props(closed), byRule), "UPDATE_IN_PROGRESS", cfn.StatusFailed},
		{"hosts come, closed, with a flag", props(closed), with(props(closed, "Explicit", tonight), byRule), "UPDATE_IN_PROGRESS", cfn.StatusFailed},
		{"a second listener, closed", props(closed), with(props(closed), own, second), "UPDATE_IN_PROGRESS", cfn.StatusFailed},
		{"hosts come, and it opens", props(closed), with(props(open, "Explicit", tonight), byRule), "UPDATE_IN_PROGRESS", cfn.StatusSuccess},
		{"hosts come, open", props(open), with(props(open), byRule), "UPDATE_IN_PROGRESS", cfn.StatusSuccess},
		{"hosts go in a rollback", with(props(closed), byRule), props(closed), "UPDATE_ROLLBACK_IN_PROGRESS", cfn.StatusSuccess},
		{"more rules", props(closed), with(props(closed), map[string]any{"LoadBalancer": alb, "Port": "443", "Apps": app, "Rules": "100:a 101:b 199"}), "UPDATE_IN_PROGRESS", cfn.StatusSuccess},
		{"of an older release", with(props(closed)), props(closed), "UPDATE_IN_PROGRESS", cfn.StatusSuccess},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.status, w.live = test.status, closed
			if strings.HasSuffix(test.name, "open") {
				w.live = open
			}
			w.record = live.NewRecord(w.live, before).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, test.old, test.next))
			if a.Status != test.want || test.want == cfn.StatusFailed && !strings.Contains(a.Reason, "Deploy this change while the product is open") {
				t.Errorf("got %s %q", a.Status, a.Reason)
			}
		})
	}
}

// TestGuard_Off checks that a guard that is off refuses nothing except the change
// that switches it off and opens.
func TestGuard_Off(t *testing.T) {
	for _, test := range []struct {
		name      string
		request   cfn.RequestType
		old, next map[string]any
		want      cfn.StatusType
	}{
		{"switched off and open", cfn.RequestUpdate, props(closed), props(open, "Off", "true"), cfn.StatusFailed},
		{"switched off and open, asked for", cfn.RequestUpdate, props(closed), props(open, "Off", "true", "Explicit", tonight), cfn.StatusSuccess},
		{"switched off and closed", cfn.RequestUpdate, props(closed), props(closed, "Off", "true"), cfn.StatusSuccess},
		{"off", cfn.RequestUpdate, props(closed, "Off", "true"), props(open, "Off", "true"), cfn.StatusSuccess},
		{"made off", cfn.RequestCreate, nil, props(open, "Off", "true"), cfn.StatusSuccess},
		{"switched on and open", cfn.RequestUpdate, props(closed, "Off", "true"), props(open), cfn.StatusFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = closed, live.NewRecord(closed, before).Encode()
			if a := w.handle(t, w.event(test.request, test.old, test.next)); a.Status != test.want {
				t.Errorf("got %s %q, want %s", a.Status, a.Reason, test.want)
			}
		})
	}
}

// TestGuard_ListenerUnseen checks that a deploy does not open what may have been
// closed by hand if the guard could not look. The guard keeps looking while there
// is time.
func TestGuard_ListenerUnseen(t *testing.T) {
	certificate := props(open, "Digest", "b")
	for _, test := range []struct {
		name      string
		throttled int
		status    string
		live      maintenance.Mode
		request   cfn.RequestType
		next      map[string]any
		want      cfn.StatusType
		says      string
	}{
		{"closed by hand", 1000, "UPDATE_IN_PROGRESS", closed, cfn.RequestUpdate, certificate, cfn.StatusFailed, "Refused to change the listener without having seen it"},
		{"closed by hand, seen late", 3, "UPDATE_IN_PROGRESS", closed, cfn.RequestUpdate, certificate, cfn.StatusFailed, "was made closed by hand"},
		{"open, seen late", 3, "UPDATE_IN_PROGRESS", open, cfn.RequestUpdate, certificate, cfn.StatusSuccess, ""},
		{"asked for", 1000, "UPDATE_IN_PROGRESS", closed, cfn.RequestUpdate, props(open, "Digest", "b", "Explicit", tonight), cfn.StatusSuccess, "is not known"},
		{"to close", 1000, "UPDATE_IN_PROGRESS", closed, cfn.RequestUpdate, props(closed, "Digest", "b"), cfn.StatusSuccess, "is not known"},
		{"the listener is left alone", 1000, "UPDATE_IN_PROGRESS", closed, cfn.RequestUpdate, props(open, "Digest", "a", "Command", "make"), cfn.StatusSuccess, "is not known"},
		{"a rollback", 1000, "UPDATE_ROLLBACK_IN_PROGRESS", closed, cfn.RequestUpdate, certificate, cfn.StatusSuccess, "is not known"},
		{"the first create", 1000, "CREATE_IN_PROGRESS", "", cfn.RequestCreate, certificate, cfn.StatusSuccess, "is not known"},
		{"made in an update", 1000, "UPDATE_IN_PROGRESS", closed, cfn.RequestCreate, certificate, cfn.StatusFailed, "Refused to change the listener"},
		{"off", 1000, "UPDATE_IN_PROGRESS", closed, cfn.RequestCreate, props(open, "Off", "true"), cfn.StatusSuccess, "is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.status, w.live, w.record = test.status, test.live, live.NewRecord(open, before).Encode()
			w.throttles["DescribeListeners"] = test.throttled
			old := props(open, "Digest", "a")
			if test.request == cfn.RequestCreate {
				old = nil
			}
			a := w.handle(t, w.event(test.request, old, test.next))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) || test.says == "" && a.Reason != "" {
				t.Errorf("got %s %q, want %s %q", a.Status, a.Reason, test.want, test.says)
			}
		})
	}
}

// TestGuard_HalfTurned tries a switch of which one of two listeners was turned by
// hand.
func TestGuard_HalfTurned(t *testing.T) {
	for _, test := range []struct {
		name   string
		status string
		old    map[string]any
		next   map[string]any
		want   cfn.StatusType
		says   string
	}{
		{"the certificate changes", "UPDATE_IN_PROGRESS", props(open, "Digest", "a"), props(open, "Digest", "b"), cfn.StatusFailed, "Refused to open: the listener was made mixed by hand"},
		{"asked for", "UPDATE_IN_PROGRESS", props(open, "Digest", "a"), props(open, "Digest", "b", "Explicit", tonight), cfn.StatusSuccess, "The listener was changed by hand"},
		{"to close", "UPDATE_IN_PROGRESS", props(open, "Digest", "a"), props(closed, "Digest", "b"), cfn.StatusSuccess, "The listener was changed by hand"},
		{"the listener is left alone", "UPDATE_IN_PROGRESS", props(open, "Digest", "a"), props(open, "Digest", "a", "Command", "make"), cfn.StatusSuccess, "The listener was changed by hand"},
		{"a rollback", "UPDATE_ROLLBACK_IN_PROGRESS", props(open, "Digest", "b"), props(open, "Digest", "a"), cfn.StatusSuccess, ""},
		{"closed by a deploy", "UPDATE_IN_PROGRESS", props(closed), props(open), cfn.StatusFailed, "Refused to open: the product has been closed since"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.status, w.live, w.mixed = test.status, open, true
			w.record = live.NewRecord(maintenance.Mode(test.old["Mode"].(string)), before).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, test.old, test.next))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) {
				t.Errorf("got %s %q, want %s %q", a.Status, a.Reason, test.want, test.says)
			}
		})
	}
}

// TestGuard_TurnedByNoren checks that what noren close --now has recorded says
// who it was and why, and replaces a listener that cannot be read.
func TestGuard_TurnedByNoren(t *testing.T) {
	by := live.ByHand{Mode: closed, At: before, By: "arn:aws:sts::111111111111:assumed-role/night/ko", Why: "the disk is full"}.Encode()
	for _, test := range []struct {
		name   string
		record live.Record
		byHand string
		unread bool
		next   map[string]any
		want   cfn.StatusType
		says   string
	}{
		{"who and why", live.NewRecord(open, before.Add(-time.Hour)), by, false, props(open, "Digest", "b"), cfn.StatusFailed,
			"the listener was made closed by hand, by arn:aws:sts::111111111111:assumed-role/night/ko at 2026-11-22T02:34:09Z (the disk is full), the last deploy had left it open"},
		{"unread", live.NewRecord(open, before.Add(-time.Hour)), by, true, props(open, "Digest", "b"), cfn.StatusFailed, "the listener was made closed by hand, by arn:"},
		{"unread, to read-only", live.NewRecord(open, before.Add(-time.Hour)), by, true, props(readOnly, "Digest", "b"), cfn.StatusFailed, "open it for reads"},
		{"unread, asked for", live.NewRecord(open, before.Add(-time.Hour)), by, true, props(open, "Digest", "b", "Explicit", tonight), cfn.StatusSuccess, "is not known"},
		{"before the last deploy", live.NewRecord(open, before.Add(time.Minute)), by, false, props(open, "Digest", "b"), cfn.StatusFailed, "was made closed by hand, the last deploy"},
		{"nonsense", live.NewRecord(open, before.Add(-time.Hour)), "nonsense", false, props(open, "Digest", "b"), cfn.StatusFailed, "was made closed by hand, the last deploy"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record, w.byHand = closed, test.record.Encode(), test.byHand
			if test.unread {
				w.broken["DescribeListeners"] = true
			}
			a := w.handle(t, w.event(cfn.RequestUpdate, props(open, "Digest", "a"), test.next))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) {
				t.Errorf("got %s %q, want %s %q", a.Status, a.Reason, test.want, test.says)
			}
		})
	}
}
