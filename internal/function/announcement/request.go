package announcement

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Request announces, or says how far the maintenance is.
type Request struct {
	// Announce is the announcement. Default: that of the document stays.
	Announce *Announcement `json:"announce,omitempty"`

	// Status is scheduled, in_progress or completed; or none, which takes back the
	// announcement of that ID, and leaves any other. Default: what follows from the
	// announcement and the mode.
	Status Status `json:"status,omitempty"`

	// Mode is that of in_progress. Default: that of the document unless it is open,
	// else closed.
	Mode maintenance.Mode `json:"mode,omitempty"`

	// ID names the announcement. Default: its beginning.
	ID string `json:"id,omitempty"`
}

// Announcement is a maintenance.Announcement in JSON.
type Announcement struct {
	From    time.Time `json:"from,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Message Message   `json:"message,omitempty"`
}

// Message is texts by language tag; a text alone is in no particular language.
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
