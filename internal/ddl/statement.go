package ddl

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what a statement does, as far as noren must know: the server is the
// only parser of the rest.
type Kind string

// The kinds of statements that a migration may hold.
const (
	AlterTable  Kind = "ALTER TABLE"
	CreateIndex Kind = "CREATE INDEX"
	DropIndex   Kind = "DROP INDEX"
	Optimize    Kind = "OPTIMIZE TABLE"
	RenameTable Kind = "RENAME TABLE"
	CreateTable Kind = "CREATE TABLE"
	DropTable   Kind = "DROP TABLE"
	Truncate    Kind = "TRUNCATE TABLE"
	Rows        Kind = "rows"    // INSERT, UPDATE, DELETE, REPLACE
	Session     Kind = "session" // SET
	Program     Kind = "program" // views, triggers, procedures, functions, events
)

// laddered says whether the kind takes an ALGORITHM and a LOCK.
func (k Kind) laddered() bool {
	switch k {
	case AlterTable, CreateIndex, DropIndex, Optimize:
		return true
	}
	return false
}

// shadowed says whether statements of the kind can be tried on shadows.
func (k Kind) shadowed() bool {
	switch k {
	case RenameTable, CreateTable, DropTable, Truncate:
		return true
	}
	return k.laddered()
}

// A table is a table's name as a statement spells it.
type table struct {
	schema string // "" if not named
	name   string
}

func (t table) String() string {
	if t.schema == "" {
		return quote(t.name)
	}
	return quote(t.schema) + "." + quote(t.name)
}

// A span is a part of a statement's text.
type span struct{ start, end int }

// A tableName is a place in a statement where a table is named.
type tableName struct {
	table
	span
	parent bool // after REFERENCES or LIKE: only read
}

// A statement is a statement as far as noren reads it.
type statement struct {
	sql         string
	kind        Kind
	tables      []tableName
	constraints []constraintName
	clauses     []clause // ALGORITHM and LOCK, as the author wrote them
	insert      int      // where noren's own clauses go
	comma       bool     // whether a comma follows them
	bulk        bool     // touches rows without bound: UPDATE, DELETE, INSERT ... SELECT
}

// A constraintName is a place in a statement where a constraint is named.
type constraintName struct {
	name string
	span
	any bool // DROP CONSTRAINT, which also drops unique keys
	fk  bool
}

// A clause is an ALGORITHM or a LOCK that the author asks for.
type clause struct {
	keyword, value string // upper case
	span                  // with one of the commas beside it
}

// changed are the tables of the statement that it changes, without those it
// only refers to.
func (s statement) changed() []table {
	var all []table
	for _, t := range s.tables {
		if !t.parent {
			all = append(all, t.table)
		}
	}
	return all
}

// parse reads what noren must know of a statement.
func parse(sql string) (statement, error) {
	p := &parser{words: words(sql), s: statement{sql: sql, insert: len(sql)}}
	if err := p.statement(); err != nil {
		return statement{}, err
	}
	return p.s, nil
}

var errUnreadable = errors.New("noren cannot read it: want ALTER TABLE name ..., CREATE INDEX name ON table ... or the like")

// statement reads the head of the statement and hands over to what reads the rest.
func (p *parser) statement() error {
	switch {
	case p.take("ALTER"):
		return p.alter()
	case p.take("CREATE"):
		return p.create()
	case p.take("DROP"):
		return p.drop()
	case p.take("RENAME"):
		return p.rename()
	case p.take("TRUNCATE"):
		p.take("TABLE")
		p.s.kind = Truncate
		return p.tableList(1)
	case p.take("OPTIMIZE"):
		p.s.kind = Optimize
		_ = p.take("NO_WRITE_TO_BINLOG") || p.take("LOCAL")
		if !p.take("TABLE") {
			return errUnreadable
		}
		return p.tableList(1)
	case p.take("INSERT") || p.take("REPLACE"):
		p.s.kind, p.s.bulk = Rows, p.has("SELECT") || p.has("TABLE")
	case p.take("UPDATE") || p.take("DELETE"):
		p.s.kind, p.s.bulk = Rows, true
	case p.take("WITH"): // a common table expression of UPDATE or DELETE
		if !p.has("UPDATE") && !p.has("DELETE") {
			return p.refused("SELECT")
		}
		p.s.kind, p.s.bulk = Rows, true
	case p.take("SET"):
		return p.set()
	default:
		return p.refused(p.peek().text)
	}
	return nil
}

func (p *parser) refused(what string) error {
	why := "noren changes tables, indexes, rows, views, triggers and routines"
	switch strings.ToUpper(what) {
	case "USE":
		why = "the DSN names the schema"
	case "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "XA":
		why = "the server ends a transaction at every schema change; the journal keeps what is done"
	case "LOCK", "UNLOCK":
		why = "it stops reads"
	case "CALL":
		why = "nobody can tell what it locks"
	case "":
		why = "it is empty"
	}
	return fmt.Errorf("%s is not for a migration: %s", firstWords(p.s.sql), why)
}

// set reads SET, which may change nothing but the session.
func (p *parser) set() error {
	p.s.kind = Session
	if p.has("GLOBAL") || p.has("PERSIST") || p.has("PERSIST_ONLY") || p.has("PASSWORD") || p.has("ROLE") {
		return fmt.Errorf("%s is not for a migration: it changes more than the session", firstWords(p.s.sql))
	}
	if upper := strings.ToUpper(p.s.sql); strings.Contains(upper, "ANSI") || strings.Contains(upper, "NO_BACKSLASH_ESCAPES") {
		return fmt.Errorf("%s is not for a migration: the mode changes what quotes and backslashes mean", firstWords(p.s.sql))
	}
	return nil
}

// firstWords is the beginning of a statement, to name it in a message.
func firstWords(sql string) string {
	fields := strings.Fields(sql)
	if len(fields) > 3 {
		return strings.Join(fields[:3], " ") + " ..."
	}
	return strings.Join(fields, " ")
}
