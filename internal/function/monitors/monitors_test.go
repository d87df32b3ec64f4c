package monitors

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/noren-cdk/noren/maintenance"
)

const (
	begin = `{"action": "begin", "stack": "shop", "switch": "Maintenance", "since": "2026-12-05T23:30:00Z", "until": ""}`
	end   = `{"action": "end", "stack": "shop", "switch": "Maintenance", "since": "2026-12-05T23:30:00Z", "until": ""}`
)

// services are the services with downtimes: Mackerel, and those in
// docs/monitors.md.
var services = map[string]struct {
	stub   func() *stub
	secret string
}{
	"mackerel":  {mackerelStub, `{"apiKey": "` + mackerelKey + `"}`},
	"datadog":   {datadogStub, `{"apiKey": "dd-api", "applicationKey": "dd-app"}`},
	"pagerduty": {pagerdutyStub, `{"token": "pd-token"}`},
}

// TestMonitors_OverANight runs a maintenance of three hours at every service: one
// downtime, never longer than the lease, and none once the product is open.
func TestMonitors_OverANight(t *testing.T) {
	shown := documented(t)
	for name, service := range services {
		t.Run(name, func(t *testing.T) {
			s := newStub(t, service.stub())
			m := shown[name]
			if m.Name == "" {
				t.Fatalf("docs/monitors.md does not show %s", name)
			}
			if name == "mackerel" {
				m.Mackerel.URL, m.Mackerel.Monitors = s.URL, []string{"m1"}
			} else {
				m.HTTP = s.at(m.HTTP)
			}
			w := newWorld(t, m)
			w.secrets[name], s.now = service.secret, w.now
			one := func(when string) {
				t.Helper()
				ends := s.quiet()
				if len(ends) != 1 || ends[0].After(w.clock.Add(Lease+time.Minute)) || ends[0].Before(w.clock.Add(10*time.Minute)) {
					t.Fatalf("%s: quiet until %v at %v, want one downtime for at most half an hour", when, ends, w.clock)
				}
			}
			if r := w.ask(begin); !r.Done || r.Error != "" {
				t.Fatalf("begin: got %+v", r)
			}
			one("begun")
			w.clock = w.clock.Add(30 * time.Second)
			w.mode = maintenance.Closed
			if _, err := w.invoke(turned(maintenance.Closed, w.clock)); err != nil {
				t.Fatal(err)
			}
			one("the event")
			for range 36 {
				w.clock = w.clock.Add(Every)
				if _, err := w.invoke(scheduled); err != nil {
					t.Fatal(err)
				}
				one("the schedule")
			}
			w.mode = maintenance.Open
			if r := w.ask(end); !r.Done || r.Error != "" {
				t.Errorf("end: got %+v", r)
			}
			if on := s.quiet(); len(on) > 0 || len(s.wrong) > 0 {
				t.Errorf("after opening quiet until %v; refused: %q", on, s.wrong)
			}
			if name == "mackerel" && (len(s.notes) != 1 || s.notes[0]["from"] != float64(night.Unix()) || s.notes[0]["to"] != float64(w.clock.Unix())) {
				t.Errorf("annotations %v", s.notes)
			}
			before := len(s.calls)
			if r := w.ask(end); !r.Done || len(s.calls) != before+1 {
				t.Errorf("end again: got %+v, asked %q, want one look", r, s.calls[before:])
			}
			if strings.Contains(w.logged.String(), mackerelKey) || strings.Contains(w.logged.String(), "dd-ap") || strings.Contains(w.logged.String(), "pd-token") {
				t.Errorf("the log has a secret: %s", w.logged.String())
			}
		})
	}
}

