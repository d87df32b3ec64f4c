package monitors

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

const (
	// Lease is how long a downtime lasts unless it is extended.
	Lease = 30 * time.Minute

	// Every is how often the function is invoked to extend current downtimes and
	// to end those that should not exist.
	Every = 5 * time.Minute

	// renew is how much of the lease remains when it is extended.
	renew = 20 * time.Minute

	// grace is the age of a downtime after which the schedule ends it because the
	// product is open: closing begins the downtime before the listener changes.
	grace = 15 * time.Minute
)

// window is a planned downtime, with the values that templates may use.
type window struct {
	// Key is noren/STACK/SWITCH/SINCE, by which it is found again.
	Key string

	// Prefix is the Key without SINCE, which all downtimes of the switch share.
	Prefix string

	// Stack and Switch name what is closed.
	Stack, Switch string

	// Since is when the maintenance began, and Until its planned end, zero if
	// there is none.
	Since, Until time.Time

	// Start is now, and End the end of the downtime unless it is extended.
	Start, End time.Time

	// Reason is a sentence for people.
	Reason string

	// ID is the id of the downtime. Empty in Find and Begin.
	ID string
}

// Minutes returns the length of the downtime, rounded up.
func (w window) Minutes() int { return minutes(w.End.Sub(w.Start)) }

// minutes returns a duration in minutes, rounded up, at least 1.
func minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }

// window returns the downtime of a current maintenance.
func (s Settings) window(since, until, now time.Time) window {
	if since.IsZero() || since.After(now) {
		since = now
	}
	w := window{
		Prefix: "noren/" + s.Stack + "/" + s.SwitchName + "/", Stack: s.Stack, Switch: s.SwitchName,
		Since: since.UTC().Truncate(time.Second), Until: until.UTC(), Start: now.UTC().Truncate(time.Second),
		Reason: "Planned maintenance of " + s.Stack,
	}
	w.End = w.Start.Add(Lease)
	w.Key = w.Prefix + w.Since.Format(time.RFC3339)
	if !until.IsZero() {
		w.Reason += " until about " + w.Until.Format(time.RFC3339)
	}
	return w
}

// of returns the window of a downtime that was found, with its own key.
func (w window) of(f found) window {
	w.ID, w.Since, w.Key = f.id, f.since, w.Prefix+f.since.Format(time.RFC3339)
	return w
}

// found is a downtime at a service.
type found struct {
	id    string
	since time.Time // when the maintenance began, from its key
	start time.Time // zero if the service does not give it, like end
	end   time.Time
	whole map[string]any // as the service has it
}

// sinceIn matches the time in a key after its prefix.
var sinceIn = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z`)

// sinceOf returns the time in the first key with the prefix in any text of a
// value.
func sinceOf(value any, prefix string) (time.Time, bool) {
	switch v := value.(type) {
	case string:
		for _, part := range strings.Split(v, prefix)[1:] {
			if since, err := time.Parse(time.RFC3339, sinceIn.FindString(part)); err == nil {
				return since, true
			}
		}
	case map[string]any:
		for _, inner := range v {
			if since, ok := sinceOf(inner, prefix); ok {
				return since, true
			}
		}
	case []any:
		for _, inner := range v {
			if since, ok := sinceOf(inner, prefix); ok {
				return since, true
			}
		}
	}
	return time.Time{}, false
}

// last returns the downtime that lasts longest. A downtime whose end is not known
// counts as the longest, and is extended each time.
func last(all []found) found {
	return slices.MaxFunc(all, func(a, b found) int {
		switch {
		case a.end.IsZero() == b.end.IsZero():
			return a.end.Compare(b.end)
		case a.end.IsZero():
			return 1
		}
		return -1
	})
}

// quiet reports whether a monitor should be quiet in a mode.
func quiet(m maintenance.Monitor, mode maintenance.Mode) bool {
	return mode == maintenance.Closed || mode == maintenance.ReadOnly && m.WhileReadOnly
}
