package lambdaruntime

import (
	"errors"
	"fmt"
	"time"
)

// ErrThrottled says that the number of invocations in progress has reached the
// function's concurrency.
var ErrThrottled = errors.New("function is throttled: its concurrency is in use")

// ErrClosed says that the function was closed.
var ErrClosed = errors.New("function is closed")

// TimeoutError says that an invocation exceeded the function's timeout.
type TimeoutError struct {
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("function timed out after %v", e.After)
}

// CrashError says that a process ended, or never asked for an invocation.
type CrashError struct {
	// Init says that it happened before the process asked for its first invocation.
	Init bool

	// OutOfMemory says that the process used more than the function's memory.
	OutOfMemory bool

	// Reason is how the process ended, such as "exit status 1".
	Reason string
}

func (e *CrashError) Error() string {
	if e.Init {
		return "function failed to start: " + e.Reason
	}
	return "function crashed: " + e.Reason
}

// FunctionError is an error that the function reported, at its start or in answer
// to an invocation.
type FunctionError struct {
	Type    string // errorType, such as "errorString"
	Message string // errorMessage
	Init    bool   // the function reported it instead of starting

	// Payload is the report as it was sent, usually JSON.
	Payload []byte
}

func (e *FunctionError) Error() string {
	return fmt.Sprintf("function reported an error: %s: %s", e.Type, e.Message)
}

// TooLargeError says that a payload has more than MaxPayload bytes.
type TooLargeError struct {
	What string // "request" or "response"
	Size int    // in bytes; for a response, a lower bound
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s has %d bytes or more, Lambda allows %d", e.What, e.Size, MaxPayload)
}
