package announcement

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Request announces a maintenance, or reports its progress.
type Request struct {
	// Announce is the announcement. Default: the document's announcement stays.
	Announce *Announcement `json:"announce,omitempty"`

	// Status is scheduled, in_progress or completed; or none, which withdraws the
	// announcement with that ID and leaves any other. Default: it follows from
	// the announcement and the mode.
	Status Status `json:"status,omitempty"`

	// Mode is the mode for in_progress. Default: that of the document, or closed
	// if that is open.
	Mode maintenance.Mode `json:"mode,omitempty"`

	// ID names the announcement. Default: its From time.
	ID string `json:"id,omitempty"`
}

// Announcement is a maintenance.Announcement in JSON.
type Announcement struct {
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Message Message   `json:"message,omitempty"`
}

// Message is a set of texts by language tag. A plain text in JSON is in no
// particular language.
type Message map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (m *Message) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		if *m = nil; text != "" {
			*m = Message{"und": text}
		}
		return nil
	}
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("want a text, or texts by language tag, got %s", data)
	}
	*m = texts
	return nil
}
