// Package window does the steps of a planned maintenance, which the state machine
// of package internal/window calls. Every step may be called again, by Step
// Functions after an interruption or by a person after a failure. It then finds
// what is already done.
package window

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/turn"
	night "github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// Function does the steps.
type Function struct {
	// Settings say whose maintenance it runs.
	Settings Settings

	// Config configures the calls to AWS.
	Config aws.Config

	// Log receives what the function does.
	Log *slog.Logger

	// Now is the clock.
	Now func() time.Time

	// Query changes how the product is looked at, for tests. Default: nil, no
	// change.
	Query func(*live.Query)

	err error // of the environment
}

// Result is the result of a step.
type Result struct {
	Said string `json:"said"`
}

// NotYet is the error of a step that is to be repeated. The state machine
// recognizes it by its name.
type NotYet struct{ why string }

func (e NotYet) Error() string { return e.why }

// notYet returns any error as a NotYet.
func notYet(err error) error { return NotYet{err.Error()} }

// Handle does a step.
func (f *Function) Handle(ctx context.Context, p night.Payload) (Result, error) {
	if f.err != nil {
		return Result{}, f.err
	}
	steps := map[string]func(context.Context, night.Payload) (string, error){
		night.Preflight: f.preflight,
		night.Announce:  f.announce, night.AnnounceScheduled: f.announceScheduled, night.AnnounceCompleted: f.announceCompleted, night.Withdraw: f.withdraw,
		night.Mute: f.mute, night.Unmute: f.unmute,
		night.Close: f.turn, night.Open: f.turn,
		night.ClosedEverywhere: f.everywhere, night.OpenEverywhere: f.everywhere,
		night.Drained: f.drained, night.Verify: f.verify,
		night.Ask: f.ask, night.Report: f.report, night.NearEnd: f.nearEnd, night.Tell: f.tell,
	}
	do := steps[p.Step]
	if do == nil {
		return Result{}, fmt.Errorf("unknown step %q", p.Step)
	}
	said, err := do(ctx, p)
	if err != nil {
		f.Log.Warn(p.Step, "window", p.Window, "why", err.Error())
		return Result{}, err
	}
	f.Log.Info(p.Step, "window", p.Window, "said", said)
	return Result{said}, nil
}

// operation returns the operation that turns the switch, with its narrow role.
func (f *Function) operation() *turn.Operation {
	o := &turn.Operation{API: cloudformation.NewFromConfig(f.Config), Stack: f.Settings.Stack, Switch: f.Settings.Switch, Role: f.Settings.Role}
	o.Upload = func(ctx context.Context, key string, template []byte) (string, error) {
		bucket, err := o.BootstrapBucket(ctx, template)
		if err != nil {
			return "", err
		}
		bucket.Role = "" // the function may write to its folder without another role
		return bucket.Upload(f.Config)(ctx, key, template)
	}
	return o
}

// turn changes the mode of the product. It does nothing if the product is in that
// mode.
func (f *Function) turn(ctx context.Context, p night.Payload) (string, error) {
	now := f.Now()
	wish := turn.Wish{Mode: p.Mode, Typed: now}
	if p.End.After(now) { // a past end is of no use to anyone
		wish.Until = p.End
	}
	o := f.operation()
	plan, err := o.Prepare(ctx, wish)
	if err == nil && plan.ChangeSet != "" && p.Step == night.Close {
		if late := tooLate(p, now); late != "" {
			return "", errors.Join(fmt.Errorf("%s, and nothing was closed; to continue anyway: noren %s %s, then noren window retry %[3]s", late, verbs[p.Mode], f.Settings.Options), o.Discard(ctx, plan))
		}
	}
	if err == nil && plan.ChangeSet != "" && p.Step == night.Open && now.After(p.Latest) {
		return "", errors.Join(fmt.Errorf("nothing was opened: the planned end, %s, is so long ago that the product may be closed for another reason; if it is not: noren open %s, then noren window retry %[2]s",
			p.Latest.Add(-night.OpensWithin).Format(time.RFC3339), f.Settings.Options), o.Discard(ctx, plan))
	}
	if err == nil && plan.ChangeSet != "" {
		err = o.Execute(ctx, plan, nil)
	}
	switch {
	case busy(err):
		return "", notYet(err)
	case err != nil:
		return "", err
	case plan.ChangeSet == "":
		return fmt.Sprintf("it is %s", p.Mode), nil
	}
	return fmt.Sprintf("%s -> %s", plan.From, plan.To), nil
}

