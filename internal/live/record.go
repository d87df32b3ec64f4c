package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// What is remembered about the mode between deploys is kept as JSON in two
// parameters of AWS Systems Manager. Each has one writer, since a parameter
// cannot be written on the condition that no one else has written it: the guard
// writes the Record during the deploy, and the probe writes the Attribution
// minutes later, when CloudTrail knows who it was. The parameters are resources
// of the stack whose value in the template never changes, so CloudFormation does
// not overwrite what is written.

// Placeholder is the value of a parameter that has not been written yet.
const Placeholder = "{}"

// version is the version of the format. A later version may add fields, which are
// ignored here, under the same number; changing the meaning of a field takes a
// new one.
const version = 1

// ErrNoRecord says that a parameter still has its placeholder.
var ErrNoRecord = errors.New("nothing is recorded yet")

// Turn is a mode and the time when it was turned to.
type Turn struct {
	// Mode is the mode.
	Mode maintenance.Mode `json:"mode"`

	// Since is when the deploy turned to it, in UTC and whole seconds: when the
	// guard ran, just before the listener changed.
	Since time.Time `json:"since"`
}

// Record is what the guard knows about the mode. It is written when a deploy
// changes the mode, before the listener changes.
type Record struct {
	Turn

	// Until is the expected end that clients are told. Zero if not known.
	Until time.Time `json:"until,omitzero"`

	// Previous is the turn before this one, so that a rollback can restore its
	// Since. Zero if not known.
	Previous Turn `json:"previous,omitzero"`

	// Last is the last change that the guard let pass or refused in a deploy that
	// went forward. Zero if not known.
	Last Change `json:"last,omitzero"`

	// Announced is the turn of the last mode event that the guard has sent. Zero if
	// it has sent none.
	Announced Turn `json:"announced,omitzero"`

	// Requests are the last events that the guard has answered, the newest last:
	// Lambda may deliver an event twice.
	Requests []Request `json:"requests,omitempty"`
}

// Change is a change of the properties of the guard, identified by digests.
type Change struct {
	From string    `json:"from"`
	To   string    `json:"to"`
	At   time.Time `json:"at"`
}

// Undoes reports whether c reverses another change.
func (c Change) Undoes(other Change) bool {
	return !other.At.IsZero() && c.From == other.To && c.To == other.From
}

// Request is an event that the guard has answered.
type Request struct {
	ID      string `json:"id"`
	Refused bool   `json:"refused,omitempty"`
}

// mostRequests is how many events are remembered: an event is repeated within
// hours, if at all.
const mostRequests = 8

// Answered returns the record with one more answered event.
func (r Record) Answered(request Request) Record {
	r.Requests = append(slices.Clone(r.Requests), request)
	r.Requests = r.Requests[max(0, len(r.Requests)-mostRequests):]
	return r
}

// Answer returns the guard's earlier answer to an event; ok is false if the event
// is new.
func (r Record) Answer(id string) (request Request, ok bool) {
	for _, request := range r.Requests {
		if request.ID == id && id != "" {
			return request, true
		}
	}
	return Request{}, false
}

// Attribution is who turned to a mode. CloudFormation does not tell a custom
// resource; CloudTrail's history does, minutes later.
type Attribution struct {
	// Since identifies the turn: it equals Record.Since. See By.
	Since time.Time `json:"since"`

	// By is who, according to CloudTrail: the ARN of a user or of a role's
	// session. Empty if it is not known yet.
	By string `json:"by,omitempty"`

	// Settled identifies a change, Record.Last, whose deploy is over: a change
	// that undoes it is not its rollback. Zero if none is known.
	Settled time.Time `json:"settled,omitzero"`

	// Announced is the turn of the last mode event. Zero if there was none.
	Announced Turn `json:"announced,omitzero"`
}

// NewRecord returns the record of a mode that is turned to at a time. The message
// of a refusal shows Since, so its precision is what people can type.
func NewRecord(mode maintenance.Mode, at time.Time) Record {
	return Record{Turn: Turn{mode, at.UTC().Truncate(time.Second)}}
}

// TurnTo returns the record after a deploy to a mode, at a time: the same turn
// if the mode stays.
func (r Record) TurnTo(mode maintenance.Mode, at time.Time, until time.Time) Record {
	next := r
	if mode != r.Mode {
		next.Turn, next.Previous = NewRecord(mode, at).Turn, r.Turn
	}
	next.Until = until.UTC()
	return next
}

// RollBackTo returns the record after a rollback to a mode, at a time: with the
// Since that the mode had before, if it is known.
func (r Record) RollBackTo(mode maintenance.Mode, at time.Time, until time.Time) Record {
	next := r.TurnTo(mode, at, until)
	if mode != r.Mode && mode == r.Previous.Mode {
		next.Turn, next.Previous = r.Previous, Turn{}
	}
	return next
}

// By returns who turned to the mode of the record, "" if the attribution belongs
// to another turn or does not exist yet.
func (r Record) By(a Attribution) string {
	if r.Since.IsZero() || !a.Since.Equal(r.Since) {
		return ""
	}
	return a.By
}

// Encode returns the value of the parameter.
func (r Record) Encode() string {
	return encode(struct {
		Version int `json:"version"`
		Record
	}{version, r})
}

// Encode returns the value of the parameter.
func (a Attribution) Encode() string {
	return encode(struct {
		Version int `json:"version"`
		Attribution
	}{version, a})
}

func encode(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts and times that time.Parse has read
	}
	return string(data)
}

// DecodeRecord decodes the value of the guard's parameter. It returns ErrNoRecord
// for the placeholder.
func DecodeRecord(value string) (Record, error) {
	var r Record
	if err := decode(value, &r); err != nil {
		return Record{}, fmt.Errorf("reading the record of the mode: %w", err)
	}
	if !r.Mode.Valid() || r.Since.IsZero() {
		return Record{}, fmt.Errorf("reading the record of the mode: mode %q since %q: want open, read-only or closed, and a time", r.Mode, r.Since.Format(time.RFC3339))
	}
	return r, nil
}

// DecodeAttribution decodes the value of the probe's parameter. It returns
// ErrNoRecord for the placeholder.
func DecodeAttribution(value string) (Attribution, error) {
	var a Attribution
	if err := decode(value, &a); err != nil {
		return Attribution{}, fmt.Errorf("reading who turned the mode: %w", err)
	}
	if a.Announced == (Turn{}) && (a.Since.IsZero() || a.By == "" && a.Settled.IsZero()) {
		return Attribution{}, fmt.Errorf("reading who turned the mode: since %q by %q: want a time and a name", a.Since.Format(time.RFC3339), a.By)
	}
	return a, nil
}

func decode(value string, to any) error {
	if value == Placeholder {
		return ErrNoRecord
	}
	var header struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal([]byte(value), &header); err != nil {
		return fmt.Errorf("%.200q is not what noren writes: %w", value, err)
	}
	if header.Version != version {
		return fmt.Errorf("it has version %d, want %d: another release of noren wrote it", header.Version, version)
	}
	if err := json.Unmarshal([]byte(value), to); err != nil {
		return fmt.Errorf("%.200q is not what noren writes: %w", value, err)
	}
	return nil
}
