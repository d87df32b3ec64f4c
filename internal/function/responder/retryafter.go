package responder

import (
	"cmp"
	"time"
)

// maxSpread limits how much later than necessary a client comes back: after an
// early end, the last one arrives within a minute after RetryAfter.
const maxSpread = 45 * time.Second

// retryAfter returns how many seconds a client is told to wait, and whether a
// planned end is still ahead. The time is RetryAfter, or the time to the end if
// that is shorter: whatever the plan is, a maintenance that ends early must not
// keep anyone out. A random part of up to a fifth is added, so that not all
// clients come back in the same second. random returns a number from 0 up to its
// argument.
func (c Config) retryAfter(now time.Time, random func(int64) int64) (seconds int64, planned bool) {
	wait := cmp.Or(c.RetryAfter, DefaultRetryAfter)
	if left := c.Until.Sub(now); !c.Until.IsZero() && left > 0 {
		wait, planned = min(wait, left), true
	}
	seconds = int64((wait + time.Second - 1) / time.Second)
	return seconds + random(min(seconds/5, int64(maxSpread/time.Second))), planned
}
