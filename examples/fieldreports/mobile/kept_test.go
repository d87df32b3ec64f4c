package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTwoPeopleOnOnePhone checks that a queued report carries its author, and is
// sent as that person or not at all.
func TestTwoPeopleOnOnePhone(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	anna := startAs(t, "anna", s, folder)
	eventually(t, "anna logged in", func() bool { return anna.sessions.token("anna") != "" })
	s.set(closed("1", "POST /api/reports"))
	reports := []item{written(1), written(2), written(3)}
	for n := range 2 {
		reports[n].User = "anna"
		if err := anna.queue.add(reports[n]); err != nil {
			t.Fatal(err)
		}
	}
	anna.stop()

	ben := startAs(t, "ben", s, folder, reports[2])
	s.set(nil)
	eventually(t, "all sent", func() bool { return len(s.stored()) == 3 })
	ben.stop()
	if got := fmt.Sprint(s.authors, s.stored()); got != fmt.Sprint([]string{"anna", "anna", "ben"}, ids(reports...)) {
		t.Errorf("got %s, want each as its own", got)
	}
}

// TestReportsWaitForTheirAuthor checks that the reports of Anna, who never had a
// session or has none any more, wait for her and do not delay anyone else's.
func TestReportsWaitForTheirAuthor(t *testing.T) {
	t.Parallel()
	for _, session := range []string{"", "stale"} {
		t.Run("session "+session, func(t *testing.T) {
			t.Parallel()
			s, folder := serve(t), t.TempDir()
			s.set(closed("3600"))
			anna := startAs(t, "anna", s, folder, written(1), written(2))
			anna.stop()
			if session != "" {
				if err := save(filepath.Join(folder, "users", "anna", "session"), []byte(session)); err != nil {
					t.Fatal(err)
				}
			}
			for _, what := range []string{"upload", "login", "sync"} {
				_ = os.Remove(filepath.Join(folder, "wait-"+what+".json"))
			}
			s.set(nil)
			ben := startAs(t, "ben", s, folder, written(3), written(4))
			eventually(t, "ben's sent", func() bool { return len(s.stored()) == 2 })
			ben.stop()
			if !slices.Equal(s.authors, []string{"ben", "ben"}) || ben.queue.len("anna") != 2 {
				t.Errorf("got reports of %v and %d of anna's in the queue, want those of ben alone", s.authors, ben.queue.len("anna"))
			}
			if !strings.Contains(ben.log.String(), "until its") || !strings.Contains(ben.log.String(), "logs in") {
				t.Errorf("it is not said that anna's reports wait: %s", ben.log)
			}
			again := startAs(t, "anna", s, folder)
			eventually(t, "anna's sent", func() bool { return len(s.stored()) == 4 })
			again.stop()
			if !slices.Equal(s.authors[2:], []string{"anna", "anna"}) {
				t.Errorf("got authors %v, want anna for her own", s.authors)
			}
		})
	}
}

// TestQueueOfAnEarlierVersion checks a folder from before users had names: it has
// one session, and its queue has no user.
func TestQueueOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	old := written(1)
	q, err := openQueue(filepath.Join(folder, "queue"), filepath.Join(folder, "reports"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := q.add(old); err != nil {
		t.Fatal(err)
	}
	if err := save(filepath.Join(folder, "session"), []byte("t1-anna\n")); err != nil {
		t.Fatal(err)
	}
	startAs(t, "ben", s, folder, written(2))
	eventually(t, "both sent", func() bool { return len(s.stored()) == 2 })
	if !slices.Equal(s.authors, []string{"anna", "ben"}) {
		t.Errorf("got authors %v, want that of the session for what was queued with it", s.authors)
	}
}

// TestNoReportBlocksTheOthers checks that no report blocks the others, whatever
// it is answered each time.
func TestNoReportBlocksTheOthers(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 404, 405, 408, 415, 418, 429, 500, 502, 503, 504, 0} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			reports := []item{written(1), written(2), written(3)}
			s.set(func(w http.ResponseWriter, _ *http.Request, body []byte) bool {
				if !strings.Contains(string(body), reports[0].ID) {
					return false
				}
				if status == 0 {
					if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
						conn.Close()
					}
					return true
				}
				w.WriteHeader(status)
				return true
			})
			p := start(t, s, t.TempDir(), reports...)
			eventually(t, "the others sent", func() bool { return len(s.stored()) == 2 })
			eventually(t, "1 alone in the queue", func() bool { return p.queue.len("field") == 1 })
			if got := s.stored(); !slices.Equal(got, ids(reports[1:]...)) {
				t.Errorf("got %v, want 2 and 3", got)
			}
			if !strings.Contains(p.log.String(), `msg="not sent" number=1 `) {
				t.Errorf("it is not shown that 1 waits: %s", p.log)
			}
			s.set(nil)
			eventually(t, "1 sent", func() bool { return len(s.stored()) == 3 })
		})
	}
}

