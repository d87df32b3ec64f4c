package sqltext

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

// partitionAction reads an action on partitions.
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
