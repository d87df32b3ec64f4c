package sqltext

import (
	"slices"
	"strings"
)

func (p *parser) enforced() {
	if p.sees("NOT", "ENFORCED") {
		p.at++
	}
	p.take("ENFORCED")
}

// types are the names of types, most of which both servers have.
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
