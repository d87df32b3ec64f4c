package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWaitIsAsLongAsAskedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wait.json")
	tests := []struct {
		name, kept  string
		least, most time.Duration
	}{
		{"nothing kept", "", -1 << 63, 0},
		{"all of it is left", keptWait(100*time.Second, 100), 99 * time.Second, 100 * time.Second},
		{"half of it is left", keptWait(50*time.Second, 100), 49 * time.Second, 50 * time.Second},
		{"the clock was set back by a day", keptWait(24*time.Hour, 3), 2 * time.Second, 3 * time.Second},
		{"the clock was set back to 1970", keptWait(57*365*24*time.Hour, 3), 2 * time.Second, 3 * time.Second},
		{"the clock was set forward", keptWait(-24*time.Hour, 3), -1 << 63, 0},
		{"more than may be asked for", keptWait(1000*time.Hour, 3600000), 23 * time.Hour, 24 * time.Hour},
		{"a figure that overflows", `{"until":"2999-01-01T00:00:00Z","seconds":1e300}`, 23 * time.Hour, 24 * time.Hour},
		{"a negative figure", `{"until":"2999-01-01T00:00:00Z","seconds":-1e300}`, -1 << 63, 0},
		{"damaged", `{"until":"2999-01`, -1 << 63, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(test.kept), 0o600); err != nil {
				t.Fatal(err)
			}
			if left := openWait(file).left(); left < test.least || left > test.most {
				t.Errorf("%v are left, want %v to %v", left, test.least, test.most)
			}
		})
	}
	w := openWait(file)
	if _, err := w.set(100 * time.Second); err != nil {
		t.Fatal(err)
	}
	for what, left := range map[string]time.Duration{"now": w.left(), "after a restart": openWait(file).left()} {
		if left < 99*time.Second || left > 100*time.Second {
			t.Errorf("%s %v are left, want 100s", what, left)
		}
	}
}

// TestWaitEndsAfterTheClockWasSetBack sets the clock back while the app is down:
// the wait must then end after the time that was asked for, and must not begin
// again each time.
func TestWaitEndsAfterTheClockWasSetBack(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wait.json")
	if err := os.WriteFile(file, []byte(keptWait(24*time.Hour, 0.3)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := openWait(file).pass(ctx); err != nil {
		t.Errorf("it still waits after 10s, want 0.3s: %v", err)
	}
}

func keptWait(left time.Duration, seconds float64) string {
	text, _ := json.Marshal(map[string]any{"until": time.Now().Add(left), "seconds": seconds})
	return string(text)
}
