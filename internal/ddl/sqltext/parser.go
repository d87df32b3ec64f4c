package sqltext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A parser reads the words of a statement from left to right. After an error it
// returns no more words.
type parser struct {
	words      []token
	at         int
	s          Statement
	err        error
	definition bool // the server's own text
	dialect    Dialect
}

func (p *parser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.at = len(p.words)
}

// unknown reports the next word as an error.
func (p *parser) unknown() {
	if p.at >= len(p.words) {
		p.fail(fmt.Errorf("%s: the statement ends too early", firstWords(p.s.SQL)))
		return
	}
	near := p.peek().text
	if p.at > 0 {
		near = p.words[p.at-1].text + " " + near
	}
	p.fail(fmt.Errorf("noren does not know %q at %q in %s: only what it fully understands is executed", p.peek().text, near, firstWords(p.s.SQL)))
}

// peek returns the next word, or an empty one at the end.
func (p *parser) peek() token { return p.ahead(0) }

func (p *parser) ahead(n int) token {
	if p.at+n < len(p.words) {
		return p.words[p.at+n]
	}
	return token{start: len(p.s.SQL)}
}

func (p *parser) previous() token {
	if p.at == 0 {
		return token{}
	}
	return p.words[p.at-1]
}

// take skips the next words if they are keywords.
func (p *parser) take(keywords ...string) bool {
	if !p.sees(keywords...) {
		return false
	}
	p.at += len(keywords)
	return true
}

// sees reports whether the next words are keywords.
func (p *parser) sees(keywords ...string) bool {
	for i, keyword := range keywords {
		if !p.ahead(i).is(keyword) {
			return false
		}
	}
	return true
}

// takeAny skips the next word if it is one of keywords.
func (p *parser) takeAny(keywords ...string) bool {
	if !p.peek().is(keywords...) {
		return false
	}
	p.at++
	return true
}

// need is like take, but fails if the keywords do not follow.
func (p *parser) need(keywords ...string) {
	for _, keyword := range keywords {
		if !p.take(keyword) {
			p.unknown()
			return
		}
	}
}

func (p *parser) needAny(keywords ...string) {
	if !p.takeAny(keywords...) {
		p.unknown()
	}
}

// has reports whether keyword occurs anywhere from here on.
func (p *parser) has(keyword string) bool {
	return slices.ContainsFunc(p.words[min(p.at, len(p.words)):], func(t token) bool { return t.is(keyword) })
}

// name reads an identifier within the table: of a column, an index, a partition.
func (p *parser) name() string {
	name, ok := p.peek().name()
	if !ok || name == "" || p.ahead(1).is(".") {
		p.unknown()
		return ""
	}
	p.at++
	return name
}

// names reads identifiers separated by commas.
func (p *parser) names() {
	p.name()
	for p.err == nil && p.take(",") {
		p.name()
	}
}

// list reads ( item, item ... ).
func (p *parser) list(item func()) {
	p.need("(")
	item()
	for p.err == nil && p.take(",") {
		item()
	}
	p.need(")")
}

// text reads a string.
func (p *parser) text() {
	if p.peek().kind == word && strings.HasPrefix(p.peek().text, "_") { // the character set
		p.at++
	}
	if p.peek().kind != quoted {
		p.unknown()
	}
	for p.peek().kind == quoted { // 'a' 'b' is a single string
		p.at++
	}
}

// number reads a number without sign.
func (p *parser) number() {
	if t := p.peek(); t.kind != word || t.text == "" || t.text[0] < '0' || t.text[0] > '9' {
		p.unknown()
		return
	}
	p.at++
	if p.sees(".") && p.ahead(1).kind == word {
		p.at += 2
	}
}

// value reads a number, a string or a bare word: the value of an option.
func (p *parser) value() {
	switch t := p.peek(); {
	case t.kind == quoted:
		p.text()
	case t.kind == word && (p.ahead(1).is("(") || p.ahead(1).is(".")):
		p.unknown()
	case t.kind == word || t.kind == identifier:
		p.at++
	default:
		p.unknown()
	}
}

// table reads [schema.]table.
func (p *parser) table() TableRef {
	first := p.peek()
	name, ok := first.name()
	if !ok || first.open || name == "" {
		p.unknown()
		return TableRef{}
	}
	p.at++
	name = p.dialect.Fold(name)
	t := TableRef{Table: Table{Name: name}, Span: Span{first.start, first.end()}}
	if p.peek().is(".") {
		second, ok := p.ahead(1).name()
		if !ok || second == "" {
			p.at++
			p.unknown()
			return TableRef{}
		}
		t.Schema, t.Name = name, p.dialect.Fold(second)
		t.End = p.ahead(1).end()
		p.at += 2
	}
	return t
}

