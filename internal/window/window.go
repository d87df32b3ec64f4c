// Package window describes a planned maintenance as data: what is to happen, in
// which order, how long each step may take and which steps may be repeated. It
// renders the description as a state machine of AWS Step Functions, and tells
// from the history of an execution how far a night has come. It asks AWS
// nothing.
package window

import (
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Window is one planned maintenance.
type Window struct {
	// Start and End are when it is planned to begin and to end. Required.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`

	// Announce is how long before Start clients are told of it, in nanoseconds.
	// Default: only when it begins.
	Announce time.Duration `json:"announce,omitempty"`

	// Mode is the mode that the product changes to: closed or read-only. Required.
	Mode maintenance.Mode `json:"mode"`

	// Changes are the schema changes, in the order in which they run.
	Changes []Change `json:"changes,omitempty"`

	// Verify are the requests that are sent through the bypass before reopening.
	Verify []Request `json:"verify,omitempty"`

	// Ask says that a person is asked before reopening. Otherwise Verify decides.
	Ask bool `json:"ask"`

	// Announces and Mutes say that there is a function that tells clients, and a
	// function that mutes monitors. Without it the steps are left out.
	Announces bool `json:"announces"`
	Mutes     bool `json:"mutes"`
}

// Change is a schema change.
type Change struct {
	// Name is that of the file, without .sql. Required.
	Name string `json:"name"`

	// Digest is the SHA-256 of the file, in hexadecimal.
	Digest string `json:"digest"`

	// Rehearsed is how long its rehearsal took, in nanoseconds.
	Rehearsed time.Duration `json:"rehearsed"`
}

// Request is a request whose answer is known. It reads, so that it can be sent
// any number of times.
type Request struct {
	// Method is GET or HEAD.
	Method string `json:"method"`

	// Path is the path with the query, such as /api/health.
	Path string `json:"path"`

	// Status is the status that is expected.
	Status int `json:"status"`
}

// Late is how late a night may begin. Later, what it needs would reach into the
// morning.
const Late = 15 * time.Minute

// Early is how early a night may begin: the clocks of two services differ.
const Early = 2 * time.Minute

// OpensWithin is how long after the planned end a night still opens: the question
// whether to open waits for a day. A night that is continued later than that may
// find the product closed for another reason.
const OpensWithin = 48 * time.Hour

// Near is how long before the end people are told that it is near.
const Near = 15 * time.Minute

// Extension is how much later than planned clients are told to expect the end,
// once it is near and the product is not open.
const Extension = time.Hour

// ID names the window: its executions, announcement and downtimes. Two windows of
// a product that start at the same time are the same.
func (w Window) ID() string { return "noren-" + w.Start.UTC().Format("20060102T150405Z") }

// Rehearsed returns how long all changes took when they were rehearsed.
func (w Window) Rehearsed() time.Duration {
	var all time.Duration
	for _, c := range w.Changes {
		all += c.Rehearsed
	}
	return all
}
