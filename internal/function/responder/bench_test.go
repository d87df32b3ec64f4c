package responder

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// BenchmarkInvoke compares an answer with json.Marshal of just its body: once
// from the bytes of the event to the bytes of the response, and once for the
// handler alone, from a decoded event, as the handlers of aws-lambda-go get it.
func BenchmarkInvoke(b *testing.B) {
	type meta struct {
		Until      string `json:"until"`
		RetryAfter int64  `json:"retryAfter"`
	}
	type problem struct {
		Status string `json:"status"`
		Code   string `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Meta   meta   `json:"meta"`
	}
	type document struct {
		Errors []problem `json:"errors"`
	}
	until := fieldReports.Until.Format(untilLayout)
	body := func(language string) document {
		return document{[]problem{{"503", code, title, fieldReports.Message[language], meta{until, 2400}}}}
	}
	page := get(b, at(now, fieldReports, io.Discard), "accept", "text/html").body
	for _, bb := range []struct {
		event string
		body  any
	}{
		{"mobile-write", body("ja")},
		{"script", body("en")},
		{"script-multi", body("en")},
		{"navigation", page},
	} {
		b.Run(bb.event, func(b *testing.B) {
			event := benchmarkEvent(b, bb.event)
			h := newHandler(fieldReports, "FieldReports-Maintenance", &logger{w: io.Discard})
			h.now = func() time.Time { return now } // before the end
			read, err := parseRequest(event)
			if err != nil {
				b.Fatal(err)
			}
			all := []func(){
				func() { _, _ = h.Invoke(context.Background(), event) },
				func() { _ = h.respond(now, &read, h.kind(&read)) },
				func() { _, _ = json.Marshal(bb.body) },
			}
			fastest := [3]time.Duration{1 << 62, 1 << 62, 1 << 62}
			const batch = 200
			for b.Loop() {
				// The two alternate, so that a busy machine slows down all.
				for i, f := range all {
					start := time.Now()
					for range batch {
						f()
					}
					fastest[i] = min(fastest[i], time.Since(start)/batch)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(fastest[0]), "ns/answer")
			b.ReportMetric(float64(fastest[0])/float64(fastest[2]), "x-json.Marshal")
			b.ReportMetric(float64(fastest[1])/float64(fastest[2]), "handler-x-json.Marshal")
			b.ReportMetric(testing.AllocsPerRun(100, all[0]), "allocs/answer")
		})
	}
}

func TestAnswersTakeFewAllocations(t *testing.T) {
	for _, name := range []string{"mobile-write", "script", "script-multi", "navigation", "preflight-multi"} {
		event := benchmarkEvent(t, name)
		h := at(now, fieldReports, io.Discard)
		if got := testing.AllocsPerRun(100, func() { _, _ = h.Invoke(context.Background(), event) }); got >= 25 {
			t.Errorf("%s takes %v allocations, want under 25", name, got)
		}
	}
}

// benchmarkEvent returns an event from testdata as the load balancer writes it,
// on one line.
func benchmarkEvent(t testing.TB, name string) []byte {
	event, err := os.ReadFile(fmt.Sprintf("testdata/events/%s.json", name))
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, event); err != nil {
		t.Fatal(err)
	}
	return compact.Bytes()
}
