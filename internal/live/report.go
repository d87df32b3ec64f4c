package live

import (
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Report is what was found about a stack.
type Report struct {
	Stack  string    `json:"stack"`
	Region string    `json:"region"`
	At     time.Time `json:"at"`

	// Switches are the switches of the stack, in the order of their function's
	// target groups in the template.
	Switches []Status `json:"switches"`
}

// Status is what was found about a switch.
type Status struct {
	// Name is the path of the construct. Empty if the template could not be read.
	Name string `json:"name"`

	Assembly Finding `json:"assembly"` // the next deploy
	Deployed Finding `json:"deployed"` // the template of the stack
	Listener Finding `json:"listener"` // the load balancer
	Request  Finding `json:"request"`  // what requests get

	// Stack is the state of the stack.
	Stack string `json:"stack,omitempty"`

	// Drift lists how the live listeners differ from what was deployed, rule by
	// rule.
	Drift []string `json:"drift,omitempty"`

	// Not is the mode that the listeners would be in without the first drift that
	// lets through what the mode refuses. Empty if there is none.
	Not maintenance.Mode `json:"not,omitempty"`

	// Notes list what else the live listeners do, such as a rule that lets a path
	// through.
	Notes []string `json:"notes,omitempty"`

	// Recorded is the mode that the last deploy turned to, according to the
	// guard's record. Empty without a guard.
	Recorded maintenance.Mode `json:"recorded,omitempty"`

	// Since and By are when the listener was turned to its mode, and who did it.
	// They are empty if that is not known. ByHand says that it was not a deploy.
	Since  time.Time `json:"since,omitzero"`
	By     string    `json:"by,omitempty"`
	ByHand bool      `json:"byHand,omitempty"`

	// Drain is what may continue since the mode changed. Nil if the product is
	// open, or if the time of the change is not known.
	Drain *Drain `json:"drain,omitempty"`

	// Why is the reason that was typed for a turn by hand. Locked says that the
	// turn locked the listeners and rules against deploys.
	Why    string `json:"why,omitempty"`
	Locked bool   `json:"locked,omitempty"`

	// Unknown says why Since and By are not known.
	Unknown string `json:"unknown,omitempty"`
}

// Finding is what one place says.
type Finding struct {
	// Mode is the mode there. Empty if it is not known, or mixed.
	Mode maintenance.Mode `json:"mode"`

	// Mixed says why the listeners are in a mixed state. Empty if they are in one
	// mode.
	Mixed string `json:"mixed,omitempty"`

	// Detail is what was looked at.
	Detail string `json:"detail"`

	// Problem says why the mode is not known. Empty if it is known, or if there
	// is nothing to know: no assembly, no URL.
	Problem string `json:"problem,omitempty"`
}

// Verdict says whether the findings agree.
type Verdict string

const (
	Agree    Verdict = "agree"    // all of them
	Next     Verdict = "next"     // the live ones agree, the next deploy differs
	Moving   Verdict = "moving"   // they agree, but the stack is in transition
	Disagree Verdict = "disagree" // the live ones differ: template, listener, request
	Unknown  Verdict = "unknown"  // something could not be read
)

// worst are the verdicts, from best to worst.
var worst = []Verdict{Agree, Next, Moving, Disagree, Unknown}

// Verdict returns the worst verdict of all switches.
func (r Report) Verdict() Verdict {
	verdict := Agree
	for _, s := range r.Switches {
		if v := s.Verdict(); slices.Index(worst, v) > slices.Index(worst, verdict) {
			verdict = v
		}
	}
	return verdict
}

// Mode returns the mode that all switches are in, according to their listeners.
// It is empty if they are in different modes, or if one is in a mixed state.
func (r Report) Mode() maintenance.Mode {
	for _, s := range r.Switches {
		if s.Listener.Mode != r.Switches[0].Listener.Mode {
			return ""
		}
	}
	if len(r.Switches) == 0 {
		return ""
	}
	return r.Switches[0].Listener.Mode
}

// Verdict compares the findings.
func (s Status) Verdict() Verdict {
	for _, f := range []Finding{s.Deployed, s.Listener, s.Request} {
		if f.Problem != "" {
			return Unknown
		}
	}
	switch live := s.Listener.Mode; {
	case live == "" || live != s.Deployed.Mode, s.Recorded != "" && s.Recorded != live:
		return Disagree
	case len(s.Drift) > 0:
		return Disagree
	case s.Request.Mixed != "", s.Request.Mode != "" && s.Request.Mode != live:
		return Disagree
	case s.Stack != "" && !atRest(s.Stack):
		return Moving
	case s.Assembly.Problem != "":
		return Unknown
	case s.Assembly.Mode != "" && s.Assembly.Mode != live || s.Assembly.Mixed != "":
		return Next
	}
	return Agree
}

// atRest reports whether a stack in a state has no operation in progress and no
// failed one.
func atRest(stack string) bool {
	return strings.HasSuffix(stack, "_COMPLETE") && !strings.HasPrefix(stack, "DELETE_") && stack != "ROLLBACK_COMPLETE"
}
