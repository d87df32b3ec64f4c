package preflight

import (
	"slices"
)

// Policy returns the IAM policy that the checks need. It allows only reading.
func Policy() map[string]any {
	var actions []string
	for _, c := range slices.Concat(before, after) {
		actions = append(actions, c.actions...)
	}
	slices.Sort(actions)
	return map[string]any{
		"Version": "2012-10-17",
		"Statement": []map[string]any{{
			"Sid": "NorenPreflight", "Effect": "Allow", "Action": slices.Compact(actions), "Resource": "*",
		}},
	}
}
