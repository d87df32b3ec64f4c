package window

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	night "github.com/noren-cdk/noren/internal/window"
)

// invoke calls another function and waits for it.
func (f *Function) invoke(ctx context.Context, function string, payload any) error {
	if function == "" {
		return nil // it was taken away since the state machine was deployed
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	out, err := lambda.NewFromConfig(f.Config).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: text})
	if err != nil {
		return fmt.Errorf("calling %s: %w", function, err)
	}
	if out.FunctionError != nil {
		var failed struct {
			Message string `json:"errorMessage"`
		}
		_ = json.Unmarshal(out.Payload, &failed) // what cannot be read is not said
		return fmt.Errorf("%s failed: %s %s", function, aws.ToString(out.FunctionError), failed.Message)
	}
	return nil
}

// announcement is what the function that tells clients takes.
type announcement struct {
	Announce *span  `json:"announce,omitempty"`
	Status   string `json:"status"`
	Mode     string `json:"mode,omitempty"`
	ID       string `json:"id"`
}

type span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// announceScheduled tells clients what is to come.
func (f *Function) announceScheduled(ctx context.Context, p night.Payload) (string, error) {
	err := f.invoke(ctx, f.Settings.Announcement, announcement{&span{p.From, p.End}, "scheduled", "", p.Window})
	return "clients are told what is to come", err
}

// announce tells clients that it is in progress. A night is not stopped by a
// failure of that: the 503 is what clients go by.
func (f *Function) announce(ctx context.Context, p night.Payload) (string, error) {
	err := f.invoke(ctx, f.Settings.Announcement, announcement{&span{p.From, p.End}, "in_progress", string(p.Mode), p.Window})
	if err != nil {
		return "clients were not told: " + err.Error(), nil
	}
	return "clients are told", nil
}

// announceCompleted tells clients that it is over.
func (f *Function) announceCompleted(ctx context.Context, p night.Payload) (string, error) {
	if err := f.invoke(ctx, f.Settings.Announcement, announcement{nil, "completed", "", p.Window}); err != nil {
		return "", notYet(err)
	}
	return "clients are told", nil
}

// muting is what the function that mutes monitors takes. It knows a downtime by
// stack, switch and since.
type muting struct {
	Action string    `json:"action"`
	Stack  string    `json:"stack"`
	Switch string    `json:"switch"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"`
}

func (f *Function) muting(action string, p night.Payload, until time.Time) muting {
	return muting{action, f.Settings.Stack, f.Settings.Switch, p.From, until}
}

// mute begins the downtimes. A night is not stopped by a failure of that.
func (f *Function) mute(ctx context.Context, p night.Payload) (string, error) {
	if err := f.invoke(ctx, f.Settings.Monitors, f.muting("begin", p, p.End)); err != nil {
		return "monitors were not muted: " + err.Error(), nil
	}
	return "monitors are muted until " + p.End.Format(time.RFC3339), nil
}

// unmute ends the downtimes: an open product is watched.
func (f *Function) unmute(ctx context.Context, p night.Payload) (string, error) {
	if err := f.invoke(ctx, f.Settings.Monitors, f.muting("end", p, time.Time{})); err != nil {
		return "", notYet(err)
	}
	return "monitors watch", nil
}
