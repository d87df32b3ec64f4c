package alb

import "strings"

// Overlap reports whether some name matches both host patterns. In a pattern, *
// matches any characters and ? exactly one. Case does not matter.
func Overlap(a, b string) bool { return overlap(strings.ToLower(a), strings.ToLower(b)) }

func overlap(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case a != "" && a[0] == '*':
		return overlap(a[1:], b) || b != "" && overlap(a, b[1:])
	case b != "" && b[0] == '*':
		return overlap(b, a)
	case a == "" || b == "":
		return false
	}
	return (a[0] == b[0] || a[0] == '?' || b[0] == '?') && overlap(a[1:], b[1:])
}