// TestOrderIsKeptOverAShortFailure checks that the order is kept over a short
// failure.
func TestOrderIsKeptOverAShortFailure(t *testing.T) {
	t.Parallel()
	s := serve(t)
	reports := []item{written(1), written(2), written(3)}
	failures := 2
	s.set(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method+r.URL.Path != "POST/api/reports" || failures == 0 {
			return false
		}
		failures--
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	start(t, s, t.TempDir(), reports...)
	eventually(t, "all sent", func() bool { return len(s.stored()) == 3 })
	if got := s.stored(); !slices.Equal(got, ids(reports...)) {
		t.Errorf("got order %v, want %v", got, ids(reports...))
	}
}

// TestTooLargeIsBelievedAfterAnOpenAnswer checks that a 413 is final only if it
// is repeated after an open answer, whatever follows it.
func TestTooLargeIsBelievedAfterAnOpenAnswer(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 1<<20 + 100} {
		for name, second := range map[string]int{"reset": 0, "unavailable": 503, "bad gateway": 502, "timeout": 504, "too many": 429, "forbidden": 403, "open": 422} {
			t.Run(fmt.Sprint(size, " ", name), func(t *testing.T) {
				t.Parallel()
				s, folder := serve(t), t.TempDir()
				photo := written(1)
				photo.Body, _ = json.Marshal(map[string]string{"id": photo.ID, "photo": strings.Repeat("x", size)})
				refused := 0
				s.set(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
					switch {
					case r.URL.Path != "/api/reports" || r.Method != http.MethodPost || refused > 1:
						return false
					case len(body) > 10:
						if refused++; refused > 1 {
							return false
						}
						w.WriteHeader(http.StatusRequestEntityTooLarge)
					case refused == 0: // announces a large report
						return false
					case second == 0:
						if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
							conn.Close()
						}
					default:
						w.WriteHeader(second)
					}
					return true
				})
				p := start(t, s, folder, photo)
				eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
				eventually(t, "left", func() bool { return p.queue.len("field") == 0 })
				if got := contents(t, filepath.Join(folder, "queue-refused")); got != "" {
					t.Errorf("got %q put aside, want nothing", got)
				}
			})
		}
	}
}

// TestTooLargeForABox checks that nothing is put aside if a proxy that is not the
// API refuses large requests and answers small ones with its login page.
func TestTooLargeForABox(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	refused := 0
	s.set(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		switch {
		case r.URL.Path != "/api/reports" || r.Method != http.MethodPost || refused > 3:
			return false
		case len(body) > 1000:
			refused++
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		default:
			_, _ = io.WriteString(w, "<html>Welcome to our network</html>")
		}
		return true
	})
	photo := written(1)
	photo.Body, _ = json.Marshal(map[string]string{"id": photo.ID, "photo": strings.Repeat("x", 2000)})
	p := start(t, s, folder, photo)
	eventually(t, "sent", func() bool { return len(s.stored()) == 1 && p.queue.len("field") == 0 })
	if got := contents(t, filepath.Join(folder, "queue-refused")); got != "" {
		t.Errorf("got %q put aside, want nothing", got)
	}
}

func TestTooLargeForTheAPI(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	s.set(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.URL.Path != "/api/reports" || len(body) < 1000 {
			return false
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return true
	})
	photo := written(1)
	photo.Body, _ = json.Marshal(map[string]string{"id": photo.ID, "photo": strings.Repeat("x", 2000)})
	p := start(t, s, folder, photo, written(2))
	eventually(t, "both left", func() bool { return p.queue.len("field") == 0 })
	if got := contents(t, folder); len(s.stored()) != 1 || !strings.Contains(got, "/queue-refused/000000001.json: ") {
		t.Errorf("got\n%swant the first put aside, and the second sent", got)
	}
}

func TestOneProcessAFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	launch := func() *exec.Cmd {
		command := exec.CommandContext(t.Context(), os.Args[0], "--folder", folder, "--every", "10ms", "--api", "http://127.0.0.1:1")
		command.Env = append(os.Environ(), "FIELDREPORTS_TEST_MOBILE=1")
		return command
	}
	first := launch()
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first writes", func() bool { return strings.Contains(contents(t, folder), "/queue/000000001.json") })
	output, err := launch().CombinedOutput()
	if err == nil || !strings.Contains(string(output), "in use by another process: want a folder for each") {
		t.Errorf("got %q (%v), want the second process refused", output, err)
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	a, err := open(settings{folder: folder, name: "field"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("after a kill: %v", err)
	}
	a.close()
}

// TestDiskFull checks a full disk without a session: the app logs in once, keeps
// the token in memory and continues to upload, and tells its user what is not
// safe.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	s.set(closed("1", "POST /api/reports"))
	first := start(t, s, folder, written(1), written(2))
	first.stop()
	if err := os.RemoveAll(filepath.Join(folder, "users")); err != nil {
		t.Fatal(err)
	}
	logins := len(s.arrived("POST /api/login"))
	s.set(nil)

	// No byte can be written to any file; the app's output goes into a pipe.
	command := exec.CommandContext(t.Context(), "sh", "-c", `trap "" XFSZ; ulimit -f 0; exec "$0" "$@"`,
		os.Args[0], "--folder", folder, "--every", "100ms", "--sync", "100ms", "--api", s.URL)
	command.Env = append(os.Environ(), "FIELDREPORTS_TEST_MOBILE=1")
	log := &output{}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(log, stdout) }()
	eventually(t, "both sent", func() bool { return len(s.stored()) == 2 })
	eventually(t, "said", func() bool { return strings.Contains(log.String(), "not written") })
	time.Sleep(300 * time.Millisecond)
	if command.Process.Signal(os.Kill) != nil {
		t.Errorf("the app has ended by itself: %s", log)
	}
	<-read
	_ = command.Wait()
	if n := len(s.arrived("POST /api/login")) - logins; n != 1 {
		t.Errorf("%d logins, want one: the token stays in memory\n%s", n, log)
	}
	if !strings.Contains(log.String(), "the session is not kept over a restart") || strings.Contains(log.String(), "msg=written ") {
		t.Errorf("got %s, want it said what is not kept", log)
	}
}

// TestDamagedFilesNeverBlock checks that damaged files are put aside, and that
// the app starts and works.
func TestDamagedFilesNeverBlock(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(folder string) error{
		"session with a newline": func(f string) error { return os.WriteFile(f+"/users/field/session", []byte("t1-field\n"), 0o600) },
		"session with control characters": func(f string) error {
			return os.WriteFile(f+"/users/field/session", []byte("t1\x00\r\nX: y"), 0o600)
		},
		"empty session":                 func(f string) error { return os.WriteFile(f+"/users/field/session", nil, 0o600) },
		"session that is a folder":      func(f string) error { return becomes(f+"/users/field/session", true) },
		"session that is a broken link": func(f string) error { return becomes(f+"/users/field/session", false) },
		"wait":                          func(f string) error { return os.WriteFile(f+"/wait-upload.json", []byte(`{"until":`), 0o600) },
		"wait that is a folder":         func(f string) error { return becomes(f+"/wait-upload.json", true) },
		"queue entry that is a folder":  func(f string) error { return becomes(f+"/queue/000000001.json", true) },
		"queue entry that is a link":    func(f string) error { return becomes(f+"/queue/000000001.json", false) },
		"torn offline data":             func(f string) error { return os.WriteFile(f+"/users/field/offline/files/d/a.svg", nil, 0o600) },
		"offline data that is a folder": func(f string) error { return becomes(f+"/users/field/offline/templates/a.json", true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, folder := serve(t), t.TempDir()
			first := start(t, s, folder)
			eventually(t, "synced", func() bool { return len(s.arrived("GET /api/reports")) > 1 })
			first.stop()
			if err := damage(folder); err != nil {
				t.Fatal(err)
			}
			before := len(s.arrived("GET /api/templates/a"))
			p := start(t, s, folder, written(20))
			eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
			eventually(t, "synced", func() bool { return len(s.arrived("GET /api/templates/a")) > before+1 })
			p.stop()
			if name == "torn offline data" && !strings.Contains(contents(t, folder), "/d/a.svg: <svg/>") {
				t.Error("the torn file was not read again")
			}
		})
	}
}

// becomes replaces name by a folder that is not empty, or by a dangling link.
func becomes(name string, folder bool) error {
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	if folder {
		return os.MkdirAll(filepath.Join(name, "something"), 0o700)
	}
	return os.Symlink("nowhere", name)
}

// TestWrongClock checks that a phone whose clock was never set, and that writes
// reports of 1970, sends the right time.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), t.TempDir()
	var stored string
	s.set(func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		var sent struct{ WrittenAt time.Time }
		if r.Method != http.MethodPost || r.URL.Path != "/api/reports" || json.Unmarshal(body, &sent) != nil {
			return false
		}
		if sent.WrittenAt.Year() < 2000 {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return true
		}
		stored = sent.WrittenAt.String()
		return false
	})
	report := written(1)
	report.Body = json.RawMessage(`{"id":"` + report.ID + `","title":"Pump 3","writtenAt":"1970-01-01T00:10:00Z"}`)
	start(t, s, folder, report)
	eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
	if s.mu.Lock(); !strings.HasPrefix(stored, time.Now().UTC().Format("2006-01-02")) {
		t.Errorf("stored with %s, want the time of the service", stored)
	}
	s.mu.Unlock()
	if got := contents(t, filepath.Join(folder, "reports")); !strings.Contains(got, "Pump 3") || strings.Contains(got, "1970") {
		t.Errorf("got %s, want the corrected report kept", got)
	}
}

