package sqltext

import (
	"fmt"
	"slices"
	"strings"
)

// A queryReader reads the words of a query from left to right.
type queryReader struct {
	dialect Dialect
	words   []token
	at      int
	q       Query
	levels  []level
	ctes    []string
	err     error
}

// A level is the state within a pair of parentheses.
type level struct {
	query  bool // it contains a query: FROM is followed by tables
	from   bool // in a list of tables: another one follows a comma
	expect bool // a table comes next
	target bool // its rows are written
	bare   bool // it can have no alias
	outer  bool // it belongs to the outermost query
	verb   string
}

func (r *queryReader) peek(n int) token {
	if r.at+n < len(r.words) && r.at+n >= 0 {
		return r.words[r.at+n]
	}
	return token{start: len(r.q.SQL)}
}

func (r *queryReader) read() {
	r.levels = []level{{outer: true}}
	for r.err == nil && r.at < len(r.words) {
		l := &r.levels[len(r.levels)-1]
		t := r.peek(0)
		switch {
		case t.is("("):
			r.open(l)
		case t.is(")"):
			if len(r.levels) == 1 {
				r.err = fmt.Errorf("%s: its parentheses do not match", firstWords(r.q.SQL))
				return
			}
			r.levels = r.levels[:len(r.levels)-1]
			r.at++
		case l.expect && t.is("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE", "INTO", "LATERAL"):
			r.at++
		case l.expect && l.verb == "DELETE" && !l.from && t.is("FROM"):
			l.from, l.bare = true, true
			r.at++
		case l.expect && (t.kind == word || t.kind == identifier):
			r.table(l)
		case t.is("@"):
			r.variable()
		case t.kind == word && r.keyword(l, t):
			r.at++
		case t.is(",") && l.from:
			l.expect = true
			r.at++
		case t.kind == word || t.kind == identifier:
			r.column(t)
		default:
			r.at++
		}
	}
}

// open enters parentheses.
func (r *queryReader) open(l *level) {
	before, next := r.peek(-1), r.peek(1)
	inner := level{}
	switch {
	case next.is("SELECT", "WITH", "VALUES", "TABLE"):
		r.q.derived = r.q.derived || l.expect && l.outer
		l.expect = false
	case l.expect: // joined tables
		inner = level{query: true, from: true, expect: true, target: l.target, outer: l.outer}
		l.expect = false
	case before.kind == word || before.kind == identifier:
		r.call(before)
	}
	r.levels = append(r.levels, inner)
	r.at++
}

// ofBefore are functions and variables that depend on the previous statement in
// the session. LAST_INSERT_ID is both.
var ofBefore = strings.Fields(`LAST_INSERT_ID ROW_COUNT FOUND_ROWS IDENTITY WARNING_COUNT ERROR_COUNT`)

// variable reads @name or @@[SESSION.]name.
func (r *queryReader) variable() {
	if r.peek(1).is("@") {
		name := r.peek(2)
		r.at += 3
		if name.is("SESSION", "LOCAL", "GLOBAL") && r.peek(0).is(".") {
			name = r.peek(1)
			r.at += 2
		}
		r.q.Variables = append(r.q.Variables, "@@"+strings.ToLower(name.text))
		if name.is(ofBefore...) {
			r.q.Before = append(r.q.Before, "@@"+strings.ToLower(name.text))
		}
		return
	}
	name := VariableName(r.peek(1).text)
	r.at += 2
	for r.peek(0).is(".") && r.peek(1).kind == word && r.peek(0).start == r.peek(-1).end() { // @a.b is a single name
		name += "." + strings.ToLower(r.peek(1).text)
		r.at += 2
	}
	r.q.Variables = append(r.q.Variables, name)
	if r.peek(0).is(":") && r.peek(1).is("=") {
		r.q.Assigns = append(r.q.Assigns, name)
	}
}

// VariableName returns the canonical name of a variable like @name, which may be
// quoted.
func VariableName(text string) string {
	return "@" + strings.ToLower(strings.Trim(strings.TrimPrefix(text, "@"), "`'\""))
}

