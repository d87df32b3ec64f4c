package preview

import (
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/preview/account"
	"github.com/noren-cdk/noren/internal/preview/states"
)

// machineCalls returns the calls of Step Functions: noren window works here as in
// an account.
func (n *Night) machineCalls() map[string]func(map[string]any) (any, error) {
	of := func(do func(map[string]any) (any, error)) func(map[string]any) (any, error) {
		return func(input map[string]any) (any, error) {
			if name, given := input["executionArn"]; given && name != n.execution.ID() || n.execution.Status() == "" {
				return nil, &account.Refusal{Code: "ExecutionDoesNotExist", Message: "Execution Does Not Exist: it has not begun"}
			}
			return do(input)
		}
	}
	return map[string]func(map[string]any) (any, error){
		"states:DescribeExecution":   of(n.describeExecution),
		"states:GetExecutionHistory": of(n.getExecutionHistory),
		"states:RedriveExecution":    of(n.redriveExecution),
		"states:StopExecution": of(func(map[string]any) (any, error) {
			n.Abort()
			return map[string]any{"stopDate": epoch(time.Now())}, nil
		}),
		"states:SendTaskSuccess": of(func(input map[string]any) (any, error) {
			token, _ := input["taskToken"].(string)
			output, _ := input["output"].(string)
			return nil, tokenError(n.execution.SendTaskSuccess(token, []byte(output)))
		}),
		"states:SendTaskFailure": of(func(input map[string]any) (any, error) {
			token, _ := input["taskToken"].(string)
			name, _ := input["error"].(string)
			cause, _ := input["cause"].(string)
			return nil, tokenError(n.execution.SendTaskFailure(token, &states.Failure{Name: name, Cause: cause}))
		}),
	}
}

func tokenError(err error) error {
	if err != nil {
		return &account.Refusal{Code: "TaskTimedOut", Message: err.Error()}
	}
	return nil
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (n *Night) describeExecution(map[string]any) (any, error) {
	history := n.execution.History()
	described := map[string]any{
		"executionArn": n.execution.ID(), "stateMachineArn": n.account.Options().Values[n.planned.Machine], "name": n.planned.ID(),
		"status": string(n.execution.Status()), "startDate": epoch(history[0].Time), "input": n.planned.Input(),
	}
	if n.execution.Status() != states.Running {
		described["stopDate"] = epoch(history[len(history)-1].Time)
		described["redriveStatus"] = "REDRIVABLE"
	}
	return described, nil
}

func (n *Night) redriveExecution(map[string]any) (any, error) {
	if s := n.execution.Status(); s == states.Running || s == states.Succeeded {
		return nil, &account.Refusal{Code: "ExecutionNotRedrivable", Message: "the execution is " + string(s)}
	}
	n.Again()
	return map[string]any{"redriveDate": epoch(time.Now())}, nil
}

// Again makes Play continue with the step that failed.
func (n *Night) Again() {
	select {
	case n.again <- struct{}{}:
	default: // it is already going to continue
	}
}

// details are the keys of the details of events, by suffixes of their types.
var details = []struct{ suffix, key string }{
	{"StateEntered", "stateEnteredEventDetails"}, {"StateExited", "stateExitedEventDetails"}, {"TaskScheduled", "taskScheduledEventDetails"},
	{"TaskFailed", "taskFailedEventDetails"}, {"TaskTimedOut", "taskTimedOutEventDetails"}, {"TaskSucceeded", "taskSucceededEventDetails"},
	{"ExecutionFailed", "executionFailedEventDetails"}, {"ExecutionTimedOut", "executionTimedOutEventDetails"}, {"ExecutionAborted", "executionAbortedEventDetails"},
}

func (n *Night) getExecutionHistory(map[string]any) (any, error) {
	events := []any{}
	for _, e := range n.execution.History() {
		event := map[string]any{"id": e.ID, "previousEventId": e.ID - 1, "type": e.Type, "timestamp": epoch(e.Time)}
		for _, d := range details {
			if !strings.HasSuffix(e.Type, d.suffix) {
				continue
			}
			detail := map[string]any{"resource": "", "resourceType": "", "region": account.Region}
			for name, value := range map[string]string{"name": e.State, "parameters": e.Parameters, "output": e.Output, "error": e.Error, "cause": e.Cause} {
				if value != "" {
					detail[name] = value
				}
			}
			event[d.key] = detail
			break
		}
		events = append(events, event)
	}
	return map[string]any{"events": events}, nil
}
