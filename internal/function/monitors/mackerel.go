package monitors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

const (
	// mackerelURL is the address of Mackerel's API.
	mackerelURL = "https://api.mackerelio.com"

	// longestDowntime is the limit for a downtime at Mackerel: a downtime that
	// starts on a Sunday ends after a day, whatever its duration. The limit
	// applies to every day, so it does not matter which time zone decides what a
	// Sunday is.
	longestDowntime = 24 * time.Hour
)

// mackerel makes downtimes at Mackerel.
type mackerel struct {
	service
	wanted maintenance.Mackerel
}

// newMackerel returns a Mackerel whose API key is the secret, or the value
// "apiKey" in it.
func newMackerel(wanted maintenance.Mackerel, s service) (*mackerel, error) {
	name := ""
	if s.secret.values != nil {
		name = "apiKey"
	}
	key, err := s.secret.value(name)
	if err != nil {
		return nil, err
	}
	s.header = http.Header{"X-Api-Key": {key}}
	return &mackerel{s, wanted}, nil
}

func (m *mackerel) call(ctx context.Context, method, path string, body, to any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	base := m.wanted.URL
	if base == "" {
		base = mackerelURL
	}
	return m.send(ctx, method, strings.TrimSuffix(base, "/")+"/api/v0/"+path, data, to)
}

// downtime has the fields of a downtime at Mackerel that are read.
type downtime struct {
	ID       string
	Start    int64 // in seconds since 1970
	Duration int64 // in minutes
}

func (m *mackerel) find(ctx context.Context, w window) ([]found, error) {
	var answer struct {
		Downtimes []json.RawMessage `json:"downtimes"`
	}
	if err := m.call(ctx, http.MethodGet, "downtimes", nil, &answer); err != nil {
		return nil, err
	}
	var all []found
	for _, raw := range answer.Downtimes {
		var whole map[string]any
		var d downtime
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber() // what is sent back is what was received
		if err := errors.Join(decoder.Decode(&whole), json.Unmarshal(raw, &d)); err != nil {
			return nil, fmt.Errorf("reading a downtime: %w", err)
		}
		since, ok := sinceOf(whole, w.Prefix)
		start := time.Unix(d.Start, 0)
		end := start.Add(time.Duration(d.Duration) * time.Minute)
		if ok && d.ID != "" && end.After(w.Start) {
			all = append(all, found{d.ID, since, start, end, whole})
		}
	}
	return all, nil
}

func (m *mackerel) begin(ctx context.Context, w window) error {
	body := map[string]any{"name": w.Key, "memo": w.Reason, "start": w.Start.Unix(), "duration": w.Minutes()}
	for name, scopes := range map[string][]string{
		"serviceScopes": m.wanted.Services, "serviceExcludeScopes": m.wanted.ExcludeServices,
		"roleScopes": m.wanted.Roles, "roleExcludeScopes": m.wanted.ExcludeRoles,
		"monitorScopes": m.wanted.Monitors, "monitorExcludeScopes": m.wanted.ExcludeMonitors,
	} {
		if len(scopes) > 0 {
			body[name] = scopes
		}
	}
	return m.call(ctx, http.MethodPost, "downtimes", body, nil)
}

// extend extends a downtime. A downtime that would become too long is replaced: a
// new one begins before the old one ends.
func (m *mackerel) extend(ctx context.Context, f found, w window) error {
	length := w.End.Sub(f.start)
	if length > longestDowntime {
		if err := m.begin(ctx, w); err != nil {
			return err
		}
		return m.remove(ctx, f)
	}
	delete(f.whole, "id")
	f.whole["duration"] = minutes(length)
	return m.call(ctx, http.MethodPut, "downtimes/"+url.PathEscape(f.id), f.whole, nil)
}

func (m *mackerel) end(ctx context.Context, f found, w window) error {
	if err := m.remove(ctx, f); err != nil {
		return err
	}
	if m.wanted.Annotate == "" {
		return nil
	}
	err := m.call(ctx, http.MethodPost, "graph-annotations", map[string]any{
		"service": m.wanted.Annotate, "from": f.since.Unix(), "to": max(w.Start.Unix(), f.since.Unix()),
		"title": "Maintenance", "description": w.of(f).Key,
	}, nil)
	if err != nil {
		return &asideError{fmt.Errorf("the downtime has ended, but its annotation was not made: %w", err)}
	}
	return nil
}

func (m *mackerel) remove(ctx context.Context, f found) error {
	err := m.call(ctx, http.MethodDelete, "downtimes/"+url.PathEscape(f.id), nil, nil)
	if gone(err) {
		return nil
	}
	return err
}
