package sqltext

import (
	"errors"
	"fmt"
	"strings"
)

// A Piece is a part of a migration file: a statement with the delimiter, spaces
// and comments around it. The concatenated pieces of a file are the file.
type Piece struct {
	// Raw is the piece as written in the file.
	Raw string

	// SQL is only the statement; empty if the piece is a DELIMITER line, or only
	// spaces and comments.
	SQL string

	// Line is where the statement begins, starting at 1.
	Line int
}

// Split splits a migration into its statements as the mysql client does: at
// semicolons, or at the delimiter of a DELIMITER line, outside of quotes and
// comments. Unlike the client, it does not split the body of a trigger or a
// routine, BEGIN ... END.
func Split(file string) ([]Piece, error) { return split(file, ";", 1) }

// split splits a text that begins on a given line of its file.
func split(file, delim string, line int) ([]Piece, error) {
	var (
		pieces     []Piece
		begin      = 0 // of the piece
		from       = line
		first      = -1 // index of the statement's first byte; -1 before it
		last       = 0  // index after the statement's last byte
		body       compound
		openTokens []error
	)
	at := 0
	here := func() int { return from + strings.Count(file[:at], "\n") }
	cut := func(end int) {
		piece := Piece{Raw: file[begin:end], Line: line + strings.Count(file[begin:max(first, begin)], "\n")}
		if first >= 0 {
			piece.SQL = file[first:last]
		}
		pieces = append(pieces, piece)
		line += strings.Count(piece.Raw, "\n")
		begin, first, body = end, -1, compound{}
	}
	for at < len(file) {
		if first < 0 {
			if d, n, ok := delimiterLine(file[at:]); ok && lineStart(file, at) {
				if d == "" {
					return nil, fmt.Errorf("line %d: DELIMITER names no delimiter", here())
				}
				at += n
				delim = d
				cut(at)
				continue
			}
		}
		t := nextToken(file[at:], delim)
		if t.open {
			openTokens = append(openTokens, fmt.Errorf("line %d: nothing closes %s", here(), opening(t)))
		}
		at += len(t.text)
		switch t.kind {
		case delimiter:
			if delim == ";" && body.depth > 0 {
				last = at
				body.previous, body.ended = t, false
				continue
			}
			cut(at)
		case space, comment:
		default:
			if first < 0 {
				first = at - len(t.text)
			}
			last = at
			body.see(t)
		}
	}
	if delim == ";" && first >= 0 && body.depth > 0 {
		openTokens = append(openTokens, fmt.Errorf("line %d: nothing ends the BEGIN of this %s: put DELIMITER lines around it", line+strings.Count(file[begin:first], "\n"), firstWords(file[first:last])))
	}
	if begin < len(file) {
		cut(len(file))
	}
	if err := errors.Join(openTokens...); err != nil {
		return nil, err
	}
	return pieces, nil
}

// A compound is how deeply the text is nested in BEGIN ... END. Only the bodies
// of triggers, routines and events contain these.
type compound struct {
	seen     int // words
	create   bool
	program  bool
	depth    int
	ended    bool // the last word was END
	previous token
}

func (c *compound) see(t token) {
	defer func() { c.previous = t }()
	if c.seen++; c.seen == 1 {
		c.create = t.is("CREATE")
	}
	if !c.create || t.kind != word {
		c.ended = false
		return
	}
	if !c.program {
		c.program = c.seen < 24 && t.is("TRIGGER", "PROCEDURE", "FUNCTION", "EVENT")
		c.create = !t.is("TABLE", "INDEX", "VIEW") // columns of these may be called event and begin
		return
	}
	if c.previous.is(".") {
		return // a column of the row: NEW.end
	}
	switch {
	case c.ended && t.is("IF", "LOOP", "WHILE", "REPEAT"): // their beginnings are not counted
		c.depth++
		c.ended = false
	case c.ended && t.is("CASE"):
		c.ended = false
	case t.is("BEGIN"), t.is("CASE"):
		c.depth++
		c.ended = false
	case t.is("END"):
		c.depth--
		c.ended = true
	default:
		c.ended = false
	}
}

// delimiterLine reads a DELIMITER line at the beginning of text: the new
// delimiter and the length of the line without its line end.
func delimiterLine(text string) (delim string, n int, ok bool) {
	const keyword = "DELIMITER"
	if len(text) < len(keyword) || !strings.EqualFold(text[:len(keyword)], keyword) {
		return "", 0, false
	}
	n = strings.IndexByte(text, '\n')
	if n < 0 {
		n = len(text)
	}
	rest := text[len(keyword):n]
	if rest != "" && !isSpace(rest[0]) {
		return "", 0, false
	}
	if fields := strings.Fields(rest); len(fields) > 0 {
		delim = fields[0]
	}
	return delim, n, true
}

// lineStart reports whether only spaces precede at on its line.
func lineStart(file string, at int) bool {
	return strings.TrimSpace(file[strings.LastIndexByte(file[:at], '\n')+1:at]) == ""
}

// opening returns the opening characters of an unclosed token.
func opening(t token) string {
	switch t.kind {
	case comment, conditional:
		return "the comment /*"
	case identifier:
		return "the name that begins with `"
	}
	return "the string that begins with " + t.text[:1]
}
