// Package keeper is the function that keeps /maintenance.json in a bucket: the
// announcement, which a deploy or a planned night writes, and the mode, which
// comes with the mode event or from noren close, open and read-only.
package keeper

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

	"github.com/noren-cdk/noren/internal/function/announcement"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/maintenance"
)

// PhysicalID is the id of the custom resource. It never changes.
const PhysicalID = "noren-announcement"

// Handler handles the events of the function. Make it with FromEnvironment.
type Handler struct {
	store Store
	log   *slog.Logger
}

// FromEnvironment returns the handler that the environment variables describe.
func FromEnvironment(getenv func(string) string, cfg aws.Config, log *slog.Logger) *Handler {
	return &Handler{Store{S3: s3.NewFromConfig(cfg), Bucket: getenv(announcement.BucketVariable), Key: getenv(announcement.KeyVariable), Now: time.Now}, log}
}

// event is any event of the function: an event of CloudFormation for the custom
// resource, a mode event, or an [announcement.Request].
type event struct {
	RequestType string          `json:"RequestType"`
	Source      string          `json:"source"`
	DetailType  string          `json:"detail-type"`
	Detail      json.RawMessage `json:"detail"`
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
	var r announcement.Request
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
	a, err := announcement.Decode(e.ResourceProperties)
	if err == nil {
		err = h.store.Change(ctx, func(d announcement.Document) announcement.Document { return d.Announced(a, "") })
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
	return h.store.Change(ctx, func(d announcement.Document) announcement.Document { return d.Turned(turn.To, turn.Since, turn.Until) })
}

// asked does what a request asks for.
func (h *Handler) asked(ctx context.Context, r announcement.Request) error {
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
	case "", announcement.Scheduled, announcement.InProgress, announcement.Completed:
	case announcement.None:
		if r.Announce != nil || r.ID == "" {
			return errors.New("status none takes back an announcement: want its id, and no other announcement")
		}
		return h.store.Change(ctx, func(d announcement.Document) announcement.Document {
			if d.ID != r.ID {
				return d
			}
			return d.Announced(maintenance.Announcement{}, "")
		})
	default:
		return fmt.Errorf("status: want scheduled, in_progress, completed or none, got %q", r.Status)
	}
	now := h.store.Now()
	return h.store.Change(ctx, func(d announcement.Document) announcement.Document {
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
		case announcement.InProgress:
			to := r.Mode
			if to == "" && d.Mode != maintenance.Open {
				to = d.Mode
			}
			if to = cmp.Or(to, maintenance.Closed); to != d.Mode {
				d = d.Turned(to, now, time.Time{})
			}
			d.Status = announcement.InProgress
		case announcement.Completed:
			if d.Mode != maintenance.Open {
				d = d.Turned(maintenance.Open, now, time.Time{})
			}
			d.Status = announcement.Completed
		case announcement.Scheduled:
			if d.Mode == maintenance.Open {
				d.Status = announcement.Scheduled
			}
		}
		return d
	})
}
