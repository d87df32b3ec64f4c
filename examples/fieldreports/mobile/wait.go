package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"time"
)

// longestWait limits every wait. A longer one is not from the product, or is from
// a damaged file.
const longestWait = 24 * time.Hour

// A wait is the time that maintenance has asked to wait. It outlives the process,
// and is never longer than was asked for, whatever happens to the clock.
type wait struct {
	file    string
	mu      sync.Mutex
	end     time.Time     // with a monotonic reading
	shorter chan struct{} // the end was moved closer
}

// openWait reads the wait from file, if there is one. The phone's clock may have
// been set since: the wait is then at most the time that was asked for.
func openWait(file string) *wait {
	w := &wait{file: file, shorter: make(chan struct{}, 1)}
	var kept struct {
		Until   time.Time
		Seconds float64
	}
	if content, err := os.ReadFile(file); err == nil && json.Unmarshal(content, &kept) == nil {
		asked := time.Duration(min(kept.Seconds, longestWait.Seconds()) * float64(time.Second))
		w.end = time.Now().Add(min(time.Until(kept.Until), asked))
	}
	return w
}

// set begins to wait for retryAfter, which is already spread: nothing is added or
// subtracted.
func (w *wait) set(retryAfter time.Duration) (until time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	retryAfter = min(retryAfter, longestWait)
	w.end = time.Now().Add(retryAfter)
	content, err := json.Marshal(map[string]any{"until": w.end, "seconds": retryAfter.Seconds()})
	if err != nil {
		return w.end, err
	}
	return w.end, save(w.file, content)
}

// left returns the remaining time, by the monotonic clock.
func (w *wait) left() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Until(w.end)
}

// shorten ends the wait after d, if it would last longer. It is not stored for a
// restart.
func (w *wait) shorten(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if end := time.Now().Add(d); end.Before(w.end) {
		w.end = end
		select {
		case w.shorter <- struct{}{}:
		default: // already notified
		}
	}
}

// pass returns when the wait is over. The file stays, but has no effect any more.
func (w *wait) pass(ctx context.Context) error {
	for left := w.left(); left > 0 && ctx.Err() == nil; left = w.left() {
		select {
		case <-ctx.Done():
		case <-w.shorter:
		case <-time.After(left):
		}
	}
	return ctx.Err()
}
