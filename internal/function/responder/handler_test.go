package responder

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStrangeEventsAreAnswered also checks how often each fault is logged.
func TestStrangeEventsAreAnswered(t *testing.T) {
	tests := []struct{ name, event string }{
		{"nothing", ``},
		{"null", `null`},
		{"a number", `7`},
		{"an array", `[]`},
		{"an empty object", `{}`},
		{"no headers", `{"httpMethod":"GET","path":"/"}`},
		{"null headers", `{"httpMethod":"GET","path":"/","headers":null,"multiValueHeaders":null}`},
		{"headers of another type", `{"httpMethod":"GET","headers":{"accept":7}}`},
		{"a list of headers", `{"httpMethod":"GET","headers":["accept"]}`},
		{"a method of another type", `{"httpMethod":{},"headers":{}}`},
		{"cut off", `{"httpMethod":"GET","headers":{"accept":"text/ht`},
		{"not UTF-8", "{\"httpMethod\":\"\xff\",\"headers\":{\"accept\":\"\xff"},
		{"a schedule", `{"version":"0","source":"aws.events","detail":{}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			h := at(now, Config{Message: map[string]string{"en": "Back soon."}}, &log)
			for range 3 {
				r := send(t, h, []byte(tt.event))
				if r.status != 503 || r.headers["X-Maintenance-Mode"] != "on" || !strings.Contains(r.body, "Back soon.") {
					t.Errorf("got %v, want a marked 503 with the message", r)
				}
			}
			if got := strings.Count(log.String(), "not one of a load balancer"); got != 1 {
				t.Errorf("got %d lines about three such events, want 1:\n%s", got, &log)
			}
		})
	}
}

func TestBothFamiliesAreAnsweredInBoth(t *testing.T) {
	h := at(now, Config{}, io.Discard)
	r := send(t, h, []byte(`{"httpMethod":"GET","headers":{"accept":"text/html"},"multiValueHeaders":{"accept":["text/html"]}}`))
	if got := r.headers["Content-Type"]; got != "text/html; charset=utf-8" {
		t.Errorf("got content type %q, want HTML", got)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	h := at(now, fieldReports, &log)
	h.random = func(int64) int64 { panic("out of luck") }
	for _, event := range []string{"navigation", "script-multi", "head"} {
		r := ask(t, h, event)
		if r.status != 503 || r.headers["X-Maintenance-Mode"] != "on" || r.headers["Retry-After"] != "600" {
			t.Errorf("%s: got %v, want a marked 503", event, r)
		}
	}
	if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "out of luck") {
		t.Errorf("got the log\n%s\nwant one line with the cause", &log)
	}
}

func TestLastResortIsTheDefaultAnswer(t *testing.T) {
	h := at(now, Config{}, io.Discard)
	h.random = func(int64) int64 { return 0 }
	got, err := throughLoadBalancer(nil, lastResort(request{}))
	if err != nil {
		t.Fatal(err)
	}
	if want := get(t, h); got.status != want.status || got.body != want.body {
		t.Errorf("got %v, want the body of %v", got, want)
	}
}

func TestHeadHasTheHeadersOfGet(t *testing.T) {
	h := at(now, fieldReports, io.Discard)
	got := send(t, h, []byte(`{"httpMethod":"HEAD","headers":{"accept":"text/html"}}`))
	want := send(t, h, []byte(`{"httpMethod":"GET","headers":{"accept":"text/html"}}`))
	if diff := cmp.Diff(want.headers, got.headers); diff != "" || got.body != "" {
		t.Errorf("got body %q and headers that differ (-GET +HEAD):\n%s", got.body, diff)
	}
}

func TestEveryAnswerVariesByWhatItDependsOn(t *testing.T) {
	h := at(now, fieldReports, io.Discard)
	for _, event := range []string{"navigation", "script", "script-stranger", "problem", "health-check"} {
		if got := ask(t, h, event).headers["Vary"]; got != "Accept, Accept-Language, Origin" {
			t.Errorf("%s: got Vary %q", event, got)
		}
	}
}
