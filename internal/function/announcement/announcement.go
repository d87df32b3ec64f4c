// Package announcement keeps /maintenance.json: the announcement, which a deploy
// or a planned night writes, and the mode, which comes with the mode event or
// from noren close, open and read-only. The listener decides what clients may do;
// the document tells them beforehand, and when the maintenance is over.
package announcement

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// The environment variables of the function.
const (
	// BucketVariable is the name of the bucket.
	BucketVariable = "ANNOUNCEMENT_BUCKET"
	keyVariable    = "ANNOUNCEMENT_KEY"
)

// PhysicalID is the id of the custom resource. It never changes.
const PhysicalID = "noren-announcement"

// Settings say where the document is kept.
type Settings struct{ Bucket, Key string }

// Environment encodes the settings as environment variables.
func (s Settings) Environment() map[string]string {
	return map[string]string{BucketVariable: s.Bucket, keyVariable: s.Key}
}

// Handler handles the events of the function. Make it with FromEnvironment.
type Handler struct {
	store Store
	log   *slog.Logger
}

// FromEnvironment returns the handler that the environment variables describe.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log *slog.Logger) *Handler {
	return &Handler{Store{S3: s3.NewFromConfig(cfg), Bucket: getenv(BucketVariable), Key: getenv(keyVariable), Now: time.Now}, log}
}

// event is any event of the function: an event of CloudFormation for the custom
// resource, a mode event, or a Request.
type event struct {
	RequestType string          `json:"RequestType"`
	Source      string          `json:"source"`
	DetailType  string          `json:"detail-type"`
	Detail      json.RawMessage `json:"detail"`
}

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

// Invoke handles one event.
func (h *Handler) Invoke(ctx context.Context, payload json.RawMessage) (struct{}, error) {
	err := h.handle(ctx, payload)
	if err != nil {
		h.log.Error("the announcement was not written", "cause", err.Error())
	}
	return struct{}{}, err
}

func (h *Handler) handle(ctx context.Context, payload json.RawMessage) error {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return fmt.Errorf("the event is not a JSON object: %w", err)
	}
	switch {
	case e.RequestType != "":
		var c cfn.Event
		if err := json.Unmarshal(payload, &c); err != nil {
			return fmt.Errorf("the event of CloudFormation: %w", err)
		}
		_, err := cfn.LambdaWrap(h.deployed)(ctx, c)
		return err
	case e.DetailType != "":
		return h.turned(ctx, e)
	}
	var r Request
	d := json.NewDecoder(strings.NewReader(string(payload)))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return fmt.Errorf("want announce, status, mode and id, or a mode event: %w", err)
	}
	return h.asked(ctx, r)
}

// deployed writes what the deploy announces. It leaves the document when the
// resource is deleted: the document is deleted with the bucket.
func (h *Handler) deployed(ctx context.Context, e cfn.Event) (string, map[string]any, error) {
	id := cmp.Or(e.PhysicalResourceID, PhysicalID)
	if e.RequestType == cfn.RequestDelete {
		return id, nil, nil
	}
	a, err := Decode(e.ResourceProperties)
	if err == nil {
		err = h.store.Change(ctx, func(d Document) Document { return d.Announced(a, "") })
	}
	return id, nil, err
}

// turned writes the mode that the product was turned to.
func (h *Handler) turned(ctx context.Context, e event) error {
	if e.Source != live.EventSource || e.DetailType != live.EventDetailType {
		return fmt.Errorf("want %q of %q, got %q of %q", live.EventDetailType, live.EventSource, e.DetailType, e.Source)
	}
	var turn live.ModeEvent
	if err := json.Unmarshal(e.Detail, &turn); err != nil {
		return fmt.Errorf("the mode event: %w", err)
	}
	if !turn.To.Valid() {
		return fmt.Errorf("the mode event: unknown mode %q: want open, read-only or closed", turn.To)
	}
	if turn.Since.IsZero() { // by someone who has just changed it
		turn.Since = h.store.Now()
	}
	return h.store.Change(ctx, func(d Document) Document { return d.Turned(turn.To, turn.Since, turn.Until) })
}

// asked does what a Request asks for.
func (h *Handler) asked(ctx context.Context, r Request) error {
	var a maintenance.Announcement
	switch {
	case r.Announce != nil:
		a = maintenance.Announcement{From: r.Announce.From, Until: r.Announce.Until, Message: r.Announce.Message}
		if err := a.CheckTimes(); err != nil {
			return fmt.Errorf("announce: %w", err)
		}
	case r.Status == "":
		return errors.New("want announce, status or both")
	}
	if r.Mode != "" && (!r.Mode.Valid() || r.Mode == maintenance.Open) {
		return fmt.Errorf("mode: want read-only or closed, got %q", r.Mode)
	}
	switch r.Status {
	case "", Scheduled, InProgress, Completed:
	case None:
		if r.Announce != nil || r.ID == "" {
			return errors.New("status none takes back an announcement: want its id, and no other announcement")
		}
		return h.store.Change(ctx, func(d Document) Document {
			if d.ID != r.ID {
				return d
			}
			return d.Announced(maintenance.Announcement{}, "")
		})
	default:
		return fmt.Errorf("status: want scheduled, in_progress, completed or none, got %q", r.Status)
	}
	now := h.store.Now()
	return h.store.Change(ctx, func(d Document) Document {
		if r.Announce != nil {
			a := a
			if a.Message == nil && a.From.Equal(d.ScheduledFor) {
				a.Message = d.Message // of the same announcement, by the deploy
			}
			d = d.Announced(a, r.ID)
		} else if r.ID != "" {
			d.ID = r.ID
		}
		switch r.Status {
		case InProgress:
			to := r.Mode
			if to == "" && d.Mode != maintenance.Open {
				to = d.Mode
			}
			if to = cmp.Or(to, maintenance.Closed); to != d.Mode {
				d = d.Turned(to, now, time.Time{})
			}
			d.Status = InProgress
		case Completed:
			if d.Mode != maintenance.Open {
				d = d.Turned(maintenance.Open, now, time.Time{})
			}
			d.Status = Completed
		case Scheduled:
			if d.Mode == maintenance.Open {
				d.Status = Scheduled
			}
		}
		return d
	})
}
