package ddl

import "time"

// EventKind says what an Event tells.
type EventKind string

// The kinds of events of a run or a rehearsal.
const (
	EventStart    EventKind = "start"    // of a statement
	EventProgress EventKind = "progress" // of a statement, several times a second
	EventWithdrew EventKind = "withdrew" // the ALTER was withdrawn, and will be tried again
	EventKilled   EventKind = "killed"   // a session that held the lock was ended
	EventNote     EventKind = "note"
	EventDone     EventKind = "done"    // a statement
	EventSkipped  EventKind = "skipped" // a statement that an earlier run executed
	EventStopped  EventKind = "stopped" // a statement, with the table unchanged
	EventFailed   EventKind = "failed"  // a statement
)

// Phase is what a statement is doing.
type Phase string

// The phases. Others wait behind a statement only at its start and at its end.
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
	Number int       `json:"statement,omitempty"` // starting at 1
	Of     int       `json:"of,omitempty"`        // how many there are
	SQL    string    `json:"sql,omitempty"`       // of EventStart
	How    string    `json:"how,omitempty"`       // INPLACE/NONE
	Phase  Phase     `json:"phase,omitempty"`
	Text   string    `json:"text,omitempty"`

	// Seconds is the time since the statement began, Rehearsed how long it took
	// in the rehearsal, and WorstRead the longest wait of a reader of a table
	// that the statement ties up.
	Seconds   float64 `json:"seconds"`
	Rehearsed float64 `json:"rehearsedSeconds,omitempty"`
	WorstRead float64 `json:"worstReadSeconds"`

	// WorstWrite is the longest wait of a writer to a table that should stay
	// writable. ReaderErrors counts reads that failed at a reader.
	WorstWrite   float64 `json:"worstWriteSeconds,omitempty"`
	ReaderErrors int     `json:"readerErrors,omitempty"`
}

// felt records how others are affected.
func (e *Event) felt(w waits) {
	e.WorstRead, e.WorstWrite, e.ReaderErrors = max(w.Read, w.ReaderRead).Seconds(), w.Write.Seconds(), w.ReaderErrors
}

// A Report receives events, one at a time.
type Report func(Event)
