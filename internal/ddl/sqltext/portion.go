package sqltext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Portioned is a statement on rows that may be executed in portions, each for a
// range of the rows of one table.
type Portioned struct {
	// Source is the table whose rows are divided into portions, and Name its name
	// in the statement.
	Source Table
	Name   string

	// Changes is the table whose rows it writes, and Reads are the other tables
	// that it reads, including those in subqueries.
	Changes Table
	Reads   []Table

	sql   string
	where Span // of the condition; empty, at its place, if there is none
}

// Portions divides a statement. The error says why it must stay in one piece.
func (q Query) Portions() (Portioned, error) {
	if q.verb != "UPDATE" && q.verb != "DELETE" && q.verb != "INSERT" && q.verb != "REPLACE" {
		return Portioned{}, fmt.Errorf("it begins with %s", firstWords(q.SQL))
	}
	for _, keyword := range []string{"ORDER", "LIMIT", "GROUP", "HAVING", "UNION", "EXCEPT", "INTERSECT", "WITH", "DISTINCT", "DISTINCTROW", "WINDOW", "OVER", "RETURNING", "PARTITION", "FOR", "LOCK"} {
		if _, there := q.clauses[keyword]; there {
			return Portioned{}, fmt.Errorf("it has %s, which is about all rows together", keyword)
		}
	}
	switch {
	case len(q.Calls) > 0:
		return Portioned{}, fmt.Errorf("it calls %s, of which noren does not know what it does", strings.Join(q.Calls, ", "))
	case len(q.Variables) > 0:
		return Portioned{}, errors.New("it uses variables")
	case q.seeded:
		return Portioned{}, errors.New("it calls RAND with a seed, whose numbers would begin again in every portion")
	case q.aggregates:
		return Portioned{}, errors.New("it sums up rows")
	}
	outer := slices.DeleteFunc(slices.Clone(q.Tables), func(t QueryTable) bool { return !t.Outer })
	inserts := q.verb == "INSERT" || q.verb == "REPLACE"
	if len(outer) == 0 {
		return Portioned{}, errors.New("it names no table")
	}
	p := Portioned{Changes: outer[0].Table, sql: q.SQL}
	if inserts {
		if _, selects := q.clauses["SELECT"]; !selects {
			return Portioned{}, errors.New("it inserts no rows of a table")
		}
		if len(outer) != 2 {
			return Portioned{}, errors.New("it joins tables, or reads none")
		}
		outer = outer[1:]
	}
	if len(outer) != 1 || q.derived {
		return Portioned{}, errors.New("it joins tables")
	}
	p.Source, p.Name = outer[0].Table, outer[0].called
	for i, t := range q.Tables {
		if inserts && i > 0 || !t.Outer {
			p.Reads = append(p.Reads, t.Table)
		}
	}
	end := len(q.SQL)
	if on, there := q.clauses["ON"]; there && inserts {
		end = on.Start
	}
	p.where = Span{end, end}
	if where, there := q.clauses["WHERE"]; there {
		p.where = Span{where.End, end}
	}
	return p, nil
}

// Deletes reports whether it removes rows of its targets: DELETE and REPLACE do.
func (q Query) Deletes() bool { return q.verb == "DELETE" || q.verb == "REPLACE" }

// Assigned returns the columns that an UPDATE assigns.
func (q Query) Assigned() []string {
	if q.verb != "UPDATE" {
		return nil
	}
	var all []string
	depth := 0
	text := words(q.SQL)
	for i, t := range text {
		switch set := q.clauses["SET"]; {
		case t.start < set.Start:
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && t.is("WHERE"):
			return all
		case t.start == set.Start, depth == 0 && t.is(","):
			column := i + 1
			for column+2 < len(text) && text[column+1].is(".") { // the column follows its table
				column += 2
			}
			if column < len(text) {
				if name, ok := text[column].name(); ok {
					all = append(all, name)
				}
			}
		}
	}
	return all
}

// With returns the statement for only the rows that meet a condition.
func (p Portioned) With(condition string) string {
	if p.where.Start == p.where.End {
		return rewrite(p.sql, []Edit{{p.where, " WHERE " + condition + " "}})
	}
	return rewrite(p.sql, []Edit{{p.where, " (" + p.sql[p.where.Start:p.where.End] + ") AND " + condition + " "}})
}
