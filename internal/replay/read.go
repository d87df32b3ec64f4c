package replay

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/noren-cdk/noren/internal/accesslog"
)

// Read adds the lines of a log. A line that is no entry is counted; an error is
// about the log as a whole, of which what came before it counts.
func (r *Replay) Read(ctx context.Context, name string, log io.Reader) error {
	r.lines.Files++
	reader, err := accesslog.NewReader(log)
	if err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	for {
		if reader.Line&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := reader.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil && !errors.Is(err, accesslog.ErrTooLong):
			return fmt.Errorf("reading %q: %w after line %d", name, err, reader.Line)
		}
		r.lines.Lines++
		at := Place{name, reader.Line}
		var entry accesslog.Entry
		if err == nil {
			entry, err = accesslog.Parse(string(line))
		}
		if err != nil {
			r.malformed(at, err)
			continue
		}
		r.Add(&entry, at)
	}
}

func (r *Replay) malformed(at Place, err error) {
	r.lines.Malformed++
	if len(r.lines.Examples) < maxMalformed {
		r.lines.Examples = append(r.lines.Examples, Malformed{at, err.Error()})
	}
}

// Lines is how many lines were read so far.
func (r *Replay) Lines() int64 { return r.lines.Lines }
