package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"testing"
)

// TestNotice checks that while maintenance is on, a connection ends with its next
// answer, and no request fails. A document that cannot be read changes nothing.
func TestNotice(t *testing.T) {
	document, status := "", http.StatusOK
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, document)
	}))
	defer site.Close()
	n := &notice{url: site.URL + "/maintenance.json", log: slog.New(slog.DiscardHandler)}
	service := httptest.NewServer(n.ends(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") })))
	defer service.Close()

	reused := func() bool {
		t.Helper()
		again := false
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) { again = c.Reused }})
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, service.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := service.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, _ := io.ReadAll(answer.Body); string(body) != "served" {
			t.Errorf("got %q", body)
		}
		return again
	}
	reused()
	for _, test := range []struct {
		document string
		status   int
		reads    bool // without an error
		ends     bool
	}{
		{`{"mode":"open","pollAfter":60}`, 200, true, false},
		{`{"mode":"closed","status":"in_progress"}`, 200, true, true},
		{"<html>", 200, false, true},
		{"{}", 500, false, true},
		{`{"mode":"read-only"}`, 200, true, true},
		{`{"mode":"open","status":"completed","pollAfter":-1}`, 200, true, false},
		{"", 404, false, false},
		{`{"mode":"something new"}`, 200, true, false},
	} {
		document, status = test.document, test.status
		pause, err := n.look(context.Background())
		if (err == nil) != test.reads || pause < noticePause {
			t.Errorf("%s: read with %v, looks again after %v", test.document, err, pause)
		}
		reused() // ends the connection that was open before, or keeps it
		if got := !reused(); got != test.ends {
			t.Errorf("after %d %s connections end: %v, want %v", test.status, test.document, got, test.ends)
		}
	}
}
