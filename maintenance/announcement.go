package maintenance

import (
	"errors"
	"fmt"
	"time"
)

// StatusPath is where clients find the document about the maintenance: the site
// serves it, and a listener redirects to it.
const StatusPath = "/maintenance.json"

// Announcement is a planned maintenance that clients are told of before it
// begins. It does not change the mode. The zero value announces nothing.
type Announcement struct {
	// From is when it is planned to begin. Required.
	From time.Time

	// Until is when it is planned to end. Default: not known.
	Until time.Time

	// Message is the text for people, by BCP 47 language tag. "und" is a text in no
	// particular language. Default: clients have words of their own.
	Message map[string]string
}

// IsZero reports whether nothing is announced.
func (a Announcement) IsZero() bool {
	return a.From.IsZero() && a.Until.IsZero() && len(a.Message) == 0
}

// CheckTimes reports an announcement without a beginning, or with an end that does
// not come after it.
func (a Announcement) CheckTimes() error {
	switch {
	case a.IsZero():
		return nil
	case a.From.IsZero():
		return errors.New("want from, the planned beginning, with until or a message")
	case !a.Until.IsZero() && !a.Until.After(a.From):
		return fmt.Errorf("want an end after the beginning, %s, got %s", a.From.Format(time.RFC3339), a.Until.Format(time.RFC3339))
	}
	return nil
}
