package lambdaruntime

import (
	"crypto/rand"
	"fmt"
	"time"
)

// invocation is a payload on its way to a process, and its result.
type invocation struct {
	id      string
	payload []byte
	result  chan result // receives exactly one, without blocking
}

type result struct {
	payload []byte
	err     error
}

func newInvocation(payload []byte) *invocation {
	return &invocation{id: newRequestID(), payload: payload, result: make(chan result, 1)}
}

func (inv *invocation) fail(err error) { inv.result <- result{err: err} }

// newRequestID returns a random UUID.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newTraceID returns a trace header that disables sampling.
func newTraceID(now time.Time) string {
	var b [20]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", now.Unix(), b[:12], b[12:])
}
