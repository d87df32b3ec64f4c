package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// noticePause is the pause before the next look after one has failed, and the
// shortest pause that the document may ask for.
const noticePause = time.Minute

// A notice is what the service knows about maintenance. The load balancer refuses
// new requests, but still serves connections that were open before; so the
// service ends those itself.
type notice struct {
	url    string // of maintenance.json
	client http.Client
	log    *slog.Logger
	on     atomic.Bool
}

// keep reads the document until ctx ends.
func (n *notice) keep(ctx context.Context) {
	for ctx.Err() == nil {
		pause, err := n.look(ctx)
		if err != nil && ctx.Err() == nil {
			n.log.Warn("whether maintenance is on is not known", "error", err.Error())
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// look reads the document, and returns when to look again. A document that cannot
// be read changes nothing.
func (n *notice) look(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url, nil)
	if err != nil {
		return noticePause, err
	}
	answer, err := n.client.Do(request)
	if err != nil {
		return noticePause, err
	}
	defer answer.Body.Close()
	var said struct {
		Mode      string
		PollAfter int
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&said); err != nil || answer.StatusCode != http.StatusOK {
		return noticePause, fmt.Errorf("%s: status %d, %w", n.url, answer.StatusCode, err)
	}
	on := said.Mode == "closed" || said.Mode == "read-only"
	if n.on.Swap(on) != on {
		n.log.Info("maintenance", "mode", said.Mode)
	}
	return max(noticePause, min(time.Duration(said.PollAfter)*time.Second, 10*time.Minute)), nil
}

// ends ends every connection with its next answer while maintenance is on.
// Closing idle connections would cause a 502 for a request that the load balancer
// sends at that moment. A WebSocket or a stream would have to be ended here as
// well: this service has none.
func (n *notice) ends(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.on.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
