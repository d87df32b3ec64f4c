package turn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// Emergency turns a switch of a deployed stack without CloudFormation, for when
// CloudFormation is stuck. The deployed template does not change, so an update of
// the stack that changes a listener or a rule of the switch would turn it back.
// The switch is therefore locked against updates until Operation turns the
// template, too.
type Emergency struct {
	// Operation is the stack and the switch. Required.
	*Operation

	// LoadBalancer is Elastic Load Balancing. Required.
	LoadBalancer LoadBalancer

	// Note records who turned the switch and why in the parameter with that name.
	// A zero turn clears it. Required.
	Note func(ctx context.Context, parameter string, turn live.ByHand) error

	// Seen returns the mode of the live listeners, empty if it is mixed.
	// Required.
	Seen func(ctx context.Context) (maintenance.Mode, error)

	// By and Why are who turns the switch, and the reason.
	By, Why string

	// Say is called with what happens. Default: nil, nothing is called.
	Say func(text string)

	// Now is the clock. Default: the system's.
	Now func() time.Time
}

// EmergencyPlan has the calls that turn a switch.
type EmergencyPlan struct {
	// Stack is the ARN of the stack, and Status its state.
	Stack, Status string

	// Switch is the name of the switch.
	Switch string

	// Deployed is the mode of the deployed template, empty if it is mixed.
	Deployed maintenance.Mode

	// To is the new mode.
	To maintenance.Mode

	// Steps are the calls, in order: those that refuse first, those that open
	// last.
	Steps []Step

	found  Switch
	byHand string // name of the parameter
}

// Outcome is what an Emergency has done.
type Outcome struct {
	// Recorded says that who and why was recorded. Locked says that updates of
	// the stack cannot turn the switch back.
	Recorded bool `json:"recorded"`
	Locked   bool `json:"locked"`

	// Turned is what was recorded. Zero if nothing was.
	Turned live.ByHand `json:"-"`

	// Deployed is the mode of the deployed template once the stack was at rest.
	// It is empty if the template's mode is mixed, or if the stack was left
	// half-way, so that it is not known which template it will have.
	Deployed maintenance.Mode `json:"-"`

	// Problems are the parts that failed. The switch was turned nevertheless.
	Problems []string `json:"problems,omitempty"`

	// Again counts how often an update of the stack turned the switch back, and
	// Emergency turned it again.
	Again int `json:"again,omitempty"`
}

// Plan reads the stack, in whatever state it is, and returns the calls that turn
// the switch. It fails if a reference in the template cannot be resolved.
func (e *Emergency) Plan(ctx context.Context, mode maintenance.Mode) (EmergencyPlan, error) {
	stack, err := e.stack(ctx)
	if err != nil {
		return EmergencyPlan{}, err
	}
	template, err := e.template(ctx, *stack.StackId)
	if err != nil {
		return EmergencyPlan{}, err
	}
	t, err := newText(template)
	if err != nil {
		return EmergencyPlan{}, err
	}
	s, err := t.named(e.Switch)
	if err != nil {
		return EmergencyPlan{}, err
	}
	if !slices.Contains(s.Modes(), mode) {
		return EmergencyPlan{}, fmt.Errorf("switch %s has no mode %s: want open or closed", s.Name, mode)
	}
	n, err := e.names(ctx, stack, s)
	if err != nil {
		return EmergencyPlan{}, err
	}
	plan := EmergencyPlan{Stack: *stack.StackId, Status: string(stack.StackStatus), Switch: s.Name, To: mode, found: s, byHand: n.physical[s.ByHand]}
	plan.Deployed, _ = s.modeIn(t) // empty if it is mixed
	plan.Steps, err = s.steps(mode, n)
	return plan, err
}

