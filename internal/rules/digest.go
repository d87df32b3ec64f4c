package rules

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// PropertiesDigest identifies the properties of the resources that carry the mode
// of a switch: 16 hexadecimal digits. It depends only on the text of a template,
// but not on its layout or the order of keys, so that a synthesis and a tool that
// turns a deployed template agree. Each argument is the Properties of a resource
// in JSON: first the listener, unless its default action belongs to something
// else, then the rules that turn, by priority.
func PropertiesDigest(resources ...json.RawMessage) (string, error) {
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
