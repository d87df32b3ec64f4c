package responder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// counted returns the answers that CloudWatch counts in a log, by time, kind and
// method.
func counted(t *testing.T, log string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for line := range strings.Lines(log) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		d := r.AWS.CloudWatchMetrics[0]
		if d.Namespace != "Noren" || d.Metrics[0].Name != "Answers" || r.FunctionName != "FieldReports-Maintenance" {
			t.Errorf("got %s", line)
		}
		var properties map[string]any
		if err := json.Unmarshal([]byte(line), &properties); err != nil {
			t.Fatal(err)
		}
		for _, dimensions := range d.Dimensions {
			for _, name := range dimensions {
				if text, _ := properties[name].(string); text == "" {
					t.Errorf("dimension %s has no value: %s", name, line)
				}
			}
		}
		at := time.UnixMilli(r.AWS.Timestamp).Sub(now)
		counts[fmt.Sprintf("%v %s %s", at, r.Kind, r.Method)] += r.Answers
	}
	return counts
}

func TestAnswersAreCounted(t *testing.T) {
	var log bytes.Buffer
	h := at(now, fieldReports, &log)
	clock := now
	h.now = func() time.Time { return clock }
	for i, event := range []string{
		"navigation",                                 // the first is written at once
		"navigation", "mobile-write", "mobile-write", // within ten seconds: not written yet
		"unknown-method", // the eleventh second: written with those before it
		"head",           // within ten seconds again
		"preflight",      // an hour later: the previous one is written with its own time
		"problem",        // never written, and lost
	} {
		clock = now.Add([]time.Duration{0, 1, 2, 3, 11, 12, 3600, 3601}[i] * time.Second)
		ask(t, h, event)
	}
	want := map[string]int{
		"0s html GET":              1,
		"11s html GET":             1,
		"11s json POST":            2,
		"11s json OTHER":           1,
		"12s json HEAD":            1,
		"1h0m0s preflight OPTIONS": 1,
	}
	if diff := cmp.Diff(want, counted(t, log.String())); diff != "" {
		t.Errorf("counts differ (-want +got):\n%s", diff)
	}
}

// TestLogIsSmallUnderLoad simulates a minute of a hundred answers a second, with
// all methods, most of them invented.
func TestLogIsSmallUnderLoad(t *testing.T) {
	var log bytes.Buffer
	h := at(now, fieldReports, &log)
	clock := now
	h.now = func() time.Time { return clock }
	total := 0
	for i := range 6000 {
		clock = now.Add(time.Duration(i) * 10 * time.Millisecond)
		method := fmt.Sprintf("M%d", i)
		if i%2 == 0 {
			method = methods[i/2%len(methods)]
		}
		_, _ = h.Invoke(t.Context(), []byte(`{"httpMethod":"`+method+`","path":"/`+strings.Repeat("a", 5000)+`","headers":{"accept":"*/*"}}`))
	}
	for _, count := range counted(t, log.String()) {
		total += count
	}
	if lines := strings.Count(log.String(), "\n"); lines > 60 || log.Len() > 64<<10 {
		t.Errorf("got %d lines of %d bytes together for 6000 answers", lines, log.Len())
	}
	if total < 5000 {
		t.Errorf("%d of 6000 answers are counted, want all but those of the last ten seconds", total)
	}
}

func TestConcurrentAnswers(t *testing.T) {
	h := at(now, fieldReports, &bytes.Buffer{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, event := range []string{"navigation", "mobile-write", "script-multi", "preflight", "problem"} {
				ask(t, h, event)
			}
			_, _ = h.Invoke(t.Context(), nil)
		})
	}
	wg.Wait()
}
