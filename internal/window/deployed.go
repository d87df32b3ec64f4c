package window

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/maintenance"
)

// MetadataKey is the key in a state machine's metadata of a text that describes
// its window, so that the tools need no checkout.
const MetadataKey = "noren:window"

// Deployed is a window in a template.
type Deployed struct {
	Window

	// Switch is the path, in the stack, of the switch that the window turns.
	Switch string `json:"switch"`

	// Function, Planned and Schedule are the logical ids of the function of the
	// steps, of the parameter that holds the digest of what was deployed when the
	// plan was recorded, and of the maintenance window of Systems Manager. Ahead
	// is the logical id of the maintenance window that tells clients beforehand,
	// empty if there is none.
	Function string `json:"function"`
	Planned  string `json:"planned"`
	Schedule string `json:"schedule"`
	Ahead    string `json:"ahead,omitempty"`

	// Machine is the logical id of the state machine.
	Machine string `json:"-"`
}

// Metadata returns the description of the window for the template.
func (d Deployed) Metadata() string { return maintenance.JSON(d) }

// NotPlanned is the value of the plan's parameter until a plan is recorded.
const NotPlanned = "none"

// Digest returns a digest of what is deployed: of the template as CloudFormation
// returns it.
func Digest(template []byte) string { return fmt.Sprintf("%x", sha256.Sum256(template)) }

// Find finds the windows in a template, in the order of the logical ids of their
// state machines.
func Find(template []byte) ([]Deployed, error) {
	var t struct {
		Resources map[string]struct{ Metadata map[string]any }
	}
	if err := cfn.Decode(template, &t); err != nil {
		return nil, fmt.Errorf("the template cannot be read: %w", err)
	}
	var found []Deployed
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		value, ok := t.Resources[id].Metadata[MetadataKey]
		if !ok {
			continue
		}
		text, _ := value.(string)
		d := Deployed{Machine: id}
		if err := json.Unmarshal([]byte(text), &d); err != nil || d.Start.IsZero() || !d.End.After(d.Start) {
			return nil, fmt.Errorf("resource %q: Metadata.%s does not describe a window: %q", id, MetadataKey, text)
		}
		found = append(found, d)
	}
	return found, nil
}
