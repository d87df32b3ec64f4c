package sqltext

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf16"
)

// Direction says which part of a migration is meant.
type Direction string

// Up is the change itself, Down reverses it.
const (
	Up   Direction = "up"
	Down Direction = "down"
)

// A Migration is a file of statements, of any migration tool.
type Migration struct {
	// Name is the name of the file, by which a journal knows it.
	Name string

	// Text is the content of the file.
	Text string

	// Direction is Up or Down. Default: Up.
	Direction Direction
}

// Hash is how a migration is recognized: the SHA-256 of the file.
func (m Migration) Hash() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(m.Text))) }

// Statements returns the statements of the migration's direction, in order.
func (m Migration) Statements() ([]Piece, error) {
	back := WayBack(m.Name)
	switch {
	case back && m.Direction != Down:
		return nil, fmt.Errorf("%q is, by its name, the down file of a migration: give the up file, or --direction down", m.Name)
	case m.Direction != "" && m.Direction != Up && m.Direction != Down:
		return nil, fmt.Errorf("unknown direction %q: want up or down", m.Direction)
	}
	text, err := decode(m.Text)
	if err != nil {
		return nil, err
	}
	if err := foreign(text); err != nil {
		return nil, err
	}
	sections, err := divide(text)
	if err != nil {
		return nil, err
	}
	if m.Direction == Down && !back && len(sections) == 1 && sections[0].direction == "" {
		return nil, fmt.Errorf("%q has no down part: it has no marks of a migration tool", m.Name)
	}
	var all []Piece
	for _, s := range sections {
		pieces, err := s.pieces()
		if err != nil {
			return nil, err
		}
		for _, piece := range pieces {
			switch {
			case piece.SQL == "":
			case s.direction == "" && len(sections) > 1:
				return nil, fmt.Errorf("line %d: %s comes before the first mark of %s: it is not clear whether it is part of the change", piece.Line, firstWords(piece.SQL), sections[len(sections)-1].tool)
			case s.direction == "" || s.direction == m.Direction || s.direction == Up && m.Direction == "":
				all = append(all, piece)
			}
		}
	}
	return all, nil
}

// decode is text without a byte order mark, and out of UTF-16 if that says so.
func decode(text string) (string, error) {
	switch {
	case strings.HasPrefix(text, "\xef\xbb\xbf"):
		return text[3:], nil
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		if len(text)%2 != 0 {
			return "", errors.New("the file begins as UTF-16 and has an odd number of bytes")
		}
		var order binary.ByteOrder = binary.LittleEndian
		if text[0] == 0xfe {
			order = binary.BigEndian
		}
		units := make([]uint16, len(text)/2-1)
		if err := binary.Read(bytes.NewReader([]byte(text[2:])), order, units); err != nil {
			return "", err
		}
		return string(utf16.Decode(units)), nil
	}
	return text, nil
}

// A section is a part of a file between two marks.
type section struct {
	tool      string
	direction Direction // "" before the first mark
	whole     bool      // a single statement, between StatementBegin and StatementEnd
	text      string
	line      int // where it begins, starting at 1
}

func (s section) pieces() ([]Piece, error) {
	if s.whole {
		pieces, err := split(s.text, "\x00", s.line)
		for i := range pieces {
			pieces[i].SQL = strings.TrimRight(pieces[i].SQL, "; \t\r\n")
		}
		return pieces, err
	}
	return split(s.text, ";", s.line)
}

