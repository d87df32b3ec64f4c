// Package term writes text for terminals: at their width, in colours if they
// support them, with counts, sizes and times in words.
package term

import (
	"io"
	"os"
	"strconv"

	xterm "github.com/charmbracelet/x/term"
)

// Terminal is where a verb writes what people read, with its width and whether it
// shows colours.
type Terminal struct {
	io.Writer
	Width  int // in columns; 0 for unlimited
	Colour bool
}

// New examines w. COLUMNS overrides its width; NO_COLOR and TERM=dumb disable
// colours. Anything but a terminal has neither width nor colours.
func New(w io.Writer) Terminal {
	t := Terminal{Writer: w}
	if IsTerminal(w) {
		t.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if width, _, err := xterm.GetSize(w.(*os.File).Fd()); err == nil {
			t.Width = width
		}
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		t.Width = width
	}
	return t
}

// IsTerminal reports whether a stream is a terminal: a person sees what is
// written to it, or types what is read from it.
func IsTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && xterm.IsTerminal(file.Fd())
}

// Style is a text style: a sequence of ECMA-48.
type Style string

// The styles.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
)

// In returns text in a style, if the terminal shows colours.
func (t Terminal) In(s Style, text string) string {
	if !t.Colour || s == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
