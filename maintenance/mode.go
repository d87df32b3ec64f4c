// Package maintenance says what a planned maintenance is: the mode that a
// product is in, what the refused are told, and the names that the templates,
// the functions and the tools agree on.
//
// # Modes
//
// A mode is who is let through:
//
//   - [Open]: everybody. This is how a product usually runs.
//   - [ReadOnly]: everybody who reads (GET, HEAD and OPTIONS), and the allowlist.
//   - [Closed]: the allowlist.
//
// The allowlist is a list of methods and paths that the product keeps answering,
// such as the login of a mobile app and what the app reads to work offline. The
// health check is always let through, and so are operators who have the bypass.
// All other requests are refused: they get a 503 with the header [Marker], a
// Retry-After and an [Answer], by which clients know that they should keep what
// they wanted to write and send it later.
//
// People read the words open, read-only and closed. They type a mode as the
// value of a flag: false, read-only or true ([ParseFlag]).
//
// # A flip
//
// A product runs behind a listener of an Application Load Balancer. Its default
// action forwards to the application while the product is open, and to a Lambda
// function, the responder, while it is closed. Listener rules above the default
// action send the allowlist to the application in every mode. A flip therefore
// changes the properties of resources that are always there: the default action
// and, where read-only is prepared, the rules for reads. No resource is created
// or deleted, no target group changes, and no request that is allowed in both
// modes is refused in between.
//
// Requests that are in flight, and WebSockets that are open already, go on after
// a flip.
//
// # Using it
//
// The package constructs/maintenancemode puts a listener of your CDK app under
// such a switch. This package has what both your app and its environment files
// need of it, and imports neither the rest of this module nor CDK.
package maintenance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mode is who is let through, as the word that people read. The zero value says
// that it is not known, or not given.
type Mode string

const (
	Open     Mode = "open"      // everybody
	ReadOnly Mode = "read-only" // everybody who reads, and the allowlist
	Closed   Mode = "closed"    // the allowlist
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

// Number returns the mode as a metric has it: 0 is open, 1 read-only, 2 closed.
// It is -1 if m is not valid.
func (m Mode) Number() int { return slices.Index(Modes(), m) }

// Opens reports whether turning from another mode to m lets through what was
// refused. Nothing opens from or to a mode that is not valid.
func (m Mode) Opens(from Mode) bool {
	return m.Valid() && from.Valid() && m.Number() < from.Number()
}

// CheckPrepared reports a mode that a listener is not prepared for: read-only
// takes rules of its own, which are there in every mode once readOnly is set.
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
// configuration files: "false", "read-only" or "true", the booleans also as
// such.
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

// FlagValues returns what ParseFlag takes, as an error lists it.
func FlagValues() string {
	var values []string
	for _, m := range Modes() {
		values = append(values, m.Flag())
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}
