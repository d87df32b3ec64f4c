package guard

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// night is a stack, its guard and its listener, in a model of what CloudFormation
// does with a custom resource. The model's guard is the one that decides in the
// function; what it can see varies.
type night struct {
	at       time.Time
	status   cftypes.StackStatus
	deployed map[string]any // the properties of the resource, nil if it does not exist
	live     maintenance.Mode
	record   live.Record
	recorded bool      // there is a record
	settled  time.Time // as the probe has written it

	readable // what the guard can see
	events   int
	log      []string
	opened   string // what opened the product without being asked; empty if nothing did
	stuck    string // what made a rollback fail
	skipped  int    // rollbacks that continued without the guard
}

// readable is what the guard can see.
type readable struct{ stack, record, listener bool }

var errUnreadable = errors.New("throttled")

// ask sends an event to the guard and returns whether it passes.
func (n *night) ask(request cfn.RequestType, old, next map[string]any, id string) bool {
	c := newChange(cfn.Event{RequestType: request, RequestID: id, StackID: stack, LogicalResourceID: "MaintenanceGuard", ResourceProperties: next, OldResourceProperties: old}, n.at)
	c.statusErr, c.recordErr, c.liveErr = errUnreadable, errUnreadable, errUnreadable
	if n.readable.stack {
		c.status, c.statusErr = n.status, nil
	}
	if n.readable.record {
		c.recordErr = nil
		if n.recorded {
			c.record, c.settled = n.record, !n.record.Last.At.IsZero() && n.settled.Equal(n.record.Last.At)
		} else {
			c.recordErr = live.ErrNoRecord
		}
	}
	if n.readable.listener {
		c.live, c.liveErr = n.live, nil
	}
	v := c.judge()
	n.log = append(n.log, fmt.Sprintf("%s %s %s -> %s: %q", n.status, request, propertiesMode(old), propertiesMode(next), v.reason()))
	if n.readable.record && v.record.Mode.Valid() {
		n.record, n.recorded = v.record, true
	}
	if !n.readable.stack && !strings.Contains(v.reason(), "The state of the stack cannot be read") && !strings.Contains(v.reason(), "came twice") && v.refusal == "" {
		n.stuck = "nothing says that the stack cannot be read: " + v.reason()
	}
	if v.refusal != "" && !strings.Contains(v.refusal, "npx cdk deploy") && !strings.Contains(v.refusal, "came twice") {
		n.stuck = "a refusal does not say what to type: " + v.refusal
	}
	return v.refusal == ""
}

func propertiesMode(p map[string]any) maintenance.Mode { return DecodeProperties(p).Mode }

// deploy updates the stack to properties. If fails is true, it fails after the
// listener. again repeats the guard's event at the end.
func (n *night) deploy(next map[string]any, asked, fails, again bool) {
	n.status = cftypes.StackStatusUpdateInProgress
	old, before := n.deployed, n.live
	n.events++
	id := fmt.Sprint("event ", n.events)
	request := cfn.RequestUpdate
	if old == nil {
		request = cfn.RequestCreate
	}
	changed := fmt.Sprint(old) != fmt.Sprint(next)
	passed := !changed || n.ask(request, old, next, id)
	touched := old == nil || propertiesMode(old) != propertiesMode(next) || old["Digest"] != next["Digest"]
	if passed {
		n.deployed = next
		if touched {
			n.turn(propertiesMode(next), asked, "a deploy")
		}
	}
	if passed && !fails {
		n.status = cftypes.StackStatusUpdateComplete
		n.settled = n.record.Last.At
	} else {
		n.rollBack(old, next, passed, touched, changed, before)
	}
	if again && changed && n.readable.stack {
		n.at = n.at.Add(time.Hour)
		kept := n.record
		n.ask(request, old, next, id)
		if n.record.Encode() != kept.Encode() {
			n.stuck = fmt.Sprintf("an event that came twice changed the record from %s to %s", kept.Encode(), n.record.Encode())
		}
	}
}

