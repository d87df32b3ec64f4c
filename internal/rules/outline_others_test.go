package rules_test

import (
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// TestOutline_LeaveOpen checks that what another switch turns has the same text
// in every mode of that switch, and is never drift, while a rule elsewhere still
// is.
func TestOutline_LeaveOpen(t *testing.T) {
	listener := func(target string, more ...alb.Rule) *alb.Listener {
		forward := []alb.Action{alb.Forward{Groups: []alb.WeightedGroup{{Group: alb.Ref{LogicalID: target}}}}}
		return &alb.Listener{
			Ref: alb.Ref{LogicalID: "L"}, Port: 443, Default: alb.Rule{Actions: forward},
			Rules: append([]alb.Rule{{Priority: 791, Conditions: []alb.Condition{alb.Hosts{"shop.example.com"}}, Actions: forward}}, more...),
		}
	}
	groups := rules.Groups{Responder: "Responder", Apps: []string{"App"}}
	outline := func(target string) rules.Outline {
		o := rules.NewOutline(maintenance.Modes(), func(maintenance.Mode) *alb.Listener { return listener(target) }, groups)
		o.LeaveOpen(791)
		o.LeaveOpen(0)
		return o
	}
	open, closed := outline("App"), outline("OtherResponder")
	if open.String() != closed.String() {
		t.Errorf("it depends on the mode of the other switch: %s, %s", open, closed)
	}
	read, err := rules.ParseOutline(open.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"App", "OtherResponder"} {
		if drift := read.Compare(maintenance.Open, listener(target), groups); len(drift) > 0 {
			t.Errorf("%s: got %v, want none", target, drift)
		}
	}
	byHand := alb.Rule{Priority: 5, Conditions: []alb.Condition{alb.PathPatterns{"/*"}}, Actions: listener("App").Default.Actions}
	if drift := read.Compare(maintenance.Open, listener("App", byHand), groups); len(drift) != 1 {
		t.Errorf("a rule by hand: got %v, want one", drift)
	}
}
