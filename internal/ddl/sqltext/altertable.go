package sqltext

import (
	"fmt"
	"slices"
)

// alter reads ALTER TABLE, and finds the place for noren's own clauses: right
// after the table's name.
func (p *parser) alter() {
	p.takeAny("ONLINE", "OFFLINE")
	ignore := p.take("IGNORE")
	if !p.take("TABLE") {
		p.program("ALTER")
		return
	}
	p.s.Kind = AlterTable
	if ignore {
		p.loses("IGNORE")
	}
	p.take("IF", "EXISTS")
	p.noteTable(false)
	if p.err != nil {
		return
	}
	p.s.insert = p.s.Tables[0].End
	p.waiting()
	for p.err == nil && p.at < len(p.words) {
		switch {
		case p.peek().is("ALGORITHM", "LOCK"):
			p.clause()
		case p.sees("PARTITION", "BY"):
			p.partitionBy()
		case p.take("REMOVE", "PARTITIONING"):
		default:
			p.action()
		}
		if p.err != nil || p.at >= len(p.words) {
			break
		}
		if p.take(",") {
			if p.at >= len(p.words) {
				p.unknown()
			}
			continue
		}
		if !p.sees("PARTITION", "BY") && !p.sees("REMOVE", "PARTITIONING") && !p.optionAhead() {
			p.unknown()
		}
	}
	rest := p.rest()
	partitions := len(rest) > 0 && rest[0].is("PARTITION") || len(rest) > 1 && rest[0].is("REMOVE") && rest[1].is("PARTITIONING")
	p.s.comma = len(rest) > 0 && !partitions
}

// rest returns the words after the changed table without the author's clauses.
func (p *parser) rest() []token {
	end := p.s.Tables[0].End
	return slices.DeleteFunc(slices.Clone(p.words), func(t token) bool {
		return t.start < end || slices.ContainsFunc(p.s.clauses, func(c clause) bool { return c.Start <= t.start && t.start < c.End })
	})
}

// optionAhead reports whether an option of the table follows.
func (p *parser) optionAhead() bool {
	ahead := *p
	return ahead.option() && ahead.err == nil
}

func (p *parser) loses(format string, args ...any) {
	p.s.Loses = append(p.s.Loses, fmt.Sprintf(format, args...))
}

// action reads one of the actions of an ALTER TABLE.
func (p *parser) action() {
	switch {
	case p.take("ADD"):
		p.add()
	case p.take("ALTER"):
		p.alterPart()
	case p.take("CHANGE"):
		p.take("COLUMN")
		p.take("IF", "EXISTS")
		from := p.name()
		to, _ := p.peek().name()
		p.s.RenamedColumns = append(p.s.RenamedColumns, ColumnRename{from, to})
		p.column()
		p.position()
	case p.take("MODIFY"):
		p.take("COLUMN")
		p.take("IF", "EXISTS")
		p.column()
		p.position()
	case p.take("DROP"):
		p.dropPart()
	case p.take("RENAME"):
		p.renamePart()
	case p.take("CONVERT", "TO"):
		p.needAny("CHARACTER", "CHARSET")
		p.take("SET")
		p.value()
		if p.take("COLLATE") {
			p.value()
		}
	case p.takeAny("DISABLE", "ENABLE"):
		p.need("KEYS")
	case p.take("FORCE"):
	case p.take("ORDER", "BY"):
		for p.err == nil {
			p.name()
			p.takeAny("ASC", "DESC")
			if !p.sees(",") || p.ahead(1).is("ADD", "DROP", "ALTER", "CHANGE", "MODIFY", "RENAME", "ALGORITHM", "LOCK") {
				return
			}
			p.at++
		}
	case p.takeAny("WITH", "WITHOUT"):
		p.need("VALIDATION")
	case p.partitionAction():
	case p.option():
	default:
		p.unknown()
	}
}

func (p *parser) position() {
	if !p.take("FIRST") && p.take("AFTER") {
		p.name()
	}
}

func (p *parser) add() {
	switch {
	case p.take("PARTITION"):
		p.take("IF", "NOT", "EXISTS")
		p.s.Partitions = MovesNone
		if p.take("PARTITIONS") { // by HASH or KEY
			p.s.Partitions = MovesRows
			p.number()
			return
		}
		p.partitionDefinitions()
	case p.take("SYSTEM", "VERSIONING"):
	case p.take("PERIOD"):
		p.period()
	case p.keyAhead():
		p.key()
	default:
		p.take("COLUMN")
		p.take("IF", "NOT", "EXISTS")
		if p.sees("(") {
			p.list(p.element)
			return
		}
		p.column()
		p.position()
	}
}

func (p *parser) alterPart() {
	switch {
	case p.takeAny("INDEX", "KEY"):
		p.take("IF", "EXISTS")
		p.name()
		if p.take("NOT") {
			p.need("IGNORED")
			return
		}
		p.needAny("VISIBLE", "INVISIBLE", "IGNORED")
	case p.sees("CHECK") || p.sees("CONSTRAINT"):
		p.at++
		p.noteConstraint(Constraint{Any: p.previous().is("CONSTRAINT")})
		p.take("NOT")
		p.need("ENFORCED")
	default:
		p.take("COLUMN")
		p.take("IF", "EXISTS")
		p.name()
		switch {
		case p.take("DROP", "DEFAULT"):
		case p.take("SET", "DEFAULT"):
			p.defaultValue()
		case p.take("SET"):
			p.needAny("VISIBLE", "INVISIBLE")
		default:
			p.unknown()
		}
	}
}

func (p *parser) dropPart() {
	exists := func() { p.take("IF", "EXISTS") }
	switch {
	case p.take("PRIMARY", "KEY"):
	case p.take("FOREIGN", "KEY"):
		exists()
		p.noteConstraint(Constraint{FK: true})
	case p.sees("CONSTRAINT") || p.sees("CHECK"):
		p.at++
		either := p.previous().is("CONSTRAINT")
		exists()
		p.noteConstraint(Constraint{Any: either})
	case p.takeAny("INDEX", "KEY"):
		exists()
		p.name()
	case p.take("PARTITION"):
		exists()
		p.s.Partitions = MovesNone
		p.loses("DROP PARTITION")
		p.names()
	case p.take("SYSTEM", "VERSIONING"):
		p.loses("DROP SYSTEM VERSIONING")
	case p.take("PERIOD", "FOR"):
		p.name()
	default:
		p.take("COLUMN")
		exists()
		name := p.name()
		p.s.DroppedColumns = append(p.s.DroppedColumns, name)
		p.loses("DROP COLUMN %s", name)
		p.takeAny("RESTRICT", "CASCADE")
	}
}

func (p *parser) renamePart() {
	exists := func() { p.take("IF", "EXISTS") }
	switch {
	case p.take("COLUMN"):
		exists()
		from := p.name()
		p.need("TO")
		p.s.RenamedColumns = append(p.s.RenamedColumns, ColumnRename{from, p.name()})
	case p.sees("INDEX") && p.take("INDEX"), p.sees("KEY") && p.take("KEY"):
		exists()
		p.name()
		p.need("TO")
		p.name()
	default:
		p.takeAny("TO", "AS", "=")
		p.noteTable(false)
	}
}
