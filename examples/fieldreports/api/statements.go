package main

import (
	"errors"
	"strings"
)

// statements splits a file into statements as the server does: each ends with a ;
// outside texts, names and comments, or with the file. Comments alone are not a
// statement. Line endings may be those of Windows.
func statements(text string) ([]string, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var all []string
	start, empty := 0, true // empty: nothing but blanks and comments so far
	for at := 0; at < len(text); {
		next, kind, err := token(text, at)
		if err != nil {
			return nil, err
		}
		switch {
		case kind == separator:
			if !empty {
				all = append(all, strings.TrimSpace(text[start:at]))
			}
			start, empty = next, true
		case kind == comment && empty, kind == blank && empty:
			start = next // what comes before a statement is not part of it
		case kind == other:
			empty = false
		}
		at = next
	}
	if !empty {
		all = append(all, strings.TrimSpace(text[start:]))
	}
	return all, nil
}

type kind int

const (
	other kind = iota
	blank
	comment
	separator
)

// token returns the end and the kind of the token that begins at position at.
func token(text string, at int) (int, kind, error) {
	rest := text[at:]
	switch {
	case rest[0] == ';':
		return at + 1, separator, nil
	case strings.ContainsRune(" \t\n\r\f\v", rune(rest[0])):
		return at + 1, blank, nil
	case rest[0] == '#', rest == "--", strings.HasPrefix(rest, "--") && (rest[2] <= ' ' || rest[2] == 0x7f):
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			return at + end + 1, comment, nil
		}
		return len(text), comment, nil
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			return 0, 0, errors.New("a comment does not end: want */")
		}
		if strings.HasPrefix(rest, "/*!") || strings.HasPrefix(rest, "/*M!") { // the server runs it
			return at + 2 + end + 2, other, nil
		}
		return at + 2 + end + 2, comment, nil
	case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`':
		return quoted(text, at)
	}
	return at + 1, other, nil
}

// quoted returns the end of the text or name whose opening quote is at position
// at. A quote inside is doubled or, in a text, escaped with \.
func quoted(text string, at int) (int, kind, error) {
	quote := text[at]
	for i := at + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote != '`':
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1, other, nil
		}
	}
	return 0, 0, errors.New("a text or name does not end: want " + string(quote))
}
