package states

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Status is the status of an execution, as Step Functions names it.
type Status string

// The statuses of an execution.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Call is a call that a Task state makes to a service.
type Call struct {
	State      string // the state's name
	Resource   string // such as "lambda:invoke" or "aws-sdk:sns:publish"
	Pattern    string // "", "sync" or "waitForTaskToken"
	Parameters any    // as decoded from JSON, numbers as json.Number
	Token      string // the task token of waitForTaskToken
}

// Task makes a call, and returns when it is done, or when ctx ends. Its result
// must be encodable as JSON. A [Failure] has the name that Retry and Catch match;
// any other error is States.TaskFailed.
type Task func(ctx context.Context, c Call) (any, error)

// Config configures an execution.
type Config struct {
	// Tasks are the services by name, such as "lambda:invoke". All that the
	// definition uses are required.
	Tasks map[string]Task

	// Input is the input, in JSON. Default: {}.
	Input []byte

	// Name is the name of the execution. Default: "execution".
	Name string

	// Machine is the ARN of the state machine. Default: an ARN in the account
	// 000000000000.
	Machine string

	// Clock is the clock. Default: this machine's.
	Clock Clock

	// Happened is called with every event, one at a time. Default: none.
	Happened func(Event)
}

// Execution is a run of a machine. Make it with [Machine.Execution], and run it
// with [Execution.Run].
type Execution struct {
	machine *Machine
	config  Config
	id      string
	input   any

	mu       sync.Mutex
	status   Status
	history  []Event
	failed   *Failure
	output   any
	at       *entered // the state that it is in, or in which it failed
	started  time.Time
	redriven time.Time
	redrives int
	abort    context.CancelCauseFunc
	tokens   map[string]chan answer
	last     int // number of the last token
}

// entered is a state with its input.
type entered struct {
	state *state
	input any
}

var (
	errTimeout = errors.New("the time is over")
	errAborted = errors.New("the execution was aborted")

	// ErrUnknownToken is returned for a token whose task has ended, or that never
	// existed.
	ErrUnknownToken = errors.New("no task waits for this token")
)

// Execution prepares an execution. It fails if a service is missing.
func (m *Machine) Execution(config Config) (*Execution, error) {
	var absent []string
	for _, r := range m.Resources() {
		if config.Tasks[r] == nil {
			absent = append(absent, r)
		}
	}
	if absent != nil {
		return nil, fmt.Errorf("the definition calls services that are not here: %s", strings.Join(absent, ", "))
	}
	if config.Input == nil {
		config.Input = []byte("{}")
	}
	input, err := decode(config.Input)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if config.Clock == nil {
		config.Clock = WallClock{}
	}
	if config.Name == "" {
		config.Name = "execution"
	}
	if config.Machine == "" {
		config.Machine = "arn:aws:states:us-east-1:000000000000:stateMachine:machine"
	}
	id := strings.Replace(config.Machine, ":stateMachine:", ":execution:", 1) + ":" + config.Name
	return &Execution{machine: m, config: config, input: input, id: id, tokens: map[string]chan answer{}}, nil
}

// ID returns the ARN of the execution.
func (e *Execution) ID() string { return e.id }

// Run runs the execution to its end. It aborts it if ctx ends.
func (e *Execution) Run(ctx context.Context) (Status, error) {
	return e.begin(ctx, func() error {
		if e.status != "" {
			return fmt.Errorf("the execution is %s: it has run already", e.status)
		}
		e.started = e.config.Clock.Now()
		e.at = &entered{e.machine.states[e.machine.startAt], e.input}
		e.add(Event{Type: "ExecutionStarted"})
		return nil
	})
}

// Redrive continues with the state in which the execution failed, with the same
// input.
func (e *Execution) Redrive(ctx context.Context) (Status, error) {
	return e.begin(ctx, func() error {
		if !slices.Contains([]Status{Failed, TimedOut, Aborted}, e.status) {
			return fmt.Errorf("the execution is %s: only one that failed, timed out or was aborted can be redriven", e.status)
		}
		e.redrives++
		e.redriven = e.config.Clock.Now()
		e.failed = nil
		e.add(Event{Type: "ExecutionRedriven"})
		return nil
	})
}

func (e *Execution) begin(ctx context.Context, prepare func() error) (Status, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	e.mu.Lock()
	err := prepare()
	if err == nil {
		e.status, e.abort = Running, cancel
	}
	e.mu.Unlock()
	if err != nil {
		return e.status, err
	}
	if e.machine.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = e.config.Clock.Limit(ctx, e.machine.timeout)
		defer stop()
	}
	return e.end(ctx, e.walk(ctx)), nil
}

// walk goes from state to state.
func (e *Execution) walk(ctx context.Context) *Failure {
	for {
		e.mu.Lock()
		at := e.at
		e.add(Event{Type: at.state.Type + "StateEntered", State: at.state.name})
		e.mu.Unlock()
		if ctx.Err() != nil {
			return &Failure{Name: TaskFailure, Cause: context.Cause(ctx).Error()}
		}
		v := &visit{execution: e, state: at.state, entered: e.config.Clock.Now()}
		output, next, err := v.run(ctx, at.input)
		if err != nil {
			return err
		}
		e.mu.Lock()
		text, _ := encode(output) // it came from JSON
		e.add(Event{Type: at.state.Type + "StateExited", State: at.state.name, Output: text})
		if next == "" {
			e.output = output
			e.mu.Unlock()
			return nil
		}
		e.at = &entered{e.machine.states[next], output}
		e.mu.Unlock()
	}
}

// end records how the execution ended.
func (e *Execution) end(ctx context.Context, f *Failure) Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	ended := Event{Type: "ExecutionFailed"}
	e.status, e.failed = Failed, f
	switch {
	case f == nil:
		e.status, ended.Type = Succeeded, "ExecutionSucceeded"
	case errors.Is(context.Cause(ctx), errTimeout):
		e.status, ended.Type = TimedOut, "ExecutionTimedOut"
		e.failed = &Failure{Name: Timeout, Cause: "the execution took longer than it may"}
	case ctx.Err() != nil:
		e.status, ended.Type = Aborted, "ExecutionAborted"
		e.failed = &Failure{Cause: context.Cause(ctx).Error()}
	}
	if e.failed != nil {
		ended.Error, ended.Cause = e.failed.Name, e.failed.Cause
	}
	e.add(ended)
	return e.status
}

// Abort ends an execution that is running.
func (e *Execution) Abort() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.status == Running {
		e.abort(errAborted)
	}
}

// Status returns the status, empty before the execution has begun.
func (e *Execution) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.status
}

// Failure returns the failure that the execution ended with, nil if it succeeded
// or is still running.
func (e *Execution) Failure() *Failure {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.failed
}

// State returns the state that the execution is in, or ended in.
func (e *Execution) State() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		return ""
	}
	return e.at.state.name
}

// Output returns the output as JSON, empty if the execution has not succeeded.
func (e *Execution) Output() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.status != Succeeded {
		return ""
	}
	text, _ := encode(e.output) // it came from JSON
	return text
}