// Turn makes the calls, records who and why, and locks the switch. Then it
// watches until the stack is at rest, and turns again whatever an update turns
// back. Only then is the deployed template reliable, since an update in progress
// may be rolled back. If the template is in the mode, the switch is unlocked,
// otherwise locked. The error says that the switch was not turned, or that it is
// not known whether it stays so.
func (e *Emergency) Turn(ctx context.Context, plan EmergencyPlan) (Outcome, error) {
	outcome := Outcome{Deployed: plan.Deployed}
	if err := e.make(ctx, plan.Steps); err != nil {
		return outcome, err
	}
	if !atRest(plan.Status) {
		outcome.Deployed = ""
	}
	if outcome.Deployed == plan.To {
		e.reconcile(ctx, plan, &outcome)
	} else {
		// A deploy in progress to the same mode may continue.
		e.remember(ctx, plan, &outcome, plan.Deployed != plan.To)
	}
	var err error
	if outcome.Again, err = e.watch(ctx, plan); err != nil {
		if !outcome.Locked { // what happens from now on is not watched
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			e.remember(ctx, plan, &outcome, true)
		}
		return outcome, err
	}
	before := outcome.Deployed
	if outcome.Deployed, err = e.resting(ctx, plan); err != nil {
		e.problem(&outcome, "the deployed template cannot be read again", err)
	}
	switch {
	case outcome.Deployed == plan.To && before != plan.To:
		e.reconcile(ctx, plan, &outcome)
	case outcome.Deployed != plan.To && !outcome.Locked:
		e.remember(ctx, plan, &outcome, true)
	}
	return outcome, nil
}

// atRest reports whether a stack in the state has its final template.
func atRest(status string) bool { return slices.Contains(settled, types.StackStatus(status)) }

// resting reads the mode of the template of a stack at rest. It is empty if the
// mode is mixed, or if the stack was left half-way.
func (e *Emergency) resting(ctx context.Context, plan EmergencyPlan) (maintenance.Mode, error) {
	d, err := e.deployed(ctx, plan.Switch)
	if err != nil || !atRest(string(d.stack.StackStatus)) {
		return "", err
	}
	mode, _ := d.modeIn(d.text) // empty if it is mixed
	return mode, nil
}

// reconcile unlocks a switch whose template is in the mode, and clears the record
// of who turned it.
func (e *Emergency) reconcile(ctx context.Context, plan EmergencyPlan, outcome *Outcome) {
	if e.problem(outcome, "not unlocked", e.lockStack(ctx, plan.Stack, plan.found, false)) {
		outcome.Locked = false
	}
	e.note(ctx, plan, outcome, live.ByHand{})
}

// remember locks the switch if lock is true, and records who turned it.
func (e *Emergency) remember(ctx context.Context, plan EmergencyPlan, outcome *Outcome, lock bool) {
	if lock {
		outcome.Locked = e.problem(outcome, "not locked", e.lockStack(ctx, plan.Stack, plan.found, true))
	}
	e.note(ctx, plan, outcome, live.ByHand{Mode: plan.To, At: e.now(), By: e.By, Why: e.Why, Locked: outcome.Locked})
}

func (e *Emergency) note(ctx context.Context, plan EmergencyPlan, outcome *Outcome, turned live.ByHand) {
	if plan.byHand == "" {
		e.problem(outcome, "not recorded", fmt.Errorf("switch %s has no parameter for it: deploy it once with this version of noren", plan.Switch))
		return
	}
	if outcome.Recorded = e.problem(outcome, "not recorded", e.Note(ctx, plan.byHand, turned)); outcome.Recorded {
		outcome.Turned = turned
	}
}

// problem records a failure once, and reports whether there was none.
func (e *Emergency) problem(outcome *Outcome, what string, err error) bool {
	if err == nil {
		return true
	}
	if text := fmt.Sprintf("%s: %v", what, err); !slices.Contains(outcome.Problems, text) {
		outcome.Problems = append(outcome.Problems, text)
		e.say(text)
	}
	return false
}

// watch waits until the stack is at rest and the listeners are in the mode.
func (e *Emergency) watch(ctx context.Context, plan EmergencyPlan) (again int, err error) {
	for wait := newPoll(e.Poll); ; {
		stack, stackErr := e.stack(ctx)
		mode, seenErr := e.Seen(ctx)
		if err := errors.Join(stackErr, seenErr); err != nil {
			e.say("looking again: " + err.Error())
		} else {
			if mode != plan.To {
				again++
				e.say(fmt.Sprintf("the listener is not %s any more, the stack is %s: turning it again", plan.To, stack.StackStatus))
				if err := e.make(ctx, plan.Steps); err != nil {
					return again, err
				}
			} else if !strings.HasSuffix(string(stack.StackStatus), "_IN_PROGRESS") {
				return again, nil
			}
			if said := string(stack.StackStatus); said != plan.Status {
				plan.Status = said
				e.say("the stack is " + said)
			}
		}
		if err := wait.next(ctx); err != nil {
			return again, fmt.Errorf("the switch was turned, but the stack is not at rest, and may turn it back: %w; look with noren status", err)
		}
	}
}

func (e *Emergency) say(text string) {
	if e.Say != nil {
		e.Say(text)
	}
}

func (e *Emergency) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}
