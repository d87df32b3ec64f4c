package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// on returns properties whose switch has these listeners.
func on(p map[string]any, listeners ...map[string]any) map[string]any {
	list := make([]any, len(listeners))
	for i, l := range listeners {
		list[i] = l
	}
	p["Listeners"] = list
	return p
}

// port is an own listener, which closes by its default action.
func port(number string) map[string]any {
	return map[string]any{"LoadBalancer": alb, "Port": number, "Apps": app, "Rules": "191"}
}

// imported is an imported listener, which closes by a rule.
func imported(arn string) map[string]any { return map[string]any{"Listener": arn, "Rules": "199"} }

// TestGuard_AnotherListener checks that a closed product is not opened where a
// listener leaves the switch, although another takes its place. Only the listener
// on port 443 exists.
func TestGuard_AnotherListener(t *testing.T) {
	const left = "Refused to change how the product is closed while it is closed"
	for _, test := range []struct {
		name      string
		live      maintenance.Mode
		request   cfn.RequestType
		old, next map[string]any
		want      cfn.StatusType
		says      string
	}{
		{"a listener takes the place of another", closed, cfn.RequestUpdate, on(props(closed), port("443"), port("80")), on(props(closed), port("443"), port("8080")), cfn.StatusFailed, left},
		{"an imported one takes the place of another", closed, cfn.RequestUpdate, on(props(closed), imported("a")), on(props(closed), imported("b")), cfn.StatusFailed, left},
		{"they change places in the list", closed, cfn.RequestUpdate, on(props(closed), port("443"), port("80")), on(props(closed), port("80"), port("443")), cfn.StatusSuccess, ""},
		{"a listener takes the place of another, while open", open, cfn.RequestUpdate, on(props(open), port("443")), on(props(open), port("8080")), cfn.StatusSuccess, ""},
		{"one of two is closed by hand, the other is gone", closed, cfn.RequestUpdate, on(props(open), port("443"), port("80")), on(props(open, "Digest", "b"), port("443"), port("80")), cfn.StatusFailed, "was made closed by hand"},
		{"the guard is new, one is closed, the other is not there yet", closed, cfn.RequestCreate, nil, on(props(open), port("80"), port("443")), cfn.StatusFailed, "Refused to open"},
		{"the guard is new, one is open, the other is not there yet", open, cfn.RequestCreate, nil, on(props(open), port("80"), port("443")), cfn.StatusSuccess, ""},
		{"the guard is new, and no listener is there yet", "", cfn.RequestCreate, nil, on(props(open), port("80"), port("443")), cfn.StatusSuccess, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live = test.live
			if a := w.handle(t, w.event(test.request, test.old, test.next)); a.Status != test.want || !strings.HasPrefix(a.Reason, test.says) && !strings.Contains(a.Reason, test.says) {
				t.Errorf("got %s %q, want %s, %s", a.Status, a.Reason, test.want, test.says)
			}
		})
	}
}

// TestGuard_FlagFromBeforeAClosingByHand checks that a flag that was typed before
// the product was closed without a deploy does not open it.
func TestGuard_FlagFromBeforeAClosingByHand(t *testing.T) {
	afternoon, evening := now.Add(-10*time.Hour), now.Add(-time.Hour)
	byHand := live.ByHand{Mode: closed, At: evening, By: "ko"}.Encode()
	seen := live.Attribution{Announced: live.Turn{Mode: closed, Since: evening}}.Encode()
	for _, test := range []struct {
		name                string
		typed               time.Time
		byHand, attribution string
		want                cfn.StatusType
	}{
		{"noren close --now recorded it", afternoon, byHand, live.Placeholder, cfn.StatusFailed},
		{"noren close --now recorded it, typed since", now.Add(-time.Minute), byHand, live.Placeholder, cfn.StatusSuccess},
		{"the probe saw it", afternoon, live.Placeholder, seen, cfn.StatusFailed},
		{"the probe saw it, typed since", now.Add(-time.Minute), live.Placeholder, seen, cfn.StatusSuccess},
		{"nothing recorded it", afternoon, live.Placeholder, live.Placeholder, cfn.StatusSuccess},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record, w.byHand, w.attribution = closed, live.NewRecord(open, now.Add(-5*24*time.Hour)).Encode(), test.byHand, test.attribution
			a := w.handle(t, w.event(cfn.RequestUpdate, props(open, "Digest", "a"), props(open, "Digest", "b", "Explicit", test.typed.Format(time.RFC3339))))
			if a.Status != test.want || test.want == cfn.StatusFailed && !strings.Contains(a.Reason, "before this maintenance began") {
				t.Errorf("got %s %q", a.Status, a.Reason)
			}
		})
	}
}

// TestGuard_References checks that a deploy counts as one that changes the
// listener if what the listener refers to is replaced: the text of the template
// stays the same.
func TestGuard_References(t *testing.T) {
	refer := func(to ...any) map[string]any {
		p := props(open, "Digest", "a")
		p["References"] = to
		return p
	}
	for _, test := range []struct {
		name      string
		live      maintenance.Mode
		old, next map[string]any
		want      cfn.StatusType
	}{
		{"the certificate is another", closed, refer(alb, app, "certificate 1"), refer(alb, app, "certificate 2"), cfn.StatusFailed},
		{"nothing is another", closed, refer(alb, app, "certificate 1"), refer(alb, app, "certificate 1"), cfn.StatusSuccess},
		{"the certificate is another, and the product open", open, refer(alb, app, "certificate 1"), refer(alb, app, "certificate 2"), cfn.StatusSuccess},
		{"they were not known before", closed, props(open, "Digest", "a"), refer(alb, app), cfn.StatusSuccess},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.live, w.record = test.live, live.NewRecord(open, before).Encode()
			if a := w.handle(t, w.event(cfn.RequestUpdate, test.old, test.next)); a.Status != test.want {
				t.Errorf("got %s %q, want %s", a.Status, a.Reason, test.want)
			}
		})
	}
}
