package alb

import "strings"

// Overlap reports whether two patterns for hosts, in which * matches any
// characters and ? one, have a name in common. Case does not count.
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
