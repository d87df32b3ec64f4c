package main

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// trusted is the difference between the phone's clock and the service's up to
// which the phone's is used as it is. Answers take seconds, and time zones do not
// matter.
const trusted = 5 * time.Minute

// A clock is the phone's clock, corrected by the Date of the service's answers.
type clock struct {
	offset atomic.Pointer[time.Duration] // nil before the first answer
}

// learn reads the time from an answer.
func (c *clock) learn(answer http.Header) {
	date, err := http.ParseTime(answer.Get("Date"))
	if err != nil {
		return
	}
	offset := time.Until(date)
	if offset.Abs() < trusted {
		offset = 0
	}
	c.offset.Store(&offset)
}

// now returns the time by the service's clock, and whether that is known.
func (c *clock) now() (now time.Time, known bool) {
	if offset := c.offset.Load(); offset != nil {
		return time.Now().Add(*offset), true
	}
	return time.Now(), false
}

// correct returns the body of a report with the time of writing by the service's
// clock. It returns false if that changes nothing or is not known.
func (c *clock) correct(body []byte) ([]byte, bool) {
	offset := c.offset.Load()
	var report map[string]json.RawMessage
	if offset == nil || json.Unmarshal(body, &report) != nil {
		return nil, false
	}
	now := time.Now().Add(*offset)
	var written time.Time
	if json.Unmarshal(report["writtenAt"], &written) != nil {
		written = now
	} else if written = written.Add(*offset); written.After(now) || now.Sub(written) > 365*24*time.Hour {
		written = now // the clock was set since: now is the best estimate
	}
	text, err := written.UTC().Truncate(time.Millisecond).MarshalJSON()
	if err != nil || string(text) == string(report["writtenAt"]) {
		return nil, false
	}
	report["writtenAt"] = text
	corrected, err := json.Marshal(report)
	return corrected, err == nil
}
