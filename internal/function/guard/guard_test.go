package guard

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	open     = maintenance.Open
	readOnly = maintenance.ReadOnly
	closed   = maintenance.Closed
)

// TestEveryTransition tries every pair of modes, asked for or not, going forward,
// rolling back, or unknown.
func TestEveryTransition(t *testing.T) {
	// The guard refuses whatever opens in an update that goes forward and that no
	// one asked for. Everything else passes.
	refused := map[string]bool{
		"closed -> open, false, UPDATE_IN_PROGRESS":      true,
		"closed -> read-only, false, UPDATE_IN_PROGRESS": true,
		"read-only -> open, false, UPDATE_IN_PROGRESS":   true,
		"closed -> open, false, unreadable":              true,
		"closed -> read-only, false, unreadable":         true,
		"read-only -> open, false, unreadable":           true,

		// No one waits for the answer. If someone does, the state of the stack
		// was wrong.
		"closed -> open, false, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":      true,
		"closed -> read-only, false, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": true,
		"read-only -> open, false, UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":   true,
	}
	seen := 0
	for _, old := range []maintenance.Mode{open, readOnly, closed} {
		for _, next := range []maintenance.Mode{open, readOnly, closed} {
			for _, explicit := range []bool{false, true} {
				for _, status := range []string{"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "unreadable"} {
					name := fmt.Sprintf("%s -> %s, %v, %s", old, next, explicit, status)
					t.Run(name, func(t *testing.T) {
						w := newWorld(t)
						w.status, w.live, w.record = status, old, live.NewRecord(old, before).Encode()
						if status == "unreadable" {
							w.broken["DescribeStacks"], w.broken["DescribeStackEvents"] = true, true
						}
						a := w.handle(t, w.event(cfn.RequestUpdate, props(old), props(next, "Explicit", map[bool]string{true: tonight}[explicit])))
						late := status == "UPDATE_ROLLBACK_FAILED" || status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
						want, after := cfn.StatusSuccess, next
						if refused[name] {
							seen++
							want = cfn.StatusFailed
						}
						if refused[name] || late {
							after = old
						}
						if a.Status != want {
							t.Errorf("got %s %q, want %s", a.Status, a.Reason, want)
						}
						record := w.recorded(t)
						since := now
						if after == old {
							since = before
						}
						if record.Mode != after || !record.Since.Equal(since) {
							t.Errorf("recorded %s since %v, want %s since %v", record.Mode, record.Since, after, since)
						}
						for says, when := range map[string]bool{"This event came late": late, "The state of the stack cannot be read": status == "unreadable"} {
							if strings.Contains(a.Reason, says) != when {
								t.Errorf("%q is said: %v, %q", says, !when, a.Reason)
							}
						}
						if want == cfn.StatusSuccess && !late && status != "unreadable" && a.Reason != "" {
							t.Errorf("passes with %q, there is nothing to say", a.Reason)
						}
					})
				}
			}
		}
	}
	if seen != len(refused) {
		t.Errorf("%d refusals, want %d", seen, len(refused))
	}
}

// TestGuard_Create checks that a create refuses what opens, as an update does:
// the guard is new, or its construct has another name, and the listener is
// closed.
func TestGuard_Create(t *testing.T) {
	for _, mode := range []maintenance.Mode{open, readOnly, closed} {
		for _, live := range []maintenance.Mode{"", open, closed} {
			for _, status := range []string{"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "IMPORT_IN_PROGRESS"} {
				for _, flag := range []string{"", tonight} {
					w := newWorld(t)
					w.status, w.live = status, live
					a := w.handle(t, w.event(cfn.RequestCreate, nil, props(mode, "Explicit", flag)))
					want, after := cfn.StatusSuccess, mode
					if live == closed && mode != closed && flag == "" && status != "ROLLBACK_IN_PROGRESS" {
						want, after = cfn.StatusFailed, closed
					}
					if r := w.recorded(t); a.Status != want || r.Mode != after || !r.Since.Equal(now) || want == cfn.StatusFailed && !strings.Contains(a.Reason, "-c maintenance="+mode.Flag()) {
						t.Errorf("%s, live %q, %s, flag %q: got %s %q, recorded %+v", mode, live, status, flag, a.Status, a.Reason, r)
					}
				}
			}
		}
	}
}

func TestCreatingAgainKeepsWhatIsRecorded(t *testing.T) {
	w := newWorld(t)
	w.record = live.NewRecord(closed, before).Encode()
	w.handle(t, w.event(cfn.RequestCreate, nil, props(closed)))
	if r := w.recorded(t); !r.Since.Equal(before) {
		t.Errorf("recorded since %v", r.Since)
	}
}

