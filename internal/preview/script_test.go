package preview

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestReadScript(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"everything": {`steps:
  - {at: 0s, mode: closed}
  - {at: 1s, fail: 502, for: 500ms}
  - {at: 1s, fail: reset}
  - {at: 2m, delay: 2s, for: 1s}
  - {at: 3m, mode: open}
  - {at: 4m, end: true}`, ""},
		"nothing":            {"steps: []", "the script has no steps"},
		"no YAML":            {"steps: [", "["},
		"unknown key":        {"steps:\n  - {at: 1s, modus: open}", "modus"},
		"no time":            {"steps:\n  - {mode: open}", "step 1: want at, the time since the beginning, such as 5s"},
		"a time that is odd": {"steps:\n  - {at: 5, mode: open}", `step 1: at "5": want a duration such as 5s`},
		"a negative time":    {"steps:\n  - {at: -5s, mode: open}", `step 1: at "-5s": want a duration such as 5s`},
		"two things":         {"steps:\n  - {at: 1s, mode: open, fail: 500}", "step 1: want one of mode, fail, delay and end"},
		"nothing to do":      {"steps:\n  - {at: 1s}", "step 1: want one of mode, fail, delay and end"},
		"no such failure":    {"steps:\n  - {at: 1s, fail: 200}", `step 1: fail "200": want a status such as 500, or reset`},
		"for of a flip":      {"steps:\n  - {at: 1s, mode: open, for: 5s}", "step 1: for belongs to fail and delay"},
		"back in time":       {"steps:\n  - {at: 2s, mode: open}\n  - {at: 1s, mode: open}", "step 2: at 1s is before the step above"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadScript([]byte(tt.script))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestPlay checks that flips, failures and delays happen when the script says,
// that clients see them, and that events report them.
func TestPlay(t *testing.T) {
	script, err := ReadScript([]byte(`steps:
  - {at: 600ms, fail: 418, for: 600ms}
  - {at: 1800ms, fail: reset, for: 600ms}
  - {at: 3000ms, delay: 800ms, for: 600ms}
  - {at: 4800ms, mode: closed}
  - {at: 5400ms, mode: open}
  - {at: 6s, end: true}`))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var told []string
	config := Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}, Script: &script, Events: func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Event != "request" {
			told = append(told, strings.TrimSpace(e.Event+" "+e.Mode+" "+e.Fault))
		}
	}}
	p := run(t, config)
	start := time.Now()
	played := make(chan error, 1)
	go func() { played <- p.Play(t.Context()) }()
	for _, tt := range []struct {
		at     time.Duration
		status int
		took   time.Duration // the minimum
	}{
		{200 * time.Millisecond, 200, 0}, {900 * time.Millisecond, 418, 0}, {1500 * time.Millisecond, 200, 0}, {2100 * time.Millisecond, 502, 0},
		{2700 * time.Millisecond, 200, 0}, {3200 * time.Millisecond, 200, 800 * time.Millisecond}, {5100 * time.Millisecond, 503, 0}, {5700 * time.Millisecond, 200, 0},
	} {
		time.Sleep(time.Until(start.Add(tt.at)))
		asked := time.Now()
		answer, err := http.Get(p.API + "/")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if took := time.Since(asked); answer.StatusCode != tt.status || took < tt.took {
			t.Errorf("at %v: %d after %v, want %d after %v", tt.at, answer.StatusCode, took, tt.status, tt.took)
		}
	}
	if err := <-played; err != nil || time.Since(start) < 3*time.Second {
		t.Errorf("the script ended after %v: %v", time.Since(start), err)
	}
	want := []string{"ready open", "fault open answers 418", "fault open", "fault open resets connections", "fault open", "fault open takes 800ms longer", "fault open", "mode closed", "mode open"}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(told, want) {
		t.Errorf("told %q\nwant %q", told, want)
	}
}

func TestPlay_EndsWithItsContext(t *testing.T) {
	script := Script{Steps: []Step{{At: time.Hour, End: true}}}
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}, Script: &script})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := p.Play(ctx); err != nil {
		t.Error(err)
	}
}

func TestScript_ModeWithoutTemplate(t *testing.T) {
	script := Script{Steps: []Step{{Mode: "read-only"}}}
	_, err := Start(t.Context(), Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}, Script: &script}, io.Discard)
	if want := `step 1: there is no template of the mode "read-only", only of open, closed`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestCountsBeginAnewAtAFlip checks that counts, by rule and by target, only
// include requests since the flip.
func TestCountsBeginAnewAtAFlip(t *testing.T) {
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"": app(t, "app")}})
	last := func() rule {
		s := p.state()
		return s.Rules[len(s.Rules)-1]
	}
	for range 3 {
		fetch(t, p.API+"/")
	}
	if got := last(); got.Count != 3 || len(got.Targets) != 1 || got.Targets[0] != (targetCount{"Web", 3}) {
		t.Errorf("open: %+v", got)
	}
	if err := p.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	if got := last(); got.Count != 0 || len(got.Targets) != 0 {
		t.Errorf("after the flip: %+v, want nothing", got)
	}
	fetch(t, p.API+"/")
	if got := last(); got.Count != 1 || got.Targets[0].Target != "the load balancer itself" {
		t.Errorf("closed: %+v", got)
	}
	if err := p.Flip("closed"); err != nil {
		t.Fatal(err)
	}
	s := p.state()
	if last().Count != 1 || len(s.Flips) != 2 || s.Flips[0].Mode != "closed" || s.Flips[1].Mode != "open" || s.Flips[0].For != "" || s.Flips[1].For == "" || s.Since != s.Flips[0].At {
		t.Errorf("a flip to the same mode counts: %+v", s.Flips)
	}
}
