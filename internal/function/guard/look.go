package guard

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
)

// look makes all calls at once and independently: a slow or failing call does not
// hide what the others find.
func (g *Guard) look(ctx context.Context, stack string, c *change) {
	var wg sync.WaitGroup
	ask := func(err *error, question func(context.Context) error) {
		wg.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					*err = fmt.Errorf("the guard broke: %v", r)
				}
			}()
			ctx, cancel := context.WithTimeout(ctx, g.callTime)
			defer cancel()
			*err = question(ctx)
		})
	}
	var attribution live.Attribution
	var attributionErr error
	ask(&c.statusErr, func(ctx context.Context) (err error) {
		c.status, err = g.status(ctx, stack)
		return err
	})
	ask(&c.recordErr, func(ctx context.Context) error { return g.readRecord(ctx, c) })
	ask(&attributionErr, func(ctx context.Context) error {
		value, err := g.read(ctx, c.next.AttributionParameter)
		if err == nil {
			attribution, err = live.DecodeAttribution(value)
		}
		return err
	})
	ask(&c.liveErr, func(ctx context.Context) error { return g.readListeners(ctx, c) })
	var byHandErr error
	ask(&byHandErr, func(ctx context.Context) error {
		value, err := g.read(ctx, c.next.ByHandParameter)
		if err == nil {
			c.byHand, err = live.DecodeByHand(value)
		}
		return err
	})
	wg.Wait()
	if attributionErr != nil && !errors.Is(attributionErr, live.ErrNoRecord) {
		g.log.Warn("who turned the mode cannot be read", "cause", attributionErr.Error())
	}
	if byHandErr != nil && !errors.Is(byHandErr, live.ErrNoRecord) {
		g.log.Warn("who turned the mode without CloudFormation cannot be read", "cause", byHandErr.Error())
	}
	c.by, c.seen = c.record.By(attribution), attribution.Announced
	c.settled = !c.record.Last.At.IsZero() && attribution.Settled.Equal(c.record.Last.At)
	if c.undecided() {
		g.insist(ctx, stack, c)
	}
}

// insist repeats the calls on which the decision depends, until they succeed or
// the time is needed for the record and the answer.
func (g *Guard) insist(ctx context.Context, stack string, c *change) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-g.writeTime))
		defer cancel()
	}
	for pause := g.callTime / 16; ; pause = min(2*pause, g.callTime/4) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if c.recordUnknown() {
			c.recordErr = g.readRecord(ctx, c)
		}
		if c.blind() {
			c.liveErr = g.readListeners(ctx, c)
		}
		if c.status == "" {
			status, err := g.status(ctx, stack)
			if c.status = status; err == nil || ctx.Err() == nil {
				c.statusErr = err
			}
		}
		if !c.undecided() {
			return
		}
	}
}

// readListeners reads the mode of the listeners: what is there now is what the
// last deploy made. A listener that does not exist, as one that this deploy
// creates, does not hide the others.
func (g *Guard) readListeners(ctx context.Context, c *change) error {
	ctx, cancel := context.WithTimeout(ctx, g.callTime)
	defer cancel()
	deployed := c.old
	if len(deployed.Switch.Listeners) == 0 {
		deployed = c.next
	}
	var all []rules.Verdict
	var missing error
	for _, at := range deployed.Switch.Listeners {
		one := rules.Switch{Responder: deployed.Switch.Responder, Listeners: []rules.Listener{at}}
		verdicts, err := live.Read(ctx, g.listeners, one)
		if errors.Is(err, live.ErrNoListener) {
			missing = err
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, verdicts...)
	}
	if len(all) == 0 && missing != nil {
		return missing
	}
	c.live, c.mixed = rules.Together(all)
	return nil
}

// status returns the status of the stack or, failing that, the status in the
// stack's last event.
func (g *Guard) status(ctx context.Context, stack string) (cftypes.StackStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, g.callTime)
	defer cancel()
	out, err := g.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err == nil && len(out.Stacks) != 1 {
		err = fmt.Errorf("%d stacks are called %s", len(out.Stacks), stack)
	}
	if err == nil && out.Stacks[0].StackStatus == "" {
		err = errors.New("AWS answers without one")
	}
	if err == nil {
		return out.Stacks[0].StackStatus, nil
	}
	events, eventsErr := g.stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	if eventsErr != nil {
		return "", err
	}
	for _, e := range events.StackEvents { // newest first
		if aws.ToString(e.PhysicalResourceId) == stack && e.ResourceStatus != "" {
			return cftypes.StackStatus(e.ResourceStatus), nil
		}
	}
	return "", err
}

// readRecord reads the record.
func (g *Guard) readRecord(ctx context.Context, c *change) error {
	value, err := g.read(ctx, c.next.RecordParameter)
	if err == nil {
		c.record, err = live.DecodeRecord(value)
	}
	return err
}

// read returns the value of a parameter.
func (g *Guard) read(ctx context.Context, name string) (string, error) {
	if name == "" {
		return live.Placeholder, nil
	}
	return g.parameters.Value(ctx, name)
}

// write writes the record. It retries for a while: in the deploy that creates the
// function, IAM may not know the role's rights everywhere yet.
func (g *Guard) write(ctx context.Context, name string, record live.Record) error {
	if name == "" {
		return errors.New("the resource names no parameter")
	}
	ctx, cancel := context.WithTimeout(ctx, g.callTime)
	defer cancel()
	value := record.Encode()
	var failed error
	for {
		err := g.parameters.Put(ctx, name, value)
		if err == nil {
			return nil
		}
		if failed == nil || ctx.Err() == nil {
			failed = err
		}
		select {
		case <-ctx.Done():
			return failed
		case <-time.After(g.callTime / 8):
		}
	}
}
