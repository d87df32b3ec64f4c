package states

import (
	"context"
	"time"
)

// Clock is the source of time of an execution.
type Clock interface {
	// Now returns the time.
	Now() time.Time

	// Wait waits for d, in a Wait state and before another attempt. It returns
	// the error of ctx if ctx ends first.
	Wait(ctx context.Context, d time.Duration) error

	// Limit returns a context that ends after d, for the timeout of a state or of
	// the execution.
	Limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
}

// WallClock is the clock of this machine.
type WallClock struct{}

// Now implements [Clock].
func (WallClock) Now() time.Time { return time.Now() }

// Wait implements [Clock].
func (WallClock) Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Limit implements [Clock].
func (WallClock) Limit(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d, errTimeout)
}
