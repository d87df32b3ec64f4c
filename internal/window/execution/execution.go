// Package execution reads and controls the execution of a night in AWS Step
// Functions.
package execution

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/noren-cdk/noren/internal/window"
)

// Execution is one execution of the state machine of a night.
type Execution struct {
	// ARN is the ARN of the execution.
	ARN string

	// Status is RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
	Status string

	// Started and Stopped are when it began and ended. Stopped is zero while it
	// runs.
	Started, Stopped time.Time

	// Events are its history, oldest first.
	Events []window.Event
}

// Running reports whether the execution has not ended.
func (e Execution) Running() bool {
	return e.Status == string(types.ExecutionStatusRunning) || e.Status == string(types.ExecutionStatusPendingRedrive)
}

// Of returns the ARN of a state machine's execution with a name.
func Of(machine, name string) string {
	return strings.Replace(machine, ":stateMachine:", ":execution:", 1) + ":" + name
}

// Read reads an execution. It returns nil if the execution does not exist.
func Read(ctx context.Context, api *sfn.Client, arn string) (*Execution, error) {
	out, err := api.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	var absent *types.ExecutionDoesNotExist
	if errors.As(err, &absent) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the execution: %w", err)
	}
	e := &Execution{ARN: arn, Status: string(out.Status), Started: aws.ToTime(out.StartDate), Stopped: aws.ToTime(out.StopDate)}
	pages := sfn.NewGetExecutionHistoryPaginator(api, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, IncludeExecutionData: aws.Bool(true), MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the history of the execution: %w", err)
		}
		for _, event := range page.Events {
			e.Events = append(e.Events, read(event))
		}
	}
	return e, nil
}

// read returns an event with the details that matter for a night.
func read(h types.HistoryEvent) window.Event {
	e := window.Event{At: aws.ToTime(h.Timestamp), Kind: string(h.Type)}
	var name, cause *string
	switch {
	case h.StateEnteredEventDetails != nil:
		e.State = aws.ToString(h.StateEnteredEventDetails.Name)
	case h.StateExitedEventDetails != nil:
		e.State, e.Output = aws.ToString(h.StateExitedEventDetails.Name), aws.ToString(h.StateExitedEventDetails.Output)
	case h.TaskScheduledEventDetails != nil:
		e.Parameters = aws.ToString(h.TaskScheduledEventDetails.Parameters)
	case h.TaskFailedEventDetails != nil:
		name, cause = h.TaskFailedEventDetails.Error, h.TaskFailedEventDetails.Cause
	case h.TaskTimedOutEventDetails != nil:
		name, cause = h.TaskTimedOutEventDetails.Error, h.TaskTimedOutEventDetails.Cause
	case h.TaskSubmitFailedEventDetails != nil:
		name, cause = h.TaskSubmitFailedEventDetails.Error, h.TaskSubmitFailedEventDetails.Cause
	case h.TaskStartFailedEventDetails != nil:
		name, cause = h.TaskStartFailedEventDetails.Error, h.TaskStartFailedEventDetails.Cause
	case h.ExecutionFailedEventDetails != nil:
		name, cause = h.ExecutionFailedEventDetails.Error, h.ExecutionFailedEventDetails.Cause
	case h.ExecutionTimedOutEventDetails != nil:
		name, cause = h.ExecutionTimedOutEventDetails.Error, h.ExecutionTimedOutEventDetails.Cause
	case h.ExecutionAbortedEventDetails != nil:
		name, cause = h.ExecutionAbortedEventDetails.Error, h.ExecutionAbortedEventDetails.Cause
	}
	e.Error, e.Cause = aws.ToString(name), aws.ToString(cause)
	return e
}
