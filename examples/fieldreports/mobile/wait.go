package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// A wait is the time for which maintenance has asked. It outlives the process.
type wait struct {
	file string
	mu   sync.Mutex
	end  time.Time
	all  time.Duration
}

// openWait reads the wait that is in file, if there is one.
func openWait(file string) *wait {
	w := &wait{file: file}
	var kept struct {
		Until   time.Time
		Seconds float64
	}
	if content, err := os.ReadFile(file); err == nil && json.Unmarshal(content, &kept) == nil {
		w.end, w.all = kept.Until, time.Duration(kept.Seconds*float64(time.Second))
	}
	return w
}

// set begins to wait for retryAfter and up to a tenth more: some waiting may be
// added to what the service has asked for, and none taken away.
func (w *wait) set(retryAfter time.Duration) (until time.Time, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = retryAfter + time.Duration(rand.Int64N(int64(retryAfter)/10+1))
	w.end = time.Now().Add(w.all)
	content, err := json.Marshal(map[string]any{"until": w.end, "seconds": w.all.Seconds()})
	if err != nil {
		return w.end, err
	}
	return w.end, save(w.file, content)
}

// left is how long there is still to wait: never longer than was asked for, also
// if the clock of the phone was set back.
func (w *wait) left() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return min(time.Until(w.end), w.all)
}

// pass returns when the wait is over. It is over for good: the file is left, and
// says nothing any more.
func (w *wait) pass(ctx context.Context) error {
	for left := w.left(); left > 0 && ctx.Err() == nil; left = w.left() {
		sleep(ctx, left)
	}
	return ctx.Err()
}
