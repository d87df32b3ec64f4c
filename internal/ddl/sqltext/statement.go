package sqltext

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is what a statement does, as far as noren must know.
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

// Laddered says whether the kind takes an ALGORITHM and a LOCK.
func (k Kind) Laddered() bool {
	switch k {
	case AlterTable, CreateIndex, DropIndex, Optimize:
		return true
	}
	return false
}

// Shadowed says whether statements of the kind can be tried on shadows.
func (k Kind) Shadowed() bool {
	switch k {
	case RenameTable, CreateTable, DropTable, Truncate:
		return true
	}
	return k.Laddered()
}

// A Table is a table's name as a statement spells it.
type Table struct {
	Schema string // "" if not named
	Name   string
}

// String is the name in quotes.
func (t Table) String() string {
	if t.Schema == "" {
		return Quote(t.Name)
	}
	return Quote(t.Schema) + "." + Quote(t.Name)
}

// A Span is a part of a statement's text, in bytes.
type Span struct{ Start, End int }

// A TableRef is a place in a statement where a table is named.
type TableRef struct {
	Table
	Span
	Parent bool // after REFERENCES or LIKE: only read
}

// A Constraint is a place in a statement where a constraint is named.
type Constraint struct {
	Name string
	Span
	Any bool // DROP CONSTRAINT, which also drops unique keys
	FK  bool
}

// A clause is an ALGORITHM or a LOCK that the author asks for.
type clause struct {
	keyword, value string // upper case
	Span                  // with one of the commas beside it
}

// A Statement is a statement that was understood.
type Statement struct {
	// SQL is the text, without comments.
	SQL  string
	Kind Kind

	// Tables are all tables of a shadowed statement, Constraints the foreign
	// keys and checks that it names.
	Tables      []TableRef
	Constraints []Constraint

	// Bulk says that it touches rows without bound: UPDATE, DELETE, INSERT ...
	// SELECT.
	Bulk bool

	// Loses is by what rows or values are lost, like "DROP COLUMN a".
	Loses []string

	// RenamedColumns and DroppedColumns are the columns that an ALTER TABLE renames and drops.
	RenamedColumns []ColumnRename
	DroppedColumns []string

	// Optional says that a CREATE TABLE has IF NOT EXISTS.
	Optional bool

	// Replaces says that the statement holds OR REPLACE.
	Replaces bool

	// Exchanges says that partitions change places with tables.
	Exchanges bool

	// Partitions says what is done to partitions, if that is all: MovesNone or
	// MovesRows.
	Partitions Partitions

	// Assignments are what SET assigns; Own are the names among them that are
	// noren's, and that the statement does not set.
	Assignments []Assignment
	Own         []string

	// Object is what a Program is about.
	Object Object

	index   Span     // what DROP INDEX drops, with IF EXISTS
	clauses []clause // ALGORITHM and LOCK, as the author wrote them
	insert  int      // where noren's own clauses go
	comma   bool     // whether a comma follows them
	places  []Span   // where files of the table are: not for a shadow
	options int      // where the options of a CREATE TABLE begin; 0 if it has no list of columns
	charset bool     // whether a CREATE TABLE says the character set
}

// A ColumnRename gives a column another name, or the same one.
type ColumnRename struct{ From, To string }

// Partitions is what a statement does to the partitions of a table.
type Partitions string

// MovesNone only makes, drops, empties or exchanges partitions; MovesRows moves
// rows from one to another.
const (
	MovesNone Partitions = "moves none"
	MovesRows Partitions = "moves rows"
)

// Changed are the tables of the statement that it changes, without those it
// only refers to.
func (s Statement) Changed() []Table {
	var all []Table
	for _, t := range s.Tables {
		if !t.Parent {
			all = append(all, t.Table)
		}
	}
	return all
}

// TakesName says whether a column of that name is not the one that had it
// before: that has another name, or is gone.
func (s Statement) TakesName(column string) bool {
	return slices.ContainsFunc(s.DroppedColumns, func(name string) bool { return strings.EqualFold(name, column) }) ||
		slices.ContainsFunc(s.RenamedColumns, func(r ColumnRename) bool {
			return strings.EqualFold(r.From, column) && !strings.EqualFold(r.From, r.To)
		})
}

