package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// visit is one stay in a state, with all its attempts.
type visit struct {
	execution *Execution
	state     *state
	entered   time.Time
	token     string
	attempts  map[*retrier]int
	retries   int
}

// run runs the state. It returns the output and the next state, which is empty at
// the end.
func (v *visit) run(ctx context.Context, raw any) (output any, next string, failed *Failure) {
	s := v.state
	input, failed := v.pick(s.input, raw)
	if failed != nil {
		return nil, "", failed
	}
	switch s.Type {
	case "Task":
		result, next, failed := v.try(ctx, raw, input)
		if failed != nil || next != s.Next {
			return result, next, failed
		}
		output, failed := v.pick(s.output, result)
		return output, next, failed
	case "Pass":
		result, failed := v.pass(raw, input)
		if failed != nil {
			return nil, "", failed
		}
		output, failed := v.pick(s.output, result)
		return output, s.Next, failed
	case "Wait":
		if failed := v.wait(ctx, input); failed != nil {
			return nil, "", failed
		}
	case "Choice":
		if next, failed = v.choose(input); failed != nil {
			return nil, "", failed
		}
		output, failed = v.pick(s.output, input)
		return output, next, failed
	case "Fail":
		return nil, "", v.fail(input)
	}
	output, failed = v.pick(s.output, input)
	return output, s.Next, failed
}

// scope returns the scope of the state's paths.
func (v *visit) scope(input any) scope {
	e := v.execution
	e.mu.Lock()
	defer e.mu.Unlock()
	state := map[string]any{"Name": v.state.name, "EnteredTime": text(v.entered), "RetryCount": number(v.retries)}
	execution := map[string]any{
		"Id": e.id, "Name": e.config.Name, "Input": e.input, "StartTime": text(e.started), "RedriveCount": number(e.redrives),
	}
	if e.redrives > 0 {
		execution["RedriveTime"] = text(e.redriven)
	}
	context := map[string]any{"Execution": execution, "State": state, "StateMachine": map[string]any{"Id": e.config.Machine}}
	if v.token != "" {
		context["Task"] = map[string]any{"Token": v.token}
	}
	return scope{input, context}
}