// divide splits a file at the marks of a migration tool.
func divide(text string) ([]section, error) {
	current := section{line: 1}
	var all []section
	begin := 0
	cut := func(end, next int) {
		current.text = text[begin:end]
		all = append(all, current)
		begin = next
		current.line = 1 + strings.Count(text[:next], "\n")
	}
	for at := 0; at < len(text); {
		t := commentLine(text, at)
		if t.kind != comment || !lineStart(text, at) {
			at += len(t.text)
			continue
		}
		line := 1 + strings.Count(text[:at], "\n")
		m, err := readMark(t.text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		end := at + len(t.text)
		if m != (toolMark{}) {
			switch m.what {
			case "":
				cut(at, end)
			case "up", "down":
				if current.whole {
					return nil, fmt.Errorf("line %d: %s without a StatementEnd before it", line, strings.TrimSpace(t.text))
				}
				cut(at, end)
				current.tool, current.direction = m.tool, Direction(m.what)
			case "begin":
				if current.whole {
					return nil, fmt.Errorf("line %d: a second StatementBegin without a StatementEnd", line)
				}
				cut(at, end)
				current.whole = true
			case "end":
				if !current.whole {
					return nil, fmt.Errorf("line %d: a StatementEnd without a StatementBegin", line)
				}
				cut(at, end)
				current.whole = false
			}
		}
		at = end
	}
	if current.whole {
		return nil, errors.New("nothing ends the last StatementBegin")
	}
	cut(len(text), len(text))
	return all, nil
}

// commentLine returns the token at a place of a text. Migration tools also treat
// --+goose and --liquibase as comments, which servers do not do without a space.
func commentLine(text string, at int) token {
	t := nextToken(text[at:], "")
	if t.kind != mark || !strings.HasPrefix(text[at:], "--") || !lineStart(text, at) {
		return t
	}
	line, _, _ := strings.Cut(text[at:], "\n")
	if m, err := readMark(line); err == nil && m == (toolMark{}) {
		return t
	}
	return token{kind: comment, text: line}
}

// A toolMark is the meaning of a comment to a migration tool; the zero toolMark
// means nothing.
type toolMark struct {
	tool string
	what string // up, down, begin, end; "" if it does not matter
}

var marks = sync.OnceValue(func() []struct {
	form *regexp.Regexp
	read func(m []string) (toolMark, error)
} {
	direction := func(tool string) func(m []string) (toolMark, error) {
		return func(m []string) (toolMark, error) { return toolMark{tool, strings.ToLower(m[1])}, nil }
	}
	refuse := func(text string) func(m []string) (toolMark, error) {
		return func([]string) (toolMark, error) { return toolMark{}, errors.New(text) }
	}
	return []struct {
		form *regexp.Regexp
		read func(m []string) (toolMark, error)
	}{
		{regexp.MustCompile(`(?i)^--\s*\+\s*(\w+)\s+(\w+)(.*)$`), plusMark},
		{regexp.MustCompile(`(?i)^--\s*migrate:(up|down)\b`), direction("dbmate")},
		{regexp.MustCompile(`(?i)^--\s*rambler\s+(up|down)\b`), direction("rambler")},
		{regexp.MustCompile(`(?i)^--\s*(up|down)\s+migration\s*$`), direction("node-pg-migrate")},
		{regexp.MustCompile(`(?i)^(?:--|#)[\s-]*!(up|down)s\b`), direction("Play")},
		{regexp.MustCompile(`(?i)^--\s*//\s*@undo\b`), func([]string) (toolMark, error) { return toolMark{"MyBatis", "down"}, nil }},
		{regexp.MustCompile(`(?i)^-+\s*create above / drop below`), func([]string) (toolMark, error) { return toolMark{"tern", "down"}, nil }},
		{regexp.MustCompile(`(?i)^--\s*(liquibase\s+formatted|changeset\s|preconditions\s|rollback\s+\S|precondition-)`),
			refuse("this is a file of Liquibase, whose changesets noren does not read: let liquibase update-sql write the statements, and give noren those")},
	}
})

// plusMark reads -- +goose Up, and the variants of sql-migrate and micrate.
func plusMark(m []string) (toolMark, error) {
	tool := map[string]string{"goose": "goose", "migrate": "sql-migrate", "micrate": "micrate"}[strings.ToLower(m[1])]
	if tool == "" {
		return toolMark{}, fmt.Errorf("the mark %q is of a migration tool that noren does not know: leave only the statements of the change in the file", m[0])
	}
	switch strings.ToLower(m[2]) {
	case "up":
		return toolMark{tool, "up"}, nil
	case "down":
		return toolMark{tool, "down"}, nil
	case "statementbegin":
		return toolMark{tool, "begin"}, nil
	case "statementend":
		return toolMark{tool, "end"}, nil
	case "no":
		return toolMark{tool: tool}, nil // NO TRANSACTION
	}
	return toolMark{}, fmt.Errorf("%s's mark %q is not one that noren understands: it knows Up, Down, StatementBegin, StatementEnd and NO TRANSACTION", tool, m[0])
}

// readMark returns the meaning of a comment at the beginning of a line.
func readMark(text string) (toolMark, error) {
	text = strings.TrimSpace(text)
	for _, known := range marks() {
		if m := known.form.FindStringSubmatch(text); m != nil {
			return known.read(m)
		}
	}
	if looksLikeMark(text) {
		return toolMark{}, fmt.Errorf("the comment %q looks like a mark of a migration tool that noren does not know: leave only the statements of the change in the file, or say the comment otherwise", text)
	}
	return toolMark{}, nil
}

// looksLikeMark reports whether a comment consists only of words with which
// migration tools divide files, and names a direction.
func looksLikeMark(text string) bool {
	named := false
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return c < 'a' || c > 'z' }) {
		switch w {
		case "up", "ups", "down", "downs", "undo", "rollback", "revert", "reverse", "back", "backward", "backwards", "forward", "forwards":
			named = true
		case "do", "migrate", "migration", "migrations", "change", "apply", "deploy", "section", "sql", "begin", "start", "end", "schema", "script", "statement", "statements", "name", "roll", "way":
		default:
			return false
		}
	}
	return named
}

// foreign refuses files whose text only a tool can complete, and names the tool.
func foreign(text string) error {
	known := false
	ef := strings.Contains(text, "__EFMigrationsHistory") || strings.Contains(text, "MigrationsScript")
	for at := 0; at < len(text); {
		t := commentLine(text, at)
		line := 1 + strings.Count(text[:at], "\n")
		at += len(t.text)
		if t.kind == comment {
			if m, err := readMark(t.text); err == nil && m.tool != "" {
				known = true
			}
			continue
		}
		if !known && (strings.Contains(t.text, "${") || strings.HasSuffix(t.text, "$") && strings.HasPrefix(text[at:], "{")) {
			return fmt.Errorf("line %d: ${...} is a placeholder of Flyway or Liquibase: write its value into the file", line)
		}
		if t.kind != word || !lineStart(text, at-len(t.text)) {
			continue
		}
		switch {
		case ef && t.is("START", "COMMIT"):
			return fmt.Errorf("line %d: this is a script of EF Core with transactions: make it with dotnet ef migrations script --no-transactions", line)
		case ef && (t.is("CALL") || t.is("DELIMITER")):
			return fmt.Errorf("line %d: this is an idempotent script of EF Core: make it without --idempotent; the journal makes sure that it runs once", line)
		case t.is("LOCK", "UNLOCK") && strings.Contains(text, "dump"):
			return fmt.Errorf("line %d: LOCK TABLES comes from mysqldump: dump with --skip-add-locks --skip-disable-keys", line)
		}
	}
	return nil
}
