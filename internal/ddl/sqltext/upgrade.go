package sqltext

import (
	"slices"
	"strings"
)

// Defines reports whether a statement changes definitions, by its first word. It
// skips comments before it.
func Defines(sql string) bool {
	first := ""
	eachToken(sql, func(t token) bool {
		first = strings.ToUpper(t.text)
		return false
	})
	return slices.Contains([]string{"ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", "OPTIMIZE", "REPAIR", "ANALYZE", "GRANT", "REVOKE"}, first)
}

// BareWords returns those of the words, which are upper case, that sql uses
// outside of quotes and comments, without duplicates. After a dot every word is a
// name.
func BareWords(sql string, words ...string) []string {
	var found []string
	dot := false
	eachToken(sql, func(t token) bool {
		if upper := strings.ToUpper(t.text); t.kind == word && !dot && slices.Contains(words, upper) && !slices.Contains(found, upper) {
			found = append(found, upper)
		}
		dot = t.kind == mark && t.text == "."
		return true
	})
	return found
}

// eachToken calls f for the meaningful tokens of a text, including those in
// conditional comments, until f returns false.
func eachToken(sql string, f func(token) bool) {
	for sql != "" {
		t := nextToken(sql, "")
		sql = sql[len(t.text):]
		switch t.kind {
		case space, comment:
		case conditional:
			inner := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(t.text, "/*M"), "/*"), "*/")
			sql = " " + strings.TrimLeft(inner, "!0123456789") + " " + sql
		default:
			if !f(t) {
				return
			}
		}
	}
}
