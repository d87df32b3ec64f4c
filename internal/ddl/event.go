package ddl

import "time"

// EventKind says what an Event tells.
type EventKind string

// The kinds of events of a run or a rehearsal.
const (
	EventStart    EventKind = "start"    // of a statement
	EventProgress EventKind = "progress" // of a statement, several times a second
	EventWithdrew EventKind = "withdrew" // the ALTER was taken back, and will be tried again
	EventKilled   EventKind = "killed"   // a session that held the lock was ended
	EventNote     EventKind = "note"
	EventDone     EventKind = "done"    // a statement
	EventSkipped  EventKind = "skipped" // a statement that an earlier run did
	EventStopped  EventKind = "stopped" // a statement, with the table unchanged
	EventFailed   EventKind = "failed"  // a statement
)

// Phase is what a statement is doing.
type Phase string

// The phases: only the first and the last stand in the way of others.
const (
	PhaseStart Phase = "waiting for the lock to begin"
	PhaseWork  Phase = "working"
	PhaseEnd   Phase = "waiting for the lock to finish"
	PhasePause Phase = "letting others pass"
)

// An Event is what happens in a run, for people and for machines.
type Event struct {
	At     time.Time `json:"at"`
	Kind   EventKind `json:"event"`
	Number int       `json:"statement,omitempty"` // from 1
	Of     int       `json:"of,omitempty"`        // how many there are
	SQL    string    `json:"sql,omitempty"`       // of EventStart
	How    string    `json:"how,omitempty"`       // INPLACE/NONE
	Phase  Phase     `json:"phase,omitempty"`
	Text   string    `json:"text,omitempty"`

	// Seconds since the statement began, as rehearsed, and the longest that a
	// reader of the table has waited.
	Seconds   float64 `json:"seconds"`
	Rehearsed float64 `json:"rehearsedSeconds,omitempty"`
	WorstRead float64 `json:"worstReadSeconds"`
}

// A Report receives events, one at a time.
type Report func(Event)
