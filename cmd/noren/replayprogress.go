package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/replay"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
	"github.com/noren-cdk/noren/internal/term"
)

// readProgress shows the progress of reading on a terminal. A nil one shows
// nothing.
type readProgress struct {
	out   io.Writer
	total int64 // bytes, 0 if unknown
	done  int64
	next  time.Time // when something may be shown again
}

// newReadProgress returns the progress of reading logs, nil if out is not a
// terminal.
func newReadProgress(out io.Writer, logs []accesslog.Source) *readProgress {
	if !term.IsTerminal(out) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	p := &readProgress{out: out, next: time.Now().Add(300 * time.Millisecond)}
	for _, log := range logs {
		if log.Size == 0 {
			p.total = 0
			break
		}
		p.total += log.Size
	}
	return p
}

// watch counts what is read from a log.
func (p *readProgress) watch(log io.Reader, r *replay.Replay) io.Reader {
	if p == nil {
		return log
	}
	return &watched{log, p, r}
}

type watched struct {
	io.Reader
	progress *readProgress
	replay   *replay.Replay
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	w.progress.done += int64(n)
	if now := time.Now(); now.After(w.progress.next) {
		w.progress.next = now.Add(100 * time.Millisecond)
		w.progress.show(w.replay.Lines())
	}
	return n, err
}

// clearLine erases what was shown.
const clearLine = "\r\x1b[K"

func (p *readProgress) show(lines int64) {
	if p.total == 0 {
		fmt.Fprintf(p.out, "%s%s lines", clearLine, term.Thousands(lines))
		return
	}
	const width = 20
	part := min(float64(p.done)/float64(p.total), 1)
	full := int(part * width)
	fmt.Fprintf(p.out, "%s[%s%s] %3.0f %%  %s lines", clearLine, strings.Repeat("#", full), strings.Repeat(".", width-full), part*100, term.Thousands(lines))
}

func (p *readProgress) end() {
	if p != nil {
		io.WriteString(p.out, clearLine)
	}
}
