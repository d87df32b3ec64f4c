package sqltext

import (
	"errors"
	"slices"
	"strings"
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

// selecting fails where a CREATE TABLE goes on with rows.
func (p *parser) selecting() {
	if p.peek().is("SELECT", "AS", "TABLE", "VALUES", "WITH", "IGNORE", "REPLACE", "(") {
		p.fail(errSelect)
		return
	}
	if p.sees("LIKE") || p.at >= len(p.words) {
		p.fail(errSelect) // the options alone: a SELECT is missing
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

// keyAhead says whether a key or a constraint follows, and no column.
func (p *parser) keyAhead() bool {
	return p.peek().is("CONSTRAINT", "PRIMARY", "UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK") ||
		p.sees("VECTOR") && p.ahead(1).is("INDEX", "KEY", "(")
}

func (p *parser) key() {
	c := Constraint{}
	named := false
	if p.take("CONSTRAINT") {
		p.take("IF", "NOT", "EXISTS")
		if t := p.peek(); t.kind == identifier || !t.is("PRIMARY", "UNIQUE", "FOREIGN", "CHECK") {
			c.Span, named = Span{t.start, t.end()}, true
			c.Name = p.name()
		}
	}
	note := func() {
		if named {
			p.s.Constraints = append(p.s.Constraints, c)
		}
	}
	switch {
	case p.take("CHECK"):
		note()
		p.parenthesized()
		p.enforced()
	case p.take("FOREIGN", "KEY"):
		c.FK = true
		note()
		p.take("IF", "NOT", "EXISTS")
		if !p.sees("(") {
			// The name of the key, and in MySQL of the constraint if it has none.
			if t := p.peek(); !named {
				c.Span, named = Span{t.start, t.end()}, true
				c.Name = p.name()
				note()
			} else {
				p.name()
			}
		}
		p.list(func() { p.name() })
		p.references()
	case p.take("PRIMARY", "KEY"), p.take("UNIQUE"), p.takeAny("FULLTEXT", "SPATIAL", "VECTOR"), p.peek().is("INDEX", "KEY"):
		p.takeAny("INDEX", "KEY")
		p.take("IF", "NOT", "EXISTS")
		p.indexType()
		if !p.sees("(") {
			p.name()
		}
		p.indexType()
		p.list(p.keyPart)
		p.indexOptions()
	default:
		p.unknown()
	}
}

func (p *parser) enforced() {
	if p.sees("NOT", "ENFORCED") {
		p.at++
	}
	p.take("ENFORCED")
}

func (p *parser) references() {
	p.need("REFERENCES")
	p.noteTable(true)
	if p.sees("(") {
		p.list(func() { p.name() })
	}
	for p.err == nil {
		switch {
		case p.take("MATCH"):
			p.needAny("FULL", "PARTIAL", "SIMPLE")
		case p.take("ON"):
			p.needAny("DELETE", "UPDATE")
			if !p.take("SET", "NULL") && !p.take("SET", "DEFAULT") && !p.take("NO", "ACTION") {
				p.needAny("RESTRICT", "CASCADE")
			}
		default:
			return
		}
	}
}

func (p *parser) indexType() {
	if p.takeAny("USING", "TYPE") {
		p.needAny("BTREE", "HASH", "RTREE")
	}
}

func (p *parser) keyPart() {
	switch {
	case p.sees("("):
		p.parenthesized()
	default:
		p.name()
		if p.take("(") {
			p.number()
			p.need(")")
		}
	}
	if !p.takeAny("ASC", "DESC") && p.take("WITHOUT") {
		p.need("OVERLAPS")
	}
}

func (p *parser) indexOptions() {
	for p.err == nil {
		switch {
		case p.peek().is("USING", "TYPE"):
			p.indexType()
		case p.takeAny("COMMENT", "KEY_BLOCK_SIZE", "CLUSTERING", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "DISTANCE", "M"):
			p.take("=")
			p.value()
		case p.take("WITH", "PARSER"):
			p.needAny("NGRAM", "`ngram`")
		case p.takeAny("VISIBLE", "INVISIBLE", "IGNORED"):
		case p.take("NOT", "IGNORED"):
		default:
			return
		}
	}
}

// types are the names of types, most of them of both servers.
var types = strings.Fields(`BIT BOOL BOOLEAN TINYINT SMALLINT MEDIUMINT MIDDLEINT INT INTEGER BIGINT INT1 INT2 INT3 INT4 INT8
	DECIMAL DEC NUMERIC FIXED NUMBER FLOAT FLOAT4 FLOAT8 DOUBLE REAL
	CHAR CHARACTER NCHAR VARCHAR VARCHARACTER NVARCHAR BINARY VARBINARY RAW TINYBLOB BLOB MEDIUMBLOB LONGBLOB
	TINYTEXT TEXT MEDIUMTEXT LONGTEXT CLOB LONG ENUM SET JSON DATE TIME DATETIME TIMESTAMP YEAR SERIAL
	GEOMETRY POINT LINESTRING POLYGON MULTIPOINT MULTILINESTRING MULTIPOLYGON GEOMETRYCOLLECTION GEOMCOLLECTION
	UUID INET4 INET6 VECTOR NATIONAL`)

func (p *parser) dataType() {
	t := p.peek()
	if t.kind != word || !slices.Contains(types, strings.ToUpper(t.text)) {
		p.unknown()
		return
	}
	p.at++
	if t.is("NATIONAL", "LONG") {
		p.takeAny("CHAR", "CHARACTER", "VARCHAR", "VARCHARACTER", "VARBINARY")
	}
	p.takeAny("VARYING", "PRECISION", "BYTE")
	if p.sees("(") {
		p.list(func() {
			if p.peek().kind == quoted {
				p.text()
			} else {
				p.number()
			}
		})
	}
	for p.err == nil {
		switch {
		case p.takeAny("UNSIGNED", "SIGNED", "ZEROFILL", "BINARY", "ASCII", "UNICODE", "COMPRESSED"):
			if p.previous().is("COMPRESSED") && p.take("=") {
				p.value()
			}
		case p.take("CHARACTER", "SET"), p.take("CHAR", "SET"), p.takeAny("CHARSET"):
			p.value()
		default:
			return
		}
	}
}

// column reads the definition of a column.
func (p *parser) column() {
	p.name()
	p.dataType()
	for p.err == nil && p.attribute() {
	}
}

func (p *parser) attribute() bool {
	switch {
	case p.take("NOT", "NULL"), p.take("NULL"), p.take("AUTO_INCREMENT"), p.take("PRIMARY", "KEY"), p.take("UNIQUE", "KEY"), p.takeAny("UNIQUE", "KEY"),
		p.takeAny("VISIBLE", "INVISIBLE", "VIRTUAL", "STORED", "PERSISTENT"),
		p.take("WITH", "SYSTEM", "VERSIONING"), p.take("WITHOUT", "SYSTEM", "VERSIONING"):
	case p.take("DEFAULT"):
		p.defaultValue()
	case p.take("ON", "UPDATE"):
		p.call()
	case p.take("COMMENT"):
		p.text()
	case p.takeAny("COLLATE", "COLUMN_FORMAT", "STORAGE"), p.take("CHARACTER", "SET"), p.take("CHARSET"):
		p.value()
	case p.takeAny("ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "REF_SYSTEM_ID"):
		p.take("=")
		p.value()
	case p.take("SRID"):
		p.number()
	case p.take("GENERATED", "ALWAYS", "AS"), p.take("AS"):
		if p.take("ROW") {
			p.needAny("START", "END")
			break
		}
		p.parenthesized()
	case p.sees("CONSTRAINT") || p.sees("CHECK"):
		if p.take("CONSTRAINT") && !p.sees("CHECK") {
			p.noteConstraint(Constraint{})
		}
		p.need("CHECK")
		p.parenthesized()
		p.enforced()
	case p.sees("REFERENCES"):
		p.references()
	default:
		return false
	}
	return true
}

// partitionBy reads PARTITION BY to its end.
func (p *parser) partitionBy() {
	p.need("PARTITION", "BY")
	p.partitionFunction()
	if p.take("PARTITIONS") {
		p.number()
	}
	if p.take("SUBPARTITION", "BY") {
		p.partitionFunction()
		if p.take("SUBPARTITIONS") {
			p.number()
		}
	}
	if p.sees("(") {
		p.partitionDefinitions()
	}
}

func (p *parser) partitionFunction() {
	p.take("LINEAR")
	switch {
	case p.take("HASH"):
		p.parenthesized()
	case p.take("KEY"):
		if p.take("ALGORITHM") {
			p.need("=")
			p.number()
		}
		if p.take("(", ")") {
			return
		}
		p.list(func() { p.name() })
	case p.takeAny("RANGE", "LIST"):
		if p.take("COLUMNS") {
			p.list(func() { p.name() })
			return
		}
		p.parenthesized()
	default:
		p.unknown()
	}
}

func (p *parser) partitionDefinitions() { p.list(p.partition) }

func (p *parser) partition() {
	p.need("PARTITION")
	p.name()
	if p.take("VALUES") {
		if p.take("LESS", "THAN") {
			if !p.take("MAXVALUE") {
				p.parenthesized()
			}
		} else {
			p.need("IN")
			p.parenthesized()
		}
	} else {
		p.take("DEFAULT")
	}
	p.partitionOptions()
	if p.sees("(") {
		p.list(func() {
			p.need("SUBPARTITION")
			p.name()
			p.partitionOptions()
		})
	}
}

func (p *parser) partitionOptions() {
	for p.err == nil {
		if p.take("STORAGE", "ENGINE") {
			p.at--
		}
		if p.take("NODEGROUP") {
			p.take("=")
			p.number()
			continue
		}
		if !p.option() {
			return
		}
	}
}