// rollBack undoes an update, including that of the guard, whether it passed or
// refused.
func (n *night) rollBack(old, next map[string]any, passed, touched, changed bool, before maintenance.Mode) {
	n.status = cftypes.StackStatusUpdateRollbackInProgress
	n.at = n.at.Add(10 * time.Minute)
	if old != nil && changed {
		n.events++
		if !n.ask(cfn.RequestUpdate, next, old, fmt.Sprint("event ", n.events)) {
			if n.readable.stack || n.readable.record {
				n.stuck = "the rollback was refused"
				return
			}
			// Nothing distinguishes it from a deploy. The refusal says how to
			// continue, and someone types that: the guard is skipped.
			if said := n.log[len(n.log)-1]; !strings.Contains(said, "aws cloudformation continue-update-rollback --stack-name fieldreports-prod --resources-to-skip MaintenanceGuard") {
				n.stuck = "the refusal of a rollback does not say how to go on: " + said
				return
			}
			n.skipped++
		}
	}
	n.deployed = old
	if passed && touched && old != nil {
		n.live = before // not an unasked opening: it undoes the closing
	}
	n.status = cftypes.StackStatusUpdateRollbackComplete
	n.settled = n.record.Last.At
}

// turn changes the mode of the listener.
func (n *night) turn(mode maintenance.Mode, asked bool, by string) {
	if mode.Opens(n.live) && !asked {
		n.opened = by
	}
	n.live = mode
}

// TestGuard_Model walks every night of two deploys: from a product in a mode, by
// a deploy or by hand, through a deploy that passes or fails, to a deploy that
// may forget the flag, with every combination of what the guard can see.
func TestGuard_Model(t *testing.T) {
	nights, skipped := 0, 0
	flag := func(asked bool, at time.Time) string {
		if asked {
			return at.Format(time.RFC3339)
		}
		return ""
	}
	for _, first := range maintenance.Modes() {
		for _, second := range maintenance.Modes() {
			for _, third := range maintenance.Modes() {
				for _, hand := range []maintenance.Mode{"", open, readOnly, closed} {
					for _, gap := range []time.Duration{2 * time.Minute, 5 * 24 * time.Hour} {
						for bits := range 1 << 8 {
							bit := func(i int) bool { return bits>>i&1 == 1 }
							seen := readable{stack: bit(0), record: bit(1), listener: bit(2)}
							askedSecond, failsSecond, askedThird, failsThird, again := bit(3), bit(4), bit(5), bit(6), bit(7)
							nights++
							n := &night{at: now, live: open, readable: readable{true, true, true}}
							n.deploy(props(first, "Explicit", flag(true, n.at), "Digest", string(first)), true, false, false)
							n.at = n.at.Add(time.Hour)
							n.readable = seen
							n.deploy(props(second, "Explicit", flag(askedSecond, n.at), "Digest", string(second)), askedSecond, failsSecond, again)
							n.at = n.at.Add(gap)
							if hand != "" {
								n.live = hand
							}
							left := propertiesMode(n.deployed)
							n.deploy(props(third, "Explicit", flag(askedThird, n.at), "Digest", string(third)+"2"), askedThird, failsThird, again)
							// By hand, and unseen: a deploy that closes is not
							// refused, and where nothing can be read there is no
							// sign of what was done.
							if hand != "" && !seen.listener && (left.Opens(third) || !seen.stack && !seen.record) {
								n.opened = ""
							}
							skipped += n.skipped
							if n.opened != "" || n.stuck != "" {
								t.Fatalf("%s, then %s (asked %v, fails %v), by hand %q, %v later %s (asked %v, fails %v), again %v, seen %+v: opened by %q, stuck %q\n%s",
									first, second, askedSecond, failsSecond, hand, gap, third, askedThird, failsThird, again, seen, n.opened, n.stuck, strings.Join(n.log, "\n"))
							}
						}
					}
				}
			}
		}
	}
	if nights < 40_000 {
		t.Errorf("%d nights, want more", nights)
	}
	if skipped == 0 || skipped > nights/20 {
		t.Errorf("%d rollbacks of %d nights went on without the guard", skipped, nights)
	}
	t.Logf("%d nights, %d rollbacks that went on without the guard", nights, skipped)
}
