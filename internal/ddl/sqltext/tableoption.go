package sqltext

import (
	"slices"
	"strings"
)

// engines are the storage engines whose tables hold their own rows, so that a
// statement on such a table touches no other.
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
		t.kind == identifier && slices.Contains([]string{"PAGE_COMPRESSED", "PAGE_COMPRESSION_LEVEL", "ENCRYPTED", "ENCRYPTION_KEY_ID"}, strings.ToUpper(strings.Trim(t.text, "`"))) && p.skip():
		equals()
		p.value()
	case p.take("WITH", "SYSTEM", "VERSIONING"):
	default:
		p.at = start
		return false
	}
	return true
}

// skip skips a word of any kind.
func (p *parser) skip() bool {
	p.at++
	return true
}

// place reads file locations of the table. A migration must not contain them; in
// the server's definition of an existing table they are left out of its shadow.
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
