//go:build mysql

package copy

import (
	"cmp"
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/ddl/sqltext"
	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// measured is the table on which the operations are tried.
const measured = `CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, a INT, name VARCHAR(50), amount INT, note TEXT, kind ENUM('x','y'), at TIMESTAMP(3) NULL, KEY by_a (a))`

// A tried is a change that only the copy has.
type tried struct {
	name  string   // of the row in testdata/replica-matrix.tsv; for others, a description
	table string   // default: measured
	sql   string   // ; between statements
	rows  []string // what the original writes afterwards; default: some of every operation
	want  Verdict

	beside string // a query that finds, on the copy, what is wrong besides the common columns
}

var matrixOperations = []tried{
	{name: "none", sql: "ALTER TABLE t COMMENT = 'as it was'", want: Survives},
	{name: "add column last nullable", sql: "ALTER TABLE t ADD z INT", want: Survives},
	{name: "add column last NOT NULL default", sql: "ALTER TABLE t ADD z INT NOT NULL DEFAULT 5", want: Survives},
	{name: "add column last NOT NULL without default", sql: "ALTER TABLE t ADD z INT NOT NULL", want: Survives},
	{name: "add column FIRST", sql: "ALTER TABLE t ADD z INT FIRST", want: Stops},
	{name: "add column AFTER a", sql: "ALTER TABLE t ADD z INT AFTER a", want: Stops},
	{name: "add generated stored last", sql: "ALTER TABLE t ADD z INT AS (a + 1) STORED", want: Survives},
	{name: "add index", sql: "ALTER TABLE t ADD INDEX (amount)", want: Survives},
	{name: "add unique (no dup)", sql: "ALTER TABLE t ADD UNIQUE (name)", want: Survives},
	{name: "drop index", sql: "ALTER TABLE t DROP INDEX by_a", want: Survives},
	{name: "drop last column", sql: "ALTER TABLE t DROP COLUMN at", want: Survives},
	{name: "drop middle column", sql: "ALTER TABLE t DROP COLUMN name", want: Stops},
	{name: "rename column", sql: "ALTER TABLE t RENAME COLUMN name TO title", want: Survives},
	{name: "reorder column", sql: "ALTER TABLE t MODIFY amount INT AFTER a", want: Stops},
	{name: "int->bigint (widen)", sql: "ALTER TABLE t MODIFY a BIGINT", want: NonLossy},
	{name: "bigint pk->int? (narrow amount int->smallint)", sql: "ALTER TABLE t MODIFY amount SMALLINT", want: Stops},
	{name: "int->unsigned", sql: "ALTER TABLE t MODIFY amount INT UNSIGNED", want: Survives},
	{name: "varchar(50)->varchar(60)", sql: "ALTER TABLE t MODIFY name VARCHAR(60)", want: NonLossy},
	{name: "varchar(50)->varchar(300) (1->2 length bytes)", sql: "ALTER TABLE t MODIFY name VARCHAR(300)", want: NonLossy},
	{name: "varchar->text", sql: "ALTER TABLE t MODIFY name TEXT", want: NonLossy},
	{name: "text->mediumtext", sql: "ALTER TABLE t MODIFY note MEDIUMTEXT", want: NonLossy},
	{name: "int->varchar", sql: "ALTER TABLE t MODIFY amount VARCHAR(20)", want: Stops},
	{name: "int->decimal", sql: "ALTER TABLE t MODIFY amount DECIMAL(12,2)", want: Stops},
	{name: "enum append", sql: "ALTER TABLE t MODIFY kind ENUM('x','y','z')", want: Survives},
	{name: "enum to varchar", sql: "ALTER TABLE t MODIFY kind VARCHAR(5)", want: Stops},
	{name: "timestamp(3)->timestamp(6)", sql: "ALTER TABLE t MODIFY at TIMESTAMP(6) NULL", want: Stops},
	{name: "timestamp(3)->datetime(3)", sql: "ALTER TABLE t MODIFY at DATETIME(3)", want: Stops},
	{name: "charset utf8mb4->latin1 (convert)", sql: "ALTER TABLE t CONVERT TO CHARACTER SET latin1", want: Stops},
	{name: "utf8mb4 collation change", sql: "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", want: Survives},
	{name: "not null added", sql: "ALTER TABLE t MODIFY a INT NOT NULL", want: Survives},
	{name: "drop primary key + new pk column last", sql: "ALTER TABLE t MODIFY id BIGINT NOT NULL, DROP PRIMARY KEY, ADD z INT NOT NULL AUTO_INCREMENT PRIMARY KEY", want: Survives},
	{name: "partition by hash", sql: "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 4", want: Survives},
	{name: "row_format compressed", sql: "ALTER TABLE t ROW_FORMAT=COMPRESSED", want: Survives},
	{name: "engine rebuild", sql: "ALTER TABLE t ENGINE=InnoDB", want: Survives},
	{name: "rename table", sql: "RENAME TABLE t TO renamed", want: Stops},
	{name: "add check", sql: "ALTER TABLE t ADD CHECK (amount < 1000000)", want: Survives},
	{name: "invisible column last", sql: "ALTER TABLE t ADD z INT INVISIBLE", want: Survives},
	{name: "drop column last then add other at end", sql: "ALTER TABLE t DROP COLUMN at; ALTER TABLE t ADD z INT", want: Stops},
}

const three = "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, b INT, c INT, d INT)"

var threeRows = []string{"INSERT INTO t (b, c, d) VALUES (20, 30, 40), (21, 31, 41)", "UPDATE t SET c = 33 WHERE b = 21"}

// otherOperations are those that replicate other data without an error, and those
// that were measured later.
var otherOperations = []tried{
	{name: "a column between two of its type", table: three, rows: threeRows, sql: "ALTER TABLE t ADD z INT AFTER id", want: Silent},
	{name: "two columns of one type change places", table: three, rows: threeRows, sql: "ALTER TABLE t MODIFY b INT AFTER c", want: Silent},
	{name: "a column in the middle of its type dropped", table: three, rows: threeRows, sql: "ALTER TABLE t DROP COLUMN b", want: Silent},
	{name: "a virtual column in the middle", table: three, rows: threeRows, sql: "ALTER TABLE t ADD z INT AS (d + 1) VIRTUAL AFTER id", want: Silent},
	{name: "two names change places", table: three, rows: threeRows, sql: "ALTER TABLE t RENAME COLUMN b TO c, RENAME COLUMN c TO b", want: Survives},
	{name: "dropped, and another of the same name at the end", table: three, rows: threeRows, sql: "ALTER TABLE t DROP COLUMN b, ADD b INT", want: Silent},
	{name: "-1 into unsigned", table: three, rows: []string{"INSERT INTO t (b) VALUES (-1)"}, sql: "ALTER TABLE t MODIFY b INT UNSIGNED", want: Silent},
	{name: "a large number into signed", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, b INT UNSIGNED)", rows: []string{"INSERT INTO t (b) VALUES (4000000000)"}, sql: "ALTER TABLE t MODIFY b INT", want: Silent},
	{name: "a large number into a larger signed type", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, b INT UNSIGNED)", rows: []string{"INSERT INTO t (b) VALUES (4000000000)"}, sql: "ALTER TABLE t MODIFY b BIGINT", want: Silent},
	{name: "-1 into a larger unsigned type", table: three, rows: []string{"INSERT INTO t (b) VALUES (-1)"}, sql: "ALTER TABLE t MODIFY b BIGINT UNSIGNED", want: Silent},
	{name: "a large number into a larger unsigned type", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, b INT UNSIGNED)", rows: []string{"INSERT INTO t (b) VALUES (4000000000)"}, sql: "ALTER TABLE t MODIFY b BIGINT UNSIGNED", want: Silent},
	{name: "a small number into a larger unsigned type", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, b INT UNSIGNED)", rows: []string{"INSERT INTO t (b) VALUES (2147483647)"}, sql: "ALTER TABLE t MODIFY b BIGINT UNSIGNED", want: NonLossy},
	{name: "enum reordered", sql: "ALTER TABLE t MODIFY kind ENUM('z','x','y')", want: Silent},
	{name: "enum value in the middle", sql: "ALTER TABLE t MODIFY kind ENUM('x','m','y')", want: Silent},
	{name: "enum value renamed", sql: "ALTER TABLE t MODIFY kind ENUM('x','y2','y')", want: Silent},
	{name: "set append", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, s SET('a','b'))", rows: []string{"INSERT INTO t (s) VALUES ('a,b'), ('b')"}, sql: "ALTER TABLE t MODIFY s SET('a','b','c')", want: Survives},
	{name: "set in the middle", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, s SET('a','b'))", rows: []string{"INSERT INTO t (s) VALUES ('a,b'), ('b')"}, sql: "ALTER TABLE t MODIFY s SET('a','c','b')", want: Silent},
	{name: "NULL into NOT NULL", rows: []string{"INSERT INTO t (name) VALUES ('n')"}, sql: "ALTER TABLE t MODIFY a INT NOT NULL", want: Silent},
	{name: "a default from other columns", sql: "ALTER TABLE t ADD z INT DEFAULT (a + 1)", want: Silent},
	{name: "a default that is an expression", sql: "ALTER TABLE t ADD z VARCHAR(50) DEFAULT (CONCAT('`', 'x'))", want: Survives},
	{name: "latin1 to utf8mb4", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50)) CHARSET latin1", rows: []string{"INSERT INTO t (name) VALUES (_utf8mb4 X'C3A9')"}, sql: "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", want: Silent},
	{name: "latin1 text to utf8mb4 text", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, note TEXT) CHARSET latin1", rows: []string{"INSERT INTO t (note) VALUES (_utf8mb4 X'C3A9')"}, sql: "ALTER TABLE t MODIFY note TEXT CHARACTER SET utf8mb4", want: Silent},
	{name: "utf8mb3 to utf8mb4", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), note TEXT) CHARSET utf8mb3", rows: []string{"INSERT INTO t (name, note) VALUES (_utf8mb4 X'C3A9', _utf8mb4 X'C3A9')"}, sql: "ALTER TABLE t MODIFY name VARCHAR(50) CHARACTER SET utf8mb4, MODIFY note TEXT CHARACTER SET utf8mb4", want: NonLossy},
	{name: "ascii to utf8mb4", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50)) CHARSET ascii", rows: []string{"INSERT INTO t (name) VALUES ('e')"}, sql: "ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", want: NonLossy},
	{name: "a longer char", table: "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, c CHAR(10), b VARBINARY(10))", rows: []string{"INSERT INTO t (c, b) VALUES ('e', 'e')"}, sql: "ALTER TABLE t MODIFY c CHAR(20), MODIFY b VARBINARY(20)", want: NonLossy},
	{name: "a wider primary key", table: "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, b INT)", rows: []string{"INSERT INTO t (b) VALUES (7)", "UPDATE t SET b = 8"}, sql: "ALTER TABLE t MODIFY id BIGINT AUTO_INCREMENT", want: NonLossy},
	{name: "varbinary to blob", table: "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, b VARBINARY(20))", rows: []string{"INSERT INTO t (b) VALUES (X'FF00')"}, sql: "ALTER TABLE t MODIFY b BLOB", want: NonLossy},
	{name: "a column ON UPDATE", rows: []string{"INSERT INTO t (a) VALUES (1)", "DO SLEEP(1.1)", "UPDATE t SET a = 3 WHERE a = 1"}, sql: "ALTER TABLE t ADD z TIMESTAMP NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP", want: Silent, beside: "SELECT 1 FROM t WHERE a = 3 AND z IS NULL"},
}

