//go:build mysql

package copy

import (
	"cmp"
	"strings"
	"testing"
)

// An edge is a table of a kind that is easily compared wrongly. Its columns are
// p, the primary key if it has one, and v and w.
type edge struct {
	name    string
	columns string   // on the original
	options string   // of the table
	copied  string   // on the copy; default: the same
	rows    []string // on both sides
	wrong   []string // values of v; each is set in the first row of the copy only
	named   string   // the columns of the rows; default: all
	only    string   // "MySQL" or "MariaDB"
}

// fill creates the table t on one side, with its rows.
func (e edge) fill(t *testing.T, q queryer, columns string) {
	t.Helper()
	execute(t, q, "DROP TABLE IF EXISTS t", "CREATE TABLE t "+columns)
	for _, row := range e.rows {
		execute(t, q, "INSERT INTO t "+e.named+" VALUES ("+row+")")
	}
}

var edges = []edge{
	{name: "no primary key", columns: "v INT, w INT", rows: []string{"1, 2", "1, 2", "NULL, NULL"}, wrong: []string{"2", "NULL"}},
	{name: "NULL, 0, an empty text and the text NULL", columns: "p INT PRIMARY KEY, v VARCHAR(10), w VARCHAR(10)", rows: []string{"1, NULL, ''", "2, '', NULL"}, wrong: []string{"''", "'0'", "'NULL'"}},
	{name: "what might be taken for a separator", columns: "p INT PRIMARY KEY, v VARCHAR(10), w VARCHAR(10)", rows: []string{"1, 'a\x1fb', 'c'"}, wrong: []string{"'a', w = 'b\x1fc'"}},
	{name: "two columns exchanged", columns: "p INT PRIMARY KEY, v VARCHAR(10), w VARCHAR(10)", rows: []string{"1, 'a', 'b'"}, wrong: []string{"'b', w = 'a'"}},
	{name: "float", columns: "p INT PRIMARY KEY, v FLOAT, w DOUBLE", rows: []string{"1, 16777216, 0.1", "2, -1.17549e-38, 1e308"}, wrong: []string{"16777214", "-16777216", "1.6777e7"}},
	{name: "double", columns: "p INT PRIMARY KEY, v DOUBLE, w FLOAT(7,3)", rows: []string{"1, 0.1, 0.125"}, wrong: []string{"0.10000000000000002", "0.09999999999999999"}},
	{name: "decimal, wider", columns: "p INT PRIMARY KEY, v DECIMAL(10,2), w DECIMAL(65,30)", copied: "p INT PRIMARY KEY, v DECIMAL(20,4), w DECIMAL(65,30)", rows: []string{"1, 12345678.90, 0.000000000000000000000000000001"}, wrong: []string{"12345678.9001", "-12345678.90"}},
	{name: "JSON", columns: "p INT PRIMARY KEY, v JSON, w JSON", rows: []string{`1, '{"b": 1, "a": [1, null]}', '1'`}, wrong: []string{`'{"b": 1, "a": [null, 1]}'`, `'{"b": 1}'`, "NULL", `'null'`}},
	{name: "BIT", columns: "p INT PRIMARY KEY, v BIT(64), w BIT(1)", rows: []string{"1, b'1000000000000000000000000000000000000000000000000000000000000001', 1"}, wrong: []string{"1", "NULL", "0"}},
	{name: "BINARY", columns: "p INT PRIMARY KEY, v BINARY(4), w VARBINARY(4)", rows: []string{"1, X'00FF1F00', X'00'"}, wrong: []string{"X'00FF1F20'", "X'00FF', w = X'0000'"}},
	{name: "ZEROFILL on the copy", columns: "p INT PRIMARY KEY, v INT UNSIGNED, w INT UNSIGNED", copied: "p INT PRIMARY KEY, v INT(8) UNSIGNED ZEROFILL, w INT UNSIGNED", rows: []string{"1, 7, 7"}, wrong: []string{"70"}},
	{name: "INT to BIGINT", columns: "p INT PRIMARY KEY, v INT, w INT UNSIGNED", copied: "p BIGINT PRIMARY KEY, v BIGINT, w BIGINT UNSIGNED", rows: []string{"1, -1, 4294967295"}, wrong: []string{"4294967295", "1", "0"}},
	{name: "whole numbers of another size", columns: "p SMALLINT PRIMARY KEY, v INT, w MEDIUMINT UNSIGNED", copied: "p INT PRIMARY KEY, v INT, w INT UNSIGNED", rows: []string{"-1, -2147483648, 16777215", "1, NULL, NULL", "2, 0, 0"}, wrong: []string{"2147483647", "NULL", "0", "v, w = NULL", "v, w = 0"}},
	{name: "the largest whole numbers", columns: "p INT UNSIGNED PRIMARY KEY, v INT UNSIGNED, w TINYINT", rows: []string{"1, 4294967295, -128", "4294967295, NULL, 127"}, wrong: []string{"NULL", "0", "4294967294", "v, w = 127"}},
	{name: "times without fractions", columns: "p DATETIME PRIMARY KEY, v DATETIME, w TIME, x DATE, y TIMESTAMP NULL", rows: []string{"'1000-01-01', '9999-12-31 23:59:59', '-838:59:59', '9999-12-31', '2026-01-02 03:04:05'", "'2026-01-02', NULL, NULL, NULL, NULL", "'2026-01-03', 0, 0, 0, NULL"}, wrong: []string{"NULL", "0", "'9999-12-31 23:59:58'", "v, w = '838:59:59'", "v, w = NULL", "v, x = 0", "v, x = NULL", "v, y = NULL"}},
	{name: "another collation", columns: "p INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_general_ci, w VARCHAR(20) COLLATE utf8mb4_bin", copied: "p INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_bin, w VARCHAR(20) COLLATE utf8mb4_unicode_ci", rows: []string{"1, 'Straße', 'é'"}, wrong: []string{"'straße'", "'Strasse'", "'Straße '"}},
	{name: "another collation of the key", columns: "p VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY, v INT, w INT", copied: "p VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT, w INT", rows: []string{"'B', 1, 1", "'a', 2, 2", "'é', 3, 3"}, wrong: []string{"9"}},
	{name: "columns of different character sets", columns: "p VARCHAR(20) CHARACTER SET latin1 PRIMARY KEY, v VARCHAR(20) CHARACTER SET latin1, w VARCHAR(20) CHARACTER SET ucs2", rows: []string{"'é', 'é', 'é'", "'z', 'ÿ', '漢'"}, wrong: []string{"'e'", "''"}},
	{name: "latin1 to utf8mb4", columns: "p INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET latin1, w TEXT CHARACTER SET latin1", copied: "p INT PRIMARY KEY, v VARCHAR(20) CHARACTER SET utf8mb4, w LONGTEXT CHARACTER SET utf8mb4", rows: []string{"1, 'é', 'é'"}, wrong: []string{"'Ã©'", "'e'"}},
	{name: "ENUM and SET with more values", columns: "p INT PRIMARY KEY, v ENUM('x','y'), w SET('a','b')", copied: "p INT PRIMARY KEY, v ENUM('x','y','z'), w SET('a','b','c')", rows: []string{"1, 'y', 'a,b'", "2, NULL, ''"}, wrong: []string{"'x'", "'z'", "NULL", "v, w = 'a'"}},
	{name: "dates that are none", columns: "p DATE PRIMARY KEY, v DATETIME(6), w DATE", rows: []string{"'0000-00-00', '2026-00-00', '0000-00-00'", "'2026-01-02', '2026-01-02 03:04:05.000001', '2026-01-02'"}, wrong: []string{"'0000-00-00'", "NULL", "'2026-00-00 00:00:00.000001'"}},
	{name: "times", columns: "p INT PRIMARY KEY, v TIME(3), w TIMESTAMP(3) NULL", rows: []string{"1, '-838:59:58.999', '2026-10-25 00:30:00.001'", "2, '00:00:00', NULL"}, wrong: []string{"'838:59:58.999'", "v, w = '2026-10-25 01:30:00.001'"}},
	{name: "year", columns: "p YEAR PRIMARY KEY, v YEAR, w YEAR", rows: []string{"1901, 0, 2155"}, wrong: []string{"2000"}},
	{name: "geometry", columns: "p INT PRIMARY KEY, v GEOMETRY, w POINT", rows: []string{"1, ST_GeomFromText('LINESTRING(0 0, 1 1)'), ST_GeomFromText('POINT(0 1)')"}, wrong: []string{"ST_GeomFromText('LINESTRING(0 0, 1 2)')", "v, w = ST_GeomFromText('POINT(1 0)')"}},
	{name: "vector", columns: "p INT PRIMARY KEY, v VECTOR(3), w INT", rows: []string{"1, TO_VECTOR('[1,2,3]'), 1"}, wrong: []string{"TO_VECTOR('[1,3,2]')"}, only: "MySQL"},
	{name: "UUID and INET6", columns: "p UUID PRIMARY KEY, v INET6, w UUID", rows: []string{"'123e4567-e89b-12d3-a456-426655440000', '::1', NULL"}, wrong: []string{"'::2'"}, only: "MariaDB"},
	{name: "system-versioned", columns: "p INT PRIMARY KEY, v INT, w INT", options: "WITH SYSTEM VERSIONING", rows: []string{"1, 2, 3"}, wrong: []string{"4"}, only: "MariaDB"},
	{name: "generated columns", columns: "p INT PRIMARY KEY, v INT, w INT, x INT AS (v + 1) STORED, y INT AS (w + 1) VIRTUAL", named: "(p, v, w)", rows: []string{"1, 2, 3"}, wrong: []string{"3"}},
	{name: "a row of 12 MB", columns: "p INT PRIMARY KEY, v LONGTEXT, w LONGBLOB", rows: []string{"1, REPEAT('é', 3000000), REPEAT('x', 6000000)"}, wrong: []string{"CONCAT(REPEAT('é', 2999999), 'e')", "v, w = CONCAT('y', REPEAT('x', 5999999))"}},
	{name: "many long columns", columns: "p INT PRIMARY KEY, v VARCHAR(4096) CHARACTER SET latin1, w VARCHAR(4096) CHARACTER SET latin1, x VARCHAR(20000) CHARACTER SET latin1", rows: []string{"1, REPEAT('é', 4096), REPEAT('é', 4096), REPEAT('é', 20000)"}, wrong: []string{"CONCAT(REPEAT('é', 4095), 'e')"}},
	{name: "an empty table", columns: "p INT PRIMARY KEY, v INT, w INT"},
	{name: "strange names", columns: "`p ``'\"%s` INT PRIMARY KEY, v INT, `w-漢` INT", rows: []string{"1, 2, 3"}, wrong: []string{"3"}},
	{name: "columns in another order", columns: "p INT PRIMARY KEY, v INT, w INT", copied: "w INT, v INT, p INT PRIMARY KEY", named: "(p, v, w)", rows: []string{"1, 2, 3"}, wrong: []string{"3, w = 2"}},
	{name: "a key of three columns", columns: "p INT, v INT, w VARCHAR(5), PRIMARY KEY (w, p)", rows: []string{"1, 1, 'a'", "2, 1, 'a'", "1, 1, 'B'"}, wrong: []string{"2"}},
	{name: "an invisible column", columns: "p INT PRIMARY KEY, w INT, v INT INVISIBLE DEFAULT NULL", named: "(p, w, v)", rows: []string{"1, 2, 4"}, wrong: []string{"3"}},
}

