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

// The phases: others wait behind a statement at its start and at its end only.
const (
	PhaseAside Phase = "waiting aside until the table is free"
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
	// reader of a table that the statement ties up has waited.
	Seconds   float64 `json:"seconds"`
	Rehearsed float64 `json:"rehearsedSeconds,omitempty"`
	WorstRead float64 `json:"worstReadSeconds"`

	// WorstWrite is the longest that a writer has waited, of a table that is to
	// be written meanwhile. ReaderErrors are reads that failed at a reader.
	WorstWrite   float64 `json:"worstWriteSeconds,omitempty"`
	ReaderErrors int     `json:"readerErrors,omitempty"`
}

// felt notes what others feel.
func (e *Event) felt(w waits) {
	e.WorstRead, e.WorstWrite, e.ReaderErrors = max(w.Read, w.ReaderRead).Seconds(), w.Write.Seconds(), w.ReaderErrors
}

// A Report receives events, one at a time.
type Report func(Event)