// tooLate says why the night cannot end in time, from now on; empty if it can.
func tooLate(p night.Payload, now time.Time) string {
	needs := time.Duration(p.Needs) * time.Second
	switch {
	case !p.End.After(now):
		return "it is past the planned end, " + p.End.Format(time.RFC3339)
	case now.Add(needs).After(p.End):
		return fmt.Sprintf("it is %s, and the changes took %v when they were rehearsed: too late for the end, %s", now.UTC().Format(time.RFC3339), needs, p.End.Format(time.RFC3339))
	}
	return ""
}

// busy reports whether a change of the stack is in the way that will end, or that
// came first.
func busy(err error) bool {
	var busy *turn.BusyError
	var lost *turn.LostError
	return errors.As(err, &busy) && busy.Passes() || errors.As(err, &lost)
}

// query returns the query for the status of the product.
func (f *Function) query() live.Query {
	query := live.Query{Stack: f.Settings.Stack, AWS: f.Config, Now: f.Now}
	if f.Query != nil {
		f.Query(&query)
	}
	return query
}

// still fails unless the product is in the mode of the night. Someone may have
// opened it since it was closed, and continued the execution in the console.
func (f *Function) still(ctx context.Context, p night.Payload) error {
	other, err := f.query().Still(ctx, f.Settings.Switch, p.Mode)
	if err != nil && !other {
		return notYet(err)
	}
	return err
}

// look returns the status of the switch.
func (f *Function) look(ctx context.Context) (live.Status, error) {
	report, err := f.query().Find(ctx)
	if err != nil {
		return live.Status{}, err
	}
	return report.Of(f.Settings.Switch)
}

// everywhere fails until template, listener and requests agree on the mode.
func (f *Function) everywhere(ctx context.Context, p night.Payload) (string, error) {
	s, err := f.look(ctx)
	if err == nil {
		err = s.Agrees(p.Mode)
	}
	if err != nil {
		return "", notYet(fmt.Errorf("it is not %s everywhere: %w", p.Mode, err))
	}
	return s.Request.Detail, nil
}

// drained fails until the requests that were in flight when the mode changed have
// ended, as far as a load balancer knows.
func (f *Function) drained(ctx context.Context, p night.Payload) (string, error) {
	s, err := f.look(ctx)
	if err == nil {
		err = s.Agrees(p.Mode)
	}
	if err != nil {
		return "", notYet(err)
	}
	return inFlight(s, p.Mode)
}

// inFlight fails while earlier requests may be in flight, or if that is not
// known.
func inFlight(s live.Status, mode maintenance.Mode) (string, error) {
	switch d := s.Drain; {
	case d == nil:
		return "", notYet(fmt.Errorf("it is not known since when it has been %s: %s", mode, s.Unknown))
	case d.Problem != "":
		return "", notYet(errors.New(d.Problem))
	case !d.Passed:
		return "", notYet(fmt.Errorf("requests may be in flight until %s", d.From.UTC().Format(time.RFC3339)))
	default:
		return fmt.Sprintf("%s since %s, longer than a request (%d s) and an idle connection (%d s) last; WebSockets on which something is sent may last longer",
			mode, s.Since.UTC().Format(time.RFC3339), d.Longest, d.Idle), nil
	}
}
