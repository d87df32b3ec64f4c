package announcement

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// ResourceType is the type of the custom resource that announces.
const ResourceType = "Custom::NorenAnnouncement"

// Names of the properties of the custom resource.
const (
	fromProperty    = "From"    // RFC 3339, empty: nothing is announced
	untilProperty   = "Until"   // RFC 3339, may be empty
	messageProperty = "Message" // JSON object, language tag to text, may be empty
)

// Properties returns the properties of the custom resource: texts, in ASCII.
func Properties(a maintenance.Announcement) map[string]any {
	text := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	message := ""
	if len(a.Message) > 0 {
		message = maintenance.JSON(a.Message)
	}
	return map[string]any{fromProperty: text(a.From), untilProperty: text(a.Until), messageProperty: message}
}

// Decode decodes what Properties encodes.
func Decode(properties map[string]any) (a maintenance.Announcement, err error) {
	text := func(name string) string {
		value, _ := properties[name].(string)
		return value
	}
	for name, to := range map[string]*time.Time{fromProperty: &a.From, untilProperty: &a.Until} {
		if value := text(name); value != "" {
			if *to, err = time.Parse(time.RFC3339, value); err != nil {
				return a, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if value := text(messageProperty); value != "" {
		if err := json.Unmarshal([]byte(value), &a.Message); err != nil {
			return a, fmt.Errorf("%s: %w", messageProperty, err)
		}
	}
	return a, a.CheckTimes()
}
