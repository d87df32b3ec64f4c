// Package accesslog reads the access logs of an AWS Application Load Balancer as
// S3 delivers them.
//
// The fields and their order are those of the ALB user guide, "Access log
// entries"; fields that are added at the end later are ignored, as the guide
// asks. What it leaves out was observed in published logs: the load balancer
// writes quotes, backslashes and unprintable characters as \xHH in quoted fields,
// and "- http://host:port- -" for a request line that it could not read.
package accesslog

import (
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Entry is a line of an access log. Texts that are logged as "-" are empty.
type Entry struct {
	// Type is "http", "https", "h2", "grpcs", "ws" or "wss"; there may be others.
	Type string

	// Time is when the answer was generated, or when a WebSocket was closed.
	Time time.Time

	// LoadBalancer is the load balancer's id, such as "app/api/50dc6c495c0c9188".
	LoadBalancer string

	// Client is the peer of the connection, which may be a proxy. It is zero if
	// the log does not have it, or no longer has it.
	Client netip.AddrPort

	// Target is the target that answered. It is zero if none did, or if it was a
	// Lambda.
	Target netip.AddrPort

	// Each of these is NotReached if the request did not get that far.
	RequestProcessing, TargetProcessing, ResponseProcessing time.Duration

	Status       int // of the answer, 0 if there was none
	TargetStatus int // of the target's answer, 0 if there was none

	// Received and Sent are numbers of bytes, including headers.
	Received, Sent int64

	// Method, URL and Proto are the request line. The URL is rewritten by the
	// load balancer to scheme://host:port/path?query; see Entry.Host.
	Method, URL, Proto string

	// UserAgent is cut off at 8 KB by the load balancer.
	UserAgent string

	Cipher, TLS  string
	TargetGroup  string // its ARN
	TraceID      string // the X-Amzn-Trace-Id header
	Domain       string // of the TLS handshake (SNI)
	Certificate  string // its ARN, or "session-reused"
	Rule         int    // the priority of the rule that matched, DefaultRule, RuleError, NoRule or RuleNotLogged
	Created      time.Time
	Actions      string // comma-separated, such as "waf,forward"
	RedirectURL  string
	ErrorReason  string
	Targets      string // like Target, as a list
	TargetCodes  string // like TargetStatus, as a list
	Desync       string // "Acceptable", "Ambiguous" or "Severe" if the request departs from RFC 7230
	DesyncReason string
	Connection   string // the connection's trace id

	// Rewritten host and URI, and how the rewrite went, if the rule transforms.
	TransformedHost, TransformedURI, TransformStatus string
}

// NotReached is the time a request spent in a place that it did not reach.
const NotReached = time.Duration(-1)

// Values of Entry.Rule that are not a priority.
const (
	DefaultRule   = 0  // no rule matched
	RuleError     = -1 // an error occurred while rules were evaluated
	NoRule        = -2 // the request did not reach the rules
	RuleNotLogged = -3 // the line ends before the field
)

// Began returns when the request was received, or Time where that is not logged.
func (e *Entry) Began() time.Time {
	if e.Created.IsZero() {
		return e.Time
	}
	return e.Created
}

// Unreadable reports whether the load balancer could not read the request line.
func (e *Entry) Unreadable() bool { return e.Method == "" || e.URL == "" }

// NoRequest reports whether the line holds no request that rules could look at:
// the load balancer could not read it, or it was CONNECT.
func (e *Entry) NoRequest() bool { return e.Unreadable() || e.Method == http.MethodConnect }

// LastAction returns the last of Actions, the one that answered.
func (e *Entry) LastAction() string { return e.Actions[strings.LastIndexByte(e.Actions, ',')+1:] }

// Rejected reports whether the load balancer or its firewall rejected the request
// before any rule was evaluated, as it would in any mode.
func (e *Entry) Rejected() bool {
	switch {
	case e.Unreadable(), e.LastAction() == "waf":
		return true
	case e.Rule == NoRule || e.Rule == RuleError:
		// 460: the client disconnected, which says nothing about the request.
		return e.Actions == "" && e.Status != 460
	}
	return false
}
