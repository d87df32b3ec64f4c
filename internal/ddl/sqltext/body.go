package sqltext

import (
	"slices"
	"strings"
)

// A Body is what the body of a trigger does, as far as it can be read.
type Body struct {
	// Columns are the columns of the row, of NEW and OLD, that it reads or sets.
	Columns []string

	// Sets are the columns of NEW that it sets.
	Sets []string

	// Statements are the INSERT, UPDATE, DELETE and REPLACE in it, and the SELECT
	// outside of these. NULL replaces the row's columns and its own variables,
	// and a SELECT has no INTO.
	Statements []string

	// Calls reports whether it calls a procedure, or a function that noren does
	// not know, outside of Statements. Either may do anything.
	Calls bool
}

// ReadBody reads the body of a trigger.
func ReadBody(sql string, d Dialect) (Body, error) {
	expanded, err := Expand(sql, d)
	if err != nil {
		return Body{}, err
	}
	all := words(expanded)
	at := func(i int) token {
		if i >= 0 && i < len(all) {
			return all[i]
		}
		return token{start: len(expanded)}
	}
	var b Body
	var declared []string
	for i, t := range all {
		if t.is("NEW", "OLD") && at(i+1).is(".") {
			name, ok := at(i + 2).name()
			if ok && !slices.Contains(b.Columns, name) {
				b.Columns = append(b.Columns, name)
			}
			if ok && t.is("NEW") && at(i-1).is("SET", ",") && at(i+3).is("=", ":") {
				b.Sets = append(b.Sets, name)
			}
		}
		if t.is("DECLARE") {
			for j := i + 1; ; j += 2 {
				name, ok := at(j).name()
				if !ok {
					break
				}
				declared = append(declared, strings.ToLower(name))
				if !at(j + 1).is(",") {
					break
				}
			}
		}
	}
	depth := 0
	for i := 0; i < len(all); i++ {
		switch t := all[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case t.is("CALL") && begins(at(i-1), i):
			b.Calls = true
		case depth == 0 && t.is("INSERT", "UPDATE", "DELETE", "REPLACE") && !at(i+1).is("(") && begins(at(i-1), i):
			end := i
			for end < len(all) && !all[end].is(";") {
				end++
			}
			b.Statements = append(b.Statements, standIn(expanded, all[i:end], declared))
			i = end
		case t.is("SELECT"), t.is("WITH") && (at(i+1).is("RECURSIVE") || at(i+2).is("AS", "(")):
			end := queryEnd(all, i)
			b.Statements = append(b.Statements, standIn(expanded, withoutInto(all[i:end]), declared))
			i = end - 1
		case at(i+1).is("(") && calls(t):
			b.Calls = true
		}
	}
	return b, nil
}

// queryEnd returns where a query that begins at a word of a body ends: at the
// enclosing parenthesis, or at the end of the statement.
func queryEnd(all []token, begin int) int {
	depth := 0
	for i := begin; i < len(all); i++ {
		switch t := all[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth < 0 || depth == 0 && all[i].is(";", "DO") {
			return i
		}
	}
	return len(all)
}

// withoutInto returns a query without the variables that it fills.
func withoutInto(query []token) []token {
	depth, into := 0, -1
	for i, t := range query {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && into < 0 && t.is("INTO"):
			into = i
		case depth == 0 && into >= 0 && t.is("FROM", "WHERE", "UNION", "LIMIT", "FOR", "LOCK"):
			return slices.Concat(query[:into], query[i:])
		}
	}
	if into >= 0 {
		return query[:into]
	}
	return query
}

// inBodies are words in bodies that may be followed by parentheses: control flow,
// operators and types.
var inBodies = strings.Fields(`IF ELSEIF WHILE UNTIL WHEN CASE THEN ELSE RETURN NOT AND OR XOR IN BETWEEN LIKE IS DIV MOD INSERT REPLACE
	CHAR VARCHAR BINARY VARBINARY DECIMAL DEC NUMERIC FIXED FLOAT DOUBLE TINYINT SMALLINT MEDIUMINT INT INTEGER BIGINT BIT TEXT BLOB DATETIME TIMESTAMP TIME YEAR ENUM`)

// calls reports whether parentheses after a token make it a call of a function
// that noren does not know.
func calls(t token) bool {
	if _, named := t.name(); !named {
		return false
	}
	known := t.kind == word && (t.is(before...) || t.is(units...) || t.is(aggregates...) || t.is(inBodies...) || slices.Contains(functions, strings.ToUpper(t.text)))
	return !known
}

// begins reports whether a statement of a body may follow the word.
func begins(before token, at int) bool {
	return at == 0 || before.is(";", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT", "ROW")
}

// standIn returns a statement of a body with NULL in place of what only the body
// knows.
func standIn(text string, statement []token, declared []string) string {
	var out strings.Builder
	for i := 0; i < len(statement); i++ {
		t := statement[i]
		lone := (i == 0 || !statement[i-1].is(".")) && (i+1 >= len(statement) || !statement[i+1].is(".", "("))
		name, named := t.name()
		switch {
		case t.is("NEW", "OLD") && i+2 < len(statement) && statement[i+1].is("."):
			out.WriteString(" NULL")
			i += 2
		case named && lone && slices.Contains(declared, strings.ToLower(name)):
			out.WriteString(" NULL")
		default:
			if i > 0 && statement[i-1].end() != t.start {
				out.WriteByte(' ')
			}
			out.WriteString(text[t.start:t.end()])
		}
	}
	return out.String()
}

// SelectOf returns the SELECT of a CREATE VIEW, and whether it was found.
func (s Statement) SelectOf() (string, bool) {
	for _, t := range words(s.SQL) {
		if t.start >= s.Object.Place.End && t.is("AS") {
			return strings.TrimSpace(s.SQL[t.end():]), true
		}
	}
	return "", false
}

// BodyOf returns the body of a CREATE TRIGGER.
func (s Statement) BodyOf() string {
	all := words(s.SQL)
	for i, t := range all {
		if t.start >= s.Object.Place.End && t.is("ROW") && i > 0 && all[i-1].is("EACH") {
			return s.SQL[t.end():]
		}
	}
	return ""
}
