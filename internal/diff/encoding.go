package diff

import (
	"fmt"
	"strings"
	"unicode"
)

// punctuation is what Markdown may take for more than itself. A backslash
// before it makes it text.
const punctuation = "\\`*_{}[]()<>#+-.!|~=&$\"'/:;^?,%"

// escaped keeps a text from being read as Markdown or HTML. What GitHub makes a
// link of afterwards, a name after an @ or an issue after a #, is broken by a
// space of no width.
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

// code returns a text in a code span, also within a table.
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

// printable returns a text on one line, in which what has no shape of its own, or
// turns the order of others, is written as its code.
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
