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

// Laddered reports whether statements of the kind accept an ALGORITHM and a LOCK.
func (k Kind) Laddered() bool {
	switch k {
	case AlterTable, CreateIndex, DropIndex, Optimize:
		return true
	}
	return false
}

// Shadowed reports whether statements of the kind can be tried on shadows.
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

// String returns the name in quotes.
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
	Parent bool // after REFERENCES or LIKE: it is only read
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
	Span                  // with an adjacent comma
}

// A Statement is a statement that was understood.
type Statement struct {
	// SQL is the text, without comments.
	SQL  string
	Kind Kind

	// Tables are all tables of a shadowed statement, Constraints the foreign keys
	// and checks that it names.
	Tables      []TableRef
	Constraints []Constraint

	// Bulk says that it touches an unlimited number of rows: UPDATE, DELETE,
	// INSERT ... SELECT.
	Bulk bool

	// Loses says how rows or values are lost, such as "DROP COLUMN a".
	Loses []string

	// RenamedColumns and DroppedColumns are the columns that an ALTER TABLE renames and drops.
	RenamedColumns []ColumnRename
	DroppedColumns []string

	// Optional says that a CREATE TABLE has IF NOT EXISTS.
	Optional bool

	// Replaces says that the statement contains OR REPLACE.
	Replaces bool

	// Exchanges says that partitions are exchanged with tables.
	Exchanges bool

	// Partitions says what is done to partitions, if the statement does nothing
	// else: MovesNone or MovesRows.
	Partitions Partitions

	// Assignments are the assignments of a SET; Own are the names of noren's own
	// variables among them, which the statement does not set.
	Assignments []Assignment
	Own         []string

	// Object is the object of a Program.
	Object Object

	index   Span     // what DROP INDEX drops, including IF EXISTS
	clauses []clause // ALGORITHM and LOCK, as the author wrote them
	insert  int      // where noren's own clauses go
	comma   bool     // whether a comma follows them
	places  []Span   // file locations of the table, which a shadow omits
	options int      // where the options of a CREATE TABLE begin; 0 if it has no list of columns
	charset bool     // whether a CREATE TABLE gives the character set
}

// A ColumnRename gives a column another name, or the same one.
type ColumnRename struct{ From, To string }

// Partitions is what a statement does to the partitions of a table.
type Partitions string

// MovesNone only creates, drops, empties or exchanges partitions; MovesRows moves
// rows between partitions.
const (
	MovesNone Partitions = "moves none"
	MovesRows Partitions = "moves rows"
)

// Changed returns the tables that the statement changes, without those that it
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

// TakesName reports whether a column with that name is not the one that had the
// name before, which was renamed or dropped.
func (s Statement) TakesName(column string) bool {
	return slices.ContainsFunc(s.DroppedColumns, func(name string) bool { return strings.EqualFold(name, column) }) ||
		slices.ContainsFunc(s.RenamedColumns, func(r ColumnRename) bool {
			return strings.EqualFold(r.From, column) && !strings.EqualFold(r.From, r.To)
		})
}

// Changes reports whether the statement can remove what views and triggers use.
func (s Statement) Changes() bool {
	switch s.Kind {
	case RenameTable, DropTable, AlterTable:
		return true
	case CreateTable:
		return s.Replaces
	}
	return false
}

// Parse parses a statement of a migration, completely or not at all.
func Parse(sql string, d Dialect) (Statement, error) { return read(sql, d, false) }

// ParseDefinition parses the output of SHOW CREATE TABLE.
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

// statement reads the head of the statement and calls the reader of the rest.
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

// loading refuses statements that put rows anywhere but into a table of the
// server.
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

// firstWords returns the beginning of a statement, to name it in a message.
func firstWords(sql string) string {
	fields := strings.Fields(sql)
	if len(fields) > 3 {
		return strings.Join(fields[:3], " ") + " ..."
	}
	return strings.Join(fields, " ")
}
