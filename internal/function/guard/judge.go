package guard

import (
	"errors"
	"fmt"
	"strings"
	"time"

	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// change is what an event asks for, and all that is known about it.
type change struct {
	create    bool
	next, old Properties
	now       time.Time

	status    cftypes.StackStatus
	statusErr error

	record    live.Record
	recordErr error
	by        string // who turned to the mode of the record; may be empty

	live    maintenance.Mode // what the listener does now
	mixed   string           // why it is in no mode
	liveErr error
}

// judge decides. It refuses only in a deploy that goes forward.
func (c change) judge() verdict {
	v := verdict{record: c.after()}
	if c.recordUnknown() {
		v.warn("Since when the mode is on is not known: %v.", c.recordErr)
	}
	if c.create {
		if c.next.Mode.Opens(c.live) && !c.next.Explicit {
			v.warn("The guard is made in this deploy and refuses nothing yet: the listener was %s, and would not have been opened without -c maintenance=%s.", c.live, c.next.Mode.Flag())
		}
		return v
	}
	if c.mixed != "" {
		v.warn("Somebody changed the listener by hand: %s.", c.mixed)
	} else if c.liveErr != nil && !errors.Is(c.liveErr, live.ErrNoListener) {
		v.warn("Whether somebody flipped by hand is not known: %v.", c.liveErr)
	}
	before := c.before()
	if c.next.Mode.Opens(before) && !c.askedFor() {
		switch {
		case c.statusErr != nil:
			v.warn("This opened the product although nobody asked for it: it may be a rollback, which must not get stuck, and the state of the stack is not known: %v.", c.statusErr)
		case c.forward():
			v.refuse(c)
			return v
		}
	}
	if c.statusErr != nil || c.forward() {
		v.warnings = append(v.warnings, c.dropped()...)
		v.warnings = append(v.warnings, c.untouched()...)
	}
	return v
}

// forward tells whether the stack is being updated to what somebody deployed,
// and not on its way back.
func (c change) forward() bool { return c.status == cftypes.StackStatusUpdateInProgress }

// before is the mode that counts as that before the change: the more closed of
// what the last deploy left and what the listener does. The record is asked
// only if neither is known, since a failure may have kept it from being written.
func (c change) before() maintenance.Mode {
	var before maintenance.Mode
	for _, known := range []maintenance.Mode{c.old.Mode, c.live} {
		if known.Valid() && (before == "" || before.Opens(known)) {
			before = known
		}
	}
	if before == "" {
		before = c.record.Mode
	}
	return before
}

// recordUnknown tells whether there is a record that cannot be read.
func (c change) recordUnknown() bool {
	return c.recordErr != nil && !errors.Is(c.recordErr, live.ErrNoRecord)
}

// left is the mode in which the last deploy left the product, as far as is known.
func (c change) left() maintenance.Mode {
	if c.old.Mode.Valid() {
		return c.old.Mode
	}
	return c.before()
}

// askedFor tells whether somebody wants this mode now: by the flag, or by a
// committed file that names the very maintenance that is on.
func (c change) askedFor() bool {
	return c.next.Explicit || !c.next.Reopens.IsZero() && c.next.Reopens.Equal(c.record.Since) && c.record.Mode != maintenance.Open
}

// after is the record after the change.
func (c change) after() live.Record {
	if c.recordUnknown() && c.old.Mode == c.next.Mode {
		return c.record // what cannot be read may be right
	}
	if strings.Contains(string(c.status), "ROLLBACK") {
		return c.record.RollBackTo(c.next.Mode, c.now, c.next.Until)
	}
	return c.record.TurnTo(c.next.Mode, c.now, c.next.Until)
}

// verdict is the guard's decision.
type verdict struct {
	refusal  string // empty: it passes
	warnings []string
	record   live.Record // as it is to be kept
}

// letPass is the verdict on what the guard could not look at.
func letPass(format string, args ...any) verdict {
	var v verdict
	v.warn(format+".", args...)
	return v
}

func (v *verdict) warn(format string, args ...any) {
	v.warnings = append(v.warnings, fmt.Sprintf(format, args...))
}

// unrecorded says that the record could not be kept.
func (v *verdict) unrecorded(err error) {
	v.warn("The mode could not be recorded, so the next refusal will not know since when it is on: %v.", err)
}

// refuse keeps the mode that is on, and words the refusal. If nothing records
// since when, a record that begins now is kept, for a committed file to name.
func (v *verdict) refuse(c change) {
	v.record = c.record
	switch left := c.left(); {
	case !c.next.Mode.Opens(left):
		v.refusal = c.refusalByHand()
	case c.record.Mode == left:
		v.refusal = c.refusal(c.record.Since, c.record.Since)
	case c.recordUnknown():
		v.refusal = c.refusal(time.Time{}, time.Time{})
	default:
		v.record = c.record.TurnTo(left, c.now, c.old.Until)
		v.refusal = c.refusal(time.Time{}, v.record.Since)
	}
}

// reason is what stands in the event of the stack.
func (v verdict) reason() string {
	return strings.TrimSpace(strings.Join(append([]string{v.refusal}, v.warnings...), " "))
}

// summary is what stands in the outputs of the stack.
func (v verdict) summary() string {
	said := "Since when is not known."
	if r := v.record; !r.Since.IsZero() {
		said = fmt.Sprintf("The product has been %s since %s.", r.Mode, r.Since.Format(time.RFC3339))
	}
	return strings.Join(append([]string{said}, v.warnings...), " ")
}
