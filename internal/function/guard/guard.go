// Package guard is the custom resource that refuses to open the product by
// accident: a deploy without -c maintenance= while maintenance is on.
//
// CloudFormation sends an event whenever the properties of the resource change,
// before it changes the listener, which waits for the answer. The guard refuses
// what opens and was not asked for, in a deploy that goes forward. Everything
// else passes: closing, creating, deleting, and rolling back, which must never
// get stuck. So does what the guard cannot judge, with a warning.
package guard

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// PhysicalID is the same for ever: another one would make CloudFormation delete
// the guard after an update.
const PhysicalID = "noren-reopen-guard"

// Summary is the attribute that says, for the outputs of the stack, what the
// guard saw last.
const Summary = "Summary"

const (
	// answerTime is kept, of the time that the function has, for the answer.
	answerTime = 10 * time.Second

	// callTime bounds each question to AWS, retries included. All are asked at
	// once, and then the record is written.
	callTime = 8 * time.Second
)

// Guard handles the events of the custom resource. Make it with New.
type Guard struct {
	parameters *ssm.Client
	stacks     *cloudformation.Client
	listeners  *elbv2.Client
	log        *slog.Logger
	now        func() time.Time
	answerTime time.Duration
	callTime   time.Duration
}

// New returns a guard that asks AWS with these clients.
func New(parameters *ssm.Client, stacks *cloudformation.Client, listeners *elbv2.Client, log *slog.Logger) *Guard {
	return &Guard{parameters, stacks, listeners, log, time.Now, answerTime, callTime}
}

// Handle judges the event and answers CloudFormation. The error is that the
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

// judgeInTime judges the event, and lets it pass if that panics or takes too
// long: a refusal that nobody thought out could block a rollback.
func (g *Guard) judgeInTime(ctx context.Context, event cfn.Event) verdict {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-g.answerTime))
		defer cancel()
	}
	judged := make(chan verdict, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				judged <- letPass("the guard let this pass without looking, since it broke: %v", r)
			}
		}()
		judged <- g.judge(ctx, event)
	}()
	select {
	case v := <-judged:
		return v
	case <-ctx.Done():
		return letPass("the guard let this pass without looking, since it ran out of time")
	}
}

// judge decides, and records the mode if it lets the event pass.
func (g *Guard) judge(ctx context.Context, event cfn.Event) verdict {
	if event.RequestType == cfn.RequestDelete {
		return verdict{} // the record goes too
	}
	c := change{
		create: event.RequestType == cfn.RequestCreate,
		next:   DecodeProperties(event.ResourceProperties),
		old:    DecodeProperties(event.OldResourceProperties),
		now:    g.now(),
	}
	if !c.next.Mode.Valid() {
		return letPass("the guard let this pass without looking, since the resource has no mode: %q", c.next.Mode)
	}
	g.look(ctx, event.StackID, &c)
	v := c.judge()
	if v.record != c.record {
		if err := g.write(ctx, c.next.RecordParameter, v.record); err != nil {
			v.unrecorded(err)
		}
	}
	return v
}
