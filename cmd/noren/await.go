package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// await waits until a switch is in the expected state. A load balancer applies a
// change within a short time, but not at once.
func (t *turning) await(ctx context.Context, query live.Query, name string, check func(live.Status, maintenance.Mode) error) error {
	if t.wait <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	query.Assembly = "" // the next deploy does not matter here
	var last error
	for {
		report, err := query.Find(ctx)
		if err == nil {
			var s live.Status
			if s, err = report.Of(name); err == nil {
				err = check(s, t.mode)
			}
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the switch was turned, but within %v it was not seen everywhere: %w; look with noren status", t.wait, cmp.Or(last, err))
		case <-time.After(2 * time.Second):
		}
	}
}

// listenerOf returns a function that returns the mode of the switch's live
// listeners.
func (t *turning) listenerOf(query live.Query, name string) func(context.Context) (maintenance.Mode, error) {
	query.Assembly = ""
	return func(ctx context.Context) (maintenance.Mode, error) {
		report, err := query.Find(ctx)
		if err != nil {
			return "", err
		}
		s, err := report.Of(cmp.Or(name, t.name))
		if err != nil {
			return "", err
		}
		if s.Listener.Problem != "" {
			return "", errors.New(s.Listener.Problem)
		}
		return s.Listener.Mode, nil
	}
}

// already fails if the template is in the mode and the listener is not: a change
// set would change nothing.
func (t *turning) already(ctx context.Context, query live.Query, plan turn.Plan) error {
	if t.wait <= 0 {
		return nil
	}
	mode, err := t.listenerOf(query, plan.Switch)(ctx)
	if err != nil || mode == plan.To {
		return nil // the wait that follows reports the error
	}
	now := string(mode)
	if now == "" {
		now = "mixed"
	}
	return fmt.Errorf("the deployed template is %s already and the listener is %s: it was turned without CloudFormation, which finds nothing to change; --now turns it", plan.To, now)
}