var usualRows = []string{
	"INSERT INTO t (a, name, amount, note, kind, at) VALUES (1, 'n1', 1, 'q', 'x', '2026-01-02 03:04:05.678'), (2, 'n2', 2, 'q', 'y', NULL)",
	"UPDATE t SET name = 'upd', amount = amount + 1 WHERE a = 2",
	"INSERT INTO t (a, name, kind) VALUES (3, 'gone', 'y')",
	"DELETE FROM t WHERE a = 3",
}

// settings are the settings of the matrix that noren allows: all except
// ALL_LOSSY.
var settings = []struct{ name, image, conversions string }{
	{"image=FULL conv=none meta=MINIMAL", "FULL", ""},
	{"image=FULL conv=ALL_NON_LOSSY meta=MINIMAL", "FULL", "ALL_NON_LOSSY"},
	{"image=MINIMAL conv=ALL_NON_LOSSY meta=MINIMAL", "MINIMAL", "ALL_NON_LOSSY"},
}

// outcomes returns the earlier measurements, by operation and setting.
func outcomes(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/replica-matrix.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	heading := strings.Split(lines[0], "\t")
	all := map[string]map[string]string{}
	for _, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		all[cells[0]] = map[string]string{}
		for i, cell := range cells[1:] {
			all[cells[0]][heading[i+1]] = cell
		}
	}
	return all
}

