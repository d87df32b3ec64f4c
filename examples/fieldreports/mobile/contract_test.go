package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests in this file are the checklist of docs/client-contract.md.

func TestCloseThenOpenTheApp(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	first := start(t, s, folder)
	eventually(t, "synced", func() bool { return len(s.arrived("GET /api/reports")) > 1 })
	first.stop()
	before := contents(t, folder)
	if !strings.Contains(before, "/users/field/offline/templates/a.json: {") || !strings.Contains(before, "/users/field/offline/files/d/a.svg: <svg/>") {
		t.Fatalf("got %s, want what is needed offline", before)
	}

	s.set(closed("1"))
	logins := len(s.arrived("POST /api/login"))
	second := start(t, s, folder)
	eventually(t, "refused", func() bool { return strings.Contains(second.log.String(), "maintenance") })
	second.stop()
	after := contents(t, folder)
	after = after[:strings.Index(after, "/wait-sync.json")]
	if !strings.HasPrefix(before, after) || !strings.Contains(after, "/users/field/session: t1-field\n") {
		t.Errorf("got\n%swant what was there before:\n%s", after, before)
	}
	if n := len(s.arrived("POST /api/login")) - logins; n != 0 {
		t.Errorf("the app logged in %d times again, want 0", n)
	}
}

func TestCloseThenSaveAReport(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	s.set(closed("3600", "POST /api/reports"))
	p := start(t, s, folder, written(1))
	eventually(t, "the message", func() bool { return strings.Contains(p.log.String(), `message="Back at four."`) })
	if got := p.log.String(); !strings.Contains(got, "expectedEnd=") {
		t.Errorf("got %s, want the expected end", got)
	}
	if !strings.Contains(contents(t, folder), "/queue/000000001.json: ") {
		t.Errorf("the report is not in the queue:\n%s", contents(t, folder))
	}
}

func TestOneRequestAfterTheWait(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.set(closed("1", "POST /api/reports"))
	reports := []item{written(1), written(2), written(3)}
	start(t, s, t.TempDir(), reports...)
	eventually(t, "three attempts", func() bool { return len(s.arrived("POST /api/reports")) >= 3 })
	attempts := s.arrived("POST /api/reports")
	for i, a := range attempts {
		if a.id != reports[0].ID {
			t.Errorf("attempt %d was of another report than the oldest", i+1)
		}
		if a.key != reports[0].Key || a.client != "ios" {
			t.Errorf("attempt %d: got key %q and client %q, want %q and ios", i+1, a.key, a.client, reports[0].Key)
		}
		if i > 0 && a.at.Sub(attempts[i-1].at) < time.Second {
			t.Errorf("attempt %d came after %v, want at least Retry-After: 1s", i+1, a.at.Sub(attempts[i-1].at))
		}
	}
	s.set(nil)
	eventually(t, "all sent", func() bool { return len(s.stored()) == 3 })
	if got := s.stored(); !slices.Equal(got, ids(reports...)) {
		t.Errorf("got order %v, want %v", got, ids(reports...))
	}
}

func TestKillTheAppAndStartItAgain(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	s.set(closed("2", "POST /api/reports"))
	first := start(t, s, folder, written(1))
	eventually(t, "refused", func() bool { return len(s.arrived("POST /api/reports")) == 1 })
	eventually(t, "noticed", func() bool { return strings.Contains(first.log.String(), "maintenance") })
	first.stop()

	s.set(nil) // so that nothing but the wait holds it back
	second := start(t, s, folder)
	if second.queue.len("field") != 1 {
		t.Errorf("%d reports in the queue, want 1", second.queue.len("field"))
	}
	eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
	attempts := s.arrived("POST /api/reports")
	if waited := attempts[1].at.Sub(attempts[0].at); waited < 2*time.Second {
		t.Errorf("asked again after %v, want Retry-After: 2s also over a restart", waited)
	}
}