func text(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func number(n int) json.Number { return json.Number(fmt.Sprint(n)) }

// pick returns the part of the value that InputPath or OutputPath selects.
func (v *visit) pick(p *path, value any) (any, *Failure) {
	if p == nil {
		return map[string]any{}, nil
	}
	picked, ok := p.in(v.scope(value))
	if !ok {
		return nil, &Failure{Name: RuntimeFailure, Cause: "there is no " + p.text}
	}
	return picked, nil
}

// put returns the state's raw input with the result at ResultPath.
func put(p *path, raw, result any) (any, *Failure) {
	if p == nil {
		return raw, nil
	}
	made, err := p.put(raw, result)
	if err != nil {
		return nil, failure(err, ResultFailure)
	}
	return made, nil
}

func (v *visit) pass(raw, input any) (any, *Failure) {
	s := v.state
	result := input
	var err error
	switch {
	case s.Result != nil:
		result, err = decode(s.Result)
	case s.parameters != nil:
		result, err = s.parameters.value(v.scope(input))
	}
	if err != nil {
		return nil, failure(err, ParameterFailure)
	}
	return put(s.result, raw, result)
}

func (v *visit) wait(ctx context.Context, input any) *Failure {
	s, clock := v.state, v.execution.config.Clock
	scope := v.scope(input)
	var d time.Duration
	switch {
	case s.Seconds != nil:
		d = seconds(*s.Seconds)
	case s.secondsFrom != nil:
		value, _ := s.secondsFrom.in(scope)
		n, ok := value.(json.Number)
		f, err := n.Float64()
		if !ok || err != nil || f < 0 {
			return &Failure{Name: RuntimeFailure, Cause: fmt.Sprintf("%s is %v: want seconds", s.SecondsPath, value)}
		}
		d = seconds(f)
	default:
		at := s.Timestamp
		if s.atFrom != nil {
			value, _ := s.atFrom.in(scope)
			at, _ = value.(string)
		}
		t, err := timestamp(at)
		if err != nil {
			return &Failure{Name: RuntimeFailure, Cause: err.Error()}
		}
		d = t.Sub(clock.Now())
	}
	if d <= 0 {
		return nil
	}
	if err := clock.Wait(ctx, d); err != nil {
		return failure(err, RuntimeFailure)
	}
	return nil
}

func (v *visit) choose(input any) (string, *Failure) {
	for _, c := range v.state.choices {
		is, err := c.holds(v.scope(input))
		if err != nil {
			return "", failure(err, RuntimeFailure)
		}
		if is {
			return c.Next, nil
		}
	}
	if v.state.Default == "" {
		return "", &Failure{Name: NoChoice, Cause: "no choice is true, and there is no Default"}
	}
	return v.state.Default, nil
}

func (v *visit) fail(input any) *Failure {
	f := &Failure{Name: v.state.Error, Cause: v.state.Cause}
	for _, from := range []struct {
		p  *path
		to *string
	}{{v.state.errorFrom, &f.Name}, {v.state.causeFrom, &f.Cause}} {
		if from.p == nil {
			continue
		}
		value, _ := from.p.in(v.scope(input))
		text, ok := value.(string)
		if !ok {
			return &Failure{Name: RuntimeFailure, Cause: from.p.text + " is not a text"}
		}
		*from.to = text
	}
	return f
}

// try makes the call until it succeeds, is caught, or has finally failed.
func (v *visit) try(ctx context.Context, raw, input any) (any, string, *Failure) {
	s, e := v.state, v.execution
	v.attempts = map[*retrier]int{}
	for {
		output, f := v.attempt(ctx, raw, input)
		if f == nil {
			return output, s.Next, nil
		}
		if ctx.Err() != nil {
			return nil, "", f // the execution is over
		}
		if pause, again := v.again(f); again {
			if err := e.config.Clock.Wait(ctx, pause); err != nil {
				return nil, "", failure(err, TaskFailure)
			}
			continue
		}
		for _, c := range s.catches {
			if f.matches(c.ErrorEquals) {
				output, f := put(c.result, raw, map[string]any{"Error": f.Name, "Cause": f.Cause})
				return output, c.Next, f
			}
		}
		return nil, "", f
	}
}

// again returns how long to wait before another attempt, and whether there is
// one, according to the first retrier that matches the failure.
func (v *visit) again(f *Failure) (time.Duration, bool) {
	for _, r := range v.state.retries {
		if !f.matches(r.ErrorEquals) {
			continue
		}
		pause, ok := r.pause(v.attempts[r])
		if ok {
			v.attempts[r]++
			v.retries++
		}
		return pause, ok
	}
	return 0, false
}

// attempt calls the service once.
func (v *visit) attempt(ctx context.Context, raw, input any) (any, *Failure) {
	s, e := v.state, v.execution
	var answered <-chan answer
	if s.pattern == "waitForTaskToken" {
		var done func()
		v.token, answered, done = e.newToken()
		defer done()
	}
	parameters := input
	var err error
	if s.parameters != nil {
		if parameters, err = s.parameters.value(v.scope(input)); err != nil {
			return nil, failure(err, ParameterFailure)
		}
	}
	scheduled, err := encode(parameters)
	if err != nil {
		return nil, failure(err, RuntimeFailure)
	}
	e.happened(Event{Type: "TaskScheduled", State: s.name, Parameters: scheduled})
	limited := ctx
	if s.TimeoutSeconds != nil {
		var stop context.CancelFunc
		limited, stop = e.config.Clock.Limit(ctx, seconds(*s.TimeoutSeconds))
		defer stop()
	}
	result, err := v.call(limited, parameters, answered)
	if err != nil {
		f := failure(err, TaskFailure)
		ended := Event{Type: "TaskFailed", State: s.name}
		if ctx.Err() == nil && errors.Is(context.Cause(limited), errTimeout) {
			f = &Failure{Name: Timeout, Cause: fmt.Sprintf("it took longer than %v", seconds(*s.TimeoutSeconds))}
			ended.Type = "TaskTimedOut"
		}
		ended.Error, ended.Cause = f.Name, f.Cause
		if ctx.Err() == nil { // otherwise the end of the execution reports it
			e.happened(ended)
		}
		return nil, f
	}
	e.happened(Event{Type: "TaskSucceeded", State: s.name})
	if s.selector != nil {
		if result, err = s.selector.value(v.scope(result)); err != nil {
			return nil, failure(err, ParameterFailure)
		}
	}
	return put(s.result, raw, result)
}

// call calls the service, and waits for the answer if the call has a token.
func (v *visit) call(ctx context.Context, parameters any, answered <-chan answer) (any, error) {
	s := v.state
	result, err := v.execution.config.Tasks[s.service](ctx, Call{
		State: s.name, Resource: s.service, Pattern: s.pattern, Parameters: parameters, Token: v.token,
	})
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	if answered != nil {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case a := <-answered:
			if a.failed != nil {
				return nil, a.failed
			}
			return a.output, nil
		}
	}
	written, err := encode(result)
	if err != nil {
		return nil, fmt.Errorf("the answer: %w", err)
	}
	return decode([]byte(written))
}
