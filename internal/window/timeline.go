package window

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Event is an event in the history of an execution in Step Functions.
type Event struct {
	At time.Time

	// Kind is its type, such as TaskStateEntered.
	Kind string

	// State is the name of the state that was entered or left.
	State string

	// Parameters are the parameters of a scheduled task, and Output the output of
	// a state, both in JSON.
	Parameters, Output string

	// Error and Cause say why something failed.
	Error, Cause string
}

// Stage is the progress of a step.
type Stage string

const (
	Comes   Stage = "comes"
	Running Stage = "running"
	Asking  Stage = "asking" // waits for a person
	Done    Stage = "done"
	Failed  Stage = "failed"
)

// Progress is the progress of a step, and how long it took.
type Progress struct {
	// Name, Does and Rehearsed describe the step.
	Name      string        `json:"name"`
	Does      string        `json:"does,omitempty"`
	Rehearsed time.Duration `json:"rehearsed,omitempty"`

	// Stage is its progress.
	Stage Stage `json:"stage"`

	// Started and Ended are when the step was first entered, and when it was left
	// or failed. Zero if that has not happened.
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`

	// Attempts counts the attempts.
	Attempts int `json:"attempts,omitempty"`

	// Said is what the step said at its end. Why says why the last attempt
	// failed.
	Said string `json:"said,omitempty"`
	Why  string `json:"why,omitempty"`

	// Token is the token of a question that waits for a person.
	Token string `json:"-"`
}

// Took returns how long the step took, or has taken so far.
func (p Progress) Took(now time.Time) time.Duration {
	switch {
	case p.Started.IsZero():
		return 0
	case p.Ended.IsZero():
		return now.Sub(p.Started)
	}
	return p.Ended.Sub(p.Started)
}

// Lines returns a line of text for each step, in columns.
func Lines(all []Progress, now time.Time) []string {
	name, took := 0, 0
	for _, p := range all {
		name, took = max(name, len(p.Name)), max(took, len(p.took(now)))
	}
	lines := make([]string, len(all))
	for i, p := range all {
		text := p.Said
		switch {
		case p.Why != "":
			text = p.Why
		case text == "" && p.Stage != Done:
			text = p.Does
		}
		lines[i] = strings.TrimRight(fmt.Sprintf("%-*s  %-7s  %*s  %s", name, p.Name, p.Stage, took, p.took(now), text), " ")
	}
	return lines
}

// took describes how long the step took, and how long its rehearsal.
func (p Progress) took(now time.Time) string {
	took := ""
	if !p.Started.IsZero() {
		took = p.Took(now).Round(time.Second).String()
	}
	if p.Rehearsed > 0 {
		took = strings.TrimSpace(took + " (rehearsed " + p.Rehearsed.String() + ")")
	}
	return took
}

// Timeline determines the progress of each step from the events of an execution,
// oldest first. A state that is not among the steps becomes a step of its own, in
// its place.
func Timeline(steps []Step, events []Event) []Progress {
	var all []Progress
	for _, s := range steps {
		all = append(all, Progress{Name: s.Name, Does: s.Does, Rehearsed: s.Change.Rehearsed, Stage: Comes})
	}
	at := -1
	enter := func(name string) {
		i := slices.IndexFunc(all, func(p Progress) bool { return p.Name == name })
		if i < 0 {
			i = at + 1
			all = slices.Insert(all, i, Progress{Name: name})
		}
		at = i
	}
	for _, e := range events {
		if strings.HasSuffix(e.Kind, "StateEntered") {
			enter(e.State)
			p := &all[at]
			if p.Started.IsZero() {
				p.Started = e.At
			}
			p.Stage, p.Ended = Running, time.Time{}
			continue
		}
		if at < 0 {
			continue
		}
		p := &all[at]
		switch {
		case strings.HasSuffix(e.Kind, "StateExited"):
			p.Stage, p.Ended, p.Why, p.Token, p.Said = Done, e.At, "", "", said(e.Output, p.Name)
		case e.Kind == "TaskScheduled":
			p.Attempts++
			p.Stage, p.Ended = Running, time.Time{}
			if p.Token = token(e.Parameters); p.Token != "" {
				p.Stage = Asking
			}
		case e.Kind == "TaskFailed" || e.Kind == "TaskTimedOut" || e.Kind == "TaskSubmitFailed" || e.Kind == "TaskStartFailed":
			p.Why = Why(e.Error, e.Cause)
		case e.Kind == "ExecutionFailed" || e.Kind == "ExecutionTimedOut" || e.Kind == "ExecutionAborted":
			if p.Stage == Done {
				continue
			}
			p.Stage, p.Ended, p.Token = Failed, e.At, ""
			if why := Why(e.Error, e.Cause); why != "" {
				p.Why = why
			} else if e.Kind == "ExecutionAborted" {
				p.Why = "it was ended by a person"
			}
		case e.Kind == "ExecutionRedriven":
			if p.Stage == Failed {
				p.Stage, p.Ended = Running, time.Time{}
			}
		}
	}
	return all
}

// Why says in one line why a task failed. A function's cause is JSON with a
// message; a task's cause says why it was stopped.
func Why(name, cause string) string {
	var function struct {
		Message string `json:"errorMessage"`
	}
	var task struct {
		StoppedReason string
		Containers    []struct {
			ExitCode *int
			Reason   string
		}
	}
	text := cause
	switch {
	case json.Unmarshal([]byte(cause), &function) == nil && function.Message != "":
		return function.Message
	case json.Unmarshal([]byte(cause), &task) == nil && task.StoppedReason != "":
		text = task.StoppedReason
		for _, c := range task.Containers {
			if c.ExitCode != nil {
				text += ", exit code " + strconv.Itoa(*c.ExitCode)
			}
			if c.Reason != "" {
				text += ", " + c.Reason
			}
		}
		return text
	case name == "States.Timeout" && text == "":
		return "it took longer than it may"
	case text == "":
		return name
	case name == "":
		return text
	}
	return name + ": " + text
}

// said returns what a step said, from the output of its state.
func said(output, name string) string {
	var all map[string]json.RawMessage
	var result struct {
		Said string `json:"said"`
	}
	if json.Unmarshal([]byte(output), &all) != nil || json.Unmarshal(all[name], &result) != nil {
		return ""
	}
	return result.Said
}

// token returns the token in a task's parameters, if it waits for a person.
func token(parameters string) string {
	var p struct{ Payload Payload }
	if json.Unmarshal([]byte(parameters), &p) != nil {
		return ""
	}
	return p.Payload.Token
}