// TestMonitors_EachPayload checks the effect of each payload on a product in a
// mode, with a downtime that was begun so many minutes ago, or none (-1).
func TestMonitors_EachPayload(t *testing.T) {
	at := func(d time.Duration) time.Time { return night.Add(d) }
	for _, test := range []struct {
		name    string
		mode    maintenance.Mode
		begun   int
		payload string
		on      bool // there is a downtime afterwards
		fails   bool
	}{
		{"begin before closing", maintenance.Open, -1, `{"action": "begin"}`, true, false},
		{"begin twice", maintenance.Open, 1, `{"action": "begin"}`, true, false},
		{"extend what has ended", maintenance.Closed, -1, `{"action": "extend"}`, true, false},
		{"begin for read-only, which this monitor does not mind", maintenance.Open, -1, `{"action": "begin", "mode": "read-only"}`, false, false},
		{"end", maintenance.Open, 60, `{"action": "end"}`, false, false},
		{"end what is not there", maintenance.Open, -1, `{"action": "end"}`, false, false},
		{"the schedule, closed by hand", maintenance.Closed, -1, scheduled, true, false},
		{"the schedule, about to be closed", maintenance.Open, 14, scheduled, true, false},
		{"the schedule, which was not closed after all", maintenance.Open, 16, scheduled, false, false},
		{"the schedule, open", maintenance.Open, -1, scheduled, false, false},
		{"the schedule, half-flipped", "", 25, scheduled, true, false},
		{"the schedule, half-flipped, and no downtime", "", -1, scheduled, false, false},
		{"the event of closing, before the listener is closed", maintenance.Open, -1, turned(maintenance.Closed, at(-10*time.Second)), true, false},
		{"the event of closing, hours late, while open", maintenance.Open, -1, turned(maintenance.Closed, at(-3*time.Hour)), false, false},
		{"the event of closing, hours late, while closed", maintenance.Closed, -1, turned(maintenance.Closed, at(-3*time.Hour)), true, false},
		{"the event of opening", maintenance.Open, 60, turned(maintenance.Open, at(-time.Second)), false, false},
		{"the event of opening, and it is rolled back", maintenance.Closed, 60, turned(maintenance.Open, at(-time.Second)), true, false},
		{"the event of opening, late: it is closed again", maintenance.Closed, 10, turned(maintenance.Open, at(-time.Hour)), true, false},
		{"the event of opening, late: it is about to be closed again", maintenance.Open, 2, turned(maintenance.Open, at(-time.Hour)), true, false},
		{"no payload", maintenance.Open, -1, `null`, false, true},
		{"an unknown action", maintenance.Open, -1, `{"action": "mute"}`, false, true},
		{"a time that is none", maintenance.Open, -1, `{"action": "begin", "since": "tonight"}`, false, true},
		{"another stack", maintenance.Open, -1, `{"action": "begin", "stack": "other"}`, false, true},
		{"another switch's event", maintenance.Open, -1, strings.ReplaceAll(turned(maintenance.Closed, night), `"Maintenance"`, `"Other"`), false, true},
		{"another's event", maintenance.Open, -1, `{"source": "aws.s3", "detail-type": "Object Created"}`, false, true},
		{"an event without a mode", maintenance.Open, -1, turned("", night), false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, w := atMackerel(t)
			if test.begun >= 0 {
				w.clock = night.Add(-time.Duration(test.begun) * time.Minute)
				if r := w.ask(`{"action": "begin"}`); !r.Done {
					t.Fatal(r)
				}
				for w.clock.Add(Every).Before(night) { // of a maintenance that lasted until now
					w.clock = w.clock.Add(Every)
					w.ask(`{"action": "extend"}`)
				}
			}
			w.clock, w.mode = night, test.mode
			_, err := w.invoke(test.payload)
			if (err != nil) != test.fails {
				t.Errorf("got %v", err)
			}
			if on := len(s.quiet()) > 0; on != test.on || len(s.on) > 1 || len(s.wrong) > 0 {
				t.Errorf("a downtime is on: %v, want %v (%d); refused: %q", on, test.on, len(s.on), s.wrong)
			}
		})
	}
}

// TestWhileReadOnly checks that a monitor with that setting stays quiet in
// read-only, and that any other speaks again when the product goes from closed to
// read-only.
func TestWhileReadOnly(t *testing.T) {
	for _, minds := range []bool{false, true} {
		s := newStub(t, mackerelStub())
		w := newWorld(t, maintenance.Monitor{Name: "m", WhileReadOnly: minds, Mackerel: maintenance.Mackerel{Services: []string{"other"}, URL: s.URL}})
		w.secrets["m"], s.now = mackerelKey, w.now
		w.ask(begin)
		w.clock = w.clock.Add(time.Hour)
		w.ask(begin)
		if r := w.ask(`{"action": "begin", "mode": "read-only"}`); !r.Done || len(s.quiet()) != 1 {
			t.Errorf("before read-only: %+v, on %v", r, s.quiet())
		}
		if got := quiet(w.settings.Monitors[0], maintenance.ReadOnly); got != minds {
			t.Errorf("quiet in read-only: %v, want %v", got, minds)
		}
	}
}

