package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/maintenance"
)

// Modes returns the modes of the two templates.
func (d Diff) Modes() (before, after maintenance.Mode, err error) {
	if before, err = d.old.Mode(); err != nil {
		return "", "", fmt.Errorf("old template: %w", err)
	}
	if after, err = d.next.Mode(); err != nil {
		return "", "", fmt.Errorf("new template: %w", err)
	}
	return before, after, nil
}

// Unexpected returns what changes in addition to a flip to a mode: nothing if the
// template is flipped to it and otherwise stays as it is.
//
// The flip is the listener's default action, where the rules for reads send them,
// which requests the rules that close a shared listener match, the record of the
// guard against reopening, and the message, its language and its until. These may
// also change alone, in a template that is already in the mode.
func (d Diff) Unexpected(want maintenance.Mode) []string {
	var rest []string
	before, after, err := d.Modes()
	switch {
	case err != nil:
		rest = append(rest, err.Error())
	case after != want:
		rest = append(rest, fmt.Sprintf("the mode is %s, want %s", after, want))
	case before == want && len(d.Resources) == 0:
		rest = append(rest, fmt.Sprintf("the mode was %s before: there is no flip", before))
	}
	for _, r := range d.Resources {
		rest = append(rest, d.besidesFlip(r)...)
	}
	for _, p := range d.Sections {
		rest = append(rest, "template "+p.Name+" changes")
	}
	return append(rest, d.unreached()...)
}

// unreached returns the requests that were let through by a rule of their own,
// such as those of the allowlist, the bypass and the health check, and that now
// go elsewhere.
func (d Diff) unreached() []string {
	var rest []string
	if !d.Complete {
		rest = append(rest, "the listeners have more combinations of conditions than were looked at")
	}
	return append(rest, inEach(d.possibilities, possibility.unreached, func(text string) string { return text }, given)...)
}

func (p possibility) unreached() []string {
	var rest []string
	for _, pair := range listenerPairs(p.old.Template, p.next.Template) {
		classes, _ := witness.Classes(pair[0], pair[1])
		for _, c := range classes {
			if c.Old.Default() || effect(c.Old) == effect(c.New) || p.old.answersMaintenance(c.Old) || turns(c.Old, pair[1]) {
				continue
			}
			request := requestText(requestOf(c.Request, pair))
			rest = append(rest, fmt.Sprintf("%s no longer reaches %s: %s takes it, not %s", request, p.old.ActionName(c.Old), ruleText(ruleOf(c.New)), ruleText(ruleOf(c.Old))))
		}
	}
	return rest
}

// turns reports whether a rule of a listener has a different effect: it turns
// with the mode, or it is a change that is reported as such.
func turns(r *alb.Rule, next *alb.Listener) bool {
	for i := range next.Rules {
		if next.Rules[i].LogicalID == r.LogicalID {
			return effect(&next.Rules[i]) != effect(r)
		}
	}
	return false
}

// besidesFlip returns the changes of a resource that are not part of a flip.
func (d Diff) besidesFlip(r Resource) []string {
	name := r.LogicalID + " (" + r.Type + ")"
	switch r.Fate {
	case Added, Removed:
		return []string{name + " is " + string(r.Fate)}
	case Replaced, MaybeReplaced, MaybeRemoved:
		name += " " + isFate(r.Fate) + ":"
		if len(r.Changes) == 0 {
			return []string{name + " " + r.Why}
		}
	}
	var rest []string
	for _, p := range r.Changes {
		if r.Fate != Changed || !d.isSwitched(r, p) {
			rest = append(rest, fmt.Sprintf("%s %s changes", name, p.Name))
		}
	}
	return rest
}

func isFate(fate Fate) string {
	if fate == MaybeReplaced || fate == MaybeRemoved {
		return string(fate)
	}
	return "is " + string(fate)
}

// isSwitched reports whether a property belongs to the flip.
func (d Diff) isSwitched(r Resource, p Property) bool {
	switch r.Type {
	case typeGuard:
		return slices.Contains(recordedProperties, p.top())
	case typeListener:
		return p.top() == "DefaultActions" && d.turnsDefault(r.LogicalID)
	case typeListenerRule:
		return p.top() == "Actions" && d.turnsReads(r.LogicalID) || p.top() == "Conditions" && d.arms(r.LogicalID)
	case "AWS::Lambda::Function":
		return slices.ContainsFunc(switchedVariables, func(name string) bool { return strings.HasPrefix(p.Name+".", name+".") }) && d.next.answers(r.LogicalID)
	}
	return false
}

