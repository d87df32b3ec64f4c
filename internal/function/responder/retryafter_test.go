package responder

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRetryAfter(t *testing.T) {
	tests := []struct {
		name      string
		config    Config
		min, max  string
		wantUntil bool
	}{
		{"default", Config{}, "600", "645", false},
		{"configured", Config{RetryAfter: 90 * time.Second}, "90", "108", false},
		{"short", Config{RetryAfter: time.Second}, "1", "1", false},
		{"end in an hour", Config{Until: now.Add(time.Hour)}, "600", "645", true},
		{"end in a minute", Config{Until: now.Add(time.Minute)}, "60", "72", true},
		{"end in less than a second", Config{Until: now.Add(time.Millisecond)}, "1", "1", true},
		{"never before the end", Config{Until: now.Add(10*time.Second + time.Nanosecond)}, "11", "13", true},
		{"the end is later", Config{Until: now.Add(time.Hour), RetryAfter: time.Minute}, "60", "72", true},
		{"the end is sooner", Config{Until: now.Add(time.Minute), RetryAfter: time.Hour}, "60", "72", true},
		{"end is now", Config{Until: now, RetryAfter: time.Minute}, "60", "72", false},
		{"end has passed", Config{Until: now.Add(-time.Hour)}, "600", "645", false},
		{"the spread is bounded", Config{Until: now.Add(20 * time.Hour), RetryAfter: 10 * time.Hour}, "36000", "36045", true},
		{"a plan of 7.5 hours", Config{Until: now.Add(7*time.Hour + 30*time.Minute)}, "600", "645", true},
		{"an end in 5000 years", Config{Until: now.AddDate(5000, 0, 0)}, "600", "645", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := at(now, tt.config, io.Discard)
			for _, end := range []struct {
				random func(int64) int64
				want   string
			}{
				{func(int64) int64 { return 0 }, tt.min},
				{func(max int64) int64 { return max }, tt.max},
			} {
				h.random = end.random
				r := get(t, h)
				var body struct {
					Errors []struct {
						Meta struct {
							RetryAfter json.Number
							Until      string
						}
					}
				}
				if err := json.Unmarshal([]byte(r.body), &body); err != nil {
					t.Fatal(err)
				}
				meta := body.Errors[0].Meta
				if got := r.headers["Retry-After"]; got != end.want || meta.RetryAfter.String() != got {
					t.Errorf("got %s in the header and %s in the body, want %s", got, meta.RetryAfter, end.want)
				}
				if got := meta.Until != ""; got != tt.wantUntil {
					t.Errorf("got until %q, want one: %v", meta.Until, tt.wantUntil)
				}
				page := get(t, h, "accept", "text/html").body
				if got := strings.Count(page, `="`+end.want+`"`); got != 2 || strings.Contains(page, "<time") != tt.wantUntil {
					t.Errorf("got a page that does not agree:\n%s", page)
				}
			}
		})
	}
}

// TestClientsComeBackInTimeAndNotAtOnce checks, for any end, cap and random
// number, that clients come back no earlier than the end or the cap, and at most
// a minute after the cap, so that they notice an early reopening.
func TestClientsComeBackInTimeAndNotAtOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		left := time.Duration(rapid.Int64Range(-int64(time.Hour), int64(48*time.Hour)).Draw(rt, "left"))
		most := time.Duration(rapid.Int64Range(1, int64(MaxRetryAfter/time.Second)).Draw(rt, "retryAfter")) * time.Second
		h := newHandler(Config{Until: now.Add(left), RetryAfter: most}, "", &logger{w: io.Discard})
		h.now = func() time.Time { return now }
		seconds, err := strconv.Atoi(get(t, h).headers["Retry-After"])
		if err != nil {
			rt.Fatal(err)
		}
		wait := time.Duration(seconds) * time.Second
		least := most
		if left > 0 {
			least = min(left, most)
		}
		if wait < least || wait > least+least/5+time.Second || wait > most+time.Minute {
			rt.Fatalf("%v before the end, with a cap of %v, a client is told to wait %v", left, most, wait)
		}
	})
}

func TestWaitsAreSpread(t *testing.T) {
	h := newHandler(Config{}, "", &logger{w: io.Discard})
	seen := map[string]bool{}
	for range 1000 {
		seen[get(t, h).headers["Retry-After"]] = true
	}
	if len(seen) < 40 {
		t.Errorf("1000 clients come back at %d different times, want at least 40 of 46", len(seen))
	}
}
