package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// await waits until a switch is seen to be as it should. A load balancer applies
// a change within a short time, not at once.
func (t *turning) await(ctx context.Context, query live.Query, name string, check func(live.Status) error) error {
	if t.wait <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	query.Assembly = "" // the next deploy is another question
	var last error
	for {
		report, err := query.Find(ctx)
		if err == nil {
			var s live.Status
			if s, err = of(report, name); err == nil {
				err = check(s)
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

// agrees reports what of template, listener and request is not in the mode that
// was turned to.
func (t *turning) agrees(s live.Status) error {
	if v := s.Verdict(); v != live.Agree && v != live.Next {
		return fmt.Errorf("the template says %s, the listener %s, a request %s %s", word(s.Deployed), word(s.Listener), word(s.Request), s.Request.Problem)
	}
	return t.turned(s)
}

// turned reports what of the listener and a request is not in the mode that was
// turned to, whatever the template says.
func (t *turning) turned(s live.Status) error {
	switch {
	case s.Listener.Mode != t.mode:
		return fmt.Errorf("the listener is %s", word(s.Listener))
	case s.Request.Problem != "" || s.Request.Mixed != "":
		return fmt.Errorf("a request: %s", cmp.Or(s.Request.Problem, s.Request.Mixed))
	case s.Request.Mode != "" && (s.Request.Mode == maintenance.Closed) != (t.mode == maintenance.Closed):
		return fmt.Errorf("the listener is %s, a request says %s", t.mode, word(s.Request))
	}
	return nil
}

// of is the status of the switch of a name, or of the first.
func of(report live.Report, name string) (live.Status, error) {
	for _, s := range report.Switches {
		if name == "" || s.Name == name || strings.HasSuffix(s.Name, "/"+name) {
			return s, nil
		}
	}
	return live.Status{}, errors.New("the deployed template has no switch that can be seen")
}

func word(f live.Finding) string { return cmp.Or(string(f.Mode), f.Mixed, f.Problem, "nothing") }

// listenerOf is the mode that the live listeners of the switch are in.
func (t *turning) listenerOf(query live.Query, name string) func(context.Context) (maintenance.Mode, error) {
	query.Assembly = ""
	return func(ctx context.Context) (maintenance.Mode, error) {
		report, err := query.Find(ctx)
		if err != nil {
			return "", err
		}
		s, err := of(report, cmp.Or(name, t.name))
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
		return nil // what it is will be said when it is waited for
	}
	now := string(mode)
	if now == "" {
		now = "mixed"
	}
	return fmt.Errorf("the deployed template is %s already and the listener is %s: it was turned without CloudFormation, which finds nothing to change; --now turns it", plan.To, now)
}