// TestJudge_EveryOperationOfTheMatrix compares the verdicts with the
// measurements.
func TestJudge_EveryOperationOfTheMatrix(t *testing.T) {
	recorded := outcomes(t)
	if len(recorded) != len(matrixOperations) {
		t.Errorf("%d operations are tried, and %d were measured", len(matrixOperations), len(recorded))
	}
	for _, op := range matrixOperations {
		for _, setting := range settings {
			cell, there := recorded[op.name][setting.name]
			stopped := !strings.HasPrefix(cell, "ok, same data") && !strings.HasPrefix(cell, "applied")
			want := op.want == Stops || op.want == NonLossy && setting.conversions == ""
			if !there || stopped != want {
				t.Errorf("%s, %s: %q was measured, which %q is not", op.name, setting.name, cell, op.want)
			}
		}
	}
	for _, op := range otherOperations {
		if op.want == Silent {
			return
		}
	}
	t.Error("no silent operation is tried")
}

// at returns a text about the table t for a separate table.
func (op tried) at(i int, text string) string {
	return aTable.ReplaceAllString(text, fmt.Sprintf("${1}t%d", i))
}

var aTable = regexp.MustCompile(`((?:TABLE|INTO|UPDATE|FROM) )t\b`)

// operations returns all operations that a server supports.
func operations(program mysqld.Program) []tried {
	var all []tried
	for _, op := range slices.Concat(matrixOperations, otherOperations) {
		op.table, op.rows = cmp.Or(op.table, measured), slices.Clone(op.rows)
		if op.rows == nil {
			op.rows = usualRows
		}
		if program.MariaDB() {
			op.sql = strings.ReplaceAll(op.sql, " INVISIBLE", " INVISIBLE DEFAULT NULL")
			if op.name == "drop primary key + new pk column last" {
				op.want = Stops
			}
		}
		all = append(all, op)
	}
	return all
}

