package sqltext

import "strings"

// A token is a piece of SQL text. The concatenated tokens of a text are the text.
type token struct {
	kind  tokenKind
	text  string
	start int  // byte offset in the text
	open  bool // a quote or comment that is not closed
}

type tokenKind int

const (
	space       tokenKind = iota
	comment               // -- # and /* */, including optimizer hints
	conditional           // /*!80000 ... */ and /*M! ... */, which servers execute
	quoted                // '...' and "..."
	identifier            // `...`
	word                  // keywords, bare identifiers and numbers
	mark                  // any other single byte
	delimiter             // ends a statement
)

// nextToken returns the token at the beginning of text, which must not be empty.
// A delimiter delim, unless it is empty, is a token that ends the statement.
func nextToken(text, delim string) token {
	c := text[0]
	switch {
	case delim != "" && strings.HasPrefix(text, delim):
		return token{kind: delimiter, text: text[:len(delim)]}
	case isSpace(c):
		n := 1
		for n < len(text) && isSpace(text[n]) && !startsWith(text[n:], delim) {
			n++
		}
		return token{kind: space, text: text[:n]}
	case c == '\'' || c == '"':
		n, closed := quotedLength(text, true)
		return token{kind: quoted, text: text[:n], open: !closed}
	case c == '`':
		n, closed := quotedLength(text, false)
		return token{kind: identifier, text: text[:n], open: !closed}
	case c == '#', strings.HasPrefix(text, "--") && (len(text) == 2 || text[2] <= ' '):
		n := strings.IndexByte(text, '\n')
		if n < 0 {
			n = len(text)
		}
		return token{kind: comment, text: text[:n]}
	case strings.HasPrefix(text, "/*"):
		kind := comment
		if strings.HasPrefix(text, "/*!") || strings.HasPrefix(text, "/*M!") {
			kind = conditional
		}
		n := strings.Index(text[2:], "*/")
		if n < 0 {
			return token{kind: kind, text: text, open: true}
		}
		return token{kind: kind, text: text[:n+4]}
	case isWord(c):
		n := 1
		for n < len(text) && isWord(text[n]) && !startsWith(text[n:], delim) {
			n++
		}
		return token{kind: word, text: text[:n]}
	}
	return token{kind: mark, text: text[:1]}
}

func startsWith(text, delim string) bool {
	return delim != "" && strings.HasPrefix(text, delim)
}

// quotedLength returns the length of the quoted text at the beginning of text. A
// doubled quote does not close it, nor does a quote after a backslash if escapes
// is set.
func quotedLength(text string, escapes bool) (n int, closed bool) {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case escapes && text[i] == '\\':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1, true
		}
	}
	return len(text), false
}

func isSpace(c byte) bool {
	return c == ' ' || '\t' <= c && c <= '\r'
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '_' || c == '$' || c >= 0x80
}

// words returns the meaningful tokens of a statement. The statement must contain
// no conditional comment: Expand removes them.
func words(sql string) []token {
	var all []token
	for start := 0; start < len(sql); {
		t := nextToken(sql[start:], "")
		t.start = start
		start += len(t.text)
		if t.kind != space && t.kind != comment {
			all = append(all, t)
		}
	}
	return all
}

func (t token) end() int { return t.start + len(t.text) }

// is reports whether t is one of the bare keywords, which are upper case.
func (t token) is(keywords ...string) bool {
	if t.kind != word && t.kind != mark {
		return false
	}
	for _, keyword := range keywords {
		if strings.EqualFold(t.text, keyword) {
			return true
		}
	}
	return false
}

// name returns the identifier that t spells, and whether it is one.
func (t token) name() (string, bool) {
	switch t.kind {
	case word:
		return t.text, true
	case identifier:
		if t.open {
			return "", false
		}
		return strings.ReplaceAll(t.text[1:len(t.text)-1], "``", "`"), true
	}
	return "", false
}

// Quote quotes name as an SQL identifier.
func Quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