// Changes says whether the statement can take away what views and triggers use.
func (s Statement) Changes() bool {
	switch s.Kind {
	case RenameTable, DropTable, AlterTable:
		return true
	case CreateTable:
		return s.Replaces
	}
	return false
}

// Parse understands a statement of a migration, whole or not at all.
func Parse(sql string, d Dialect) (Statement, error) { return read(sql, d, false) }

// ParseDefinition understands what SHOW CREATE TABLE prints.
func ParseDefinition(sql string, d Dialect) (Statement, error) { return read(sql, d, true) }

func read(sql string, d Dialect, definition bool) (Statement, error) {
	expanded, err := Expand(sql, d)
	if err != nil {
		return Statement{}, err
	}
	p := &parser{words: words(expanded), s: Statement{SQL: expanded, insert: len(expanded)}, definition: definition, dialect: d}
	p.statement()
	if p.err == nil && p.at < len(p.words) && p.s.Kind.Shadowed() {
		p.unknown()
	}
	if p.err != nil {
		return Statement{}, p.err
	}
	return p.s, nil
}

// statement reads the head of the statement and hands over to what reads the rest.
func (p *parser) statement() {
	switch {
	case p.take("ALTER"):
		p.alter()
	case p.take("CREATE"):
		p.create()
	case p.take("DROP"):
		p.drop()
	case p.take("RENAME"):
		p.rename()
	case p.take("TRUNCATE"):
		p.take("TABLE")
		p.s.Kind = Truncate
		p.tableList(1)
		p.s.Loses = append(p.s.Loses, "TRUNCATE")
	case p.take("OPTIMIZE"):
		p.s.Kind = Optimize
		_ = p.take("NO_WRITE_TO_BINLOG") || p.take("LOCAL")
		p.need("TABLE")
		p.tableList(1)
	case p.take("INSERT") || p.take("REPLACE"):
		p.s.Kind, p.s.Bulk = Rows, p.has("SELECT") || p.has("TABLE")
		p.loading()
	case p.take("DELETE", "HISTORY", "FROM"):
		p.fail(errors.New("DELETE HISTORY is not for a migration: it deletes what MariaDB keeps of rows that were changed, which cannot be done in portions; if a table is called history, quote its name"))
	case p.take("UPDATE") || p.take("DELETE"):
		p.s.Kind, p.s.Bulk = Rows, true
	case p.take("WITH"): // a common table expression of UPDATE or DELETE
		if !p.has("UPDATE") && !p.has("DELETE") {
			p.fail(refused(p.s.SQL, "SELECT"))
		}
		p.s.Kind, p.s.Bulk = Rows, true
	case p.take("SET"):
		p.set()
	default:
		p.fail(refused(p.s.SQL, p.peek().text))
	}
}

// loading refuses what puts rows anywhere but into a table of the server.
func (p *parser) loading() {
	if p.has("OUTFILE") || p.has("DUMPFILE") {
		p.fail(errors.New("INTO OUTFILE is not for a migration: it writes a file on the server"))
	}
}

func refused(sql, what string) error {
	why := "noren changes tables, indexes, rows, views, triggers and routines"
	switch strings.ToUpper(what) {
	case "USE":
		why = "the DSN names the schema"
	case "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "XA":
		why = "the server ends a transaction at every schema change; the journal keeps what is done: remove it"
	case "LOCK", "UNLOCK":
		why = "it stops reads: remove it"
	case "CALL", "DO":
		why = "nobody can tell what it does"
	case "PREPARE", "EXECUTE", "DEALLOCATE":
		why = "what it executes is known only when it runs: write the statement itself; the journal makes sure that it runs once"
	case "":
		why = "it is empty"
	}
	return fmt.Errorf("%s is not for a migration: %s", firstWords(sql), why)
}

// firstWords is the beginning of a statement, to name it in a message.
func firstWords(sql string) string {
	fields := strings.Fields(sql)
	if len(fields) > 3 {
		return strings.Join(fields[:3], " ") + " ..."
	}
	return strings.Join(fields, " ")
}