// TestCompare_Edges compares tables of every kind, equal and with one differing
// value, which must be found and named.
func TestCompare_Edges(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		s.fresh(t, "edges")
		original, copied := open(t, s.pair.Original, "edges"), open(t, s.pair.Copy, "edges")
		here := session(t, s.pair.From, "edges", "SET sql_log_bin = 0, sql_mode = '', time_zone = '+00:00'")
		there := session(t, s.pair.To, "edges", "SET sql_log_bin = 0, sql_mode = '', time_zone = '+00:00'")
		for _, e := range edges {
			if e.only != "" && (e.only == "MariaDB") != s.program.MariaDB() {
				continue
			}
			t.Run(e.name, func(t *testing.T) {
				definition := func(columns string) string { return "(" + columns + ") CHARACTER SET utf8mb4 " + e.options }
				e.fill(t, here, definition(e.columns))
				for i, value := range append([]string{""}, e.wrong...) {
					e.fill(t, there, definition(cmp.Or(e.copied, e.columns)))
					if i > 0 {
						execute(t, there, "UPDATE t SET v = "+value+" LIMIT 1")
					}
					results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Tables: []string{"t"}})
					if err != nil {
						t.Fatal(err)
					}
					switch r := results[0]; {
					case i == 0 && (!r.Equal() || r.Rows != int64(len(e.rows))):
						t.Errorf("%d rows that are equal differ: %v", r.Rows, r.Found)
					case i > 0 && r.Equal():
						t.Errorf("v = %s is not found", value)
					case i > 0 && len(r.Found[0].Columns) == 0:
						t.Errorf("v = %s: no column is named", value)
					}
				}
			})
		}
	})
}

