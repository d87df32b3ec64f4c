package preview

import (
	"context"
	"time"

	"github.com/noren-cdk/noren/internal/preview/states"
)

// shortest is how long the preview waits where a night would wait longer.
const shortest = 200 * time.Millisecond

// nightClock is the clock of a night that begins when it is played, whenever it
// is planned. Waits are shortened; limits are not, so that work has the time that
// it will have.
type nightClock struct {
	states.WallClock
	planned, begun time.Time
}

// Now implements [states.Clock].
func (c nightClock) Now() time.Time { return c.planned.Add(time.Since(c.begun)) }

// Wait implements [states.Clock].
func (c nightClock) Wait(ctx context.Context, d time.Duration) error {
	return c.WallClock.Wait(ctx, min(d, shortest))
}
