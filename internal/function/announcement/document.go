// Package announcement describes /maintenance.json as data: the document, what
// announces a maintenance, and the requests to its function. The listener decides
// what clients may do; the document tells them beforehand, and when the
// maintenance is over. Package keeper is the function.
package announcement

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Version is the version of the document's format. A later version may add fields
// under the same number; changing the meaning of a field takes a new one.
const Version = 1

// PollAfter is the number of seconds after which clients look again.
const PollAfter = 60

// Status is the progress of a maintenance, in the words of status pages.
type Status string

const (
	None       Status = "none"        // nothing is announced, and the product is open
	Scheduled  Status = "scheduled"   // announced and yet to begin
	InProgress Status = "in_progress" // the product is not open
	Completed  Status = "completed"   // what was announced is over
)

// Document is /maintenance.json. docs/maintenance.schema.json is its schema.
type Document struct {
	Version int    `json:"version"`
	Status  Status `json:"status"`

	// ID distinguishes announcements: the planned beginning, unless someone sets
	// another. Empty: nothing is announced.
	ID string `json:"id,omitempty"`

	// ScheduledFor and ScheduledUntil are the planned beginning and end. Zero: none
	// is announced.
	ScheduledFor   time.Time         `json:"scheduledFor,omitzero"`
	ScheduledUntil time.Time         `json:"scheduledUntil,omitzero"`
	Message        map[string]string `json:"message,omitempty"`

	// Mode is the mode of the product, Since the time since when, and Until the
	// end that clients were told when the mode changed. A zero Since means since
	// before the document existed.
	Mode  maintenance.Mode `json:"mode"`
	Since time.Time        `json:"since,omitzero"`
	Until time.Time        `json:"until,omitzero"`

	UpdatedAt time.Time `json:"updatedAt"`
	PollAfter int       `json:"pollAfter"`
}

// New returns the document of an open product for which nothing is announced.
func New() Document {
	return Document{Version: Version, Status: None, Mode: maintenance.Open, PollAfter: PollAfter}
}

// Announced returns the document with another announcement and the same mode.
func (d Document) Announced(a maintenance.Announcement, id string) Document {
	d.ID, d.ScheduledFor, d.ScheduledUntil, d.Message = id, seconds(a.From), seconds(a.Until), maps.Clone(a.Message)
	if id == "" && !a.From.IsZero() {
		d.ID = d.ScheduledFor.Format(time.RFC3339)
	}
	d.Status = d.status()
	return d
}

// Turned returns the document of a product whose mode has changed. A change older
// than the document changes nothing: events come late and twice.
func (d Document) Turned(to maintenance.Mode, since, until time.Time) Document {
	since = seconds(since)
	if since.Before(d.Since) {
		return d
	}
	again := to == d.Mode
	d.Mode, d.Since, d.Until = to, since, seconds(until)
	if to == maintenance.Open {
		d.Until = time.Time{}
	}
	if !again { // what is completed stays completed
		d.Status = d.status()
	}
	return d
}

// status derives the status from the mode and the announcement, and not from the
// clock: a product that was opened before the planned beginning still has that
// beginning ahead.
func (d Document) status() Status {
	switch {
	case d.Mode != maintenance.Open:
		return InProgress
	case d.ScheduledFor.IsZero():
		return None
	case d.Since.After(d.ScheduledFor):
		return Completed
	}
	return Scheduled
}

// seconds returns a time in the document's form: UTC, in whole seconds.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// Encode returns the document as it is served.
func Encode(d Document) ([]byte, error) {
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// Headers of the object, which CloudFront passes on.
const (
	ContentType  = "application/json"
	CacheControl = "max-age=60, stale-if-error=86400"
)