// TestCompare_ExchangedBetweenRows checks that values exchanged between two rows
// are found, with the column, whatever the values are.
func TestCompare_ExchangedBetweenRows(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "exchanged", "CREATE TABLE keyed (id INT PRIMARY KEY, v INT, w INT)", "CREATE TABLE keyless (id INT, v INT, w INT)")
		for _, table := range []string{"keyed", "keyless"} {
			from, to := session(t, s.pair.From, "exchanged", "SET sql_log_bin = 0"), session(t, s.pair.To, "exchanged", "SET sql_log_bin = 0")
			for _, q := range []queryer{from, to} {
				execute(t, q, "INSERT INTO "+table+" VALUES (1, 10, 0), (2, 11, 0), (3, 12, 0), (4, 13, 0)")
			}
			for v := range 20 {
				execute(t, to, "UPDATE "+table+" SET v = CASE id WHEN 1 THEN 11 WHEN 2 THEN 10 ELSE v END, w = "+string(rune('0'+v%10)), "UPDATE "+table+" SET w = 0")
				results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Tables: []string{table}})
				if err != nil || results[0].Equal() || table == "keyed" && strings.Join(results[0].Found[0].Columns, ",") != "v" {
					t.Errorf("%s: got %+v, %v", table, results, err)
				}
				if v > 1 {
					break
				}
			}
		}
	})
}

