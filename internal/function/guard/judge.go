package guard

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

const (
	// evening is how long a typed flag is valid: an assembly that was synthesized
	// last week does not open tonight's maintenance.
	evening = 24 * time.Hour

	// skew is how far the clock of the person who typed the flag may be behind.
	skew = 5 * time.Minute

	// longestOperation is how long a deploy may take until it is rolled back. A
	// change that undoes an older turn is not its rollback.
	longestOperation = 12 * time.Hour
)

// change is what an event asks for, and everything known about it.
type change struct {
	id        string // of the event
	stack     string // its name
	resource  string // the logical id of the guard
	create    bool
	next, old Properties
	digests   live.Change // of the properties
	now       time.Time

	status    cftypes.StackStatus // empty if it is not known
	statusErr error

	record    live.Record
	recordErr error
	by        string // who turned to the mode of the record; may be empty
	settled   bool   // the deploy of the last change is over

	byHand live.ByHand // the last turn without CloudFormation, zero if none is known
	seen   live.Turn   // the mode of the last event that the probe sent, zero if none is known

	live    maintenance.Mode // the current mode of the listeners
	mixed   string           // why they are in a mixed state
	liveErr error
}

// judge decides. It refuses only in a deploy that goes forward.
func (c change) judge() verdict {
	if answered, ok := c.record.Answer(c.id); ok {
		v := verdict{record: c.record}
		if answered.Refused {
			v.refusal = "Refused already: this event came twice."
		}
		return v
	}
	v := verdict{record: c.after()}
	if v.record.Mode.Valid() {
		v.record = v.record.Answered(live.Request{ID: c.id})
	}
	if c.late() {
		v.record = c.record // no one waits for the answer, if that is true
		v.warn("This event came late and changed nothing: the stack is %s.", c.status)
		if !c.backward() && c.opens() && !c.askedFor() && !c.next.Off {
			v.refusal = "Refused to open."
		}
		return v
	}
	v.warnings = c.unknown()
	if c.backward() {
		if c.status == "" && c.opens() && !c.askedFor() {
			v.warn("This opened the product although nobody asked for it: it undoes the last change of the guard, as a rollback does, which must not get stuck.")
		}
		return v
	}
	switch {
	case c.next.Off && (c.create || c.old.Off):
		return v
	case c.opens() && !c.askedFor():
		v.refuse(c)
		return v
	case c.reshapes():
		v.refuseWith(c, c.refusalToReshape())
		return v
	case c.unseen():
		v.refuseWith(c, c.refusalUnseen())
		return v
	}
	v.warnings = append(v.warnings, c.dropped()...)
	v.warnings = append(v.warnings, c.untouched()...)
	return v
}

// late reports whether the deploy that the event belongs to is over.
func (c change) late() bool {
	return c.status != "" && (!strings.HasSuffix(string(c.status), "_IN_PROGRESS") || strings.Contains(string(c.status), "_CLEANUP_"))
}

// unknown says what the guard cannot see, in every event, so that it is fixed
// before it matters.
func (c change) unknown() []string {
	var v verdict
	if c.status == "" {
		v.warn("The state of the stack cannot be read, by which the guard tells a rollback from a deploy: %v. Allow its role cloudformation:DescribeStacks and DescribeStackEvents.", c.statusErr)
	}
	if c.recordUnknown() {
		v.warn("Since when the mode is on is not known: %v.", c.recordErr)
	}
	switch {
	case c.mixed != "" && !c.backward():
		v.warn("The listener was changed by hand: %s.", c.mixed)
	case c.blind():
		v.warn("Whether the listener was changed by hand is not known: %v.", c.liveErr)
	}
	return v.warnings
}

// touches reports whether the change makes CloudFormation modify the listeners or
// the rules. A change that leaves them as the template had them does not,
// whatever was done to them by hand.
func (c change) touches() bool {
	return c.create || c.next.Digest == "" || !c.keeps()
}

// keeps reports whether the carriers of the mode stay as they are: neither their
// text in the template changes nor the values that it refers to.
func (c change) keeps() bool {
	replaced := len(c.old.References) > 0 && !slices.Equal(c.old.References, c.next.References)
	return c.old.Mode == c.next.Mode && c.old.Digest == c.next.Digest && !replaced
}

// opens reports whether the change lets through what is refused now.
func (c change) opens() bool { return c.touches() && c.next.Mode.Opens(c.before()) }

// blind reports whether some listeners cannot be read.
func (c change) blind() bool {
	return c.liveErr != nil && !errors.Is(c.liveErr, live.ErrNoListener)
}

// unseen reports whether the change could open listeners that cannot be read and
// may have been closed by hand. When a stack is created, there is nothing to
// open. If nothing at all can be read, there is no sign of a closing by hand, and
// the way back from a refusal would be refused as well.
func (c change) unseen() bool {
	closes := c.old.Mode.Valid() && c.old.Mode.Opens(c.next.Mode)
	return c.blind() && c.touches() && !closes && c.next.Mode != maintenance.Closed && !c.askedFor() &&
		c.status != cftypes.StackStatusCreateInProgress && (c.status != "" || !c.recordUnknown())
}

// undecided reports whether the decision depends on something unknown.
func (c change) undecided() bool {
	switch {
	case c.next.Off && (c.create || c.old.Off), c.late():
		return false
	case c.status == "":
		return c.opens() && !c.askedFor() || c.reshapes() || c.unseen()
	}
	return c.unseen() && !c.backward()
}

