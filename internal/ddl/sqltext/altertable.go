package sqltext

import (
	"fmt"
	"slices"
	"strings"
)

// alter reads ALTER TABLE, and finds the place of noren's own clauses: right
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

// rest are the words after the changed table without the author's clauses.
func (p *parser) rest() []token {
	end := p.s.Tables[0].End
	return slices.DeleteFunc(slices.Clone(p.words), func(t token) bool {
		return t.start < end || slices.ContainsFunc(p.s.clauses, func(c clause) bool { return c.Start <= t.start && t.start < c.End })
	})
}

// optionAhead says whether an option of the table follows.
func (p *parser) optionAhead() bool {
	ahead := *p
	return ahead.option() && ahead.err == nil
}

func (p *parser) loses(format string, args ...any) {
	p.s.Loses = append(p.s.Loses, fmt.Sprintf(format, args...))
}

// action reads one of the changes of an ALTER TABLE.
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
		if p.take("PARTITIONS") { // of HASH or KEY
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

// partitionAction reads what is done to some partitions.
func (p *parser) partitionAction() bool {
	all := func() {
		p.need("PARTITION")
		if p.takeAny("NO_WRITE_TO_BINLOG", "LOCAL"); !p.take("ALL") {
			p.names()
		}
	}
	switch {
	case p.sees("TRUNCATE", "PARTITION"):
		p.at++
		p.s.Partitions = MovesNone
		p.loses("TRUNCATE PARTITION")
		all()
	case p.sees("REBUILD", "PARTITION"):
		p.at++
		p.s.Partitions = MovesRows
		all()
	case p.sees("OPTIMIZE", "PARTITION"), p.sees("ANALYZE", "PARTITION"), p.sees("CHECK", "PARTITION"), p.sees("REPAIR", "PARTITION"):
		p.at++
		all()
		p.takeAny("QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED")
	case p.take("COALESCE", "PARTITION"):
		p.s.Partitions = MovesRows
		p.takeAny("NO_WRITE_TO_BINLOG", "LOCAL")
		p.number()
	case p.take("REORGANIZE", "PARTITION"):
		p.s.Partitions = MovesRows
		p.takeAny("NO_WRITE_TO_BINLOG", "LOCAL")
		if p.at >= len(p.words) || p.sees(",") {
			return true
		}
		p.names()
		p.need("INTO")
		p.partitionDefinitions()
	case p.take("EXCHANGE", "PARTITION"):
		p.name()
		p.need("WITH", "TABLE")
		p.noteTable(false)
		if p.takeAny("WITH", "WITHOUT") {
			p.need("VALIDATION")
		}
		p.s.Exchanges = true
		p.s.Partitions = MovesNone
		p.loses("EXCHANGE PARTITION")
	default:
		return false
	}
	return true
}

// engines are the storage engines whose tables hold their rows themselves, so
// that a statement on one of them touches no other table.
var engines = []string{"INNODB", "MYISAM", "ARIA", "MEMORY", "HEAP"}

// option reads an option of a table.
func (p *parser) option() bool {
	start := p.at
	p.take("DEFAULT")
	t := p.peek()
	equals := func() { p.take("=") }
	switch {
	case p.takeAny("ENGINE", "TYPE"):
		equals()
		name, _ := p.peek().name()
		if p.peek().kind == quoted {
			name = strings.Trim(p.peek().text, `'"`)
		}
		if !slices.Contains(engines, strings.ToUpper(name)) {
			p.unknown()
			return true
		}
		p.at++
	case p.take("CHARACTER", "SET"), p.takeAny("CHARSET", "COLLATE"):
		equals()
		p.value()
		p.s.charset = true
	case p.sees("DATA", "DIRECTORY"), p.sees("INDEX", "DIRECTORY"), p.sees("TABLESPACE"):
		p.place()
	case p.takeAny("AUTO_INCREMENT", "AVG_ROW_LENGTH", "CHECKSUM", "TABLE_CHECKSUM", "COMMENT", "COMPRESSION", "ENCRYPTION", "KEY_BLOCK_SIZE", "MAX_ROWS", "MIN_ROWS",
		"PACK_KEYS", "ROW_FORMAT", "STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "DELAY_KEY_WRITE", "PAGE_CHECKSUM", "TRANSACTIONAL",
		"PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "ENCRYPTED", "ENCRYPTION_KEY_ID", "AUTOEXTEND_SIZE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"),
		t.kind == identifier && slices.Contains([]string{"PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "ENCRYPTED", "ENCRYPTION_KEY_ID"}, strings.ToUpper(strings.Trim(t.text, "`"))) && p.take2():
		equals()
		p.value()
	case p.take("WITH", "SYSTEM", "VERSIONING"):
	default:
		p.at = start
		return false
	}
	return true
}

func (p *parser) take2() bool {
	p.at++
	return true
}

// place reads where files of the table are. A migration must not say it; what
// the server says of a table that is there is left out of its shadow.
func (p *parser) place() {
	begin := p.peek()
	if !p.definition {
		p.unknown()
		return
	}
	if !p.take("TABLESPACE") {
		p.at += 2
	}
	p.take("=")
	p.value()
	p.s.places = append(p.s.places, Span{begin.start, p.previous().end()})
}
