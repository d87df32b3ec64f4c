// Package window describes a planned maintenance as data: what happens, in which
// order, how long each step may take and which steps may be repeated. It renders
// the description as a state machine of AWS Step Functions, and determines from
// the history of an execution how far a night has come. It does not call AWS.
package window

import (
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Window is one planned maintenance.
type Window struct {
	// Start and End are the planned beginning and end. Required.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`

	// Announce is how long before Start clients are told, in nanoseconds.
	// Default: 0, they are told when it begins.
	Announce time.Duration `json:"announce,omitempty"`

	// Mode is the mode that the product changes to: closed or read-only. Required.
	Mode maintenance.Mode `json:"mode"`

	// Changes are the schema changes, in the order in which they run.
	Changes []Change `json:"changes,omitempty"`

	// Verify are the requests that are sent through the bypass before reopening.
	Verify []Request `json:"verify,omitempty"`

	// Ask makes the night ask a person before reopening. Otherwise Verify
	// decides.
	Ask bool `json:"ask"`

	// Announces and Mutes say that there is a function that tells clients, and a
	// function that mutes monitors. Without them, the steps are left out.
	Announces bool `json:"announces"`
	Mutes     bool `json:"mutes"`
}

// Change is a schema change.
type Change struct {
	// Name is the name of the file, without .sql. Required.
	Name string `json:"name"`

	// Digest is the SHA-256 of the file, in hexadecimal.
	Digest string `json:"digest"`

	// Rehearsed is how long its rehearsal took, in nanoseconds.
	Rehearsed time.Duration `json:"rehearsed"`
}

// Request is a request whose answer is known. It only reads, so it can be sent
// any number of times.
type Request struct {
	// Method is GET or HEAD.
	Method string `json:"method"`

	// Path is the path and query, such as /api/health.
	Path string `json:"path"`

	// Status is the expected status.
	Status int `json:"status"`
}

// Late is how late a night may begin. If it began later, it could last into the
// morning.
const Late = 15 * time.Minute

// Early is how early a night may begin, since the clocks of two services differ.
const Early = 2 * time.Minute

// OpensWithin is how long after the planned end a night may still open: the
// question whether to open waits for a day. A night that is continued later may
// find the product closed for another reason.
const OpensWithin = 48 * time.Hour

// Near is how long before the end people are told that it is near.
const Near = 15 * time.Minute

// Extension is how much later than planned clients are told to expect the end, if
// it is near and the product is not open.
const Extension = time.Hour

// ID returns the name of the window in its executions, announcement and
// downtimes. Two windows of a product that start at the same time are the same.
func (w Window) ID() string { return "noren-" + w.Start.UTC().Format("20060102T150405Z") }

// Rehearsed returns how long all changes took in their rehearsals.
func (w Window) Rehearsed() time.Duration {
	var all time.Duration
	for _, c := range w.Changes {
		all += c.Rehearsed
	}
	return all
}