// sums are the functions that aggregate many rows into one.
var sums = strings.Fields(`COUNT SUM MIN MAX AVG GROUP_CONCAT JSON_ARRAYAGG JSON_OBJECTAGG BIT_AND BIT_OR BIT_XOR STD STDDEV STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP VARIANCE`)

// aggregates and other functions that are followed by parentheses and only
// calculate.
var aggregates = append(strings.Fields(`ROW_NUMBER RANK DENSE_RANK PERCENT_RANK CUME_DIST NTILE LAG LEAD FIRST_VALUE LAST_VALUE NTH_VALUE OVER EXISTS ALL ANY SOME ROW VALUE ON UPDATE SELECT WHERE SET HAVING BY LIMIT
	KEY INDEX PARTITION UNION EXCEPT INTERSECT ANY_VALUE JSON_TABLE MATCH AGAINST GROUPING LAST_INSERT_ID FOUND_ROWS ROW_COUNT CONNECTION_ID VERSION`), sums...)

// call records a function that noren does not know.
func (r *queryReader) call(t token) {
	if r.peek(-2).is(".") { // recorded with its schema
		return
	}
	if t.is(ofBefore...) {
		r.q.Before = append(r.q.Before, strings.ToUpper(t.text))
	}
	r.q.seeded = r.q.seeded || t.kind == word && t.is("RAND") && !r.peek(1).is(")")
	if len(r.levels) == 1 && t.kind == word && t.is(sums...) {
		r.q.aggregates = true
	}
	if t.kind == word && (t.is(before...) || t.is(units...) || t.is(aggregates...) || slices.Contains(functions, strings.ToUpper(t.text))) {
		return
	}
	for _, table := range r.q.Tables {
		if table.End == t.end() { // INSERT INTO t (
			return
		}
	}
	for _, cte := range r.ctes {
		if t.text == cte || t.text == Quote(cte) {
			return
		}
	}
	r.q.Calls = append(r.q.Calls, t.text)
}

// keyword skips a keyword that changes what is expected next.
func (r *queryReader) keyword(l *level, t token) bool {
	outer := len(r.levels) == 1
	if r.peek(-1).is(".") {
		return false
	}
	note := func() {
		if k := strings.ToUpper(t.text); outer {
			if _, seen := r.q.clauses[k]; !seen {
				r.q.clauses[k] = Span{t.start, t.end()}
			}
		}
	}
	switch {
	case t.is("REPLACE", "INSERT") && r.peek(1).is("("):
		return false // functions with the same names
	case t.is("INSERT", "REPLACE", "UPDATE", "DELETE") && l.verb == "":
		l.verb = strings.ToUpper(t.text)
		l.query, l.expect, l.target = true, true, true
		l.bare = l.verb == "INSERT" || l.verb == "REPLACE"
		l.from = l.verb == "UPDATE"
	case t.is("SELECT"):
		l.query, l.from, l.expect, l.target, l.bare = true, false, false, false, false
		if l.verb == "" {
			l.verb = "SELECT"
		}
	case t.is("FROM") && l.query:
		l.from, l.expect = true, true
		l.target = l.verb == "DELETE"
	case t.is("USING") && l.verb == "DELETE" && !r.peek(1).is("("):
		l.from, l.expect, l.bare, l.target = true, true, false, false
	case t.is("JOIN", "STRAIGHT_JOIN") && l.from:
		l.expect = true
	case t.is("WITH") && !r.peek(1).is("ROLLUP", "CHECK", "CASCADED", "LOCAL", "QUERY"):
		r.with()
		note()
		return true
	case t.is("WHERE", "SET", "GROUP", "HAVING", "ORDER", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "VALUES", "VALUE", "WINDOW", "FOR", "INTO", "RETURNING", "PROCEDURE"):
		l.from, l.expect = false, false
		if t.is("SET", "VALUES", "VALUE") {
			l.target = false
		}
	case t.is("ON", "DUPLICATE", "DISTINCT", "DISTINCTROW", "OVER", "LOCK", "PARTITION", "WITH"):
		if t.is("ON") && r.peek(1).is("DUPLICATE") {
			l.from = false
		}
	default:
		return false
	}
	note()
	return true
}