// TestTheRoleMayBeNewer checks that the guard waits while IAM does not know the
// role's rights everywhere yet.
func TestTheRoleMayBeNewer(t *testing.T) {
	w := newWorld(t)
	w.late = 2
	if a := w.handle(t, w.event(cfn.RequestCreate, nil, props(open))); a.Reason != "" || w.recorded(t).Mode != open {
		t.Errorf("got %q, recorded %s", a.Reason, w.record)
	}
}

func TestDeletingAsksNothing(t *testing.T) {
	w := newWorld(t)
	w.live = closed
	a := w.handle(t, w.event(cfn.RequestDelete, nil, props(closed)))
	if a.Status != cfn.StatusSuccess || len(w.calls) > 0 || w.record != live.Placeholder {
		t.Errorf("got %s %q, calls %v, recorded %s", a.Status, a.Reason, w.calls, w.record)
	}
}

// TestGuard_ARollbackBringsTheTimeBack checks that a maintenance does not start
// over because a deploy that would have ended it failed.
func TestGuard_ARollbackBringsTheTimeBack(t *testing.T) {
	w := newWorld(t)
	w.live, w.record = closed, live.NewRecord(closed, before).Encode()
	w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open, "Explicit", tonight)))
	if r := w.recorded(t); r.Mode != open || !r.Since.Equal(now) {
		t.Fatalf("recorded %+v", r)
	}
	w.status, w.answers = "UPDATE_ROLLBACK_IN_PROGRESS", nil
	w.handle(t, w.event(cfn.RequestUpdate, props(open, "Explicit", tonight), props(closed)))
	if r := w.recorded(t); r.Mode != closed || !r.Since.Equal(before) {
		t.Errorf("recorded %+v", r)
	}
}

// TestASecondDeployThatOnlyAsksIsHarmless checks that a deploy that only adds or
// drops the flag does not change the mode.
func TestASecondDeployThatOnlyAsksIsHarmless(t *testing.T) {
	for _, mode := range []maintenance.Mode{open, readOnly, closed} {
		for _, explicit := range []string{"true", "false"} {
			w := newWorld(t)
			w.live, w.record = mode, live.NewRecord(mode, before).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, props(mode, "Explicit", map[string]string{"true": "false", "false": "true"}[explicit]), props(mode, "Explicit", explicit)))
			if a.Status != cfn.StatusSuccess || a.Reason != "" || !w.recorded(t).Since.Equal(before) {
				t.Errorf("%s, explicit %s: got %s %q", mode, explicit, a.Status, a.Reason)
			}
		}
	}
}

func TestACommittedFileOpensTheMaintenanceItNames(t *testing.T) {
	for name, test := range map[string]struct {
		reopens string
		want    cfn.StatusType
		says    string
	}{
		"this maintenance":              {before.Format(time.RFC3339), cfn.StatusSuccess, ""},
		"this maintenance, in Tokyo":    {before.In(time.FixedZone("", 9*3600)).Format(time.RFC3339), cfn.StatusSuccess, ""},
		"the one before":                {before.Add(-time.Hour).Format(time.RFC3339), cfn.StatusFailed, "The committed 2026-11-22T01:34:09Z ends another maintenance"},
		"what cannot be read as a time": {"yesterday", cfn.StatusFailed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = closed, live.NewRecord(closed, before).Encode()
			a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open, "Reopens", test.reopens)))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) {
				t.Errorf("got %s %q", a.Status, a.Reason)
			}
		})
	}
}

// TestTheLineOfTheRefusalOpens types what the refusal says into the file.
func TestTheLineOfTheRefusalOpens(t *testing.T) {
	for name, record := range map[string]string{
		"recorded": live.NewRecord(closed, before).Encode(),
		"lost":     live.Placeholder,
		"outdated": live.NewRecord(open, before).Encode(),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = closed, record
			first := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open)))
			_, line, ok := strings.Cut(first.Reason, "set maintenance.reopen in environments/prod.yaml to ")
			if first.Status != cfn.StatusFailed || !ok {
				t.Fatalf("got %s %q", first.Status, first.Reason)
			}
			w.answers = nil
			second := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open, "Reopens", strings.TrimSuffix(line, "."))))
			if second.Status != cfn.StatusSuccess {
				t.Errorf("got %q", second.Reason)
			}
		})
	}
}