// TestTroubles checks the results of a begin and an end when a service
// misbehaves.
func TestTroubles(t *testing.T) {
	reset := answering(500)
	for _, test := range []struct {
		name   string
		faults []func(http.ResponseWriter)
		done   bool
		says   string
	}{
		{"500 once", []func(http.ResponseWriter){reset}, true, ""},
		{"500 three times", []func(http.ResponseWriter){reset, reset, reset}, true, ""},
		{"429 with a short wait", []func(http.ResponseWriter){answering(429, "Retry-After", "1")}, true, ""},
		{"429 with a wait that is too long", []func(http.ResponseWriter){answering(429, "Retry-After", "3600")}, false, "status 429"},
		{"429 until a time", []func(http.ResponseWriter){answering(429, "Retry-After", "Mon, 02 Jan 2006 15:04:05 GMT")}, true, ""},
		{"the connection breaks", []func(http.ResponseWriter){hangingUp}, true, ""},
		{"it breaks when the downtime is to be made", []func(http.ResponseWriter){nil, hangingUp}, true, ""},
		{"401", []func(http.ResponseWriter){answering(401)}, false, "status 401: the service is not well"},
		{"403", []func(http.ResponseWriter){answering(403)}, false, "status 403"},
		{"409", []func(http.ResponseWriter){nil, answering(409)}, false, "status 409"},
		{"a redirect", []func(http.ResponseWriter){answering(302, "Location", "http://127.0.0.1:1/")}, false, "status 302"},
		{"a page", []func(http.ResponseWriter){answering(200)}, false, "the answer is not what was expected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, w := atMackerel(t)
			s.faults = test.faults
			r := w.ask(begin)
			if r.Done != test.done || !strings.Contains(r.Error, test.says) || (r.Error == "") != (test.says == "") {
				t.Errorf("begin: got %+v", r)
			}
			if on := len(s.quiet()); on != map[bool]int{true: 1}[test.done] {
				t.Errorf("%d downtimes", on)
			}
			s.faults = nil
			w.ask(begin)
			s.faults = test.faults
			if r := w.ask(end); r.Done != test.done || len(s.quiet()) > 0 == test.done {
				t.Errorf("end: got %+v, quiet until %v", r, s.quiet())
			}
			// The schedule ends what was left.
			s.faults = nil
			w.clock = w.clock.Add(grace + time.Minute)
			if _, err := w.invoke(scheduled); err != nil || len(s.quiet()) > 0 {
				t.Errorf("the schedule: %v, quiet until %v", err, s.quiet())
			}
		})
	}
}

// TestEndingIsLookedAfter checks that a downtime is not done if the service
// confirms its end but does not end it.
func TestEndingIsLookedAfter(t *testing.T) {
	s, w := atMackerel(t)
	w.ask(begin)
	serve := s.serve
	s.serve = func(s *stub, r *http.Request, body map[string]any) (int, any) {
		if r.Method == http.MethodDelete {
			return http.StatusOK, map[string]any{}
		}
		return serve(s, r, body)
	}
	w.pause, w.callTime = 200*time.Millisecond, time.Second
	if r := w.ask(end); r.Done || !strings.Contains(r.Error, "the service still has it") {
		t.Errorf("got %+v", r)
	}
}

// TestClosingIsNotKeptWaiting checks that a service that does not answer costs a
// few seconds, and delays no other monitor.
func TestClosingIsNotKeptWaiting(t *testing.T) {
	s := newStub(t, mackerelStub())
	hangs := newStub(t, mackerelStub())
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	hangs.serve = func(*stub, *http.Request, map[string]any) (int, any) { <-block; return 200, nil }
	at := func(name string, s *stub) maintenance.Monitor {
		return maintenance.Monitor{Name: name, Mackerel: maintenance.Mackerel{Services: []string{"other"}, URL: s.URL}}
	}
	w := newWorld(t, at("hangs", hangs), at("works", s))
	w.secrets["hangs"], w.secrets["works"], s.now = mackerelKey, mackerelKey, w.now
	w.client.Timeout = 100 * time.Millisecond
	w.callTime = 2 * time.Second
	start := time.Now()
	answer, err := w.invoke(begin)
	if took := time.Since(start); err != nil || took > w.callTime+time.Second {
		t.Errorf("%v after %v", err, took)
	}
	if r := answer.Results; len(r) != 2 || r[0].Done || !strings.Contains(r[0].Error, "deadline exceeded") || !r[1].Done {
		t.Errorf("got %+v", r)
	}
}

