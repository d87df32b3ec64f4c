package ddl

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// A Rehearsal is what a migration did to a full-size clone: NAME.rehearsal.json.
type Rehearsal struct {
	// Name is the name of the migration.
	Name string `json:"name,omitempty"`

	// Hash is the SHA-256 of the migration.
	Hash   string    `json:"hash"`
	Server Server    `json:"server"`
	At     time.Time `json:"at"`

	// Class is the given instance class, such as db.r6g.large.
	Class string `json:"class,omitempty"`

	Writes Writes           `json:"writes"`
	Tables []RehearsedTable `json:"tables"`
	Steps  []RehearsedStep  `json:"steps"`

	// With is the command that the migrated copy had to pass; nil if there was
	// none, or if a statement failed.
	With *RehearsedCommand `json:"with,omitempty"`

	// Failed says why the rehearsal failed; empty if it succeeded.
	Failed string `json:"failed,omitempty"`
}

// A RehearsedTable is a table as it was before the migration.
type RehearsedTable struct {
	Name  string `json:"name"`
	Rows  int64  `json:"rows"`  // counted
	Bytes int64  `json:"bytes"` // according to the server's statistics
}

// A RehearsedStep is the measurement of a statement.
type RehearsedStep struct {
	Number int `json:"number"`
	Rung
	Rebuild bool `json:"rebuild"`

	// Seconds is the total time; Work excludes waiting for locks.
	Seconds float64 `json:"seconds"`
	Work    float64 `json:"workSeconds"`

	// WorstRead is the longest wait of a reader meanwhile.
	WorstRead float64 `json:"worstReadSeconds"`

	// WorstWrite is the longest wait of a writer, where writes should go on.
	WorstWrite float64 `json:"worstWriteSeconds,omitempty"`

	// ReaderErrors counts reads that failed at a reader.
	ReaderErrors int    `json:"readerErrors,omitempty"`
	Error        string `json:"error,omitempty"`
}

// A RehearsedCommand is a command that was run against the migrated copy.
type RehearsedCommand struct {
	Command string  `json:"command"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"` // empty if it passed
}

// Total returns the time that all statements took.
func (r *Rehearsal) Total() time.Duration {
	var seconds float64
	for _, s := range r.Steps {
		seconds += s.Seconds
	}
	return time.Duration(seconds * float64(time.Second))
}

// step returns the measurement of a statement; the zero value if there is none.
func (r *Rehearsal) step(number int) RehearsedStep {
	if r != nil {
		for _, s := range r.Steps {
			if s.Number == number {
				return s
			}
		}
	}
	return RehearsedStep{}
}

// ReadRehearsal reads what WriteFile wrote.
func ReadRehearsal(name string) (*Rehearsal, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the rehearsal: %w", err)
	}
	var r Rehearsal
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("reading the rehearsal %q: %w", name, err)
	}
	if r.Hash == "" {
		return nil, fmt.Errorf("%q is not a rehearsal: want what noren ddl rehearse writes", name)
	}
	return &r, nil
}

// WriteFile writes the rehearsal to a file atomically.
func (r *Rehearsal) WriteFile(name string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".tmp", append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the rehearsal: %w", err)
	}
	return os.Rename(name+".tmp", name)
}
