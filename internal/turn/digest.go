package turn

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Digest identifies the properties of the resources that carry the mode of a
// switch: in hexadecimal, 16 digits. It is computed from the text of a template
// alone, whatever its layout and the order of keys, so that a synthesis and a
// tool that turns a deployed template agree. Resources are in the order of the
// arguments; each is its Properties in JSON.
func Digest(resources ...json.RawMessage) (string, error) {
	sum := sha256.New()
	for _, r := range resources {
		d := json.NewDecoder(bytes.NewReader(r))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			return "", fmt.Errorf("properties of a resource: %w", err)
		}
		canonical, err := json.Marshal(v) // sorts keys
		if err != nil {
			return "", err
		}
		sum.Write(canonical)
		sum.Write([]byte{'\n'})
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

// Resources returns the logical ids of the resources that carry the mode, each
// once, in the order of the properties.
func (s Switch) Resources() []string {
	var ids []string
	seen := map[string]bool{}
	for _, p := range s.Properties {
		if !seen[p.Resource] {
			seen[p.Resource] = true
			ids = append(ids, p.Resource)
		}
	}
	return ids
}

// digest computes the digest of the switch as the text has it.
func (s Switch) digest(t text) (string, error) {
	var properties []json.RawMessage
	for _, id := range s.Resources() {
		p, err := t.at("Resources", id, "Properties")
		if err != nil {
			return "", fmt.Errorf("%s: Properties: %w", id, err)
		}
		properties = append(properties, p)
	}
	return Digest(properties...)
}