func (p *parser) noteTable(parent bool) {
	t := p.table()
	t.Parent = parent
	p.s.Tables = append(p.s.Tables, t)
}

func (p *parser) noteConstraint(c Constraint) {
	t := p.peek()
	c.Name, c.Span = p.name(), Span{t.start, t.end()}
	p.s.Constraints = append(p.s.Constraints, c)
}

// tableList reads tables separated by commas, at most limit of them if limit is
// not 0.
func (p *parser) tableList(limit int) {
	p.noteTable(false)
	for n := 1; p.err == nil && p.take(","); n++ {
		if n == limit {
			p.fail(fmt.Errorf("%s names several tables: write a statement for each", p.s.Kind))
			return
		}
		p.noteTable(false)
	}
}

func (p *parser) rename() {
	p.s.Kind = RenameTable
	p.needAny("TABLE", "TABLES")
	p.take("IF", "EXISTS")
	for p.err == nil {
		p.noteTable(false)
		p.waiting()
		p.need("TO")
		p.noteTable(false)
		if !p.take(",") {
			return
		}
	}
}

// waiting refuses MariaDB's clauses for how long to wait for a lock.
func (p *parser) waiting() {
	if p.peek().is("WAIT", "NOWAIT") {
		p.fail(errors.New("WAIT and NOWAIT are noren's: it has lock budgets of its own"))
	}
}

func (p *parser) drop() {
	switch {
	case p.takeAny("TABLE", "TABLES"):
		p.s.Kind = DropTable
		p.take("IF", "EXISTS")
		p.tableList(0)
		p.waiting()
		p.takeAny("RESTRICT", "CASCADE")
		p.s.Loses = append(p.s.Loses, "DROP TABLE")
	case p.take("TEMPORARY"):
		p.fail(errTemporary)
	case p.takeAny("ONLINE", "OFFLINE") || p.sees("INDEX"):
		p.dropIndex()
	default:
		p.program("DROP")
	}
}

func (p *parser) create() {
	p.s.Replaces = p.take("OR", "REPLACE")
	switch {
	case p.take("TEMPORARY"):
		p.fail(errTemporary)
	case p.take("TABLE"):
		p.createTable()
	case p.takeAny("UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "ONLINE", "OFFLINE") || p.sees("INDEX"):
		p.createIndex()
	default:
		p.program("CREATE")
	}
}

var errTemporary = errors.New("a temporary table is not for a migration: it is gone when a run resumes")

// createIndex reads INDEX name ON table (...) options.
func (p *parser) createIndex() {
	p.s.Kind = CreateIndex
	p.takeAny("UNIQUE", "FULLTEXT", "SPATIAL") // after ONLINE
	p.need("INDEX")
	p.take("IF", "NOT", "EXISTS")
	p.name()
	p.indexType()
	p.need("ON")
	p.noteTable(false)
	p.waiting()
	p.list(p.keyPart)
	p.indexOptions()
	for p.err == nil && p.peek().is("ALGORITHM", "LOCK") {
		p.clause()
	}
}

// dropIndex reads INDEX name ON table.
func (p *parser) dropIndex() {
	p.s.Kind = DropIndex
	p.need("INDEX")
	begin := p.peek().start
	p.take("IF", "EXISTS")
	p.name()
	p.s.index = Span{begin, p.previous().end()}
	p.need("ON")
	p.noteTable(false)
	p.waiting()
	for p.err == nil && p.peek().is("ALGORITHM", "LOCK") {
		p.clause()
	}
}

// clause reads ALGORITHM [=] x or LOCK [=] x with an adjacent comma.
func (p *parser) clause() {
	begin := p.at
	keyword := strings.ToUpper(p.peek().text)
	p.at++
	p.take("=")
	value := p.peek()
	if value.kind != word || !value.is("DEFAULT", "INSTANT", "INPLACE", "NOCOPY", "COPY", "NONE", "SHARED", "EXCLUSIVE") {
		p.unknown()
		return
	}
	p.at++
	c := clause{keyword: keyword, value: strings.ToUpper(value.text), Span: Span{p.words[begin].start, value.end()}}
	taken := 0 // where the previous clause ended
	if n := len(p.s.clauses); n > 0 {
		taken = p.s.clauses[n-1].End
	}
	if before := p.words[begin-1]; before.is(",") && before.start >= taken {
		c.Start = before.start
	} else if next := p.peek(); next.is(",") {
		c.End = next.end()
	}
	p.s.clauses = append(p.s.clauses, c)
}
