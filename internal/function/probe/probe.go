// Package probe determines the mode of a live listener and publishes it to
// CloudWatch, as metrics that drive the alarms, their suppression and the
// dashboard. It compares every listener of the load balancer in full with what
// was deployed, and never looks at traffic, so a quiet night changes nothing.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/function/responder"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// FromEnvironment returns the probe that the environment of its Lambda function
// describes.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log io.Writer) *Probe {
	return &Probe{Settings: ParseEnvironment(getenv), Config: cfg, Log: log, Now: time.Now}
}

// Probe looks at the listeners of one switch.
type Probe struct {
	// Settings says which listeners to look at.
	Settings Settings

	// Config configures the calls to AWS.
	Config aws.Config

	// Log receives one JSON object per line, from which CloudWatch makes the
	// metrics.
	Log io.Writer

	// Now is the clock.
	Now func() time.Time

	mu     sync.Mutex
	blamed string // the change by hand whose author is already logged
}

// Run looks once and writes the metrics. If the listener cannot be read, it
// writes none: missing metrics have an alarm of their own, while wrong ones would
// be taken for the truth. It leaves out anything else that cannot be read, and
// returns an error.
func (p *Probe) Run(ctx context.Context) error {
	if p.Settings.Err != nil {
		return p.Settings.Err
	}
	seen, err := live.See(ctx, elbv2.NewFromConfig(p.Config), p.Settings.Switch, nil)
	if err != nil {
		return err
	}
	mode, mixed := rules.Together(seen.Modes(p.Settings.Switch))
	s := sample{at: p.Now(), why: mixed}
	overdue, untilErr := p.overdue(ctx, mode, s.at)
	if untilErr == nil {
		s.overdue = &overdue
	}
	kept, keptErr := p.parameters().Read(ctx, p.Settings.Record, p.Settings.Attribution, p.Settings.ByHand)
	s.different = p.different(seen, cmp.Or(mode, kept.Record.Mode, maintenance.Closed))
	if s.why == "" {
		s.why = rules.Opened(mode, s.different)
	}
	if s.why == "" {
		s.mode = mode
	}
	if keptErr == nil || s.why != "" || len(s.different) > 0 {
		drift := s.why != "" || len(s.different) > 0 || kept.Record.Mode.Valid() && kept.Record.Mode != mode
		s.drift, s.record = &drift, kept.Record
	}
	if err := s.write(p.Log, p.Settings.Name); err != nil {
		return err
	}
	return errors.Join(untilErr, keptErr, p.attributeIf(ctx, kept, keptErr, s), p.blame(ctx, s, kept.ByHand))
}

// different returns what differs in the load balancers from what was deployed, in
// a mode.
func (p *Probe) different(seen live.Seen, mode maintenance.Mode) []rules.Drift {
	return p.Settings.Deployed.Compare(mode, seen.Listeners, seen.Others, p.Settings.groups())
}

func (p *Probe) parameters() live.Parameters {
	return live.Parameters{API: ssm.NewFromConfig(p.Config)}
}

// overdue returns how long maintenance has lasted past the end that clients are
// told. It reads the end from the environment of the function that tells them, so
// a deploy with another end needs no change here.
func (p *Probe) overdue(ctx context.Context, mode maintenance.Mode, now time.Time) (time.Duration, error) {
	if mode == maintenance.Open {
		return 0, nil
	}
	function, err := lambda.NewFromConfig(p.Config).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &p.Settings.Function})
	if err != nil {
		return 0, fmt.Errorf("reading when maintenance is expected to end: %w", err)
	}
	if function.Environment == nil {
		return 0, nil
	}
	config, _ := responder.ParseEnvironment(func(name string) string { return function.Environment.Variables[name] })
	if config.Until.IsZero() {
		return 0, nil
	}
	return max(0, now.Sub(config.Until)), nil
}

// attributeIf calls attribute, unless the kept state cannot be read: writing
// would replace it.
func (p *Probe) attributeIf(ctx context.Context, kept live.Kept, unread error, s sample) error {
	if unread != nil {
		return nil
	}
	return p.attribute(ctx, kept, s)
}

