package diff

import (
	"fmt"
	"strings"
	"unicode"
)

// punctuation is the set of characters that Markdown may interpret. A backslash
// before them makes them text.
const punctuation = "\\`*_{}[]()<>#+-.!|~=&$\"'/:;^?,%"

// escaped keeps a text from being read as Markdown or HTML. A zero-width space
// breaks what GitHub would turn into a link afterwards: a name after an @, or an
// issue number after a #.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(printable(text), "GH-", "GH\u200b-") {
		switch {
		case r == '@':
			b.WriteString("@\u200b")
		case r == '#' || r == ':' || r == '.':
			b.WriteString("\\" + string(r))
			if r != '.' {
				b.WriteString("\u200b")
			}
		case strings.ContainsRune(punctuation, r):
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// code returns a text in a code span, which also works within a table.
func code(text string) string {
	text = strings.ReplaceAll(printable(text), "|", "\\|")
	if strings.TrimSpace(text) == "" {
		text = "(empty)"
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.HasPrefix(text, " ") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// printable returns a text on one line, in which invisible characters, and those
// that change the direction of others, are written as code points.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// address returns an address in the parentheses of a link.
func address(text string) string {
	return strings.NewReplacer("(", "%28", ")", "%29", " ", "%20", "<", "%3C", ">", "%3E", "\n", "").Replace(text)
}
