package accesslog

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
)

// FuzzParse looks for lines that make Parse panic, or use more memory than a few
// times their size, and for entries that are written differently from how they
// were read.
func FuzzParse(f *testing.F) {
	for _, sample := range samples {
		f.Add(sample.line)
	}
	f.Add(`http 2026-11-20T03:14:15Z - - - - - - - - - - "\x5cx22\" \x" "\"" - - - "`)
	f.Fuzz(func(t *testing.T, line string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		entry, err := Parse(line)
		_, _, _ = entry.Host(), entry.Port(), entry.RequestTarget()
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > uint64(16*len(line)+1<<20) {
			t.Errorf("%d bytes took %d of memory", len(line), took)
		}
		if err != nil {
			return
		}
		written := entry.String()
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("%v in %s", err, written)
		}
		if again.String() != written || again.Method != entry.Method && entry.Method != "-" || again.Rule != entry.Rule {
			t.Errorf("%s was read as %s", written, again)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("a\nb"))
	f.Add(zipped("a\n", "b\n"))
	f.Add(zipped("a\n")[:15])
	f.Fuzz(func(t *testing.T, data []byte) {
		reader, err := NewReader(bytes.NewReader(data))
		if err != nil {
			return
		}
		for {
			line, err := reader.Next()
			if len(line) > MaxLine {
				t.Fatalf("a line has %d bytes", len(line))
			}
			if err != nil && !errors.Is(err, ErrTooLong) {
				return
			}
		}
	})
}
