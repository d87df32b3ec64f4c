package main

import (
	"encoding/json"
	"io"
	"os"
	"strconv"

	"github.com/charmbracelet/x/term"
)

// terminal is where a verb writes what people read: how wide it is, and
// whether it shows colours.
type terminal struct {
	io.Writer
	width  int // in columns; 0 if lines may be as long as they are
	colour bool
}

// newTerminal looks at w. COLUMNS overrides its width; NO_COLOR, and TERM=dumb,
// take colours away. What is no terminal has neither width nor colours.
func newTerminal(w io.Writer) terminal {
	t := terminal{Writer: w}
	if file, ok := w.(*os.File); ok && term.IsTerminal(file.Fd()) {
		t.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if width, _, err := term.GetSize(file.Fd()); err == nil {
			t.width = width
		}
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		t.width = width
	}
	return t
}

// style is how a text stands out: a sequence of ECMA-48.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// in returns text in a style, if the terminal shows colours.
func (t terminal) in(s style, text string) string {
	if !t.colour || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// writeJSON writes what programs read.
func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
