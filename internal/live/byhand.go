package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// ByHand is a turn without CloudFormation, by noren close --now or open --now.
// The deployed template does not show it, so anyone who is surprised finds here
// who it was and why.
type ByHand struct {
	// Mode is the new mode.
	Mode maintenance.Mode `json:"mode"`

	// At is the time, in UTC and whole seconds.
	At time.Time `json:"at"`

	// By is who did it: the ARN of the credentials.
	By string `json:"by"`

	// Why is the reason that was typed. It may be empty.
	Why string `json:"why,omitempty"`

	// Locked says that the listeners and rules were locked against deploys.
	Locked bool `json:"locked,omitempty"`
}

// longWhy is the maximum length of a stored reason, in bytes: a parameter holds 4
// KB.
const longWhy = 500

// Said says who changed the mode by hand, when and why.
func (b ByHand) Said() string {
	text := fmt.Sprintf("by hand, by %s at %s", b.By, b.At.Format(time.RFC3339))
	if b.Why != "" {
		text += fmt.Sprintf(" (%s)", b.Why)
	}
	return text
}

// Encode returns the value of the parameter. It cuts a long reason.
func (b ByHand) Encode() string {
	if len(b.Why) > longWhy {
		b.Why = strings.ToValidUTF8(b.Why[:longWhy], "") + "..."
	}
	b.At = b.At.UTC().Truncate(time.Second)
	return encode(struct {
		Version int `json:"version"`
		ByHand
	}{version, b})
}

// DecodeByHand decodes the value of the parameter. It returns ErrNoRecord for the
// placeholder.
func DecodeByHand(value string) (ByHand, error) {
	var b ByHand
	if err := decode(value, &b); err != nil {
		return ByHand{}, fmt.Errorf("reading who turned the mode by hand: %w", err)
	}
	if !b.Mode.Valid() || b.At.IsZero() {
		return ByHand{}, fmt.Errorf("reading who turned the mode by hand: mode %q at %q: want open, read-only or closed, and a time", b.Mode, b.At.Format(time.RFC3339))
	}
	return b, nil
}
