package replay

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// FuzzRead looks for logs that make replaying panic, or lose lines.
func FuzzRead(f *testing.F) {
	traffic := newTraffic()
	for range 20 {
		f.Add(bytes.Clone(traffic.line()))
	}
	f.Add([]byte("\x1f\x8b"))
	f.Add([]byte("https 2026-11-20T03:14:15Z - - - -1 -1 -1 - - 0 0 \"GET https://x:443/%zz/../.. -\" \"\\x00\"\n\nx"))
	config := Config{Open: template(f, "open"), Maintenance: template(f, "closed")}
	f.Fuzz(func(t *testing.T, log []byte) {
		config.Assume, config.Since = assumptions, noon
		r, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		reader, err := accesslog.NewReader(bytes.NewReader(log))
		if err != nil {
			return
		}
		for b := (batch{}); b.err == nil; { // in step, since fuzzing needs determinism
			b.fill(reader)
			for i := range b.lines {
				r.addLine(&b.lines[i], Place{"log", b.first + i})
			}
		}
		report := r.Report()
		l := report.Lines
		if l.Entries+l.Malformed != l.Lines || report.Requests.Requests+l.NoRequest+l.OtherPorts+l.OtherBalancers != l.Entries {
			t.Errorf("%+v, but %+v", l, report.Requests)
		}
		if _, err := json.Marshal(report); err != nil {
			t.Error(err)
		}
	})
}
