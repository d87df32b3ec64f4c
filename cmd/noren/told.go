package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/function/monitors"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// monitorsTime limits the call of the function that keeps outside monitors quiet:
// a cold start plus the time it takes for a call.
const monitorsTime = 20 * time.Second

// told tells everything outside the stack about a turn: monitors, and the
// receivers of mode events. A failure does not keep a switch from being turned:
// it is reported, and the function's schedule and the probe try again.
type told struct {
	turn.Told
	operation *turn.Operation
	aws       aws.Config
	say       func(format string, args ...any)
}

// tellers returns a told for the switch.
func tellers(cmd *cobra.Command, query live.Query, o *turn.Operation) *told {
	return &told{operation: o, aws: query.AWS, say: func(format string, args ...any) {
		fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
	}}
}

// before determines who is to be told, and quiets the outside monitors if the
// product will be closed.
func (t *told) before(ctx context.Context, mode maintenance.Mode, until time.Time) {
	var err error
	if t.Told, err = t.operation.Told(ctx); err != nil {
		t.say("who is to be told of it outside of the stack is not known: %v", err)
		return
	}
	t.quiet(ctx, mode, until)
}

// quiet quiets the outside monitors if the product will be closed.
func (t *told) quiet(ctx context.Context, mode maintenance.Mode, until time.Time) {
	if mode != maintenance.Open {
		t.monitors(ctx, monitors.Call{Action: monitors.Begin, Since: time.Now().UTC().Truncate(time.Second), Until: until, Mode: mode})
	}
}

// beside is like before, but runs concurrently. wait reports what it had to say.
func (t *told) beside(ctx context.Context, mode maintenance.Mode) (wait func()) {
	var said []string
	first := told{operation: t.operation, aws: t.aws, say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
	done := make(chan struct{})
	go func() {
		defer close(done)
		first.before(ctx, mode, time.Time{})
	}()
	return sync.OnceFunc(func() {
		<-done
		t.Told = first.Told
		for _, text := range said {
			t.say("%s", text)
		}
	})
}

// after lets the outside monitors speak again if the product is open.
func (t *told) after(ctx context.Context, mode maintenance.Mode) {
	if mode == maintenance.Open {
		t.monitors(ctx, monitors.Call{Action: monitors.End, Since: time.Now().UTC().Truncate(time.Second)})
	}
}

// monitors calls the function.
func (t *told) monitors(ctx context.Context, call monitors.Call) {
	if t.Monitors == "" {
		return
	}
	call.Stack, call.Switch = t.Stack, t.Switch
	ctx, cancel := context.WithTimeout(ctx, monitorsTime)
	defer cancel()
	const later = "the function repeats it within 5 minutes"
	payload, err := json.Marshal(call)
	if err != nil {
		t.say("outside monitors were not told: %v", err)
		return
	}
	out, err := lambda.NewFromConfig(t.aws, func(o *lambda.Options) { o.RetryMaxAttempts = 1 }).Invoke(ctx, &lambda.InvokeInput{FunctionName: &t.Monitors, Payload: payload})
	if err != nil {
		t.say("outside monitors were not told: %v; %s", err, later)
		return
	}
	var answer monitors.Answer
	if out.FunctionError != nil || json.Unmarshal(out.Payload, &answer) != nil {
		t.say("outside monitors were not told: %s; %s", out.Payload, later)
		return
	}
	for _, r := range answer.Results {
		switch {
		case !r.Done:
			t.say("outside monitor %s: not told: %s; %s", r.Monitor, r.Error, later)
		case r.Error != "":
			t.say("outside monitor %s: told; %s", r.Monitor, r.Error)
		default:
			t.say("outside monitor %s: told", r.Monitor)
		}
	}
}

// deployed sends the mode event of a turn by CloudFormation, with the time that
// the guard has recorded, so that it has the same id as the guard's own event.
func (t *told) deployed(ctx context.Context, from, to maintenance.Mode, until time.Time) {
	e := live.ModeEvent{From: from, To: to, Since: time.Now().Truncate(time.Second), Until: until, How: live.TurnedByDeploy}
	if t.Record != "" {
		kept, err := live.Parameters{API: ssm.NewFromConfig(t.aws)}.Read(ctx, t.Record, "", "")
		if err != nil || kept.Record.Mode != to {
			t.say("no mode event was sent: since when it is %s is not known (%v); the probe sends one within a minute", to, cmp.Or(err, fmt.Errorf("the record says %q", kept.Record.Mode)))
			return
		}
		e.Since, e.Until = kept.Record.Since, kept.Record.Until
	}
	t.put(ctx, e)
}

// byHand sends the mode event of a turn without CloudFormation, if the turn was
// recorded: the probe then uses the same time.
func (t *told) byHand(ctx context.Context, from maintenance.Mode, turned live.ByHand) {
	if from.Valid() && turned.Mode.Valid() {
		t.put(ctx, live.ModeEvent{From: from, To: turned.Mode, Since: turned.At.Truncate(time.Second), How: live.TurnedByHand, By: turned.By})
	}
}

func (t *told) put(ctx context.Context, e live.ModeEvent) {
	if t.Stack == "" {
		return // it has been reported
	}
	e.Stack, e.Switch, e.By = t.Stack, t.Switch, cmp.Or(e.By, caller(ctx, t.aws))
	if err := e.Put(ctx, t.aws); err != nil {
		t.say("%v; the guard or the probe sends it", err)
	}
}
