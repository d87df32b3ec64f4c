package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// site serves /maintenance.json on another host than the API, which redirects to
// it.
func site(t *testing.T) (document *atomic.Pointer[string], address string) {
	document = &atomic.Pointer[string]{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token is sent to the site")
		}
		_, _ = io.WriteString(w, *document.Load())
	}))
	t.Cleanup(server.Close)
	return document, server.URL
}

type answering = func(http.ResponseWriter, *http.Request, []byte) bool

// announce answers /maintenance.json as the API does, and passes everything else
// to next.
func announce(site string, next answering) answering {
	return func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.URL.Path == "/maintenance.json" {
			http.Redirect(w, r, site+"/maintenance.json", http.StatusFound)
			return true
		}
		return next != nil && next(w, r, body)
	}
}

func TestAnnounceThenOpenTheApp(t *testing.T) {
	t.Parallel()
	s := serve(t)
	document, address := site(t)
	planned := `{"version":1,"status":"scheduled","mode":"open","id":"n","scheduledFor":"2099-12-01T01:00:00Z","scheduledUntil":"2099-12-01T04:00:00Z","message":{"en":"We are moving.","ja":"移転"},"pollAfter":1,"new":[]}`
	document.Store(&planned)
	s.set(announce(address, nil))
	p := start(t, s, t.TempDir(), written(1))
	eventually(t, "the banner", func() bool { return strings.Contains(p.log.String(), "maintenance is planned") })
	eventually(t, "everything works", func() bool { return len(s.stored()) == 1 })
	time.Sleep(1500 * time.Millisecond) // after another look
	if got := p.log.String(); strings.Count(got, "maintenance is planned") != 1 || !strings.Contains(got, `message="We are moving."`) || !strings.Contains(got, "until=") {
		t.Errorf("got %s, want the message and the times once", got)
	}
}

// TestOverEarly checks that an app with a wait of an hour asks, with one request,
// when the document says that maintenance is over.
func TestOverEarly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	document, address := site(t)
	state := func(status, mode string) {
		text := fmt.Sprintf(`{"version":1,"status":%q,"mode":%q,"pollAfter":1}`, status, mode)
		document.Store(&text)
	}
	state("in_progress", "closed")
	s.set(announce(address, closed("3600", "POST /api/reports")))
	p := start(t, s, t.TempDir(), written(1), written(2))
	eventually(t, "refused", func() bool { return strings.Contains(p.log.String(), "maintenance") })
	time.Sleep(1500 * time.Millisecond)
	if n := len(s.arrived("POST /api/reports")); n != 1 {
		t.Errorf("asked %d times while it is closed, want once", n)
	}
	state("completed", "open") // the file changes first; the listener still refuses
	eventually(t, "asked early", func() bool { return len(s.arrived("POST /api/reports")) == 2 })
	time.Sleep(1500 * time.Millisecond)
	if n := len(s.arrived("POST /api/reports")); n != 2 {
		t.Errorf("asked %d times although it was refused again, want twice", n)
	}
	state("in_progress", "closed")
	time.Sleep(1500 * time.Millisecond)
	state("none", "open")
	s.set(announce(address, nil))
	eventually(t, "all sent", func() bool { return len(s.stored()) == 2 })
}

// TestAnnouncementOfNoUse checks that the app works whatever the announcement
// contains.
func TestAnnouncementOfNoUse(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "<!doctype html>", "null", "[]", "7", `{"status":7}`, `{"status":"scheduled"}`, `{"status":"scheduled","scheduledFor":"soon"}`,
		`{"status":"scheduled","scheduledFor":"2099-12-01T01:00:00Z","message":7}`, `{"status":"over","mode":"shut","pollAfter":-1}`, `{"pollAfter":1e300}`, `{"pollAfter":9223372036854775807}`,
	} {
		s := serve(t)
		document, address := site(t)
		document.Store(&text)
		s.set(announce(address, nil))
		start(t, s, t.TempDir(), written(1))
		eventually(t, "sent with "+text, func() bool { return len(s.stored()) == 1 })
	}
}
