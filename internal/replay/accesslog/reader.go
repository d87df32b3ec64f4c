package accesslog

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// MaxLine is the maximum length of a line, in bytes: several times the log line
// of a request with the largest URL and headers that ALB accepts.
const MaxLine = 256 << 10

// ErrTooLong says that a line has more than MaxLine bytes.
var ErrTooLong = errors.New("the line has more than 256 KiB")

// Reader reads the lines of a log, which may be compressed with gzip. It keeps
// no more than a line in memory.
type Reader struct {
	lines *bufio.Reader

	// Line is the number of the line read last, starting at 1.
	Line int
}

// NewReader returns a reader of r. It detects compression from the content.
func NewReader(r io.Reader) (*Reader, error) {
	source := bufio.NewReaderSize(r, 64<<10)
	magic, err := source.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return &Reader{lines: bufio.NewReaderSize(source, MaxLine)}, nil
	}
	unzipped, err := gzip.NewReader(source)
	if err != nil {
		return nil, err
	}
	return &Reader{lines: bufio.NewReaderSize(unzipped, MaxLine)}, nil
}

// Next returns the next line without its line break, in a slice that the next
// call overwrites. It returns io.EOF at the end. After ErrTooLong, it continues
// with the following line.
func (r *Reader) Next() ([]byte, error) {
	line, err := r.lines.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		r.Line++
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.lines.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, ErrTooLong
	case errors.Is(err, io.EOF) && len(line) > 0: // the last line has no line break
	case err != nil:
		return nil, err
	}
	r.Line++
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}
