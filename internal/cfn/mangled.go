package cfn

import "strings"

// Mangled returns a text as CloudFormation gives it back from GetTemplate: with ?
// for every character that is not ASCII, although it has deployed the right ones.
func Mangled(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7f {
			return '?'
		}
		return r
	}, text)
}
