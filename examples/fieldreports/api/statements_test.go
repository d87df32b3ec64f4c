package main

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestStatements(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"one on a line", "A;\nB;\n", []string{"A", "B"}},
		{"two on a line", "A; B;", []string{"A", "B"}},
		{"the last without an end", "A;\nB", []string{"A", "B"}},
		{"lines of Windows", "A\r\n(1);\r\nB;\r\n", []string{"A\n(1)", "B"}},
		{"a remark after the end", "A; -- one; two\nB; # three;\nC; /* four; */ D;", []string{"A", "B", "C", "D"}},
		{"a remark within", "A -- one; 'two\n(1);", []string{"A -- one; 'two\n(1)"}},
		{"remarks alone", "-- A;\n# B;\n/* C; */\n;;\n", nil},
		{"what the server runs is not a remark", "/*!50708 A */;", []string{"/*!50708 A */"}},
		{"texts", "A '-- b; c', \"# d;\", `e;f`;\nG;", []string{"A '-- b; c', \"# d;\", `e;f`", "G"}},
		{"a line of a text that begins like a remark", "A 'b\n-- c;\nd';", []string{"A 'b\n-- c;\nd'"}},
		{"quotes within texts", `A 'it''s; \'b\\'; C "d""e;"; F ` + "`g``h;`;", []string{`A 'it''s; \'b\\'`, `C "d""e;"`, "F `g``h;`"}},
		{"two dashes that are none of a remark", "SELECT 5--1; B;", []string{"SELECT 5--1", "B"}},
		{"a remark at the end of the file", "A;\n--", []string{"A"}},
		{"a division", "SELECT 1/2; B;", []string{"SELECT 1/2", "B"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := statements(test.text)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %q (%v), want %q", got, err, test.want)
			}
		})
	}
	for _, text := range []string{"A 'b;", `A "b\";`, "A `b;", "A /* b;"} {
		if got, err := statements(text); err == nil || !strings.Contains(err.Error(), "does not end") {
			t.Errorf("%q: got %q (%v), want an error", text, got, err)
		}
	}
}

func TestMigrationFilesRefused(t *testing.T) {
	for _, name := range []string{"tables.sql", "1_tables.sql", "0001-tables.sql", "0001_Tables.sql", "0001_.sql", "x0001_a.sql"} {
		if _, err := schemaChanges(fstest.MapFS{name: {Data: []byte("SELECT 1;")}}); err == nil || !strings.Contains(err.Error(), "want NUMBER_NAME.sql") {
			t.Errorf("%q: got %v, want it refused", name, err)
		}
	}
	if _, err := schemaChanges(fstest.MapFS{"0001_a.sql": {Data: []byte("SELECT 'a;")}}); err == nil || !strings.Contains(err.Error(), `"0001_a.sql": a text or name does not end`) {
		t.Errorf("got %v, want the file named", err)
	}
	if all, err := schemaChanges(migrations()); err != nil || len(all) < 2 || len(all[0].statements) != 4 {
		t.Errorf("got %v (%v) of this release, want its files", all, err)
	}
}
