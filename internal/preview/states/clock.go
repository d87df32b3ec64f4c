package states

import (
	"context"
	"time"
)

// Clock is what an execution knows of time.
type Clock interface {
	// Now returns the time.
	Now() time.Time

	// Wait waits, in a Wait state and before another attempt, or returns the error
	// of ctx.
	Wait(ctx context.Context, d time.Duration) error

	// Limit ends the context after d: a state has that much time, or the
	// execution.
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