// TestSecretsAreKept checks that no answer of a service, and no form of the
// secret, reveals it.
func TestSecretsAreKept(t *testing.T) {
	for name, secret := range map[string]string{
		"a text": `a"secret\with+all`, "an object": `{"apiKey": "a\"secret\\with+all", "other": "other-secret"}`,
	} {
		s, w := atMackerel(t)
		w.secrets["mackerel"] = secret
		r := w.ask(begin) // the stub repeats the wrong key
		if r.Done || !strings.Contains(r.Error, "Authentication failed for ***") {
			t.Errorf("%s: got %+v", name, r)
		}
		for _, said := range []string{r.Error, w.logged.String()} {
			if strings.Contains(said, "with+all") {
				t.Errorf("%s: the secret is in %q", name, said)
			}
		}
		_ = s
	}
	for name, test := range map[string]struct{ secret, want string }{
		"no key":    {`{"key": "x"}`, `the secret has no text "apiKey"`},
		"empty":     {" ", "the secret is empty"},
		"a number":  {`{"apiKey": 7}`, `the secret has no text "apiKey"`},
		"not there": {"", "reading the secret"},
	} {
		_, w := atMackerel(t)
		if w.secrets["mackerel"] = test.secret; test.secret == "" {
			delete(w.secrets, "mackerel")
		}
		if r := w.ask(begin); r.Done || !strings.Contains(r.Error, test.want) {
			t.Errorf("%s: got %+v, want %q", name, r, test.want)
		}
	}
}

// TestMackerelsOwnFieldsStay checks that an extension keeps what someone changes
// at Mackerel.
func TestMackerelsOwnFieldsStay(t *testing.T) {
	s, w := atMackerel(t)
	w.ask(begin)
	s.on["id1"]["memo"], s.on["id1"]["monitorExcludeScopes"] = "as announced", []any{"m2"}
	w.mode, w.clock = maintenance.Closed, w.clock.Add(15*time.Minute)
	if _, err := w.invoke(scheduled); err != nil || fmt.Sprint(s.on["id1"]["memo"], s.on["id1"]["monitorExcludeScopes"], s.on["id1"]["duration"]) != "as announced[m2] 45" {
		t.Errorf("got %v, %v", s.on["id1"], err)
	}
}

// TestMonitors_LongMaintenance runs a maintenance of three days over a Sunday:
// the monitors are quiet for every minute, although a downtime at Mackerel that
// starts on a Sunday ends after a day.
func TestMonitors_LongMaintenance(t *testing.T) {
	s, w := atMackerel(t)
	w.ask(begin)
	w.mode = maintenance.Closed
	for range 3 * 24 * 12 {
		w.clock = w.clock.Add(Every)
		if len(s.quiet()) == 0 {
			t.Fatalf("not quiet at %v", w.clock)
		}
		if _, err := w.invoke(scheduled); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.quiet()) != 1 || s.made < 3 || s.made > 4 {
		t.Errorf("%d downtimes on, %d made", len(s.quiet()), s.made)
	}
}

// TestOtherDowntimesAreLeftAlone checks downtimes of people, of other stacks and
// of other switches.
func TestOtherDowntimesAreLeftAlone(t *testing.T) {
	s, w := atMackerel(t)
	for _, name := range []string{
		"database maintenance", "noren/shop-2/Maintenance/2026-12-05T20:00:00Z", "noren/shop/Other/2026-12-05T20:00:00Z",
		"noren/shop/Maintenance/some day", "renoren/shop/Maintenances/2026-12-05T20:00:00Z",
	} {
		s.add(map[string]any{"name": name, "start": float64(night.Unix() - 60), "duration": 600.0})
	}
	w.ask(begin)
	w.ask(end)
	if len(s.on) != 5 || s.made != 6 {
		t.Errorf("left %v of 5, made %d", s.on, s.made)
	}
}