// TestReplication_AsJudged replicates every operation, and checks the verdict:
// nothing that should arrive stops or arrives changed, and what arrives changed
// is found by comparing alone. For MySQL, verdicts must be exact; for MariaDB,
// nothing may be worse than judged.
func TestReplication_AsJudged(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		ops := operations(s.program)
		var tables, changes []string
		for i, op := range ops {
			tables, changes = append(tables, op.at(i, op.table)), append(changes, op.at(i, op.sql))
		}
		var verdicts []Finding
		var planned []ddl.TableChange
		chosen := settings
		if s.program.MariaDB() { // nothing was recorded for it
			chosen = settings[1:2]
		}
		for _, setting := range chosen {
			original, copied := s.both(t, "matrix", tables...)
			s.convert(t, setting.conversions)
			if planned == nil {
				verdicts, planned = judged(t, original, strings.Join(changes, "; "))
			}
			alter := session(t, s.pair.To, "matrix", "SET sql_log_bin = 0")
			for _, change := range changes {
				execute(t, alter, strings.Split(change, "; ")...)
			}
			write := session(t, s.pair.From, "matrix", "SET SESSION binlog_row_image = '"+setting.image+"'")
			skips := func(i int) bool {
				return i >= len(matrixOperations) && setting.conversions == "" && ops[i].want != NonLossy
			}
			stops := func(op tried) bool { return op.want == Stops || op.want == NonLossy && setting.conversions == "" }
			for i, op := range ops {
				if stops(op) || skips(i) {
					continue
				}
				for _, row := range op.rows {
					execute(t, write, op.at(i, row))
				}
			}
			if r := applied(t, original, copied); !r.Well() {
				t.Fatalf("%s: what is judged to arrive does not: %s", setting.name, r.Trouble())
			}
			findings, err := Ask(t.Context(), original, verdicts)
			if err != nil {
				t.Fatal(err)
			}
			for i, op := range ops {
				if skips(i) {
					continue
				}
				mine := slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Table != fmt.Sprintf("t%d", i) })
				if verdict := Worst(mine); verdict != op.want && !stops(op) || stops(op) && verdict != NonLossy && verdict != Stops {
					t.Errorf("%s: judged as %q, want %q: %v", op.name, verdict, op.want, mine)
				}
				if !stops(op) {
					s.compared(t, original, copied, op, i, setting.name, planned)
				}
			}
			for i, op := range ops {
				if !stops(op) {
					continue
				}
				for _, row := range op.rows {
					execute(t, write, op.at(i, row))
				}
				switch r := applied(t, original, copied); {
				case !r.Well() && remedy(r.Code) == "":
					t.Errorf("%s, %s: nothing is said to do about %d", op.name, setting.name, r.Code)
				case !r.Well():
					if err := s.pair.Begin(); err != nil {
						t.Fatal(err)
					}
				case s.program.MariaDB():
					t.Logf("%s, %s: arrives on MariaDB, judged as %q", op.name, setting.name, op.want)
				default:
					t.Errorf("%s, %s: arrives, judged as %q", op.name, setting.name, op.want)
				}
			}
		}
	})
}

