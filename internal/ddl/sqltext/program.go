package sqltext

import (
	"fmt"
	"slices"
	"strings"
)

// An Object is the view, trigger, routine or event of a statement.
type Object struct {
	// Type is VIEW, TRIGGER, PROCEDURE, FUNCTION or EVENT.
	Type string
	Table

	// Verb is CREATE, ALTER or DROP.
	Verb string

	// Place is the place of the name.
	Place Span

	// On is the table of a trigger.
	On Table

	// Optional says that the statement has IF EXISTS or IF NOT EXISTS.
	Optional bool
}

// String returns the object's type and name for people.
func (o Object) String() string { return fmt.Sprintf("%s %s", strings.ToLower(o.Type), o.Table) }

// program reads what follows CREATE, DROP or ALTER for anything but a table.
func (p *parser) program(verb string) {
	p.s.Kind = Program
	for i := 0; i < 16; i++ { // DEFINER = user@host SQL SECURITY INVOKER ...
		switch t := p.ahead(i); {
		case t.is("VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"):
			p.at += i + 1
			p.object(verb, strings.ToUpper(t.text))
			return
		case t.is("DATABASE", "SCHEMA"):
			p.fail(fmt.Errorf("%s %s is not for a migration: the DSN names the schema", verb, strings.ToUpper(t.text)))
			return
		case t.is("USER", "ROLE", "SERVER", "TABLESPACE", "INSTANCE", "UNDO", "LOGFILE", "RESOURCE", "LIBRARY", "PACKAGE", "SEQUENCE", "SPATIAL", "PREPARE", "MASKING", "JSON"):
			p.fail(fmt.Errorf("%s %s is not for a migration: noren changes tables, indexes, rows, views, triggers and routines", verb, strings.ToUpper(t.text)))
			return
		}
	}
	p.unknown()
}

// object reads the name after VIEW, TRIGGER and so on. The body is not read: no
// plan executes it.
func (p *parser) object(verb, kind string) {
	optional := p.take("IF", "EXISTS") || p.take("IF", "NOT", "EXISTS")
	t := p.table()
	p.s.Object = Object{Type: kind, Table: t.Table, Verb: verb, Place: t.Span, Optional: optional}
	if p.err != nil {
		return
	}
	if verb == "DROP" {
		if p.takeAny("RESTRICT", "CASCADE"); p.at < len(p.words) {
			p.fail(fmt.Errorf("DROP %s names several: write a statement for each", kind))
		}
		return
	}
	if kind == "TRIGGER" {
		p.needAny("BEFORE", "AFTER")
		for p.err == nil && !p.take("ON") {
			if p.at >= len(p.words) {
				p.unknown()
			}
			p.at++
		}
		p.s.Object.On = p.table().Table
	}
	if kind == "FUNCTION" && p.has("SONAME") {
		p.fail(fmt.Errorf("CREATE FUNCTION ... SONAME is not for a migration: it loads a library into the server"))
	}
	if p.err == nil {
		p.at = len(p.words)
	}
}

// EndsWith reports whether a statement ends with body, ignoring spaces and
// comments, as servers store the bodies of triggers and routines.
func EndsWith(sql, body string) bool {
	whole, end := words(stripped(sql)), words(stripped(body))
	if len(end) == 0 || len(end) > len(whole) {
		return false
	}
	return slices.EqualFunc(whole[len(whole)-len(end):], end, func(a, b token) bool {
		return a.text == b.text || a.kind == word && b.kind == word && strings.EqualFold(a.text, b.text)
	})
}

// stripped returns sql without the beginnings of conditional comments.
func stripped(sql string) string {
	expanded, err := Expand(sql, Dialect{Version: 1 << 30})
	if err != nil {
		return sql
	}
	return strings.TrimRight(expanded, "; \t\r\n")
}

// Renamed returns the statement with another name for its object.
func (s Statement) Renamed(name string) string {
	return rewrite(s.SQL, []Edit{{s.Object.Place, name}})
}