// reshapes reports whether the change lets everything through for a moment, or
// for good: between two API calls, one way of closing is gone and the other is
// not there yet.
func (c change) reshapes() bool {
	before, after := c.old.shape(), c.next.shape()
	closed := c.before() != "" && c.before() != maintenance.Open
	return !c.create && before != "" && before != after && closed && c.next.Mode != maintenance.Open
}

// backward reports whether the stack is returning to what was deployed before,
// according to its state or, failing that, to what is remembered of it. If
// neither can be read, only a change that opens nothing counts as a way back.
func (c change) backward() bool {
	if c.status != "" {
		return strings.Contains(string(c.status), "ROLLBACK")
	}
	switch {
	case c.create, c.settled:
		return false
	case c.recordUnknown():
		return c.live.Valid() && c.mixed == "" && !c.next.Mode.Opens(c.live) && !c.reshapes()
	}
	return c.digests.Undoes(c.record.Last) && c.now.Sub(c.record.Last.At) < longestOperation
}

// turnedByHand reports whether noren has changed the listeners without a deploy
// since the last one.
func (c change) turnedByHand() bool {
	return c.byHand.Mode.Valid() && !c.byHand.At.Before(c.record.Since)
}

// before returns the mode from which the change starts: the more closed of what
// the last deploy left and what the listeners do. Listeners in a mixed state
// count as closed; for unreadable listeners, a change by hand counts. The record
// is used only if neither is known, since a failure may have kept it from being
// written.
func (c change) before() maintenance.Mode {
	now := c.live
	switch {
	case c.mixed != "":
		now = maintenance.Closed
	case c.blind() && c.turnedByHand():
		now = c.byHand.Mode
	}
	var before maintenance.Mode
	for _, known := range []maintenance.Mode{c.old.Mode, now} {
		if known.Valid() && (before == "" || before.Opens(known)) {
			before = known
		}
	}
	if before == "" {
		before = c.record.Mode
	}
	return before
}

// recordUnknown reports whether a record exists that cannot be read.
func (c change) recordUnknown() bool {
	return c.recordErr != nil && !errors.Is(c.recordErr, live.ErrNoRecord)
}

// left returns the mode in which the last deploy left the product, as far as it
// is known.
func (c change) left() maintenance.Mode {
	if c.old.Mode.Valid() {
		return c.old.Mode
	}
	return c.before()
}

// askedFor reports whether this mode is asked for now: by a flag that was typed
// in this maintenance, or by a committed file that names it.
func (c change) askedFor() bool {
	return c.freshFlag() || !c.next.Reopens.IsZero() && c.next.Reopens.Equal(c.record.Since) && c.record.Mode != maintenance.Open
}

// freshFlag reports whether the flag was typed in this maintenance.
func (c change) freshFlag() bool {
	if c.next.Typed.IsZero() || c.now.Sub(c.next.Typed).Abs() > evening {
		return false
	}
	return !c.next.Typed.Before(c.closedSince().Add(-skew))
}

// closedSince returns when the product was last closed, by a deploy or by hand.
// It is zero if it is open, or if nothing recorded the closing.
func (c change) closedSince() time.Time {
	var since time.Time
	for _, turn := range []live.Turn{c.record.Turn, {Mode: c.byHand.Mode, Since: c.byHand.At}, c.seen} {
		if maintenance.Open.Opens(turn.Mode) && !turn.Since.Before(c.record.Since) && turn.Since.After(since) {
			since = turn.Since
		}
	}
	return since
}

// after returns the record after the change.
func (c change) after() live.Record {
	if c.recordUnknown() && c.old.Mode == c.next.Mode {
		return c.record // an unreadable record may be right
	}
	if c.backward() {
		return c.record.RollBackTo(c.next.Mode, c.now, c.next.Until)
	}
	next := c.record.TurnTo(c.next.Mode, c.now, c.next.Until)
	next.Last = c.digests
	return next
}

// verdict is the guard's decision.
type verdict struct {
	refusal  string // empty if it passes
	warnings []string
	record   live.Record // the record to keep
}

// letPass returns the verdict on what the guard could not look at.
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

// refuse keeps the current mode and writes the refusal. If nothing records since
// when the mode has been on, it keeps a record that begins now, for a committed
// file to name.
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
	v.noteRefusal(c)
}

// refuseWith keeps the record, and refuses for a reason other than the mode.
func (v *verdict) refuseWith(c change, refusal string) {
	v.record, v.refusal = c.record, refusal
	v.noteRefusal(c)
}

// noteRefusal says how a rollback continues, if this may be one, and remembers
// that the event was refused, unless that would replace a record that cannot be
// read. CloudFormation also sends an event for the way back from the refused
// change.
func (v *verdict) noteRefusal(c change) {
	if c.status == "" {
		v.refusal += c.wayBack()
	}
	if !c.recordUnknown() && v.record.Mode.Valid() {
		v.record = v.record.Answered(live.Request{ID: c.id, Refused: true})
		v.record.Last = c.digests
	}
}

// reason returns the text in the event of the stack.
func (v verdict) reason() string {
	return strings.TrimSpace(strings.Join(append([]string{v.refusal}, v.warnings...), " "))
}

// summary returns the text in the outputs of the stack.
func (v verdict) summary() string {
	said := "Since when is not known."
	if r := v.record; !r.Since.IsZero() {
		said = fmt.Sprintf("The product has been %s since %s.", r.Mode, r.Since.Format(time.RFC3339))
	}
	return strings.Join(append([]string{said}, v.warnings...), " ")
}