// TestWhatTheGuardDoesNotKnow checks that the guard says what it cannot see, and
// decides from the rest.
func TestWhatTheGuardDoesNotKnow(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*world)
		old    map[string]any
		want   cfn.StatusType
		says   string
	}{
		{"the listener", func(w *world) { w.broken["DescribeListeners"] = true }, props(closed), cfn.StatusFailed, "Whether the listener was changed by hand is not known"},
		{"the record", func(w *world) { w.broken["GetParameter"] = true }, props(closed), cfn.StatusFailed, "since when is not known"},
		{"the record, which is lost and cannot be written", func(w *world) { w.record, w.broken["PutParameter"] = live.Placeholder, true }, props(closed), cfn.StatusFailed, "The mode could not be recorded"},
		{"what the last deploy left: the listener tells", func(*world) {}, nil, cfn.StatusFailed, "the product has been closed since"},
		{"what the last deploy left, nor the listener: the record tells", func(w *world) { w.broken["DescribeRules"] = true; w.live = readOnly }, nil, cfn.StatusFailed, "the product has been closed since"},
		{"anything", func(w *world) {
			w.broken["DescribeListeners"], w.broken["GetParameter"] = true, true
		}, nil, cfn.StatusFailed, "Refused to change the listener without having seen it"},
		{"anything, the stack neither", func(w *world) {
			for _, call := range []string{"DescribeListeners", "GetParameter", "DescribeStacks", "DescribeStackEvents"} {
				w.broken[call] = true
			}
		}, props(closed), cfn.StatusFailed, "--resources-to-skip MaintenanceGuard"},
		{"the state of the stack: its events tell", func(w *world) { w.broken["DescribeStacks"] = true }, props(closed), cfn.StatusFailed, "Refused to open"},
		{"the state of the stack, nor its events: this is not a way back", func(w *world) { w.broken["DescribeStacks"], w.broken["DescribeStackEvents"] = true, true }, props(closed), cfn.StatusFailed, "Allow its role cloudformation:DescribeStacks"},
		{"the state of the stack, which hangs", func(w *world) { w.hangs["DescribeStacks"] = true }, props(closed), cfn.StatusFailed, "The state of the stack cannot be read"},
		{"the record, which hangs", func(w *world) { w.hangs["GetParameter"] = true }, props(closed), cfn.StatusFailed, "since when is not known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = closed, live.NewRecord(closed, before).Encode()
			test.change(w)
			a := w.handle(t, w.event(cfn.RequestUpdate, test.old, props(open)))
			if a.Status != test.want || !strings.Contains(a.Reason, test.says) {
				t.Errorf("got %s %q, want %s, %s", a.Status, a.Reason, test.want, test.says)
			}
			if !strings.Contains(w.log.String(), test.says) {
				t.Errorf("the log does not say so: %s", w.log.String())
			}
		})
	}
}

// TestClosingAlwaysPasses checks that closing passes with everything else broken.
func TestClosingAlwaysPasses(t *testing.T) {
	for _, next := range []maintenance.Mode{readOnly, closed} {
		w := newWorld(t)
		for _, call := range []string{"DescribeStacks", "DescribeListeners", "GetParameter", "PutParameter"} {
			w.broken[call] = true
		}
		if a := w.handle(t, w.event(cfn.RequestUpdate, props(open), props(next))); a.Status != cfn.StatusSuccess || !strings.Contains(a.Reason, "The mode could not be recorded") {
			t.Errorf("to %s: got %s %q", next, a.Status, a.Reason)
		}
	}
}

// TestARecordThatCannotBeReadIsNotReplaced checks that an unreadable record,
// which may be right, is kept. A refusal then names no time to commit.
func TestARecordThatCannotBeReadIsNotReplaced(t *testing.T) {
	for _, next := range []map[string]any{props(closed, "Explicit", tonight), props(open, "Reopens", before.Format(time.RFC3339))} {
		w := newWorld(t)
		w.live, w.record = closed, live.NewRecord(closed, before).Encode()
		w.broken["GetParameter"] = true
		a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), next))
		if !w.recorded(t).Since.Equal(before) {
			t.Errorf("recorded %s", w.record)
		}
		if strings.Contains(a.Reason, "maintenance.reopen") || strings.Contains(a.Reason, "another maintenance") {
			t.Errorf("got %q", a.Reason)
		}
	}
}

// TestALongAnswerIsCut checks that answers are cut: CloudFormation fails on more
// than 4096 bytes, even in a rollback. The important part comes first.
func TestALongAnswerIsCut(t *testing.T) {
	for _, long := range []string{strings.Repeat("x", 9000), strings.Repeat("メ", 3000), strings.Repeat("\x01", 5000)} {
		w := newWorld(t)
		w.live, w.record = closed, live.NewRecord(closed, before).Encode()
		w.attribution = live.Attribution{Since: before, By: "ko"}.Encode()
		a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), props(open, "Command", long)))
		if a.Status != cfn.StatusFailed || !strings.HasPrefix(a.Reason, "Refused to open: the product has been closed since 2026-11-22T02:34:09Z") || !utf8.ValidString(a.Reason) {
			t.Errorf("got %s %q", a.Status, a.Reason)
		}
		w.answers = nil
		a = w.handle(t, w.event(cfn.RequestUpdate, props(closed, "Until", now.Add(time.Hour).Format(time.RFC3339)), props(closed, "Command", long)))
		if a.Status != cfn.StatusSuccess || !strings.HasPrefix(a.Reason, "Maintenance stays on") || len(a.Data[Summary].(string)) > 1000 {
			t.Errorf("got %s %q", a.Status, a.Reason)
		}
	}
}