// judged plans a change, and judges it.
func judged(t *testing.T, db *ddl.Database, text string) ([]Finding, []ddl.TableChange) {
	t.Helper()
	plan, err := ddl.MakePlan(t.Context(), db, sqltext.Migration{Name: "change.sql", Text: text}, ddl.PlanOptions{Writes: ddl.Stopped, ScratchServer: true, Policy: ddl.Any})
	if err != nil {
		t.Fatal(err)
	}
	var all []Finding
	for _, c := range plan.Changes {
		all = append(all, Judge(db.Server, c)...)
	}
	return all, plan.Changes
}

// session returns a single session of a pool.
func session(t *testing.T, pool *sql.DB, schema string, statements ...string) *sql.Conn {
	t.Helper()
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ddl.End(conn) })
	execute(t, conn, "USE "+schema)
	execute(t, conn, statements...)
	return conn
}

// convert sets the type conversions of the copy.
func (s *sides) convert(t *testing.T, conversions string) {
	t.Helper()
	if s.program.MariaDB() {
		execute(t, s.pair.To, "STOP REPLICA", "SET GLOBAL slave_type_conversions = '"+conversions+"'", "START REPLICA")
	} else {
		execute(t, s.pair.To, "SET GLOBAL replica_type_conversions = '"+conversions+"'")
	}
}

// compared compares a table of an operation that does not stop replication.
func (s *sides) compared(t *testing.T, original, copied *ddl.Database, op tried, i int, setting string, changes []ddl.TableChange) {
	t.Helper()
	if op.beside != "" {
		if row, err := oneRow(t.Context(), copied.Pool(), op.at(i, op.beside)); err != nil || row == nil {
			t.Errorf("%s, %s: nothing is wrong: %v", op.name, setting, err)
		}
		return
	}
	if op.want == Silent { // comparing finds it without what the plan knows
		changes = nil
	}
	results, err := Compare(t.Context(), original, copied, CompareOptions{Tables: []string{fmt.Sprintf("t%d", i)}, Changes: changes, Load: 1})
	if err != nil {
		t.Fatalf("%s, %s: %v", op.name, setting, err)
	}
	switch wrong := !results[0].Equal(); {
	case wrong && op.want != Silent:
		t.Errorf("%s, %s: arrives otherwise, judged as %q: %v", op.name, setting, op.want, results[0].Found)
	case !wrong && op.want == Silent && s.program.MariaDB():
		t.Logf("%s, %s: arrives on MariaDB, judged as %q", op.name, setting, op.want)
	case !wrong && op.want == Silent:
		t.Errorf("%s, %s: arrives, judged as %q", op.name, setting, op.want)
	case wrong && len(results[0].Found[0].Columns) == 0:
		t.Errorf("%s, %s: no column is named: %v", op.name, setting, results[0].Found)
	}
}
