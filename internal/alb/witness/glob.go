package witness

import (
	"regexp"
	"strings"
)

// globs are values with wildcards as regexes; escapes says that \* and \? stand
// for the characters themselves.
func globs(values []string, flags string, escapes bool) []string {
	out := make([]string, len(values))
	for i, value := range values {
		var b strings.Builder
		b.WriteString(flags + `\A`)
		for j := 0; j < len(value); j++ {
			switch c := value[j]; {
			case escapes && c == '\\' && j+1 < len(value) && (value[j+1] == '*' || value[j+1] == '?'):
				j++
				b.WriteString(regexp.QuoteMeta(value[j : j+1]))
			case c == '*':
				b.WriteString("(?s:.*)")
			case c == '?':
				b.WriteString("(?s:.)")
			default:
				b.WriteString(regexp.QuoteMeta(value[j : j+1]))
			}
		}
		out[i] = b.String() + `\z`
	}
	return out
}

// folded are regexes that compare without case.
func folded(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = "(?i)" + value
	}
	return out
}

// plainest are texts that values with wildcards match, as people would write them.
func plainest(values []string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		value = strings.NewReplacer(`\*`, "\x00", `\?`, "\x01", "*", "x", "?", "x").Replace(value)
		out[i] = strings.NewReplacer("\x00", "*", "\x01", "?").Replace(value)
	}
	return out
}
