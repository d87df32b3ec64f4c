package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestWrap: lines break at spaces where they can, and what continues one is
// indented.
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
		if got := strings.Join(wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

// TestColours: only a terminal has them, and not if NO_COLOR or TERM says no.
func TestColours(t *testing.T) {
	var out bytes.Buffer
	if newTerminal(&out).colour {
		t.Error("a buffer shows colours")
	}
	if got := (terminal{colour: true}).in(red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("got %q", got)
	}
	if got := (terminal{}).in(red, "x"); got != "x" {
		t.Errorf("got %q", got)
	}
}

// TestColouredTable: colours take no room.
func TestColouredTable(t *testing.T) {
	rows := table{heading: []string{"a", "b"}}
	rows.add(cell{"one", red}, cell{"two", green})
	written := func(colour bool) string {
		var out bytes.Buffer
		rows.write(terminal{Writer: &out, colour: colour})
		return out.String()
	}
	stripped := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[2m", "", "\x1b[0m", "").Replace(written(true))
	if stripped != written(false) || !strings.Contains(written(true), "\x1b[31mone") {
		t.Errorf("got %q and %q", written(true), written(false))
	}
}
