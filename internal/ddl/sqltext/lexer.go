package sqltext

import "strings"

// A token is a piece of SQL text. The tokens of a text, joined, are the text.
type token struct {
	kind  tokenKind
	text  string
	start int  // byte offset in the text
	open  bool // a quote or comment that nothing closes
}

type tokenKind int

const (
	space       tokenKind = iota
	comment               // -- # and /* */, optimizer hints included
	conditional           // /*!80000 ... */ and /*M! ... */, which servers execute
	quoted                // '...' and "..."
	identifier            // `...`
	word                  // keywords, bare identifiers and numbers
	mark                  // any other single byte
	delimiter             // what ends a statement
)

// nextToken returns the token at the beginning of text, which must not be empty.
// Before a token delim, unless it is empty, ends the statement.
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

// quotedLength is the length of the quoted text at the beginning of text, in
// which a doubled quote, and with escapes a backslash, closes nothing.
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

// words returns the tokens of a statement that mean something. The statement must
// hold no conditional comment: Expand removes them.
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

// is says whether t is one of the bare keywords, which are upper case.
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

// name is the identifier that t spells, and whether it spells one.
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

// Quote makes name an identifier of SQL.
func Quote(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}
