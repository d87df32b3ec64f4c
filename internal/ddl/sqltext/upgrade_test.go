package sqltext

import (
	"slices"
	"testing"
)

func TestDefines(t *testing.T) {
	for sql, want := range map[string]bool{
		"ALTER TABLE t ADD c INT":                 true,
		"  /* by a tool */ alter table t":         true,
		"-- a line\nDROP TABLE t":                 true,
		"/*!80000 CREATE */ INDEX i ON t (a)":     true,
		"/*M!100000 CREATE TABLE t (a INT) */":    true,
		"SELECT 'ALTER TABLE t'":                  false,
		"INSERT INTO t VALUES (1) /* ALTER */":    false,
		"# ALTER TABLE t\nUPDATE t SET a = 1":     false,
		"":                                        false,
		"`alter` is no statement, and no keyword": false,
	} {
		if got := Defines(sql); got != want {
			t.Errorf("%q: %v, want %v", sql, got, want)
		}
	}
}

func TestBareWords(t *testing.T) {
	for _, test := range []struct {
		sql  string
		want []string
	}{
		{"SELECT manual FROM w", []string{"MANUAL"}},
		{"SELECT Manual, manual, PARALLEL FROM w", []string{"MANUAL", "PARALLEL"}},
		{"SELECT `manual`, 'manual', \"manual\" /* manual */ -- manual", nil},
		{"SELECT w.manual FROM w", nil}, // after a dot every word is a name
		{"SELECT w . manual FROM w", nil},
		{"SELECT manual.w FROM manual", []string{"MANUAL"}},
		{"SELECT /*!80000 manual, */ 1", []string{"MANUAL"}},
		{"SELECT manuals, a_manual, manual2", nil},
	} {
		if got := BareWords(test.sql, "MANUAL", "PARALLEL"); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.sql, got, test.want)
		}
	}
}
