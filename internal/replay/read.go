package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// Read adds the lines of a log. It counts a line that is not an entry; an error
// is about the log as a whole, and the lines before it count. Lines are read and
// parsed ahead of being replayed.
func (r *Replay) Read(ctx context.Context, name string, log io.Reader) error {
	r.lines.Files++
	reader, err := accesslog.NewReader(log)
	if err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	ctx, stop := context.WithCancel(ctx)
	batches := make(chan batch, 2)
	used := make(chan batch, 4)
	var ahead sync.WaitGroup
	ahead.Go(func() { readAhead(ctx, reader, batches, used) })
	defer ahead.Wait()
	defer stop()
	for b := range batches {
		for i := range b.lines {
			r.addLine(&b.lines[i], Place{name, b.first + i})
		}
		r.seen.Store(r.lines.Lines)
		switch {
		case errors.Is(b.err, io.EOF):
			return nil
		case b.err != nil:
			return fmt.Errorf("reading %q: %w after line %d", name, b.err, b.first+len(b.lines)-1)
		}
		select {
		case used <- b:
		default:
		}
	}
	return ctx.Err()
}

func (r *Replay) addLine(line *parsed, at Place) {
	r.lines.Lines++
	if line.err == nil {
		r.Add(&line.entry, at)
		return
	}
	r.lines.Malformed++
	if len(r.lines.Examples) < maxMalformed {
		r.lines.Examples = append(r.lines.Examples, Malformed{at, line.err.Error()})
	}
}

// Lines returns approximately how many lines have been replayed so far. It may be
// called while Read runs.
func (r *Replay) Lines() int64 { return r.seen.Load() }

// batch is a series of consecutive lines.
type batch struct {
	first int // the number of the first line
	lines []parsed
	err   error // the error that ends the log
}

type parsed struct {
	entry accesslog.Entry
	err   error
}

// Limits of a batch, in lines and in bytes.
const (
	batchLines = 256
	batchBytes = 512 << 10
)

// readAhead sends the lines of a log in batches, the last one with the error that
// ends it. It reuses the memory of used batches.
func readAhead(ctx context.Context, reader *accesslog.Reader, batches chan<- batch, used <-chan batch) {
	defer close(batches)
	for {
		var b batch
		select {
		case b = <-used:
		default:
			b.lines = make([]parsed, 0, batchLines)
		}
		b.fill(reader)
		select {
		case batches <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

func (b *batch) fill(reader *accesslog.Reader) {
	b.first, b.lines = reader.Line+1, b.lines[:0]
	for size := 0; len(b.lines) < batchLines && size < batchBytes; {
		line, err := reader.Next()
		if err != nil && !errors.Is(err, accesslog.ErrTooLong) {
			b.err = err
			return
		}
		size += len(line)
		p := parsed{err: err}
		if err == nil {
			p.entry, p.err = accesslog.Parse(string(line))
		}
		b.lines = append(b.lines, p)
	}
}
