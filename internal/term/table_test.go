package term

import (
	"bytes"
	"strings"
	"testing"
)

// TestWrap checks that lines break at spaces where possible, and that
// continuation lines are indented.
func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"one two three", 0, "one two three"},
		{"one two three", 13, "one two three"},
		{"one two three", 9, "one two|  three"},
		{"abcdefghij", 4, "abcd|  ef|  gh|  ij"},
		{"a\nb c", 3, "a|b c"},
		{"äöü äöü", 4, "äöü|  äö|  ü"},
		{"", 5, ""},
	} {
		if got := strings.Join(Wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("Wrap(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

// TestColours checks that only a terminal gets colours, and not if NO_COLOR or
// TERM forbids them.
func TestColours(t *testing.T) {
	var out bytes.Buffer
	if New(&out).Colour {
		t.Error("a buffer shows colours")
	}
	if got := (Terminal{Colour: true}).In(Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if got := (Terminal{}).In(Red, "x"); got != "x" {
		t.Errorf("got %q", got)
	}
}

// TestColouredTable checks that colours do not count towards widths.
func TestColouredTable(t *testing.T) {
	rows := Table{Heading: []string{"a", "b"}}
	rows.Add(Red.Cell("one"), Green.Cell("two"))
	written := func(colour bool) string {
		var out bytes.Buffer
		rows.Write(Terminal{Writer: &out, Colour: colour})
		return out.String()
	}
	stripped := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[2m", "", "\x1b[0m", "").Replace(written(true))
	if stripped != written(false) || !strings.Contains(written(true), "\x1b[31mone") {
		t.Errorf("got %q and %q", written(true), written(false))
	}
}