// attribute records who changed the mode, as soon as CloudTrail knows, whether
// the deploy of the guard's last change is over, and the mode of the last event.
// If CloudTrail does not know after an hour, it never will.
func (p *Probe) attribute(ctx context.Context, kept live.Kept, s sample) error {
	if p.Settings.Attribution == "" {
		return nil
	}
	turned, now := kept.Record.Since, s.at
	known := live.Attribution{Since: turned, Settled: kept.Attribution.Settled, Announced: kept.Attribution.Announced}
	if kept.Attribution.Since.Equal(turned) {
		known = kept.Attribution
	}
	next := known
	var errs []error
	if known.By == "" && !turned.IsZero() && now.Sub(turned) <= time.Hour {
		act, err := live.LastDeploy(ctx, p.Config, p.Settings.Stack, turned)
		next.By = act.By
		errs = append(errs, err)
	}
	if last := kept.Record.Last.At; !turned.IsZero() && !known.Settled.Equal(last) {
		settled, err := p.settled(ctx)
		if settled {
			next.Settled = last
		}
		errs = append(errs, err)
	}
	kept.Attribution.Settled = next.Settled
	announced, err := p.announce(ctx, kept, s, next.By)
	next.Announced = announced
	errs = append(errs, err)
	if next != known {
		errs = append(errs, p.parameters().Attribute(ctx, p.Settings.Attribution, next))
	}
	return errors.Join(errs...)
}

// flipTime is how long after the guard's event a deploy may change the listener.
const flipTime = 15 * time.Minute

// announce sends a mode event if the mode differs from that of the last event, or
// was turned on again since, and returns the turn of the last event. The event is
// sent before it is recorded: a probe that dies in between sends it again. The
// first mode ever seen is not a change.
func (p *Probe) announce(ctx context.Context, kept live.Kept, s sample, by string) (live.Turn, error) {
	last, record := kept.Announced(), kept.Record
	byDeploy := record.Mode == s.mode && record.Since.After(last.Since)
	if s.mode == "" || s.mode == last.Mode && !byDeploy {
		return last, nil
	}
	if deploying := !kept.Attribution.Settled.Equal(record.Last.At); deploying && last == record.Announced && s.at.Sub(last.Since) < flipTime {
		return last, nil // the guard's event came before the listener changes
	}
	now := live.Turn{Mode: s.mode, Since: s.at.UTC().Truncate(time.Second)}
	e := live.ModeEvent{Stack: p.Settings.Stack, Switch: p.Settings.SwitchName, From: last.Mode, To: s.mode, How: live.TurnedByHand}
	switch {
	case byDeploy:
		now, e.How, e.By, e.Until = record.Turn, live.TurnedByDeploy, by, record.Until
	case kept.ByHand.Mode == s.mode && kept.ByHand.At.After(last.Since):
		now.Since, e.By = kept.ByHand.At, kept.ByHand.By // as in noren's own event
	}
	e.Since = now.Since
	if last == (live.Turn{}) {
		return now, nil
	}
	if err := e.Put(ctx, p.Config); err != nil {
		return last, err
	}
	return now, nil
}

// settled reports whether no deploy of the stack is in progress, so that the
// deploy of the last change is over.
func (p *Probe) settled(ctx context.Context) (bool, error) {
	out, err := cloudformation.NewFromConfig(p.Config).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &p.Settings.Stack})
	if err != nil {
		return false, fmt.Errorf("reading whether the deploy of the mode is over: %w", err)
	}
	for _, stack := range out.Stacks {
		if strings.HasSuffix(string(stack.StackStatus), "_COMPLETE") {
			return true, nil
		}
	}
	return false, nil
}

// blame logs once who changed the listener by hand: as noren recorded it or,
// failing that, as soon as CloudTrail knows.
func (p *Probe) blame(ctx context.Context, s sample, byHand live.ByHand) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.drift == nil || !*s.drift {
		p.blamed = ""
		return nil
	}
	if mode := fmt.Sprintf("%q %q", s.mode, s.texts()); p.blamed != mode {
		if byHand.Mode.Valid() && byHand.Mode == s.mode && !byHand.At.Before(s.record.Since) {
			p.blamed = mode
			say(p.Log, s.at, "the listener was turned "+byHand.Said(), live.Act{Call: "noren --now", By: byHand.By, At: byHand.At})
			return nil
		}
		for _, at := range p.Settings.Switch.Listeners {
			act, err := live.LastByHand(ctx, p.Config, at.Name, s.at.Add(-2*live.TrailDelay))
			if err != nil {
				return err
			}
			if act.By != "" {
				p.blamed = mode
				say(p.Log, s.at, "the listener was changed by hand", act)
			}
		}
	}
	return nil
}
