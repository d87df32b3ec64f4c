package maintenance_test

import (
	"testing"

	"github.com/noren-cdk/noren/maintenance"
)

func TestMode(t *testing.T) {
	for _, test := range []struct {
		mode   maintenance.Mode
		word   string
		flag   string
		number int
		valid  bool
	}{
		{maintenance.Open, "open", "false", 0, true},
		{maintenance.ReadOnly, "read-only", "read-only", 1, true},
		{maintenance.Closed, "closed", "true", 2, true},
		{"", "", "", -1, false},
		{"true", "true", "", -1, false},
	} {
		if m := test.mode; string(m) != test.word || m.Flag() != test.flag || m.Number() != test.number || m.Valid() != test.valid {
			t.Errorf("%q: flag %q, number %d, valid %v", m, m.Flag(), m.Number(), m.Valid())
		}
		if got, err := maintenance.ParseMode(test.word); (err == nil) != test.valid || test.valid && got != test.mode {
			t.Errorf("ParseMode(%q) = %q, %v", test.word, got, err)
		}
	}
}

func TestMode_Opens(t *testing.T) {
	all := append(maintenance.Modes(), "", "true")
	for i, to := range all {
		for j, from := range all {
			want := i < j && j < 3
			if got := to.Opens(from); got != want {
				t.Errorf("%q opens from %q: %v, want %v", to, from, got, want)
			}
		}
	}
}

func TestParseFlag(t *testing.T) {
	for _, test := range []struct {
		value any
		want  maintenance.Mode
		err   string
	}{
		{"false", maintenance.Open, ""},
		{false, maintenance.Open, ""},
		{"true", maintenance.Closed, ""},
		{true, maintenance.Closed, ""},
		{"read-only", maintenance.ReadOnly, ""},
		{"closed", "", `unknown mode "closed": want false, read-only or true`},
		{"open", "", `unknown mode "open": want false, read-only or true`},
		{"", "", `unknown mode "": want false, read-only or true`},
		{"True", "", `unknown mode "True": want false, read-only or true`},
		{1.0, "", `unknown mode 1: want false, read-only or true`},
		{nil, "", `unknown mode <nil>: want false, read-only or true`},
	} {
		got, err := maintenance.ParseFlag(test.value)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("ParseFlag(%v) = %q, %v; want %q, %s", test.value, got, err, test.want, test.err)
		}
	}
}
