package turn

import (
	"context"
	"time"
)

// Intervals between two calls to CloudFormation. The waiters of the SDK wait 30
// seconds, longer than a flip takes.
const (
	firstPoll = 2 * time.Second
	lastPoll  = 8 * time.Second
)

// poll waits longer each time, up to four times its first interval.
type poll struct {
	interval, most time.Duration
}

func newPoll(first time.Duration) *poll {
	if first <= 0 {
		first = firstPoll
	}
	return &poll{interval: first, most: first * (lastPoll / firstPoll)}
}

// next waits. It returns the error of ctx if ctx ends first.
func (p *poll) next(ctx context.Context) error {
	timer := time.NewTimer(p.interval)
	defer timer.Stop()
	p.interval = min(p.interval*5/4, p.most)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
