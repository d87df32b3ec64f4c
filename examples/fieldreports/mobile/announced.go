package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// unannounced is how long the app waits before it looks again if no announcement
// is served, or the network is away.
const unannounced = 10 * time.Minute

// An announcement is the content of /maintenance.json. Fields that the app does
// not know are ignored.
type announcement struct {
	Status         string
	ID             string
	ScheduledFor   time.Time
	ScheduledUntil time.Time
	Message        map[string]string
	Mode           string
	PollAfter      int
}

// over reports whether, as far as is known, requests are no longer refused.
func (a announcement) over() bool {
	return a.Mode == "open" || a.Status == "completed" || a.Status == "none"
}

// pause returns the time until the next look, spread so that not all apps look at
// once.
func (a announcement) pause() time.Duration {
	pause := unannounced
	if a.PollAfter > 0 {
		pause = min(time.Duration(a.PollAfter), longestWait/time.Second) * time.Second
	}
	return pause + rand.N(pause/4+1)
}

// message returns the text in the given language, otherwise in English, otherwise
// in any language.
func (a announcement) message(language string) string {
	primary, _, _ := strings.Cut(language, "-")
	for _, tag := range []string{language, primary, "en", "und"} {
		if text := a.Message[tag]; text != "" {
			return text
		}
	}
	for _, text := range a.Message {
		return text
	}
	return ""
}

// keepInformed reads what is planned, and shows it to the user once. The app need
// not send or fetch anything before it begins: it always sends at once and keeps
// syncing. While maintenance refuses requests, the app tries early when the
// announcement says that it is over.
func (a *app) keepInformed(ctx context.Context) {
	shown, inProgress := "", false
	for ctx.Err() == nil {
		said, err := a.announced(ctx)
		if err != nil {
			sleep(ctx, unannounced) // the answers of the API decide; this only adds to them
			continue
		}
		if said.Status == "scheduled" && !said.ScheduledFor.IsZero() && said.ID != shown {
			shown = said.ID
			attributes := []any{"message", said.message(a.language), "from", said.ScheduledFor.Local().Format(time.RFC1123)}
			if !said.ScheduledUntil.IsZero() {
				attributes = append(attributes, "until", said.ScheduledUntil.Local().Format(time.RFC1123))
			}
			a.log.Info("maintenance is planned", attributes...)
		}
		if inProgress && said.over() {
			a.askEarly(rand.N(said.pause() / 4))
		}
		inProgress = !said.over() && said.Status == "in_progress"
		sleep(ctx, said.pause())
	}
}

// announced reads /maintenance.json, to which the API redirects.
func (a *app) announced(ctx context.Context) (announcement, error) {
	got, err := a.client.do(ctx, request{method: http.MethodGet, path: "/maintenance.json"})
	var said announcement
	if err == nil {
		err = json.Unmarshal(got.body, &said)
	}
	return said, err
}

// askEarly shortens the wait of the next request only, whose answer shows whether
// the others must wait longer.
func (a *app) askEarly(after time.Duration) {
	for _, what := range []string{"login", "upload", "sync"} {
		if w := a.waits[what]; w.left() > after {
			a.log.Info("maintenance is said to be over", "what", what, "again", time.Now().Add(after).Format(time.RFC3339))
			w.shorten(after)
			return
		}
	}
}
