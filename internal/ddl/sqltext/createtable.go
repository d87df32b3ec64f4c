package sqltext

import (
	"errors"
)

func (p *parser) createTable() {
	p.s.Kind = CreateTable
	if p.s.Replaces {
		p.loses("OR REPLACE")
	}
	p.s.Optional = p.take("IF", "NOT", "EXISTS")
	p.noteTable(false)
	if p.take("LIKE") {
		p.noteTable(true)
		return
	}
	if p.take("(", "LIKE") {
		p.noteTable(true)
		p.need(")")
		return
	}
	if p.err == nil && !p.sees("(") {
		p.selecting()
		return
	}
	p.list(p.element)
	p.s.options = p.previous().end()
	for p.err == nil && p.at < len(p.words) {
		switch {
		case p.option():
			p.take(",")
		case p.sees("PARTITION", "BY"):
			p.partitionBy()
		default:
			p.selecting()
		}
	}
}

var errSelect = errors.New("CREATE TABLE ... SELECT is neither atomic nor quick: write CREATE TABLE, then INSERT ... SELECT")

// selecting fails if a CREATE TABLE continues with rows.
func (p *parser) selecting() {
	if p.peek().is("SELECT", "AS", "TABLE", "VALUES", "WITH", "IGNORE", "REPLACE", "(") {
		p.fail(errSelect)
		return
	}
	if p.sees("LIKE") || p.at >= len(p.words) {
		p.fail(errSelect) // only options: a SELECT is missing
		return
	}
	if p.option() {
		for p.err == nil && (p.take(",") || p.option()) {
		}
		p.selecting()
		return
	}
	p.unknown()
}

// element reads a column, a key or a constraint.
func (p *parser) element() {
	switch {
	case p.peek().is("SELECT", "TABLE", "VALUES", "WITH"):
		p.fail(errSelect)
	case p.take("PERIOD", "FOR"):
		p.at--
		p.period()
	case p.keyAhead():
		p.key()
	default:
		p.column()
	}
}

// period reads FOR SYSTEM_TIME (a, b) or FOR name (a, b).
func (p *parser) period() {
	p.need("FOR")
	p.take("IF", "NOT", "EXISTS")
	p.name()
	p.list(func() { p.name() })
}
