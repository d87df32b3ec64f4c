package sqltext

import (
	"fmt"
	"slices"
)

// A Query is a statement on rows, or the SELECT of a view, whose tables are
// known. Nothing else about it is understood.
type Query struct {
	// SQL is the text, without comments.
	SQL string

	// Tables are the places where it names tables, except those defined by WITH.
	Tables []QueryTable

	// Calls are the functions that it calls and that noren does not know to only
	// calculate.
	Calls []string

	// Variables are the variables like @name that it uses, in lower case, and
	// Assigns those that it assigns.
	Variables, Assigns []string

	// Before are the functions and variables in it that depend on the previous
	// statement in the same session, such as LAST_INSERT_ID.
	Before []string

	verb       string // of the outermost query
	aggregates bool   // they aggregate its rows
	seeded     bool   // it calls RAND with a seed
	derived    bool   // it joins the rows of another query

	columns []qualified
	clauses map[string]Span // keywords of the outermost query, where they first occur
}

// A QueryTable is a place where a query names a table.
type QueryTable struct {
	TableRef
	Target bool // its rows are written
	Outer  bool // in the outermost query, including parentheses around joined tables
	alias  bool // it has another name in the query
	called string
	bare   bool // servers allow no other name here
}

// A qualified is a place where a column is qualified with its table.
type qualified struct {
	Table
	Span       // of the table
	outer bool // in the outermost query
}

// Recounts says whether it may change how many rows a table has.
func (q Query) Recounts() bool { return q.verb != "UPDATE" }

// ReadQuery finds the tables of a statement on rows.
func ReadQuery(sql string, d Dialect) (Query, error) {
	expanded, err := Expand(sql, d)
	if err != nil {
		return Query{}, err
	}
	r := &queryReader{dialect: d, words: words(expanded), q: Query{SQL: expanded, clauses: map[string]Span{}}}
	r.read()
	r.q.verb = r.levels[0].verb
	if r.err == nil && len(r.levels) != 1 {
		r.err = fmt.Errorf("%s: its parentheses do not match", firstWords(expanded))
	}
	return r.q, r.err
}

// With returns the query with other names for its tables. Each keeps its own name
// as an alias.
func (q Query) With(name func(Table) string) string {
	var edits []Edit
	bare := map[Table]bool{}
	for _, t := range q.Tables {
		text := name(t.Table)
		switch {
		case t.bare:
			bare[t.Table] = true
		case !t.alias:
			text += " AS " + Quote(t.Name)
		}
		edits = append(edits, Edit{t.Span, text})
	}
	for _, c := range q.columns {
		named := func(t QueryTable) bool { return t.Name == c.Name && (c.Schema == "" || t.Schema == c.Schema) }
		nearer := slices.ContainsFunc(q.Tables, func(t QueryTable) bool { return named(t) && !t.bare && !t.alias && (t.Outer || !c.outer) })
		i := slices.IndexFunc(q.Tables, named)
		if i < 0 {
			continue // an alias
		}
		t := q.Tables[i].Table
		switch {
		case bare[t] && !nearer:
			edits = append(edits, Edit{c.Span, name(t)})
		case c.Schema != "":
			edits = append(edits, Edit{c.Span, Quote(c.Name)})
		}
	}
	return rewrite(q.SQL, edits)
}