func TestQueue_TheAnswerIsLost(t *testing.T) {
	t.Parallel()
	s := serve(t)
	report, lost := written(1), false
	s.set(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method+" "+r.URL.Path != "POST /api/reports" || lost {
			return false
		}
		lost = true
		s.reports = append(s.reports, report.ID) // stored, but nobody hears of it
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	})
	p := start(t, s, t.TempDir(), report)
	eventually(t, "sent", func() bool { return p.queue.len("field") == 0 })
	if got := s.stored(); !slices.Equal(got, []string{report.ID}) {
		t.Errorf("got %v, want the report once", got)
	}
	for _, a := range s.arrived("POST /api/reports") {
		if a.key != report.Key || a.id != report.ID {
			t.Errorf("an attempt had key %q and id %q, want the same each time", a.key, a.id)
		}
	}
}

func TestPhotoOf2MB(t *testing.T) {
	t.Parallel()
	// A load balancer in maintenance that does not check the size of a body.
	albLimit := func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if len(body) > 1<<20 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return closed("1", "POST /api/reports")(w, r, body)
	}
	bodies := map[string]int{"announced": 2 << 20, "answered 413": large - 1}
	for name, size := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, folder := serve(t), t.TempDir()
			photo := written(1)
			photo.Body, _ = json.Marshal(map[string]string{"id": photo.ID, "photo": strings.Repeat("x", size-60)})
			before := albLimit
			if name != "announced" { // a load balancer with another limit
				before = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
					if len(body) > 500_000 {
						w.WriteHeader(http.StatusRequestEntityTooLarge)
						return true
					}
					return albLimit(w, r, body)
				}
			}
			s.set(before)
			p := start(t, s, folder, photo, written(2))
			eventually(t, "the message", func() bool { return strings.Contains(p.log.String(), "maintenance") })
			if p.queue.len("field") != 2 {
				t.Errorf("%d in the queue, want the photo and the report", p.queue.len("field"))
			}
			if name == "announced" {
				for _, a := range s.arrived("POST /api/reports") {
					if a.size > 100 {
						t.Errorf("%d bytes were sent while closed, want a small request first", a.size)
					}
				}
			}
			s.set(nil)
			eventually(t, "sent", func() bool { return p.queue.len("field") == 0 })
			if got := s.stored(); len(got) != 2 || got[0] != photo.ID {
				t.Errorf("got %v, want the photo, then the report", got)
			}
		})
	}
}

func TestBadGatewayThatHidesMaintenance(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.set(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.URL.Path == "/api/reports" && len(body) > 10 {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		return closed("3600", "POST /api/reports")(w, r, body)
	})
	p := start(t, s, t.TempDir(), written(1))
	eventually(t, "the message", func() bool { return strings.Contains(p.log.String(), "maintenance") })
	if p.queue.len("field") != 1 {
		t.Error("the report has left the queue")
	}
}

func TestUnavailableWithoutTheMarker(t *testing.T) {
	t.Parallel()
	for _, status := range []int{503, 500, 502, 504, 429, 403, 404} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.set(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool { w.WriteHeader(status); return true })
			p := start(t, s, t.TempDir(), written(1))
			eventually(t, "an error", func() bool { return strings.Contains(p.log.String(), "not sent") })
			if strings.Contains(p.log.String(), "maintenance") {
				t.Errorf("got maintenance, want an error as any other: %s", p.log)
			}
			s.set(nil)
			eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
		})
	}
}