// TestWhatIsReplacedInTheSameDeploy checks that the listener still has what the
// last deploy gave it.
func TestWhatIsReplacedInTheSameDeploy(t *testing.T) {
	w := newWorld(t)
	w.live, w.record = closed, live.NewRecord(closed, before).Encode()
	next := props(closed, "Responder", "another")
	next["Listeners"] = []any{map[string]any{"LoadBalancer": "another", "Port": "443", "Apps": "another"}}
	if a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), next)); a.Status != cfn.StatusSuccess || a.Reason != "" {
		t.Errorf("got %s %q", a.Status, a.Reason)
	}
}

// TestGuard_Panic checks that after a panic the guard judges from the event
// alone, and records nothing.
func TestGuard_Panic(t *testing.T) {
	lastWeek := time.Now().Add(-7 * 24 * time.Hour).Format(time.RFC3339)
	lately := time.Now().Add(-time.Hour).Format(time.RFC3339)
	for _, test := range []struct {
		name      string
		old, next map[string]any
		want      cfn.StatusType
	}{
		{"closed a week ago", props(closed, "Explicit", lastWeek), props(open), cfn.StatusFailed},
		{"closed lately", props(closed, "Explicit", lately), props(open), cfn.StatusFailed},
		{"closing", props(open), props(closed), cfn.StatusSuccess},
		{"asked for", props(closed, "Explicit", lastWeek), props(open, "Explicit", lately), cfn.StatusSuccess},
	} {
		w := newWorld(t)
		g := w.guard()
		g.now = func() time.Time { panic("nobody knows what time it is") }
		event := w.event(cfn.RequestUpdate, test.old, test.next)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := g.Handle(ctx, event); err != nil {
			t.Fatal(err)
		}
		if a := w.answer(t, event); a.Status != test.want || !strings.Contains(a.Reason, "the guard broke: nobody knows what time it is") || w.record != live.Placeholder {
			t.Errorf("%s: got %s %q, recorded %s", test.name, a.Status, a.Reason, w.record)
		}
	}
}

func TestAnAnswerComesBeforeTheTimeIsOver(t *testing.T) {
	w := newWorld(t)
	for _, call := range []string{"DescribeStacks", "DescribeListeners", "GetParameter", "PutParameter"} {
		w.hangs[call] = true
	}
	event := w.event(cfn.RequestUpdate, props(closed), props(open))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	g := w.guard()
	g.callTime, g.answerTime = time.Minute, 9*time.Second
	if err := g.Handle(ctx, event); err != nil {
		t.Fatal(err)
	}
	if a := w.answer(t, event); a.Status != cfn.StatusFailed || !strings.Contains(a.Reason, "ran out of time") {
		t.Errorf("got %s %q", a.Status, a.Reason)
	}
}

func TestTheAnswerIsSentAgainUntilItArrives(t *testing.T) {
	w := newWorld(t)
	w.refuses = 2
	if a := w.handle(t, w.event(cfn.RequestUpdate, props(open), props(closed))); a.Status != cfn.StatusSuccess {
		t.Errorf("got %+v", a)
	}

	w = newWorld(t)
	w.refuses = 1000
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	event := w.event(cfn.RequestDelete, nil, props(open))
	event.ResponseURL = strings.Replace(event.ResponseURL, "http://127.0.0.1", "http://127.0.0.1:1/nobody", 1)
	err := w.guard().Handle(ctx, event)
	if err == nil || strings.Contains(err.Error()+w.log.String(), "secret") {
		t.Errorf("got %v, want an error without the signature", err)
	}
}

// TestAResourceOfAnotherRelease tries missing properties, and properties of
// another release.
func TestAResourceOfAnotherRelease(t *testing.T) {
	for name, next := range map[string]map[string]any{
		"none":           {"ServiceToken": "arn"},
		"no mode":        props("closed"),
		"others":         props(closed, "Ticket", "7"),
		"other types":    {"Mode": true, "Port": []any{"443"}, "Explicit": map[string]any{}},
		"not even a map": nil,
	} {
		w := newWorld(t)
		if a := w.handle(t, w.event(cfn.RequestUpdate, props(closed), next)); a.Status != cfn.StatusSuccess {
			t.Errorf("%s: got %s %q", name, a.Status, a.Reason)
		}
	}
}