// TestAnnotationsComeSecond checks that the downtime ends whatever happens to
// annotations.
func TestAnnotationsComeSecond(t *testing.T) {
	s, w := atMackerel(t, func(m *maintenance.Mackerel) { m.Annotate = "fieldreports" })
	w.ask(begin)
	s.faults = []func(http.ResponseWriter){nil, nil, answering(503)}
	if r := w.ask(end); !r.Done || !strings.Contains(r.Error, "annotation was not made") || len(s.quiet()) > 0 {
		t.Errorf("got %+v, quiet until %v", r, s.quiet())
	}
}

// TestTheListenerCannotBeRead checks that the schedule reports this, and ends
// nothing.
func TestTheListenerCannotBeRead(t *testing.T) {
	s, w := atMackerel(t)
	w.ask(begin)
	w.unread, w.clock = true, w.clock.Add(20*time.Minute)
	if _, err := w.invoke(scheduled); err == nil || len(s.quiet()) != 1 {
		t.Errorf("got %v, quiet until %v", err, s.quiet())
	}
}

// TestAnyNight checks that, whatever happens in which order, an open product
// whose service answers is watched again within the promised time, and no
// downtime outlives its lease.
func TestAnyNight(t *testing.T) {
	s, w := atMackerel(t)
	rapid.Check(t, func(r *rapid.T) {
		s.mu.Lock()
		s.on, s.faults, s.wrong = map[string]map[string]any{}, nil, nil
		s.mu.Unlock()
		w.clock, w.mode, w.pause = night, maintenance.Open, time.Hour // no second attempt
		var since time.Time
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			step := rapid.SampledFrom([]string{"close", "open", "by hand", "late event", "schedule", "nothing"}).Draw(r, "step")
			faulty := rapid.IntRange(0, 3).Draw(r, "fault") == 0
			if faulty {
				s.faults = []func(http.ResponseWriter){answering(500), answering(500), answering(500)}
			}
			switch step {
			case "close":
				_, _ = w.invoke(`{"action": "begin"}`)
				if rapid.Bool().Draw(r, "goes on") {
					w.mode, since = maintenance.Closed, w.clock
					_, _ = w.invoke(turned(maintenance.Closed, since))
				}
			case "open":
				w.mode, since = maintenance.Open, w.clock
				if rapid.Bool().Draw(r, "goes on") {
					_, _ = w.invoke(`{"action": "end"}`)
				}
				if rapid.Bool().Draw(r, "event") {
					_, _ = w.invoke(turned(maintenance.Open, since))
				}
			case "by hand":
				w.mode = map[maintenance.Mode]maintenance.Mode{maintenance.Open: maintenance.Closed, maintenance.Closed: maintenance.Open}[w.mode]
			case "late event":
				_, _ = w.invoke(turned(rapid.SampledFrom([]maintenance.Mode{maintenance.Open, maintenance.Closed}).Draw(r, "to"), w.clock.Add(-time.Hour)))
			case "schedule":
				_, _ = w.invoke(scheduled)
			}
			s.faults = nil
			for _, until := range s.quiet() {
				if until.After(w.clock.Add(Lease + time.Minute)) {
					r.Fatalf("quiet until %v at %v", until, w.clock)
				}
			}
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(0, 40).Draw(r, "minutes")) * time.Minute)
		}
		// From now on everything works: after the grace and one more schedule.
		for passed := time.Duration(0); passed <= grace+Every; passed += Every {
			w.clock = w.clock.Add(Every)
			if _, err := w.invoke(scheduled); err != nil {
				r.Fatal(err)
			}
		}
		on := s.quiet()
		if (len(on) == 0) != (w.mode == maintenance.Open) || len(s.wrong) > 0 {
			r.Fatalf("%s, quiet until %v at %v; refused %q", w.mode, on, w.clock, s.wrong)
		}
		w.clock = w.clock.Add(Lease + time.Minute) // and if everything here breaks
		if on := s.quiet(); len(on) > 0 {
			r.Fatalf("quiet until %v at %v", on, w.clock)
		}
	})
}

// TestSettings checks that settings survive encoding and decoding.
func TestSettings(t *testing.T) {
	if s := parse(func(string) string { return "" }); s.Err == nil || !strings.Contains(s.Err.Error(), "MONITORS_STACK is not set") {
		t.Errorf("got %v", s.Err)
	}
	w := newWorld(t)
	w.settings.Err = errors.New("broken")
	if _, err := w.invoke(begin); err == nil {
		t.Error("broken settings are not an error")
	}
}