func TestRenewalOfTheTokenIsRefused(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	p := start(t, s, folder)
	eventually(t, "synced", func() bool { return len(s.arrived("GET /api/reports")) > 1 })
	s.mu.Lock()
	s.token = "t2-" // t1 has expired
	s.before = closed("1", "POST /api/login")
	s.mu.Unlock()
	report := written(1)
	report.User = "field"
	if err := p.queue.add(report); err != nil {
		t.Fatal(err)
	}
	p.app.written <- struct{}{}
	eventually(t, "refused", func() bool { return len(s.arrived("POST /api/login")) > 2 })
	if got, err := os.ReadFile(filepath.Join(folder, "users", "field", "session")); err != nil || string(got) != "t1-field" {
		t.Errorf("the session is %q (%v), want the old one kept", got, err)
	}
	if !strings.Contains(contents(t, folder), "/users/field/offline/templates.json: {") || p.queue.len("field") != 1 {
		t.Error("offline data or queue are gone")
	}
	s.set(nil)
	eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	reports := []item{written(1), written(2)}
	s.set(func(w http.ResponseWriter, _ *http.Request, body []byte) bool {
		if strings.Contains(string(body), reports[0].ID) {
			w.WriteHeader(http.StatusConflict)
			return true
		}
		return false
	})
	p := start(t, s, folder, reports...)
	eventually(t, "the second sent", func() bool { return len(s.stored()) == 1 && p.queue.len("field") == 0 })
	if got := contents(t, folder); !strings.Contains(got, "/queue-refused/000000001.json: ") || !strings.Contains(got, "/reports/000000002.json: ") {
		t.Errorf("got\n%swant the first put aside and the second among the sent", got)
	}
}

// TestQueue_AnswerFromSomethingElse checks a network, such as a hotel's, that
// answers 200 to everything.
func TestQueue_AnswerFromSomethingElse(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	first := start(t, s, folder)
	eventually(t, "synced", func() bool { return len(s.arrived("GET /api/reports")) > 0 })
	s.set(func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		w.Write([]byte("<h1>Welcome</h1>"))
		return true
	})
	report := written(1)
	report.User = "field"
	if err := first.queue.add(report); err != nil {
		t.Fatal(err)
	}
	first.app.written <- struct{}{}
	eventually(t, "both noticed", func() bool {
		return strings.Contains(first.log.String(), "not sent") && strings.Contains(first.log.String(), "not synced")
	})
	if first.queue.len("field") != 1 || strings.Contains(contents(t, folder), "Welcome") {
		t.Errorf("the answer of a box on the way was believed:\n%s", contents(t, folder))
	}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		status      int
		marker, ask string
		want        any
		retryAfter  time.Duration
	}{
		{503, "on", "7", new(maintenance), 7 * time.Second},
		{503, "on", "", new(maintenance), 10 * time.Minute},
		{503, "on", "soon", new(maintenance), 10 * time.Minute},
		{503, "on", "-1", new(maintenance), 10 * time.Minute},
		{503, "on", "0", new(maintenance), 10 * time.Minute},
		{503, "on", "Wed, 01 Dec 2027 00:00:00 GMT", new(maintenance), 10 * time.Minute},
		{503, "on", "2147483648", new(maintenance), 24 * time.Hour},
		{503, "on", "9999999999", new(maintenance), 24 * time.Hour},
		{503, "on", "99999999999999999999999", new(maintenance), 24 * time.Hour},
		{429, "", "9999999999", new(failure), 24 * time.Hour},
		{503, "", "7", new(failure), 7 * time.Second},
		{503, "off", "7", new(failure), 7 * time.Second},
		{502, "on", "7", new(failure), 7 * time.Second},
		{413, "", "", new(refusal), 0},
	} {
		got := &http.Response{StatusCode: test.status, Header: http.Header{}}
		got.Header.Set("X-Maintenance-Mode", test.marker)
		got.Header.Set("Retry-After", test.ask)
		_, err := judge(got, []byte("<html>"))
		if !errors.As(err, test.want) {
			t.Errorf("%d, marker %q: got %T, want %T", test.status, test.marker, err, test.want)
		}
		var asked time.Duration
		switch said := test.want.(type) {
		case *maintenance:
			asked = said.retryAfter
		case *failure:
			asked = said.retryAfter
		}
		if asked != test.retryAfter {
			t.Errorf("%d, Retry-After %q: got %v, want %v", test.status, test.ask, asked, test.retryAfter)
		}
	}
}
