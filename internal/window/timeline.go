package window

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Event is an event of the history of an execution, as Step Functions has it.
type Event struct {
	At time.Time

	// Kind is its type, such as TaskStateEntered.
	Kind string

	// State is the name of the state that was entered or left.
	State string

	// Parameters are what a task was scheduled with, Output what a state left
	// behind, both in JSON.
	Parameters, Output string

	// Error and Cause are why something failed.
	Error, Cause string
}

// Stage is how far a step is.
type Stage string

const (
	Comes   Stage = "comes"
	Running Stage = "running"
	Asking  Stage = "asking" // waits for a person
	Done    Stage = "done"
	Failed  Stage = "failed"
)

// Progress is how far a step is, and what it took.
type Progress struct {
	// Name, Does and Rehearsed are those of the step.
	Name      string        `json:"name"`
	Does      string        `json:"does,omitempty"`
	Rehearsed time.Duration `json:"rehearsed,omitempty"`

	// Stage is how far it is.
	Stage Stage `json:"stage"`

	// Started and Ended are when the step was entered, the first time, and when it
	// was left or failed. Zero if it was not yet.
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`

	// Attempts counts how often it was attempted.
	Attempts int `json:"attempts,omitempty"`

	// Said is what it said at its end, and Why is why the last attempt failed.
	Said string `json:"said,omitempty"`
	Why  string `json:"why,omitempty"`

	// Token is that of the question that waits for a person.
	Token string `json:"-"`
}

// Took returns how long the step took, or has taken by now.
func (p Progress) Took(now time.Time) time.Duration {
	switch {
	case p.Started.IsZero():
		return 0
	case p.Ended.IsZero():
		return now.Sub(p.Started)
	}
	return p.Ended.Sub(p.Started)
}

// Lines returns the steps as lines of text, one for each, in columns.
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

// took returns how long the step took, and how long its rehearsal.
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

// Timeline tells how far each step is by the events of an execution, oldest first.
// A state that is not among the steps is one of its own, at its place.
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

// Why says in a line why a task failed. A function's cause is JSON with a message;
// that of a task holds why it was stopped.
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

// said returns what a step said, in the output of its state.
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

// token returns the one that a task was scheduled with, if it waits for a person.
func token(parameters string) string {
	var p struct{ Payload Payload }
	if json.Unmarshal([]byte(parameters), &p) != nil {
		return ""
	}
	return p.Payload.Token
}
