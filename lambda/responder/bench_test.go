package main

import (
	"archive/zip"
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/function/responder"
)

var typical = responder.Config{
	Message:     map[string]string{"en": "Field Reports is being upgraded.", "ja": "Field Reports は更新中です。"},
	Until:       time.Now().Add(time.Hour),
	CORSOrigins: []string{"https://app.example.com"},
}

// BenchmarkStart compares the time from starting the process to its first poll
// of the runtime API with that of a bare handler.
func BenchmarkStart(b *testing.B) {
	programs := build(b, "")
	runtime := startRuntime(b)
	var times [2][]time.Duration
	for b.Loop() {
		for i, program := range programs {
			start := time.Now()
			stop := runtime.run(b, program, typical)
			polled := <-runtime.polls
			times[i] = append(times[i], polled.at.Sub(start))
			stop()
			close(polled.answer)
		}
	}
	ours, bare := median(times[0]), median(times[1])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(ours.Seconds()*1000, "ms")
	b.ReportMetric(bare.Seconds()*1000, "bare-ms")
	b.ReportMetric(float64(ours)/float64(bare), "x-bare")
}

// BenchmarkRequests compares the requests per second through the runtime API
// with those of a bare handler.
func BenchmarkRequests(b *testing.B) {
	event, err := os.ReadFile("../../internal/function/responder/testdata/events/script.json")
	if err != nil {
		b.Fatal(err)
	}
	const batch = 100
	var functions [2]*runtimeAPI
	var stops [2]func()
	for i, program := range build(b, "") {
		functions[i] = startRuntime(b)
		stops[i] = functions[i].run(b, program, typical)
	}
	var times [2][]time.Duration
	for b.Loop() {
		// The two alternate, so that a busy machine slows down both.
		for i, function := range functions {
			polled := <-function.polls
			start := time.Now()
			for range batch {
				polled.answer <- event
				polled = <-function.polls
			}
			times[i] = append(times[i], time.Since(start))
			go func() { function.polls <- polled }() // for the next batch
		}
	}
	for i, function := range functions {
		stops[i]()
		close((<-function.polls).answer)
	}
	ours, bare := median(times[0]), median(times[1])
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(batch/ours.Seconds(), "requests/s")
	b.ReportMetric(batch/bare.Seconds(), "bare-requests/s")
	b.ReportMetric(float64(bare)/float64(ours), "x-bare")
}

// BenchmarkZip compares what is uploaded to Lambda.
func BenchmarkZip(b *testing.B) {
	var sizes [2]int
	for b.Loop() {
		for i, program := range build(b, "arm64") {
			binary, err := os.ReadFile(program)
			if err != nil {
				b.Fatal(err)
			}
			var archive bytes.Buffer
			w := zip.NewWriter(&archive)
			f, err := w.Create("bootstrap")
			if err == nil {
				_, err = f.Write(binary)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				b.Fatal(err)
			}
			sizes[i] = archive.Len()
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(sizes[0])/1e6, "MB")
	b.ReportMetric(float64(sizes[1])/1e6, "bare-MB")
	b.ReportMetric(float64(sizes[0])/float64(sizes[1]), "x-bare")
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
