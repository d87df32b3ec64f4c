package replay

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"testing"
	"time"
)

// BenchmarkReplay compares replaying a log with decompressing it and splitting it
// into lines: the goal is at least a fifth of that speed. The two alternate, so
// that other load on the machine affects both.
func BenchmarkReplay(b *testing.B) {
	const lines = 50_000
	var log bytes.Buffer
	zip := gzip.NewWriter(&log)
	size, err := io.Copy(zip, newTraffic().log(lines))
	if err != nil {
		b.Fatal(err)
	}
	_ = zip.Close()
	for _, test := range []struct {
		name   string
		config Config
	}{
		{"assumed", Config{Assume: assumptions}},
		{"depends", Config{}},
		{"since", Config{Since: newTraffic().start}},
	} {
		b.Run(test.name, func(b *testing.B) {
			var splitting, replaying time.Duration
			for b.Loop() {
				begin := time.Now()
				split(b, log.Bytes(), lines)
				middle := time.Now()
				r := newReplay(b, test.config)
				if err := r.Read(b.Context(), "log", bytes.NewReader(log.Bytes())); err != nil {
					b.Fatal(err)
				}
				if r.Report().Requests.Requests != lines {
					b.Fatal("lines are missing")
				}
				splitting += middle.Sub(begin)
				replaying += time.Since(middle)
			}
			b.ReportMetric(float64(splitting)/float64(replaying), "of-splitting-speed")
			b.ReportMetric(float64(replaying)/float64(b.N)/lines, "ns/line")
			b.ReportMetric(float64(size)*float64(b.N)/replaying.Seconds()/1e6, "MB/s")
		})
	}
}

func split(b *testing.B, log []byte, want int) {
	unzipped, err := gzip.NewReader(bytes.NewReader(log))
	if err != nil {
		b.Fatal(err)
	}
	scanner := bufio.NewScanner(unzipped)
	scanner.Buffer(make([]byte, 64<<10), 256<<10)
	got := 0
	for scanner.Scan() {
		got++
	}
	if scanner.Err() != nil || got != want {
		b.Fatalf("got %d lines, %v", got, scanner.Err())
	}
}
