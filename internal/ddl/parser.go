package ddl

import (
	"fmt"
	"slices"
	"strings"
)

// A parser reads the words of a statement from left to right.
type parser struct {
	words []token
	at    int
	s     statement
}

// peek is the next word, or an empty one at the end.
func (p *parser) peek() token { return p.ahead(0) }

func (p *parser) ahead(n int) token {
	if p.at+n < len(p.words) {
		return p.words[p.at+n]
	}
	return token{start: len(p.s.sql)}
}

// take steps over the next words if they are keywords.
func (p *parser) take(keywords ...string) bool {
	for i, keyword := range keywords {
		if !p.ahead(i).is(keyword) {
			return false
		}
	}
	p.at += len(keywords)
	return true
}

// has says whether keyword stands anywhere from here on.
func (p *parser) has(keyword string) bool {
	return slices.ContainsFunc(p.words[min(p.at, len(p.words)):], func(t token) bool { return t.is(keyword) })
}

// table reads [schema.]table.
func (p *parser) table() (tableName, error) {
	first := p.peek()
	name, ok := first.name()
	if !ok || first.open {
		return tableName{}, errUnreadable
	}
	p.at++
	t := tableName{table: table{name: name}, span: span{first.start, first.end()}}
	if p.peek().is(".") {
		second, ok := p.ahead(1).name()
		if !ok {
			return tableName{}, errUnreadable
		}
		t.schema, t.name = name, second
		t.end = p.ahead(1).end()
		p.at += 2
	}
	return t, nil
}

// tableList reads tables with commas between them, at most limit of them if
// limit is not 0.
func (p *parser) tableList(limit int) error {
	for {
		t, err := p.table()
		if err != nil {
			return err
		}
		p.s.tables = append(p.s.tables, t)
		if !p.take(",") {
			return nil
		}
		if len(p.s.tables) == limit {
			return fmt.Errorf("%s names several tables: write a statement for each", p.s.kind)
		}
	}
}

func (p *parser) rename() error {
	p.s.kind = RenameTable
	if !p.take("TABLE") && !p.take("TABLES") {
		return errUnreadable
	}
	p.take("IF", "EXISTS")
	for {
		if err := p.tableList(1); err != nil {
			return err
		}
		if !p.take("TO") {
			return errUnreadable
		}
		t, err := p.table()
		if err != nil {
			return err
		}
		p.s.tables = append(p.s.tables, t)
		if !p.take(",") {
			return nil
		}
	}
}

func (p *parser) drop() error {
	switch {
	case p.take("TABLE") || p.take("TABLES"):
		p.s.kind = DropTable
		p.take("IF", "EXISTS")
		return p.tableList(0)
	case p.take("TEMPORARY"):
		return temporary()
	case p.take("ONLINE") || p.take("OFFLINE") || p.peek().is("INDEX"):
		return p.index(DropIndex)
	}
	return p.program("DROP")
}

func (p *parser) create() error {
	_ = p.take("OR", "REPLACE")
	switch {
	case p.take("TEMPORARY"):
		return temporary()
	case p.take("TABLE"):
		return p.createTable()
	case p.take("UNIQUE") || p.take("FULLTEXT") || p.take("SPATIAL") || p.take("ONLINE") || p.take("OFFLINE") || p.peek().is("INDEX"):
		return p.index(CreateIndex)
	}
	return p.program("CREATE")
}

func temporary() error {
	return fmt.Errorf("a temporary table is not for a migration: it is gone when a run resumes")
}

// index reads INDEX name ... ON table.
func (p *parser) index(kind Kind) error {
	p.s.kind = kind
	if !p.take("INDEX") {
		return errUnreadable
	}
	_ = p.take("IF", "NOT", "EXISTS") || p.take("IF", "EXISTS")
	p.at++ // the index
	for !p.take("ON") {
		if p.at >= len(p.words) || p.peek().is("(") {
			return errUnreadable
		}
		p.at++
	}
	t, err := p.table()
	if err != nil {
		return err
	}
	p.s.tables = append(p.s.tables, t)
	p.body()
	return nil
}

// program reads what follows CREATE, DROP or ALTER of anything but a table.
func (p *parser) program(verb string) error {
	p.s.kind = Program
	for i := 0; i < 12; i++ { // DEFINER = user@host SQL SECURITY INVOKER ...
		switch t := p.ahead(i); {
		case t.is("VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"):
			return nil
		case t.is("DATABASE", "SCHEMA"):
			return fmt.Errorf("%s %s is not for a migration: the DSN names the schema", verb, strings.ToUpper(t.text))
		case t.is("USER", "ROLE", "SERVER", "TABLESPACE", "INSTANCE", "UNDO", "LOGFILE", "RESOURCE", "LIBRARY", "PACKAGE", "SEQUENCE"):
			return fmt.Errorf("%s %s is not for a migration: noren changes tables, indexes, rows, views, triggers and routines", verb, strings.ToUpper(t.text))
		}
	}
	return errUnreadable
}