// TestCompare_GainedAndLost checks that what one row gains and another loses is
// found, with and without other columns, and also if two equal rows change in the
// same way.
func TestCompare_GainedAndLost(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "gained", "CREATE TABLE lone (id INT PRIMARY KEY)", "CREATE TABLE alike (id INT PRIMARY KEY, v INT, w DATE)", "CREATE TABLE days (day DATE)", "CREATE TABLE twins (v INT)")
		from, to := session(t, s.pair.From, "gained", "SET sql_log_bin = 0"), session(t, s.pair.To, "gained", "SET sql_log_bin = 0")
		execute(t, from, "INSERT INTO lone VALUES (4), (8)", "INSERT INTO alike VALUES (4, NULL, '2026-01-01'), (8, NULL, '2026-01-01')", "INSERT INTO days VALUES ('2026-01-04'), ('2026-01-08')", "INSERT INTO twins VALUES (4), (4)")
		execute(t, to, "INSERT INTO lone VALUES (5), (7)", "INSERT INTO alike VALUES (5, NULL, '2026-01-01'), (7, NULL, '2026-01-01')", "INSERT INTO days VALUES ('2026-01-05'), ('2026-01-07')", "INSERT INTO twins VALUES (5), (5)")
		for _, table := range []string{"lone", "alike", "days", "twins"} {
			results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Tables: []string{table}})
			if err != nil || results[0].Equal() {
				t.Errorf("%s: got %+v, %v, want a difference", table, results, err)
			}
		}
	})
}

// TestCompare_TooLong checks that a value whose text the server cannot produce,
// because it is too long, does not count as equal.
func TestCompare_TooLong(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		if s.program.MariaDB() {
			return // its JSON is text
		}
		pair := s.pair
		s.fresh(t, "toolong", "CREATE TABLE t (p INT PRIMARY KEY, v JSON)", "INSERT INTO t VALUES (1, JSON_OBJECT('a', REPEAT('x', 3000000)))")
		s.onCopy(t, "toolong", "UPDATE t SET v = JSON_OBJECT('a', REPEAT('y', 3000000))")
		for _, pool := range []queryer{pair.From, pair.To} {
			execute(t, pool, "SET GLOBAL max_allowed_packet = 1048576")
			defer execute(t, pool, "SET GLOBAL max_allowed_packet = 67108864")
		}
		_, err := Compare(t.Context(), open(t, pair.Original, "toolong"), open(t, pair.Copy, "toolong"), CompareOptions{Load: 1})
		if err == nil || !strings.Contains(err.Error(), "raise max_allowed_packet") {
			t.Errorf("got %v", err)
		}
	})
}

