//go:build mysql

package ddl

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
)

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
					changes := failed == nil && was != is
					if changes && !noted && !refused {
						t.Errorf("%s: %v became %v, and the plan says nothing", name, was, is)
					}
					if mode != "" && refused {
						t.Errorf("%s: refused in strict mode", name)
					}
				}
			}
		}
		for _, change := range []string{"MODIFY a BIGINT", "MODIFY b VARCHAR(30)", "MODIFY d DECIMAL(12,3)", "MODIFY m DATETIME(6)", "ADD e INT NOT NULL", "DROP a, ADD a DATE", "MODIFY a INT COMMENT 'x'", "MODIFY b VARCHAR(20) CHARACTER SET utf8mb4"} {
			execute(t, root, "DROP TABLE IF EXISTS v", "CREATE TABLE v (id INT PRIMARY KEY, a INT, b VARCHAR(20) CHARACTER SET latin1, d DECIMAL(10,2), m DATETIME)")
			plan, err := planText(t.Context(), db, "SET sql_mode = ''; ALTER TABLE v "+change, PlanOptions{Writes: Stopped, Policy: Any})
			if err != nil {
				t.Fatal(err)
			}
			if all := fmt.Sprint(plan.Steps[1].Problems, plan.Steps[1].Notes); strings.Contains(all, "without an error") {
				t.Errorf("%s: %s", change, all)
			}
		}
	})
}
