//go:build mysql

package ddl

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// same returns a value without what only its display adds: zeros, midnight, and
// the order in a set.
func same(value string) string {
	value = strings.TrimLeft(strings.TrimSuffix(value, " 00:00:00"), "\x00")
	if strings.Contains(value, ".") {
		value = strings.TrimRight(strings.TrimRight(value, "0"), ".")
	}
	members := strings.Split(value, ",")
	slices.Sort(members)
	return strings.Join(members, ",")
}

// TestPlan_SaysWhichValuesChange checks that a plan reports what a change of the type
// does to values without an error: as a note if it happens even in strict mode, and as
// a problem if strict mode would refuse it.
func TestPlan_SaysWhichValuesChange(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *testServer) {
		db := s.open(t, "ddl_values")
		root := s.pool(t, "ddl_values")
		root.SetMaxOpenConns(1)
		for _, test := range []struct {
			from, value string
			to          []string
		}{
			{"datetime(6)", "'2026-01-02 03:04:05.678901'", []string{"date", "datetime", "datetime(3)", "time", "timestamp", "varchar(40)", "varchar(4)"}},
			{"timestamp(6) NULL", "'2026-01-02 03:04:05.678901'", []string{"date", "datetime", "time"}},
			{"time(3)", "'26:04:05.678'", []string{"time", "datetime", "varchar(3)"}},
			{"decimal(10,2)", "12.56", []string{"decimal(5,0)", "decimal(10,1)", "int", "float", "varchar(3)", "decimal(12,2)"}},
			{"double", "12.56789012345", []string{"int", "decimal(10,2)", "float", "bigint unsigned"}},
			{"float", "12.5", []string{"int"}},
			{"int", "70000", []string{"smallint", "tinyint unsigned", "decimal(3,0)", "varchar(2)", "bigint"}},
			{"int", "16777217", []string{"float"}},
			{"bigint", "9007199254740993", []string{"double", "float", "int"}},
			{"varchar(20)", "'1.6'", []string{"int", "decimal(5,0)"}},
			{"varchar(20)", "'12abc'", []string{"int", "double"}},
			{"varchar(20)", "'ab  '", []string{"char(20)", "char(2)", "varchar(3)", "varchar(30)", "text", "binary(20)", "varbinary(2)"}},
			{"varchar(20)", "'2026-01-02 03:04:05'", []string{"date", "time"}},
			{"text", "'abcdef'", []string{"varchar(3)"}},
			{"varbinary(10)", "x'610000'", []string{"binary(10)", "varbinary(1)"}},
			{"enum('a','b')", "'b'", []string{"enum('a')", "enum('b','a')", "int"}},
			{"varchar(20) CHARACTER SET utf8mb4", "'\u65e5'", []string{"varchar(20) CHARACTER SET latin1"}},
			{"int", "NULL", []string{"int NOT NULL"}},
			{"float(10,4)", "1.2345", []string{"float(10,2)", "float", "double", "double(10,2)", "varchar(20)"}},
			{"double(10,4)", "1.2345", []string{"double(10,2)", "float(10,4)", "double"}},
			{"double", "1.23456789012", []string{"double(10,2)"}},
			{"float", "12.3", []string{"double", "float(10,2)", "varchar(20)", "text"}},
			{"varchar(40)", "'2026-01-02 03:04:05.678'", []string{"datetime", "timestamp", "datetime(3)", "datetime(1)"}},
			{"decimal(20,3)", "20260102030405.678", []string{"datetime", "datetime(3)", "date"}},
			{"double", "20260102030405", []string{"datetime", "date", "time"}},
			{"datetime(3)", "'2026-01-02 03:04:05.678'", []string{"bigint", "decimal(20,0)", "decimal(20,3)", "double", "year"}},
			{"time(3)", "'26:04:05.678'", []string{"int", "decimal(20,0)", "double", "date", "varchar(20)"}},
			{"date", "'2026-01-02'", []string{"datetime", "timestamp", "int", "double", "year", "varchar(10)", "char(10)"}},
			{"year", "2026", []string{"int", "smallint", "varchar(4)", "date"}},
			{"int", "26", []string{"year", "date", "time", "datetime", "enum('a','b')", "set('a','b')", "bit(8)", "json", "varchar(3)", "decimal(5,2)"}},
			{"int", "2", []string{"enum('a','b')", "set('a','b')", "bit(2)"}},
			{"bit(8)", "b'00000101'", []string{"int", "bit(16)", "bit(4)", "binary(1)", "varchar(4)"}},
			{"json", "'{\"b\": 1, \"a\": 2}'", []string{"text", "varchar(30)", "blob"}},
			{"text", "'{\"b\": 1, \"a\": 1.0}'", []string{"json"}},
			{"set('a','b')", "'a,b'", []string{"set('b','a')", "varchar(10)", "int", "enum('a','b','a,b')"}},
			{"enum('a','b')", "'b'", []string{"set('a','b')", "varchar(10)", "enum('a','b','c')", "char(1)"}},
			{"binary(4)", "x'61000000'", []string{"varbinary(4)", "binary(6)", "varchar(4)", "blob"}},
			{"char(10)", "'ab'", []string{"varchar(10)", "text", "char(12)", "varbinary(10)"}},
			{"blob", "x'6162'", []string{"text", "varbinary(10)", "varchar(10)"}},
			{"decimal(10,2)", "-1.50", []string{"decimal(10,2) unsigned", "double", "text", "year"}},
			{"int", "-1", []string{"int unsigned", "bigint unsigned", "float"}},
			{"timestamp NULL", "'2026-01-02 03:04:05'", []string{"datetime", "bigint", "varchar(30)"}},
		} {
			for _, to := range test.to {
				for _, mode := range []string{"STRICT_TRANS_TABLES", ""} {
					name := fmt.Sprintf("%s %s to %s, sql_mode %q", test.from, test.value, to, mode)
					execute(t, root, "SET SESSION sql_mode = 'STRICT_TRANS_TABLES'", "DROP TABLE IF EXISTS v", "CREATE TABLE v (id INT PRIMARY KEY, c "+test.from+")", "INSERT INTO v VALUES (1, "+test.value+")", "SET SESSION sql_mode = '"+mode+"'")
					change := "ALTER TABLE v MODIFY c " + to
					plan, err := planText(t.Context(), db, "SET sql_mode = '"+mode+"'; "+change, PlanOptions{Writes: Stopped, Policy: Any})
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					step := plan.Steps[1]
					noted := strings.Contains(strings.Join(step.Notes, " "), "may change without an error")
					refused := strings.Contains(strings.Join(step.Problems, " "), "sql_mode is not strict")
					var was, is sql.NullString
					read := func(into *sql.NullString) {
						if err := root.QueryRow("SELECT CAST(c AS CHAR CHARACTER SET utf8mb4) FROM v").Scan(into); err != nil {
							t.Fatal(err)
						}
					}
					read(&was)
					_, failed := root.Exec(change)
					read(&is)
					changes := failed == nil && (was.Valid != is.Valid || same(was.String) != same(is.String))
					if changes && !noted && !refused {
						t.Errorf("%s: %v became %v, and the plan says nothing", name, was, is)
					}
					if mode != "" && refused {
						t.Errorf("%s: refused in strict mode", name)
					}
				}
			}
		}
		harmless := map[string][]string{
			"":                    {"MODIFY a BIGINT", "MODIFY b VARCHAR(30)", "MODIFY d DECIMAL(12,3)", "MODIFY m DATETIME(6)", "ADD e INT NOT NULL", "DROP a, ADD a DATE", "MODIFY a INT COMMENT 'x'", "MODIFY b VARCHAR(20) CHARACTER SET utf8mb4"},
			"STRICT_TRANS_TABLES": {"MODIFY a DECIMAL(12,0)", "MODIFY f FLOAT(12,4)", "MODIFY k DATETIME", "MODIFY y INT", "MODIFY a VARCHAR(20)", "MODIFY b BLOB"},
		}
		for mode, changes := range harmless {
			for _, change := range changes {
				execute(t, root, "DROP TABLE IF EXISTS v", "CREATE TABLE v (id INT PRIMARY KEY, a INT, b VARCHAR(20) CHARACTER SET latin1, d DECIMAL(10,2), m DATETIME, f FLOAT(10,4), k DATE, y YEAR)")
				plan, err := planText(t.Context(), db, "SET sql_mode = '"+mode+"'; ALTER TABLE v "+change, PlanOptions{Writes: Stopped, Policy: Any})
				if err != nil {
					t.Fatal(err)
				}
				if all := fmt.Sprint(plan.Steps[1].Problems, plan.Steps[1].Notes); strings.Contains(all, "without an error") {
					t.Errorf("%s: %s", change, all)
				}
			}
		}
	})
}
