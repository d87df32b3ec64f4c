package accesslog

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func zipped(parts ...string) []byte {
	var b bytes.Buffer
	for _, part := range parts { // each is a separate gzip member
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, part)
		_ = w.Close()
	}
	return b.Bytes()
}

// readAll returns what a reader returns, lines and errors.
func readAll(t *testing.T, r io.Reader) []string {
	t.Helper()
	reader, err := NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		line, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.Is(err, ErrTooLong):
			got = append(got, "too long")
		case err != nil:
			return append(got, err.Error())
		default:
			got = append(got, string(line))
		}
		if reader.Line != len(got) {
			t.Errorf("line %d is numbered %d", len(got), reader.Line)
		}
	}
}

func TestReaderReadsLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine+1)
	longest := strings.Repeat("x", MaxLine-1)
	cut := zipped("a\nb\n", "c\n")
	tests := []struct {
		name string
		in   []byte
		want []string
	}{
		{"nothing", nil, nil},
		{"a byte", []byte("a"), []string{"a"}},
		{"the last line not ended", []byte("a\nb"), []string{"a", "b"}},
		{"lines of Windows", []byte("a\r\nb\r\n"), []string{"a", "b"}},
		{"empty lines", []byte("a\n\nb\n"), []string{"a", "", "b"}},
		{"compressed", zipped("a\nb\n"), []string{"a", "b"}},
		{"compressed in parts", zipped("a\nb", "c\nd\n"), []string{"a", "bc", "d"}},
		{"compressed and empty", zipped(""), nil},
		{"the longest line", []byte(longest + "\nb\n"), []string{longest, "b"}},
		{"a line too long", []byte("a\n" + long + long + "\nb\n"), []string{"a", "too long", "b"}},
		{"the last line too long", []byte("a\n" + long), []string{"a", "too long"}},
		{"a download cut off", cut[:len(cut)-4], []string{"a", "b", "c", "unexpected EOF"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range []io.Reader{bytes.NewReader(test.in), iotest.HalfReader(bytes.NewReader(test.in))} {
				if got := readAll(t, r); !slices.Equal(got, test.want) {
					t.Errorf("got %.200q, want %.200q", got, test.want)
				}
			}
		})
	}
}

// endless is a log with a single endless line.
type endless struct{ left int }

func (e *endless) Read(b []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(b), e.left)
	for i := range n {
		b[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestALineWithoutEndTakesNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := readAll(t, &endless{left: 256 << 20})
	runtime.ReadMemStats(&after)
	if !slices.Equal(got, []string{"too long"}) {
		t.Errorf("got %.100q", got)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
		t.Errorf("reading 256 MiB took %d bytes of memory", took)
	}
}

func TestSources(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.log", "a/2.log.gz", "a/1.log.gz", "a/readme.txt", "a/conn_log.1.log.gz", "a/health_check_log.1.log.gz", "none/x.txt"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	tests := []struct {
		names []string
		want  []string
		err   string
	}{
		{[]string{"."}, []string{"a/1.log.gz", "a/2.log.gz", "b.log"}, ""},
		{[]string{"b.log", "a"}, []string{"b.log", "a/1.log.gz", "a/2.log.gz"}, ""},
		{[]string{"a/readme.txt"}, []string{"a/readme.txt"}, ""}, // named, whatever it is called
		{[]string{"a", "./a/1.log.gz", "a"}, []string{"a/1.log.gz", "a/2.log.gz"}, ""},
		{[]string{"-", "b.log", "-"}, []string{"stdin", "b.log"}, ""},
		{[]string{"none"}, nil, `no access log in "none"`},
		{[]string{"missing"}, nil, "missing: no such file"},
	}
	for _, test := range tests {
		sources, err := Sources(test.names, strings.NewReader("x\n"))
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q: got %v, want %s", test.names, err, test.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", test.names, err)
		}
		var got []string
		for _, s := range sources {
			got = append(got, s.Name)
			file, err := s.Open()
			if err != nil {
				t.Fatal(err)
			}
			if text, _ := io.ReadAll(file); string(text) != "x\n" {
				t.Errorf("%s holds %q", s.Name, text)
			}
			file.Close()
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.names, got, test.want)
		}
	}
}
