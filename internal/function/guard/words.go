package guard

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// longMessage is the length, in bytes, up to which a message fits into a command
// in a sentence. CloudFormation accepts an answer of 4096 bytes.
const longMessage = 300

// refusal says which mode is on, since when, who turned it on, and what to type.
// It is written for someone who is surprised, at night, by the events of a stack.
// Either time may be zero: since if it is not known, reopens if there is no time
// that a committed file could name.
func (c change) refusal(since, reopens time.Time) string {
	left := c.left()
	var b strings.Builder
	b.WriteString("Refused to open: the product ")
	if !since.IsZero() {
		fmt.Fprintf(&b, "has been %s since %s (%s)", left, since.Format(time.RFC3339), term.Ago(c.now.Sub(since)))
		if c.by != "" {
			fmt.Fprintf(&b, ", turned to %s by %s", left, c.by)
		}
	} else {
		fmt.Fprintf(&b, "is %s, since when is not known", left)
	}
	fmt.Fprintf(&b, ", and this deploy, %s, would %s.", c.unasked(), c.opening())
	if c.live.Valid() && c.live != left {
		fmt.Fprintf(&b, " The deploy is rolled back. The listener is %s already: it was flipped by hand.", c.live)
	} else {
		b.WriteString(" The deploy is rolled back, the listener stays as it was.")
	}
	if committed := c.next.Reopens; !committed.IsZero() && !reopens.IsZero() {
		fmt.Fprintf(&b, " The committed %s ends another maintenance than this one.", committed.Format(time.RFC3339))
	}
	fmt.Fprintf(&b, " To deploy and stay %s: %s. To open: %s.", left, c.command(left, c.again()), c.command(c.next.Mode, ""))
	if c.next.ReopensAt != "" && !reopens.IsZero() {
		fmt.Fprintf(&b, " Or, to open by a commit: set %s to %s.", c.next.ReopensAt, reopens.Format(time.RFC3339))
	}
	return b.String()
}

// refusalByHand returns the refusal for a listener that was closed between
// deploys.
func (c change) refusalByHand() string {
	now := string(c.before())
	if c.mixed != "" {
		now = "mixed"
	}
	by := "by hand"
	if c.turnedByHand() && c.byHand.Mode == c.before() {
		by = c.byHand.Said()
	}
	return fmt.Sprintf("Refused to open: the listener was made %s %s, the last deploy had left it %s, and this deploy, %s, would %s."+
		" The deploy is rolled back, the listener stays as it was. To deploy and stay %s: %s. To open: %s; should the listener stay %s, %s.",
		now, by, c.left(), c.unasked(), c.opening(), c.before(), c.command(c.before(), ""), c.command(c.next.Mode, ""), c.before(), c.flipBack())
}

// unasked says why the flag of the change does not count.
func (c change) unasked() string {
	flag := "-c maintenance=" + c.next.Mode.Flag()
	switch typed := c.next.Typed; {
	case typed.IsZero():
		return "which has no " + flag
	case c.now.Sub(typed).Abs() > evening:
		return fmt.Sprintf("whose %s was typed at %s (%s), for another evening", flag, typed.Format(time.RFC3339), term.Ago(c.now.Sub(typed)))
	default:
		return fmt.Sprintf("whose %s was typed at %s, before this maintenance began", flag, typed.Format(time.RFC3339))
	}
}

// refusalToReshape returns the refusal for a closed product whose way of closing
// would change.
func (c change) refusalToReshape() string {
	return fmt.Sprintf("Refused to change how the product is closed while it is %s: it closes by %s, and would by %s. Between two calls of the API neither is there, or a listener leaves the switch: everything gets through."+
		" The deploy is rolled back, the listener stays as it was. Deploy this change while the product is open: to open with it, %s; to stay %s, deploy without the change now: %s.",
		c.before(), c.old.shape(), c.next.shape(), c.command(maintenance.Open, ""), c.before(), c.command(c.before(), ""))
}

// refusalUnseen returns the refusal for listeners that cannot be read.
func (c change) refusalUnseen() string {
	return fmt.Sprintf("Refused to change the listener without having seen it: it may have been closed by hand, and this deploy, %s, would %s."+
		" The deploy is rolled back, the listener stays as it was. Deploy again in a minute, or, if it is not closed: %s. To close: %s.",
		c.unasked(), c.opening(), c.command(c.next.Mode, ""), c.command(maintenance.Closed, ""))
}

// wayBack returns an addition to a refusal that may be that of a rollback.
func (c change) wayBack() string {
	return fmt.Sprintf(" Should this be a rollback, the stack is UPDATE_ROLLBACK_FAILED, and this goes on with it, without the guard:"+
		" aws cloudformation continue-update-rollback --stack-name %s --resources-to-skip %s.", c.stack, c.resource)
}

// opening describes what the change would do.
func (c change) opening() string {
	if c.next.Mode == maintenance.ReadOnly {
		return "open it for reads"
	}
	return "open the product"
}

// command returns the command that deploys in a mode.
func (c change) command(mode maintenance.Mode, flags string) string {
	return fmt.Sprintf("%s -c maintenance=%s%s", cmp.Or(c.next.Command, "npx cdk deploy"), mode.Flag(), flags)
}

// again returns the flags that repeat to clients what this deploy leaves out.
func (c change) again() string {
	var flags string
	if c.old.Message != "" && c.next.Message == "" {
		message := c.old.Message
		if len(message) > longMessage {
			message = "..."
		}
		flags += " -c maintenance-message=" + quoted(message)
	}
	if c.old.Until.After(c.now) && c.next.Until.IsZero() {
		flags += " -c maintenance-until=" + c.old.Until.Format(time.RFC3339)
	}
	return flags
}

// dropped warns that clients are no longer told a message or an end, although
// maintenance stays on.
func (c change) dropped() []string {
	if c.old.Mode == maintenance.Open || c.next.Mode == maintenance.Open || c.again() == "" {
		return nil
	}
	return []string{fmt.Sprintf("Maintenance stays on, but clients are no longer told all that they were told before. To tell them again: %s.", c.command(c.next.Mode, c.again()))}
}

// untouched warns that a listener that was flipped by hand stays flipped:
// CloudFormation compares templates.
func (c change) untouched() []string {
	if !c.keeps() || !c.live.Valid() || c.live == c.next.Mode {
		return nil
	}
	return []string{fmt.Sprintf("The listener is %s, by hand, and stays so: CloudFormation sees nothing to change. To change that, %s.", c.live, c.flipBack())}
}

// flipBack says how to flip back a listener that was flipped by hand.
func (c change) flipBack() string {
	if c.next.ByHand == "" {
		return "flip it back by hand"
	}
	return "flip it back by hand (" + c.next.ByHand + ")"
}

// quoted returns a text quoted for a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
