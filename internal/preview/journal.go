package preview

import (
	"slices"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// journal holds the last requests, and wakes up those who watch them.
type journal struct {
	mu       sync.Mutex
	last     []edge.Observation // the newest at the end
	watchers map[chan struct{}]bool
	ended    bool
	tally    tally
}

// kept is the number of requests that are shown.
const kept = 50

func (j *journal) add(o edge.Observation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.last) == kept {
		copy(j.last, j.last[1:])
		j.last = j.last[:kept-1]
	}
	j.last = append(j.last, o)
	j.tally.add(o)
	j.wake()
}

// flipped records that the mode has changed.
func (j *journal) flipped(mode string, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tally.flipped(mode, at)
	j.wake()
}

// changed wakes up the watchers.
func (j *journal) changed() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.wake()
}

// counts returns how often a rule was used since the last flip, and its targets.
func (j *journal) counts(listener, rule string) (int64, []targetCount) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.tally.of(listener, rule)
}

// flips returns the last changes of the mode, beginning with the initial mode.
func (j *journal) flips() []flip {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.tally.flips)
}

func (j *journal) wake() {
	for w := range j.watchers {
		select {
		case w <- struct{}{}:
		default: // it has not handled the previous change yet
		}
	}
}

func (j *journal) requests() []edge.Observation {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]edge.Observation(nil), j.last...)
}

// watch returns a channel that receives a value when there is something new, and
// is closed at the end. The returned function ends the watch.
func (j *journal) watch() (<-chan struct{}, func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := make(chan struct{}, 1)
	if j.ended {
		close(w)
		return w, func() {}
	}
	if j.watchers == nil {
		j.watchers = map[chan struct{}]bool{}
	}
	j.watchers[w] = true
	return w, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.watchers, w)
	}
}

// end ends all watches.
func (j *journal) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
	for w := range j.watchers {
		close(w)
	}
	j.watchers = nil
}
