package responder

import "time"

const (
	// maxSpread bounds how much later than needed a client comes back.
	maxSpread = 10 * time.Minute

	// maxWait bounds all waits: a browser's timer of more than 2^31 milliseconds
	// fires at once instead of in 25 days.
	maxWait = 24 * 24 * time.Hour
)

// retryAfter is how many seconds a client is told to wait, and whether that is
// for the planned end. It is never before the end, and later by a random part
// of up to a fifth, so that not all clients come back in the same second.
// random returns a number from 0 up to its argument.
func (c Config) retryAfter(now time.Time, random func(int64) int64) (seconds int64, planned bool) {
	wait := c.RetryAfter
	if wait == 0 {
		wait = DefaultRetryAfter
	}
	if left := c.Until.Sub(now); !c.Until.IsZero() && left > 0 {
		wait, planned = left, true
	}
	wait = min(wait, maxWait-maxSpread)
	seconds = int64((wait + time.Second - 1) / time.Second)
	return seconds + random(min(seconds/5, int64(maxSpread/time.Second))), planned
}
