//go:build mysql

package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/noren-cdk/noren/internal/testing/mysqld"
)

// TestDDLCheck types the check that a night makes before it closes, with the
// logins of a task on AWS: one user plans, another runs.
func TestDDLCheck(t *testing.T) {
	for _, program := range mysqld.Programs() {
		t.Run(program.Name, func(t *testing.T) { ddlCheck(t, program) })
	}
}

func ddlCheck(t *testing.T, program mysqld.Program) {
	server, err := mysqld.New(program.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	root, err := sql.Open("mysql", server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	execute := func(statements ...string) {
		t.Helper()
		for _, statement := range statements {
			if _, err := root.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	}
	in := func(user, schema string) string {
		config, err := mysql.ParseDSN(server.DSN)
		if err != nil {
			t.Fatal(err)
		}
		config.DBName = schema
		if user != "" {
			config.User = user
		}
		return config.FormatDSN()
	}
	for _, schema := range []string{"fieldreports", "copied"} {
		execute("CREATE DATABASE "+schema, "CREATE TABLE "+schema+".visits (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, place VARCHAR(100) NOT NULL)",
			"INSERT INTO "+schema+".visits (place) WITH RECURSIVE n AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM n WHERE n < 500) SELECT n FROM n")
	}
	execute("CREATE TABLE copied.noren_clone (made DATETIME)", "CREATE USER schemaplan@'%'", "CREATE USER schemachange@'%'",
		"GRANT ALL ON fieldreports.* TO schemachange@'%'", "GRANT PROCESS, CREATE USER ON *.* TO schemachange@'%'")
	execute(plannersGrants(t, filepath.Join("..", "..", "docs", "schema-changes.md"))...)

	folder := t.TempDir()
	for name, text := range map[string]string{
		"1_zones.sql":  "CREATE TABLE zones (id INT NOT NULL PRIMARY KEY); ALTER TABLE visits ADD zone INT;",
		"2_places.sql": "ALTER TABLE zones ADD name VARCHAR(50); ALTER TABLE visits ADD INDEX by_zone (zone);",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, errs := noren("ddl", "rehearse", folder, "--dsn", in("", "copied"), "--writes", "stopped"); code != 0 {
		t.Fatal(code, errs)
	}
	files := []string{filepath.Join(folder, "1_zones.sql"), filepath.Join(folder, "2_places.sql")}
	login := []string{"--dsn", in("schemachange", "fieldreports"), "--plan-dsn", in("schemaplan", "fieldreports"), "--writes", "stopped"}
	tables := func() (names string) {
		t.Helper()
		const query = "SELECT GROUP_CONCAT(table_schema, '.', table_name ORDER BY 1) FROM information_schema.tables WHERE table_schema IN ('fieldreports', 'noren_scratch')"
		if err := root.QueryRow(query).Scan(&names); err != nil {
			t.Fatal(err)
		}
		return names
	}
	check := func(code int, wantOut, wantErrs string, flags ...string) {
		t.Helper()
		before := tables()
		args := append(append([]string{"ddl", "run", "--check"}, login...), flags...)
		if len(flags) == 0 || strings.HasPrefix(flags[0], "--") {
			args = append(args, files...)
		}
		got, out, errs := noren(args...)
		if got != code || out != wantOut || !strings.Contains(errs, wantErrs) {
			t.Errorf("code %d, want %d\n%s%s\nwant %s%s", got, code, out, errs, wantOut, wantErrs)
		}
		if now := tables(); now != before {
			t.Errorf("there are the tables %s, and were %s", now, before)
		}
	}
	const both = "1_zones.sql: 2 statements would run as rehearsed\n2_places.sql: 2 statements would run as rehearsed\n"
	check(0, both, "")
	check(0, both, "", folder)
	check(0, `{"migration":"1_zones.sql","left":2,"done":0}`+"\n"+`{"migration":"2_places.sql","left":2,"done":0}`+"\n", "", "--json")
	check(1, "", "2_places.sql: there is no rehearsal", "--without-rehearsal=false", files[0], withoutRehearsal(t, files[1]))

	execute("INSERT INTO fieldreports.visits (place) SELECT place FROM fieldreports.visits")
	check(1, "", "1_zones.sql: `visits` has 1000 rows, and had 500 when it was rehearsed: more than 20 % apart")
	execute("DELETE FROM fieldreports.visits WHERE id > 500")

	args := append(append([]string{"ddl", "run"}, login...), files[0])
	if code, _, errs := noren(args...); code != 0 {
		t.Fatal(code, errs)
	}
	check(0, "1_zones.sql: nothing left to do: 2 statements done before\n2_places.sql: 2 statements would run as rehearsed\n", "")
}

// withoutRehearsal returns a copy of a file in a folder without its rehearsal.
func withoutRehearsal(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