// TestCompare_OneSide tries tables that only one side has, and objects that are
// not tables.
func TestCompare_OneSide(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		original, copied := s.both(t, "oneside", "CREATE TABLE a (id INT PRIMARY KEY, gone INT)", "CREATE TABLE b (id INT PRIMARY KEY)", "CREATE VIEW c AS SELECT id FROM a",
			"CREATE TRIGGER d AFTER INSERT ON a FOR EACH ROW INSERT INTO b VALUES (NEW.id)")
		s.onCopy(t, "oneside", "DROP TABLE b", "ALTER TABLE a DROP COLUMN gone, ADD come INT, ADD calculated INT DEFAULT (id + 1)", "CREATE TABLE e (id INT)")
		results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1})
		if err != nil || len(results) != 2 {
			t.Fatalf("got %+v, %v", results, err)
		}
		if a := results[0]; !a.Equal() || strings.Join(a.NotRead, ",") != "gone" || strings.Join(a.Added, ",") != "come" {
			t.Errorf("got %+v", a)
		}
		if b := results[1]; b.Equal() || b.Found[0].Text("b") != "`b` is not on the copy, or the user may not read it there" {
			t.Errorf("got %+v", b)
		}
		if only, err := OnlyCopied(t.Context(), original, copied); err != nil || strings.Join(only, ",") != "e" {
			t.Errorf("only on the copy: %v, %v", only, err)
		}
	})
}

// TestJudge_ForeignKeys tries a foreign key that writes rows and that only one
// side has: before MySQL 9.6, what it writes is not in the binary log.
func TestJudge_ForeignKeys(t *testing.T) {
	onEveryPair(t, func(t *testing.T, s *sides) {
		const parent, child = "CREATE TABLE parents (id INT PRIMARY KEY)", "CREATE TABLE children (id INT PRIMARY KEY, parent INT, KEY (parent)"
		for _, test := range []struct {
			name, child, sql string
			want             Verdict
		}{
			{"dropped", child + ", CONSTRAINT f FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)", "ALTER TABLE children DROP FOREIGN KEY f", Silent},
			{"made to set NULL", child + ", CONSTRAINT f FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)", "ALTER TABLE children DROP FOREIGN KEY f, ADD CONSTRAINT g FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE SET NULL", Silent},
			{"another name", child + ", CONSTRAINT f FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE)", "ALTER TABLE children DROP FOREIGN KEY f, ADD CONSTRAINT g FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE", Survives},
			{"one that only refuses, dropped", child + ", CONSTRAINT f FOREIGN KEY (parent) REFERENCES parents (id))", "ALTER TABLE children DROP FOREIGN KEY f", Survives},
			{"added", child + ")", "ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE", Silent},
		} {
			original, copied := s.both(t, "foreigners", parent, test.child, "INSERT INTO parents VALUES (1), (2)", "INSERT INTO children VALUES (1, 1), (2, 2)")
			findings, changes := judged(t, original, test.sql)
			if got := Worst(findings); got != test.want {
				t.Errorf("%s: judged as %q: %v", test.name, got, findings)
			}
			s.onCopy(t, "foreigners", test.sql)
			write := session(t, s.pair.From, "foreigners")
			if strings.HasSuffix(test.child, "(id))") || test.name == "added" {
				execute(t, write, "SET foreign_key_checks = "+map[bool]string{true: "1", false: "0"}[test.name == "added"])
			}
			execute(t, write, "DELETE FROM parents WHERE id = 1")
			if r := applied(t, original, copied); !r.Well() {
				t.Fatalf("%s: %s", test.name, r.Trouble())
			}
			results, err := Compare(t.Context(), original, copied, CompareOptions{Load: 1, Changes: changes})
			if err != nil {
				t.Fatal(err)
			}
			switch equal := results[0].Equal() && results[1].Equal(); {
			case !equal && test.want != Silent:
				t.Errorf("%s: arrives otherwise: %+v", test.name, results)
			case equal && test.want == Silent && s.program.MariaDB():
				t.Errorf("%s: arrives", test.name)
			case equal && test.want == Silent:
				t.Logf("%s: arrives on %s, judged as %q", test.name, s.program.Name, test.want)
			}
		}
	})
}
