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

// MetadataKey is the key of the metadata of a state machine, a text, that
// describes its window, so that the tools need no checkout.
const MetadataKey = "noren:window"

// Deployed is a window in a template.
type Deployed struct {
	Window

	// Switch is the path of the switch that it turns, in the stack.
	Switch string `json:"switch"`

	// Function, Planned and Schedule are the logical ids of the function of the
	// steps, of the parameter that holds what was deployed when the plan was
	// recorded, and of the maintenance window of Systems Manager. Ahead is that of
	// the one that tells clients before, empty if there is none.
	Function string `json:"function"`
	Planned  string `json:"planned"`
	Schedule string `json:"schedule"`
	Ahead    string `json:"ahead,omitempty"`

	// Machine is the logical id of the state machine.
	Machine string `json:"-"`
}

// Metadata describes the window in the template.
func (d Deployed) Metadata() string { return maintenance.JSON(d) }

// NotPlanned is what the parameter of the plan holds while none was recorded.
const NotPlanned = "none"

// Digest identifies what is deployed: the template as CloudFormation has it.
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
