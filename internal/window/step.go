package window

import (
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// The names of the steps, which are the names of their states.
const (
	Preflight         = "Preflight"
	CheckChanges      = "CheckChanges"
	Announce          = "Announce"
	Mute              = "Mute"
	Close             = "Close"
	ClosedEverywhere  = "ClosedEverywhere"
	Drained           = "Drained"
	Verify            = "Verify"
	Ask               = "Ask"
	Open              = "Open"
	OpenEverywhere    = "OpenEverywhere"
	Unmute            = "Unmute"
	AnnounceCompleted = "AnnounceCompleted"
	Report            = "Report"
)

// The names of the function's other tasks: announcing the night to clients,
// withdrawing the announcement of a cancelled window, reacting when the end is
// near, and reporting an execution that did not succeed.
const (
	AnnounceScheduled = "AnnounceScheduled"
	Withdraw          = "Withdraw"
	NearEnd           = "NearEnd"
	Tell              = "Tell"
)

// changePrefix begins the name of the step of a change.
const changePrefix = "Change "

// Step is one step of the night.
type Step struct {
	// Name is the name of the state.
	Name string

	// Does says what it does, for people.
	Does string

	// Kind says what executes the step.
	Kind Kind

	// Change is the schema change, of a step that runs one.
	Change Change

	// Timeout limits one attempt.
	Timeout time.Duration

	// Repeats are the errors after which the step is repeated.
	Repeats []Repeat
}

// isChange reports whether a step of that name runs a schema change.
func isChange(step string) bool { return strings.HasPrefix(step, changePrefix) }

// IsTask reports whether a step of that name is a task of the schema changes, which
// has a log of its own.
func IsTask(step string) bool { return step == CheckChanges || isChange(step) }

// WantsMode reports whether the step with a name expects the product to be in the
// mode of the night: the steps after closing and before opening.
func WantsMode(step string) bool {
	switch step {
	case ClosedEverywhere, Drained, Verify, Ask:
		return true
	}
	return isChange(step)
}

// Kind says what executes a step.
type Kind int

const (
	// ByFunction is a call of the function.
	ByFunction Kind = iota

	// ByTask is a task that runs a schema change, or checks all of them.
	ByTask

	// ByPerson is a call of the function that asks a person, and waits.
	ByPerson
)

// Repeat says that an attempt that failed with one of the errors is repeated.
type Repeat struct {
	Errors  []string
	Every   time.Duration
	Backoff float64 // the factor by which the wait grows each time; 1: it does not
	Times   int
}

// NotYetError is the name of the error of a step that has not failed but must be
// repeated: the function's error type has this name.
const NotYetError = "NotYet"

// interrupted repeats an attempt that did not fail by itself: Lambda did not
// accept the call, or the function was ended. Every step of the function may be
// repeated, since it finds what is already done.
var interrupted = Repeat{
	Errors: []string{
		"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException",
		"Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout",
	},
	Every: 2 * time.Second, Backoff: 2, Times: 6,
}

// notYet repeats a step every so often for a time.
func notYet(every, all time.Duration) Repeat {
	return Repeat{Errors: []string{NotYetError}, Every: every, Backoff: 1, Times: int(all / every)}
}

// Steps returns the steps of the night, in order.
func (w Window) Steps() []Step {
	var steps []Step
	add := func(do bool, name, does string, timeout time.Duration, repeats ...Repeat) {
		if do {
			steps = append(steps, Step{Name: name, Does: does, Timeout: timeout, Repeats: append([]Repeat{interrupted}, repeats...)})
		}
	}
	const call = 15 * time.Minute // as long as a function may run
	mode, closes := string(w.Mode), "closes the product"
	if w.Mode == maintenance.ReadOnly {
		closes = "makes the product read-only"
	}
	add(true, Preflight, "checks whether the night may begin", 5*time.Minute)
	if len(w.Changes) > 0 {
		// Before anyone is told, and before anything is closed: a night whose changes
		// cannot be made is over here.
		steps = append(steps, Step{Name: CheckChanges, Does: "checks that the schema changes would still run as rehearsed", Kind: ByTask, Timeout: 15 * time.Minute})
	}
	add(w.Announces, Announce, "tells clients that it is in progress", 2*time.Minute)
	add(w.Mutes, Mute, "mutes the monitors elsewhere until the planned end", 2*time.Minute)
	add(true, Close, closes+" with a change set", call, notYet(15*time.Second, 15*time.Minute))
	add(true, ClosedEverywhere, "waits until every listener and every address is "+mode, 2*time.Minute, notYet(10*time.Second, 15*time.Minute))
	// A load balancer's idle timeout is at most 4000 seconds, and its
	// deregistration delay at most 3600.
	add(true, Drained, "waits until what was in flight has ended", 2*time.Minute, notYet(30*time.Second, 130*time.Minute))
	for _, c := range w.Changes {
		steps = append(steps, Step{
			Name: changePrefix + c.Name, Does: "runs the schema change " + c.Name, Kind: ByTask, Change: c,
			// Ending a change that works is worse than waiting: time passing lets
			// no one in, and people are notified when the end is near.
			Timeout: max(2*w.End.Sub(w.Start), time.Hour),
		})
	}
	add(len(w.Verify) > 0, Verify, "sends the verify requests through the bypass", 2*time.Minute, notYet(15*time.Second, 5*time.Minute))
	if w.Ask {
		steps = append(steps, Step{Name: Ask, Does: "asks whether to open", Kind: ByPerson, Timeout: 24 * time.Hour, Repeats: []Repeat{interrupted, notYet(15*time.Second, 5*time.Minute)}})
	}
	add(true, Open, "opens the product with a change set", call, notYet(15*time.Second, 15*time.Minute))
	add(true, OpenEverywhere, "waits until every listener and every address is open", 2*time.Minute, notYet(10*time.Second, 15*time.Minute))
	add(w.Mutes, Unmute, "ends the muting of the monitors", 2*time.Minute, notYet(30*time.Second, time.Hour))
	add(w.Announces, AnnounceCompleted, "tells clients that it is over", 2*time.Minute, notYet(30*time.Second, 10*time.Minute))
	add(true, Report, "sends the report of the night", 2*time.Minute)
	return steps
}