// recordedProperties are the properties in which the guard's record of a flip
// differs.
var recordedProperties = []string{"Mode", "Explicit", "Reopens", "Message", "Until", "Digest"}

// switchedVariables are the message, its language and its until.
var switchedVariables = []string{
	"Environment.Variables.MAINTENANCE_MESSAGE",
	"Environment.Variables.MAINTENANCE_DEFAULT_LANGUAGE",
	"Environment.Variables.MAINTENANCE_UNTIL",
}

// turnsDefault reports whether a listener's default action turns between the
// function that answers during maintenance and the app, as a plain forward in
// both templates. The app is where the listener's rules send the allowed
// requests.
func (d Diff) turnsDefault(id string) bool {
	before, after := d.old.Listener(alb.Ref{LogicalID: id}), d.next.Listener(alb.Ref{LogicalID: id})
	if before == nil || after == nil || len(before.Default.Actions) != 1 || len(after.Default.Actions) != 1 {
		return false
	}
	return d.old.answersMaintenance(&before.Default) && d.next.isApp(after) ||
		d.next.answersMaintenance(&after.Default) && d.old.isApp(before)
}

// isApp reports whether a listener's default action goes where its rules send
// what they let through. Without such rules, it reports whether the action goes
// anywhere but to the maintenance answer. The page that unlocks is not an app.
func (t Template) isApp(l *alb.Listener) bool {
	if t.answersMaintenance(&l.Default) {
		return false
	}
	forwards := 0
	for i := range l.Rules {
		if isCalled(l.Rules[i].ShortName(), maintenance.UnlockID) {
			continue
		}
		if effect(&l.Rules[i]) == effect(&l.Default) {
			return true
		}
		if _, ok := l.Rules[i].Final().(alb.Forward); ok && !t.answersMaintenance(&l.Rules[i]) {
			forwards++
		}
	}
	return forwards == 0
}

// turnsReads reports whether a rule for reads turns between the function that
// answers during maintenance and the app.
func (d Diff) turnsReads(id string) bool {
	old, before := d.old.rule(id)
	next, after := d.next.rule(id)
	if before == nil || after == nil || !isNumbered(before, maintenance.ReadID) {
		return false
	}
	return d.old.answersMaintenance(before) && d.next.isAllowed(next, after) ||
		d.next.answersMaintenance(after) && d.old.isAllowed(old, before)
}

// isAllowed reports whether the listener's default action, or another of its
// rules that is not for the page that unlocks, does the same as a rule.
func (t Template) isAllowed(l *alb.Listener, r *alb.Rule) bool {
	if t.answersMaintenance(r) {
		return false
	}
	if effect(&l.Default) == effect(r) {
		return true
	}
	for i := range l.Rules {
		other := &l.Rules[i]
		if other.LogicalID != r.LogicalID && !isCalled(other.ShortName(), maintenance.UnlockID) && effect(other) == effect(r) {
			return true
		}
	}
	return false
}

// arms reports whether a closing rule is armed or disarmed: in one of the
// templates, no request meets its conditions. It refuses in both.
func (d Diff) arms(id string) bool {
	_, before := d.old.rule(id)
	_, after := d.next.rule(id)
	return before != nil && after != nil && isNumbered(before, maintenance.CloseID) &&
		d.old.answersMaintenance(before) && d.next.answersMaintenance(after) &&
		before.Disarmed() != after.Disarmed()
}

// rule returns a listener rule and its listener, or nil.
func (t Template) rule(id string) (*alb.Listener, *alb.Rule) {
	for _, l := range t.Listeners {
		for i := range l.Rules {
			if l.Rules[i].LogicalID == id {
				return l, &l.Rules[i]
			}
		}
	}
	return nil, nil
}

// isNumbered reports whether a rule has a name followed by a number.
func isNumbered(r *alb.Rule, name string) bool {
	return isCalled(strings.TrimRight(withoutHash(r.ShortName()), "0123456789"), name)
}

// isCalled reports whether a resource of a construct has a name: its own name or,
// in a template without CDK paths, its logical id, in which the name comes after
// that of the construct and before eight hex digits.
func isCalled(name, want string) bool {
	return strings.HasSuffix(withoutHash(name), want)
}

// withoutHash returns a logical id without the eight hex digits that CDK adds.
func withoutHash(name string) string {
	if at := len(name) - 8; at > 0 && strings.Trim(name[at:], "0123456789ABCDEF") == "" {
		return name[:at]
	}
	return name
}