func TestClock(t *testing.T) {
	now := time.Now()
	for _, test := range []struct {
		name       string
		serverAway time.Duration
		written    time.Time
		want       time.Time // zero: nothing to correct
	}{
		{"right", 0, now.Add(-time.Hour), time.Time{}},
		{"seconds of the network", 20 * time.Second, now.Add(-time.Hour), time.Time{}},
		{"a day behind", 24 * time.Hour, now.Add(-time.Hour), now.Add(23 * time.Hour)},
		{"a day ahead", -24 * time.Hour, now.Add(-time.Hour), now.Add(-25 * time.Hour)},
		{"set since", 0, time.Unix(600, 0), now},
		{"in the future", 0, now.Add(time.Hour), now},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &clock{}
			c.learn(http.Header{"Date": {now.Add(test.serverAway).UTC().Format(http.TimeFormat)}})
			body, _ := json.Marshal(map[string]any{"id": "a", "writtenAt": test.written.UTC().Truncate(time.Millisecond)})
			got, ok := c.correct(body)
			if test.want.IsZero() {
				if ok {
					t.Errorf("corrected to %s, want it left alone", got)
				}
				return
			}
			var corrected struct {
				ID        string
				WrittenAt time.Time
			}
			if err := json.Unmarshal(got, &corrected); err != nil || corrected.ID != "a" || corrected.WrittenAt.Sub(test.want).Abs() > 2*time.Second {
				t.Errorf("got %s (%v), want %v", got, err, test.want)
			}
		})
	}
	c := &clock{}
	c.learn(http.Header{"Date": {"soon"}})
	if _, known := c.now(); known {
		t.Error("learned the time from a header that has none")
	}
}

// TestTemplatesStayInTheFolder checks the ids of templates and the paths of
// drawings, which become file names.
func TestTemplatesStayInTheFolder(t *testing.T) {
	t.Parallel()
	s, folder := serve(t), filepath.Join(t.TempDir(), "a", "b", "c", "d", "e", "f")
	s.set(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method != http.MethodGet || r.URL.Path == "/api/reports" {
			return false
		}
		list, _ := json.Marshal(map[string]any{"templates": []map[string]string{
			{"id": "../../../x", "drawing": "/api/files/d/a.svg"},
			{"id": "..", "drawing": "/api/files/d/a.svg"},
			{"id": "", "drawing": "/api/files/d/a.svg"},
			{"id": "a/b", "drawing": "/api/files/d/a.svg"},
			{"id": "b", "drawing": "/api/files/../../../../y"},
			{"id": "c", "drawing": "/api/files/..%2f..%2fy"},
			{"id": "d", "drawing": "http://elsewhere/y"},
			{"id": "good", "drawing": "/api/files/d/good.svg"},
		}})
		if r.URL.Path == "/api/templates" {
			_, _ = w.Write(list)
		} else {
			_, _ = w.Write([]byte(`{"of":"` + r.URL.Path + `"}`))
		}
		return true
	})
	p := start(t, s, folder)
	eventually(t, "the good one", func() bool { return len(s.arrived("GET /api/files/d/good.svg")) > 1 })
	p.stop()
	outer, err := filepath.Glob(filepath.Join(folder, "../../../../../..", "*"))
	if err != nil || len(outer) != 1 {
		t.Errorf("got %v (%v) outside of the folder, want nothing", outer, err)
	}
	all := contents(t, folder)
	if strings.Contains(all, "/x.json") || strings.Contains(all, "/y: ") || !strings.Contains(all, "/templates/good.json: ") {
		t.Errorf("got\n%s", all)
	}
	if !strings.Contains(p.log.String(), "the id of a template is") {
		t.Errorf("it is not said that a template was refused: %s", p.log)
	}
}

// TestLoginRefusedKeepsTheReports checks that a refused login does not affect the
// reports.
func TestLoginRefusedKeepsTheReports(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 409, 413, 422} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			s.set(func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.URL.Path == "/api/login" {
					w.WriteHeader(status)
				}
				return r.URL.Path == "/api/login"
			})
			p := start(t, s, t.TempDir(), written(1))
			eventually(t, "said", func() bool { return strings.Contains(p.log.String(), "logging in: refused") })
			s.set(nil)
			eventually(t, "sent", func() bool { return len(s.stored()) == 1 })
		})
	}
}
