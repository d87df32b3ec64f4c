// Package maintenance describes a planned maintenance: the mode that a product is
// in, the answer that refused clients get, and the names that templates, functions
// and tools share.
//
// # Modes
//
// A mode says which requests reach the application:
//
//   - [Open]: all requests. This is how a product usually runs.
//   - [ReadOnly]: the allowlist, and everything that reads (GET, HEAD and OPTIONS).
//   - [Closed]: the allowlist only.
//
// The allowlist is a list of methods and paths that the product keeps answering,
// such as the login of a mobile app and what the app reads to work offline. The
// health check and operators who have the bypass get through in every mode. All
// other requests are refused.
//
// People read the words open, read-only and closed. They type a mode as the
// value of a flag: false, read-only or true ([ParseFlag]).
//
// # What a refused client sees
//
// A refused request gets a 503 with the header X-Maintenance-Mode: on ([Marker]),
// by which a client tells maintenance from any other 503, and a Retry-After with
// the number of seconds after which to ask again. The body depends on Accept: by
// default a JSON:API error with the message in the client's language, the planned
// end if there is one, and the same number of seconds; a page for browsers that
// navigate. [Answer] sets the texts and times. A client keeps its session and the
// write that was refused, and sends the write again later.
// docs/client-contract.md has the rules for clients.
//
// # A flip
//
// A flip changes the mode of a deployed product. The product runs behind a listener
// of an Application Load Balancer. The listener's default action forwards to the
// application while the product is open, and to a Lambda function, the responder,
// otherwise. Listener rules above the default action send the allowlist to the
// application in every mode. A flip therefore changes only properties of resources
// that always exist: the default action and, where read-only is prepared, the rules
// for reads. It creates and deletes nothing, changes no target group, and at no
// moment refuses a request that both modes allow.
//
// Requests in flight and open WebSockets continue after a flip.
//
// # Using it
//
// The package constructs/maintenancemode puts a listener of your CDK app under
// such a switch. This package holds what your app and its environment files share
// with it, and imports neither the rest of this module nor CDK.
package maintenance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mode says which requests reach the application, in the word that people read.
// The zero value is a mode that is unknown or not given.
type Mode string

const (
	Open     Mode = "open"      // all requests
	ReadOnly Mode = "read-only" // the allowlist, and everything that reads
	Closed   Mode = "closed"    // the allowlist only
)

// flags are the modes as they are typed after -c maintenance=.
var flags = map[Mode]string{Open: "false", ReadOnly: "read-only", Closed: "true"}

// Modes returns the modes, from the most open to the most closed.
func Modes() []Mode { return []Mode{Open, ReadOnly, Closed} }

// Valid reports whether m is one of the three modes.
func (m Mode) Valid() bool { return slices.Contains(Modes(), m) }

// Flag returns the mode as it is typed after -c maintenance=: false, read-only
// or true. It is empty if m is not valid.
func (m Mode) Flag() string { return flags[m] }

// Number returns the value of the mode in a metric: 0 is open, 1 read-only, 2
// closed. It is -1 if m is not valid.
func (m Mode) Number() int { return slices.Index(Modes(), m) }

// Opens reports whether changing from the mode from to m lets through requests
// that were refused. It is false if either mode is not valid.
func (m Mode) Opens(from Mode) bool {
	return m.Valid() && from.Valid() && m.Number() < from.Number()
}

// CheckPrepared returns an error if a listener is not prepared for m: read-only
// needs rules of its own, which exist in every mode once readOnly is set.
func (m Mode) CheckPrepared(readOnly bool) error {
	if m == ReadOnly && !readOnly {
		return errors.New("the listener is not prepared for read-only: set ReadOnly (maintenance.readOnly in an environment file) and deploy that first")
	}
	return nil
}

// ParseMode reads the word for a mode: open, read-only or closed.
func ParseMode(word string) (Mode, error) {
	if m := Mode(word); m.Valid() {
		return m, nil
	}
	return "", fmt.Errorf("unknown mode %q: want open, read-only or closed", word)
}

// ParseFlag reads a mode as it is typed after -c maintenance= and in
// configuration files: "false", "read-only" or "true". It also accepts the
// booleans false and true.
func ParseFlag(value any) (Mode, error) {
	text := fmt.Sprint(value)
	switch value.(type) {
	case string, bool:
		for m, flag := range flags {
			if text == flag {
				return m, nil
			}
		}
	}
	if _, ok := value.(string); ok {
		text = fmt.Sprintf("%q", text)
	}
	return "", fmt.Errorf("unknown mode %s: want %s", text, FlagValues())
}

// FlagValues returns the values that ParseFlag accepts, in the words of an error
// message.
func FlagValues() string {
	var values []string
	for _, m := range Modes() {
		values = append(values, m.Flag())
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}
