package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

// A progress reports what happens: as JSON lines on stdout, or for people on
// stderr, with a bar on a terminal and otherwise with a line a second.
type progress struct {
	mu    sync.Mutex
	json  *json.Encoder // nil for people
	out   io.Writer
	width int // of the terminal; 0 if there is none
	every time.Duration
	next  time.Time // for the next line of progress
	bar   bool      // the last line is a bar
}

func newProgress(cmd *cobra.Command, asJSON bool) *progress {
	p := &progress{out: cmd.ErrOrStderr(), width: terminalWidth(cmd.ErrOrStderr()), every: time.Second}
	if p.width > 0 {
		p.every = 100 * time.Millisecond
	}
	if asJSON {
		p.json = json.NewEncoder(cmd.OutOrStdout())
		p.json.SetEscapeHTML(false)
		p.every = time.Second
	}
	return p
}

// terminalWidth returns the width of the terminal w in columns, 0 if w is not a
// terminal.
func terminalWidth(w io.Writer) int {
	if !term.IsTerminal(w) {
		return 0
	}
	if width := term.New(w).Width; width >= 40 {
		return width
	}
	return 80
}

func (p *progress) report(e ddl.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Kind == ddl.EventProgress {
		if now := time.Now(); now.Before(p.next) {
			return
		}
	}
	p.next = time.Now().Add(p.every)
	if p.json != nil {
		_ = p.json.Encode(e) // a reader that is gone is no reason to stop half-way
		return
	}
	if e.Kind == ddl.EventProgress && p.width > 0 {
		p.draw(e)
		return
	}
	p.clear()
	fmt.Fprintln(p.out, eventText(e, max(p.width, 100)))
}

// end removes the bar.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.bar {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.bar = false
	}
}

// draw draws a bar relative to the rehearsed time, since servers do not report
// progress reliably.
func (p *progress) draw(e ddl.Event) {
	const cells = 20
	bar := ""
	if e.Rehearsed > 0 {
		full := min(int(cells*e.Seconds/e.Rehearsed), cells)
		bar = "[" + strings.Repeat("█", full) + strings.Repeat("·", cells-full) + "] "
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", shorten(bar+eventText(e, p.width), p.width-1))
	p.bar = true
}

// eventText formats an event as a line of about width columns.
func eventText(e ddl.Event, width int) string {
	number := ""
	if e.Number > 0 {
		number = fmt.Sprintf("%d/%d ", e.Number, e.Of)
	}
	switch e.Kind {
	case ddl.EventStart:
		return number + shorten(e.SQL, width-len(number)-20) + "  " + how(e.How)
	case ddl.EventSkipped:
		return number + shorten(e.SQL, width-len(number)-20) + "  done before"
	case ddl.EventProgress:
		return number + string(e.Phase) + ", " + times(e)
	case ddl.EventWithdrew:
		return number + e.Text + "; trying again"
	case ddl.EventDone:
		return number + "done, " + times(e)
	case ddl.EventStopped:
		return number + "stopped after " + seconds(e.Seconds)
	case ddl.EventFailed:
		return number + "FAILED after " + seconds(e.Seconds)
	case ddl.EventKilled:
		return number + e.Text
	}
	return number + "note: " + e.Text
}

func how(rung string) string {
	if rung == "-" {
		return ""
	}
	return rung
}

// times says how long it has taken, how long it took in the rehearsal, and how
// readers are affected.
func times(e ddl.Event) string {
	text := seconds(e.Seconds)
	if e.Rehearsed > 0 {
		text += " of " + seconds(e.Rehearsed) + " rehearsed"
	}
	text += ", worst read " + seconds(e.WorstRead)
	if e.WorstWrite > 0 {
		text += ", worst write " + seconds(e.WorstWrite)
	}
	if e.ReaderErrors > 0 {
		text += ", failed at the readers " + fmt.Sprint(e.ReaderErrors)
	}
	return text
}

// seconds formats a time for people, with about three digits.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
