package cfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// unique returns an error for JSON that has a key twice: readers disagree about
// which of the values counts. The data must be valid JSON.
func unique(data []byte) error {
	var open []map[string]bool // the keys of the objects that are open; nil for an array
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			open = append(open, map[string]bool{})
		case '[':
			open = append(open, nil)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			start := i
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if len(open) == 0 || open[len(open)-1] == nil || !beforeColon(data[i+1:]) {
				continue
			}
			keys, key := open[len(open)-1], string(data[start+1:i])
			if bytes.IndexByte(data[start:i], '\\') >= 0 {
				if err := json.Unmarshal(data[start:i+1], &key); err != nil {
					return err
				}
			}
			if keys[key] {
				line := 1 + bytes.Count(data[:start], []byte("\n"))
				return fmt.Errorf("line %d, column %d: key %s is there twice", line, start-bytes.LastIndexByte(data[:start], '\n'), strconv.Quote(key))
			}
			keys[key] = true
		}
	}
	return nil
}

// beforeColon reports whether the string that ends here is a key.
func beforeColon(rest []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
}
