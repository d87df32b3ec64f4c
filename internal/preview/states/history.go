package states

import (
	"slices"
	"time"
)

// Event is an entry of an execution's history. Its types are those of Step
// Functions, such as "TaskStateEntered".
type Event struct {
	ID           int
	Time         time.Time
	Type         string
	State        string // the state's name
	Parameters   string // of TaskScheduled, as JSON
	Output       string // of a state that was left, as JSON
	Error, Cause string
}

// add records an event. The caller holds e.mu.
func (e *Execution) add(event Event) {
	event.ID, event.Time = len(e.history)+1, e.config.Clock.Now()
	e.history = append(e.history, event)
	if e.config.Happened != nil {
		e.config.Happened(event)
	}
}

// happened records an event.
func (e *Execution) happened(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.add(event)
}

// History returns all events so far.
func (e *Execution) History() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.history)
}
