package window

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/noren-cdk/noren/internal/function/announcement"
	"github.com/noren-cdk/noren/internal/function/monitors"
	night "github.com/noren-cdk/noren/internal/window"
)

// invoke calls another function and waits for it.
func (f *Function) invoke(ctx context.Context, function string, payload any) error {
	_, err := f.request(ctx, function, payload)
	return err
}

// request is like invoke, but returns the function's answer.
func (f *Function) request(ctx context.Context, function string, payload any) ([]byte, error) {
	if function == "" {
		return []byte("{}"), nil // the function was removed since the state machine was deployed
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	out, err := lambda.NewFromConfig(f.Config).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: text})
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", function, err)
	}
	if out.FunctionError != nil {
		var failed struct {
			Message string `json:"errorMessage"`
		}
		_ = json.Unmarshal(out.Payload, &failed) // an unreadable reason is left out
		return nil, fmt.Errorf("%s failed: %s %s", function, aws.ToString(out.FunctionError), failed.Message)
	}
	return out.Payload, nil
}

// planned returns the announcement of the night.
func planned(p night.Payload) *announcement.Announcement {
	return &announcement.Announcement{From: p.From, Until: p.End}
}

// announceScheduled announces the maintenance to clients.
func (f *Function) announceScheduled(ctx context.Context, p night.Payload) (string, error) {
	err := f.invoke(ctx, f.Settings.Announcement, announcement.Request{Announce: planned(p), Status: announcement.Scheduled, ID: p.Window})
	return "clients are told what is to come", err
}

// withdraw withdraws the announcement of a maintenance that does not begin.
func (f *Function) withdraw(ctx context.Context, p night.Payload) (string, error) {
	if err := f.invoke(ctx, f.Settings.Announcement, announcement.Request{Status: announcement.None, ID: p.Window}); err != nil {
		return "", err
	}
	return "clients are no longer told of it", nil
}

// announce tells clients that the maintenance is in progress. A failure does not
// stop the night: clients rely on the 503.
func (f *Function) announce(ctx context.Context, p night.Payload) (string, error) {
	err := f.invoke(ctx, f.Settings.Announcement, announcement.Request{Announce: planned(p), Status: announcement.InProgress, Mode: p.Mode, ID: p.Window})
	if err != nil {
		return "clients were not told: " + err.Error(), nil
	}
	return "clients are told", nil
}

// announceCompleted tells clients that it is over.
func (f *Function) announceCompleted(ctx context.Context, p night.Payload) (string, error) {
	if err := f.invoke(ctx, f.Settings.Announcement, announcement.Request{Status: announcement.Completed, ID: p.Window}); err != nil {
		return "", notYet(err)
	}
	return "clients are told", nil
}

// monitors calls the function that keeps outside monitors quiet. The error says
// which monitors were not handled.
func (f *Function) monitors(ctx context.Context, action monitors.Action, p night.Payload, until time.Time) error {
	payload, err := f.request(ctx, f.Settings.Monitors, monitors.Call{
		Action: action, Stack: f.Settings.Stack, Switch: f.Settings.Switch, Since: p.From, Until: until, Mode: p.Mode,
	})
	if err != nil {
		return err
	}
	var answer monitors.Answer
	if err := json.Unmarshal(payload, &answer); err != nil {
		return fmt.Errorf("%s answers what cannot be read: %w", f.Settings.Monitors, err)
	}
	return answer.Err()
}

// mute begins the downtimes. A failure does not stop the night.
func (f *Function) mute(ctx context.Context, p night.Payload) (string, error) {
	if err := f.monitors(ctx, monitors.Begin, p, p.End); err != nil {
		return "monitors were not muted: " + err.Error(), nil
	}
	return "monitors are muted as long as it is " + string(p.Mode), nil
}

// unmute ends the downtimes: an open product is watched.
func (f *Function) unmute(ctx context.Context, p night.Payload) (string, error) {
	if err := f.monitors(ctx, monitors.End, p, time.Time{}); err != nil {
		return "", notYet(err)
	}
	return "monitors watch", nil
}
