package ddl

import (
	"errors"
	"slices"
	"strings"
)

// alter reads ALTER TABLE, and finds the place of noren's own clauses: right
// after the table's name.
func (p *parser) alter() error {
	_ = p.take("ONLINE") || p.take("OFFLINE")
	p.take("IGNORE")
	if !p.take("TABLE") {
		return p.program("ALTER")
	}
	p.s.kind = AlterTable
	p.take("IF", "EXISTS")
	t, err := p.table()
	if err != nil {
		return err
	}
	p.s.tables = append(p.s.tables, t)
	p.s.insert = t.end
	if p.peek().is("WAIT", "NOWAIT") {
		return errors.New("WAIT and NOWAIT are noren's: it has two lock budgets of its own")
	}
	p.body()
	rest := p.rest()
	partitions := len(rest) > 0 && rest[0].is("PARTITION") || len(rest) > 1 && rest[0].is("REMOVE") && rest[1].is("PARTITIONING")
	p.s.comma = len(rest) > 0 && !partitions
	return nil
}

// rest are the words after the changed table without the author's clauses.
func (p *parser) rest() []token {
	end := p.s.tables[0].end
	return slices.DeleteFunc(slices.Clone(p.words), func(t token) bool {
		return t.start < end || slices.ContainsFunc(p.s.clauses, func(c clause) bool { return c.start <= t.start && t.start < c.end })
	})
}

func (p *parser) createTable() error {
	p.s.kind = CreateTable
	p.take("IF", "NOT", "EXISTS")
	t, err := p.table()
	if err != nil {
		return err
	}
	p.s.tables = append(p.s.tables, t)
	if p.take("LIKE") || p.take("(", "LIKE") {
		parent, err := p.table()
		parent.parent = true
		p.s.tables = append(p.s.tables, parent)
		return err
	}
	for depth := 0; p.at < len(p.words); p.at++ {
		switch t := p.peek(); {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case t.is("SELECT") && depth <= 1:
			return errors.New("CREATE TABLE ... SELECT is neither atomic nor quick: write CREATE TABLE, then INSERT ... SELECT")
		default:
			p.names(depth)
		}
	}
	return nil
}

// body reads the rest of ALTER TABLE, CREATE INDEX or DROP INDEX.
func (p *parser) body() {
	for depth := 0; p.at < len(p.words); p.at++ {
		switch t := p.peek(); {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && t.is("ALGORITHM", "LOCK") && p.clause():
		default:
			p.names(depth)
		}
	}
}

// names notes the tables and constraints that are named here, if any, and
// stays on the last of their words.
func (p *parser) names(depth int) {
	previous := token{}
	if p.at > 0 {
		previous = p.words[p.at-1]
	}
	switch {
	case p.take("REFERENCES"):
		p.noteTable(true)
	case p.take("WITH", "TABLE"): // EXCHANGE PARTITION
		p.noteTable(false)
	case depth == 0 && p.peek().is("RENAME") && !p.ahead(1).is("COLUMN", "INDEX", "KEY", "CONSTRAINT"):
		p.at++
		_ = p.take("TO") || p.take("AS") || p.take("=")
		p.noteTable(false)
	case previous.is("DROP") && p.take("FOREIGN", "KEY"):
		p.take("IF", "EXISTS")
		p.noteConstraint(constraintName{fk: true})
	case previous.is("DROP", "ALTER") && (p.peek().is("CONSTRAINT") || p.peek().is("CHECK") && !p.ahead(1).is("(")):
		either := p.peek().is("CONSTRAINT")
		p.at++
		p.take("IF", "EXISTS")
		p.noteConstraint(constraintName{any: either})
	case p.take("CONSTRAINT"):
		p.take("IF", "NOT", "EXISTS")
		switch next := p.ahead(1); {
		case p.peek().kind == word && p.peek().is("CHECK", "FOREIGN", "PRIMARY", "UNIQUE"): // no name
			p.at--
		case next.is("FOREIGN"):
			p.noteConstraint(constraintName{fk: true})
		case next.is("CHECK"):
			p.noteConstraint(constraintName{})
		}
	}
}

func (p *parser) noteTable(parent bool) {
	t, err := p.table()
	p.at--
	if err == nil {
		t.parent = parent
		p.s.tables = append(p.s.tables, t)
	}
}

func (p *parser) noteConstraint(c constraintName) {
	t := p.peek()
	if name, ok := t.name(); ok {
		c.name, c.span = name, span{t.start, t.end()}
		p.s.constraints = append(p.s.constraints, c)
	}
}

// clause reads ALGORITHM [=] x or LOCK [=] x with one of its commas.
func (p *parser) clause() bool {
	begin := p.at
	keyword := strings.ToUpper(p.peek().text)
	p.at++
	p.take("=")
	value := p.peek()
	if value.kind != word || !value.is("DEFAULT", "INSTANT", "INPLACE", "NOCOPY", "COPY", "NONE", "SHARED", "EXCLUSIVE") {
		p.at = begin
		return false
	}
	c := clause{keyword: keyword, value: strings.ToUpper(value.text), span: span{p.words[begin].start, value.end()}}
	taken := 0 // where the clause before ended
	if n := len(p.s.clauses); n > 0 {
		taken = p.s.clauses[n-1].end
	}
	if before := p.words[begin-1]; before.is(",") && before.start >= taken {
		c.start = before.start
	} else if next := p.ahead(1); next.is(",") {
		c.end = next.end()
		p.at++
	}
	p.s.clauses = append(p.s.clauses, c)
	return true
}
