package monitors

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// Action is what a Call asks for.
type Action string

const (
	Begin  Action = "begin"  // before the product closes
	Extend Action = "extend" // while it is closed
	End    Action = "end"    // after it has opened
)

// Call is the payload of a direct invocation.
type Call struct {
	// Action is what to do. Begin and Extend do the same: they extend an existing
	// downtime, or begin one. Required.
	Action Action `json:"action"`

	// Stack and Switch name what is closed. Default: the function's own.
	Stack  string `json:"stack"`
	Switch string `json:"switch"`

	// Since is the beginning of the maintenance. Default: now.
	Since time.Time `json:"since,omitzero"`

	// Until is the planned end, for people. Default: none is known.
	Until time.Time `json:"until,omitzero"`

	// Mode is the new mode of the product. Default: closed.
	Mode maintenance.Mode `json:"mode,omitempty"`
}

// UnmarshalJSON decodes a call. An empty text is a missing time.
func (c *Call) UnmarshalJSON(data []byte) error {
	type plain Call
	var texts struct {
		plain
		Since string `json:"since"`
		Until string `json:"until"`
	}
	if err := json.Unmarshal(data, &texts); err != nil {
		return err
	}
	*c = Call(texts.plain)
	for name, to := range map[string]*time.Time{"since": &c.Since, "until": &c.Until} {
		text := map[string]string{"since": texts.Since, "until": texts.Until}[name]
		if text == "" {
			continue
		}
		var err error
		if *to, err = time.Parse(time.RFC3339, text); err != nil {
			return fmt.Errorf("%s %q: want a time such as 2026-12-01T04:00:00Z", name, text)
		}
	}
	return nil
}

// asked is a payload: a call, a mode event, or neither if it comes from the
// schedule.
type asked struct {
	call  *Call
	event *live.ModeEvent
}

// read reads a payload.
func read(payload json.RawMessage) (asked, error) {
	var header struct {
		Action     *Action         `json:"action"`
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(payload, &header); err != nil {
		return asked{}, fmt.Errorf("the payload cannot be read: %w", err)
	}
	switch {
	case header.Action != nil:
		call := Call{}
		if err := json.Unmarshal(payload, &call); err != nil {
			return asked{}, fmt.Errorf("the payload cannot be read: %w", err)
		}
		switch call.Action {
		case Begin, Extend, End:
		default:
			return asked{}, fmt.Errorf("unknown action %q: want begin, extend or end", call.Action)
		}
		if call.Mode == "" {
			call.Mode = maintenance.Closed
		}
		if !call.Mode.Valid() {
			return asked{}, fmt.Errorf("unknown mode %q: want open, read-only or closed", string(call.Mode))
		}
		return asked{call: &call}, nil
	case header.Source == live.EventSource && header.DetailType == live.EventDetailType:
		var event live.ModeEvent
		if err := json.Unmarshal(header.Detail, &event); err != nil {
			return asked{}, fmt.Errorf("the mode event cannot be read: %w", err)
		}
		if !event.To.Valid() || event.Since.IsZero() {
			return asked{}, fmt.Errorf("the mode event has mode %q since %v: want open, read-only or closed, and a time", string(event.To), event.Since)
		}
		return asked{event: &event}, nil
	case header.Source == scheduleSource:
		return asked{}, nil
	}
	return asked{}, fmt.Errorf("unknown payload of source %q: want an action, a mode event or the event of a schedule", header.Source)
}

// scheduleSource is the source of the events of EventBridge's schedules.
const scheduleSource = "aws.events"
