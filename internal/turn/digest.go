package turn

import (
	"encoding/json"
	"fmt"

	"github.com/noren-cdk/noren/internal/rules"
)

// digest computes the digest of the switch from the text of the template.
func (s Switch) digest(t text) (string, error) {
	var properties []json.RawMessage
	for _, id := range s.Carriers {
		p, err := t.at("Resources", id, "Properties")
		if err != nil {
			return "", fmt.Errorf("%s: Properties: %w", id, err)
		}
		properties = append(properties, p)
	}
	return rules.PropertiesDigest(properties...)
}
