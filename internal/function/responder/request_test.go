package responder

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestRequestsAreReadAlikeBothWays(t *testing.T) {
	for _, event := range events(t) {
		quick, ok := scan(event)
		if !ok {
			t.Errorf("a usual event is not scanned: %s", event)
		}
		slow, err := decode(event)
		if err != nil || quick != slow {
			t.Errorf("got %+v by scanning and %+v (%v) by decoding", quick, slow, err)
		}
	}
}

func TestUnusualRequestsAreRead(t *testing.T) {
	tests := []struct {
		name, event string
		want        request
	}{
		{"capital letters", `{"HTTPMethod":"GET","Headers":{"Accept":"a"}}`, request{method: "GET", accept: "a", single: true}},
		{"escapes", `{"httpMethod":"GET","headers":{"accept":"a\u002fb;c=\"d\""}}`, request{method: "GET", accept: `a/b;c="d"`, single: true}},
		{"repeated headers", `{"multiValueHeaders":{"accept":["a","b"],"accept-language":[]}}`, request{accept: "a, b", multi: true}},
		{"white space", " {\n\t\"headers\" : { \"accept\" : \"a\" } ,\r\n \"path\" : \"/\" } ", request{accept: "a", path: "/", single: true}},
		{"a decoy in the query", `{"queryStringParameters":{"headers":{"accept":"x"},"accept":"x"},"headers":{"accept":"a"}}`, request{accept: "a", single: true}},
		{"a decoy in the body", `{"headers":{"accept":"a"},"body":"\"headers\":{\"accept\":\"x\"}\\"}`, request{accept: "a", single: true}},
		{"headers twice", `{"headers":{"accept":"a"},"headers":{"origin":"b"}}`, request{accept: "a", origin: "b", single: true}},
		{"both families", `{"multiValueHeaders":{"accept":["b"]},"headers":{"accept":"a"}}`, request{accept: "b", single: true, multi: true}},
		{"a null family", `{"headers":{"accept":"a"},"multiValueHeaders":null}`, request{accept: "a", single: true}},
		{"a value of another type", `{"headers":{"x":7,"y":[{}],"accept":"a","z":null}}`, request{accept: "a", single: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseRequest([]byte(tt.event))
			if err != nil || got != tt.want {
				t.Errorf("got %+v (%v), want %+v", got, err, tt.want)
			}
		})
	}
}

// FuzzHandle checks that the answer to any event is one that the load balancer
// accepts.
func FuzzHandle(f *testing.F) {
	for _, event := range events(f) {
		f.Add(event)
	}
	for _, event := range []string{"", "null", "{}", `{"headers":{}}`, `{"multiValueHeaders":{}}`, `{"multiValueHeaders":{},"":}`, `{"headers":{"origin":"https://\u0000.app.example.net"}}`} {
		f.Add([]byte(event))
	}
	f.Fuzz(func(t *testing.T, event []byte) {
		returned, err := at(now, fieldReports, io.Discard).Invoke(context.Background(), event)
		if err != nil {
			t.Fatal(err)
		}
		r, err := throughLoadBalancer(event, returned)
		if err != nil {
			t.Fatal(err)
		}
		if r.headers["X-Maintenance-Mode"] != "on" || r.headers["Cache-Control"] != "no-store" {
			t.Fatalf("an answer without its marker, or one that a cache would keep: %v", r)
		}
		if preflight := r.status == 204 && r.body == ""; r.status != 503 && !preflight {
			t.Fatalf("an answer that is neither 503 nor a preflight's: %v", r)
		}
	})
}

// FuzzScan compares the scanner with encoding/json for every event that both
// read.
func FuzzScan(f *testing.F) {
	for _, event := range events(f) {
		f.Add(event)
	}
	f.Add([]byte(`{"a":"\\\"","headers":{"accept":"a"}}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		quick, ok := scan(event)
		if !ok {
			return
		}
		slow, err := decode(event)
		if err == nil && quick != slow {
			t.Fatalf("got %+v by scanning and %+v by decoding", quick, slow)
		}
	})
}

func TestLargeBodyIsNotLookedAt(t *testing.T) {
	body := strings.Repeat(`\"\\`, 250_000)
	event := []byte(`{"httpMethod":"POST","headers":{"accept":"*/*"},"body":"` + body + `","isBase64Encoded":false}`)
	h := at(now, Config{}, io.Discard)
	if r := send(t, h, event); r.status != 503 {
		t.Errorf("got %v", r)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		_, _ = h.Invoke(context.Background(), event)
	}
	runtime.ReadMemStats(&after)
	if allocated := (after.TotalAlloc - before.TotalAlloc) / 10; allocated > 16<<10 {
		t.Errorf("an event of %d bytes takes %d bytes of memory to answer", len(event), allocated)
	}
}

// events returns the events in testdata.
func events(t testing.TB) [][]byte {
	names, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal("no events", err)
	}
	var all [][]byte
	for _, name := range names {
		event, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}
