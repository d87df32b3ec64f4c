package sqltext

// keyAhead reports whether a key or a constraint follows, rather than a column.
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
			// The name of the key and, in MySQL, of the constraint if that has
			// none.
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
