// Package guard is the custom resource that refuses to open the product by
// accident, in a deploy without -c maintenance= while maintenance is on.
//
// CloudFormation sends an event whenever the properties of the resource change,
// before it changes the listener and the rules, which wait for the answer. A
// digest of the listener and the rules is among the properties, so the guard is
// called whenever one of them changes. It refuses a change that opens the product
// without having been asked for, in a deploy that goes forward. Closing, deleting
// and rolling back always pass: a rollback must never get stuck.
//
// The state of the stack distinguishes a rollback from a deploy. If it cannot be
// read, the record does: a rollback undoes, within hours, the last change that
// the guard let pass. If neither can be read, whatever opens is refused, even in
// a rollback: the refusal says how to continue the rollback.
package guard

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/live"
)

// PhysicalID never changes: with another id, CloudFormation would delete the
// guard after an update.
const PhysicalID = "noren-reopen-guard"

// Summary is the attribute that says, for the outputs of the stack, what the
// guard last saw.
const Summary = "Summary"

const (
	// answerTime is the part of the function's time that is reserved for the
	// answer.
	answerTime = 10 * time.Second

	// writeTime is the part reserved for writing the record.
	writeTime = 10 * time.Second

	// callTime limits each call to AWS, including retries. All calls run at once.
	// If the decision depends on the state of the stack, the guard keeps asking
	// for it until the time is needed for the record and the answer.
	callTime = 8 * time.Second
)

// Guard handles the events of the custom resource. Make it with New.
type Guard struct {
	parameters live.Parameters
	stacks     *cloudformation.Client
	listeners  *elbv2.Client
	events     func(context.Context, live.ModeEvent) error
	log        *slog.Logger
	now        func() time.Time
	answerTime time.Duration
	writeTime  time.Duration
	callTime   time.Duration
}

// New returns a guard that uses these clients, and sends mode events through
// events.
func New(parameters *ssm.Client, stacks *cloudformation.Client, listeners *elbv2.Client, events func(context.Context, live.ModeEvent) error, log *slog.Logger) *Guard {
	return &Guard{live.Parameters{API: parameters}, stacks, listeners, events, log, time.Now, answerTime, writeTime, callTime}
}

// Handle judges the event and answers CloudFormation. The error says that the
// answer did not arrive.
func (g *Guard) Handle(ctx context.Context, event cfn.Event) error {
	v := g.judgeInTime(ctx, event)
	response := cfn.NewResponse(&event)
	response.PhysicalResourceID = event.PhysicalResourceID
	if event.RequestType == cfn.RequestCreate || response.PhysicalResourceID == "" {
		response.PhysicalResourceID = PhysicalID
	}
	response.Status, response.Reason = cfn.StatusSuccess, v.reason()
	response.Data = map[string]any{Summary: v.summary()}
	level := slog.LevelInfo
	switch {
	case v.refusal != "":
		response.Status, level = cfn.StatusFailed, slog.LevelError
	case len(v.warnings) > 0:
		level = slog.LevelWarn
	}
	g.log.Log(ctx, level, cmp.Or(v.reason(), v.summary()), "status", response.Status, "request", event.RequestType, "stack", event.StackID, "mode", v.record.Mode, "since", v.record.Since)
	if err := send(ctx, event.ResponseURL, response); err != nil {
		g.log.Error("CloudFormation did not get the answer", "cause", err.Error())
		return fmt.Errorf("answering CloudFormation: %w", err)
	}
	return nil
}

// judgeInTime judges the event. If that panics or takes too long, it judges from
// the event alone.
func (g *Guard) judgeInTime(ctx context.Context, event cfn.Event) verdict {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-g.answerTime))
		defer cancel()
	}
	judged := make(chan verdict, 1)
	blind := func(why string) verdict { return g.judgeBlind(event, errors.New(why)) }
	go func() {
		defer func() {
			if r := recover(); r != nil {
				judged <- blind(fmt.Sprintf("the guard broke: %v", r))
			}
		}()
		judged <- g.judge(ctx, event)
	}()
	select {
	case v := <-judged:
		return v
	case <-ctx.Done():
		return blind("the guard ran out of time")
	}
}

// judgeBlind judges from the event alone, and records nothing.
func (g *Guard) judgeBlind(event cfn.Event, why error) (v verdict) {
	defer func() {
		if r := recover(); r != nil {
			v = letPass("The guard let this pass without looking, since it broke: %v", r)
		}
	}()
	if event.RequestType == cfn.RequestDelete {
		return verdict{}
	}
	c := newChange(event, time.Now())
	c.statusErr, c.recordErr, c.liveErr = why, why, why
	if !c.next.Mode.Valid() {
		return letPass("The guard let this pass without looking: %v", why)
	}
	v = c.judge()
	v.record = live.Record{}
	return v
}

// newChange returns what an event asks for.
func newChange(event cfn.Event, now time.Time) change {
	return change{
		id:       event.RequestID,
		stack:    stackName(event.StackID),
		resource: event.LogicalResourceID,
		create:   event.RequestType == cfn.RequestCreate,
		next:     DecodeProperties(event.ResourceProperties),
		old:      DecodeProperties(event.OldResourceProperties),
		digests:  live.Change{From: digest(event.OldResourceProperties), To: digest(event.ResourceProperties), At: now.UTC().Truncate(time.Second)},
		now:      now,
	}
}

// stackName returns the name in the ARN of a stack.
func stackName(arn string) string {
	if parts := strings.Split(arn, "/"); len(parts) > 1 {
		return parts[1]
	}
	return arn
}

// digest returns a text that differs for different properties.
func digest(properties map[string]any) string {
	data, err := json.Marshal(properties)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// judge decides, and records the mode if it lets the event pass.
func (g *Guard) judge(ctx context.Context, event cfn.Event) verdict {
	if event.RequestType == cfn.RequestDelete {
		return verdict{} // the record is deleted too
	}
	c := newChange(event, g.now())
	if !c.next.Mode.Valid() {
		return letPass("The guard let this pass without looking, since the resource has no mode: %q", c.next.Mode)
	}
	g.look(ctx, event.StackID, &c)
	v := c.judge()
	if v.refusal == "" {
		v.record = g.announce(ctx, c, v.record)
	}
	if v.record.Encode() != c.record.Encode() {
		if err := g.write(ctx, c.next.RecordParameter, v.record); err != nil {
			v.unrecorded(err)
		}
	}
	return v
}