// with records the names of common table expressions: name [(columns)] AS (.
func (r *queryReader) with() {
	depth := 0
	for i := r.at + 1; i < len(r.words); i++ {
		t := r.words[i]
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			if depth--; depth < 0 {
				return
			}
		case depth == 0 && t.is("SELECT", "UPDATE", "DELETE", "INSERT", "REPLACE"):
			return
		case depth == 0 && t.is("AS") && i > 0:
			name := r.words[i-1]
			if name.is(")") { // of the list of columns
				j := i - 1
				for j > 0 && !r.words[j].is("(") {
					j--
				}
				name = r.words[max(j-1, 0)]
			}
			if text, ok := name.name(); ok {
				r.ctes = append(r.ctes, text)
			}
		}
	}
}

// table reads a table and its alias.
func (r *queryReader) table(l *level) {
	p := &parser{dialect: r.dialect, words: r.words, at: r.at, s: Statement{SQL: r.q.SQL}}
	ref := p.table()
	if p.err != nil {
		r.err = p.err
		return
	}
	t := QueryTable{TableRef: ref, called: ref.Name, Target: l.target, Outer: l.outer, bare: l.bare}
	next := p.peek()
	if next.is("(") && !l.bare {
		r.err = fmt.Errorf("%s: noren does not know the table function %q", firstWords(r.q.SQL), ref.Name)
		return
	}
	if next.is(".") { // DELETE t.* FROM
		p.at += 2
		next = p.peek()
	}
	deleted := l.verb == "DELETE" && !l.from && !l.bare // DELETE a, b FROM: names of tables that follow
	r.at = p.at
	l.expect = deleted && next.is(",")
	if deleted {
		if l.expect {
			r.at++
		}
		return
	}
	if next.is("PARTITION") && p.ahead(1).is("(") {
		return
	}
	if !l.bare && (next.is("AS") || next.kind == identifier || next.kind == word && !next.is(afterTable...)) {
		t.alias = true
		if next.is("AS") {
			r.at++
		}
		t.called, _ = r.peek(0).name()
		r.at++
	} else if l.bare && l.verb != "DELETE" && next.is("AS") && !p.ahead(1).is("SELECT", "(") { // INSERT ... AS new
		r.at += 2
	}
	if ref.Schema == "" && slices.Contains(r.ctes, ref.Name) {
		return
	}
	r.q.Tables = append(r.q.Tables, t)
}

// afterTable are the words that may follow a table without being its alias.
var afterTable = strings.Fields(`WHERE SET JOIN INNER LEFT RIGHT CROSS NATURAL STRAIGHT_JOIN ON USING GROUP HAVING ORDER LIMIT UNION EXCEPT INTERSECT FOR LOCK WINDOW
	USE FORCE IGNORE PARTITION VALUES VALUE SELECT FROM WITH INTO RETURNING PROCEDURE TABLE TABLESAMPLE OUTER`)

// column skips a name and its qualifiers.
func (r *queryReader) column(t token) {
	first, ok := t.name()
	r.at++
	if !ok || !r.peek(0).is(".") || r.peek(-2).is(".") || digits(t.text) {
		return
	}
	second, ok := r.peek(1).name()
	if !ok && !r.peek(1).is("*") {
		return
	}
	if r.peek(2).is(".") { // schema.table.column
		r.q.columns = append(r.q.columns, qualified{Table{r.dialect.Fold(first), r.dialect.Fold(second)}, Span{t.start, r.peek(1).end()}, len(r.levels) == 1})
		r.at += 4
		return
	}
	if r.peek(2).is("(") { // schema.function(
		r.q.Calls = append(r.q.Calls, first+"."+second)
		r.at += 2
		return
	}
	r.q.columns = append(r.q.columns, qualified{Table{"", r.dialect.Fold(first)}, Span{t.start, t.end()}, len(r.levels) == 1})
	r.at += 2
}
