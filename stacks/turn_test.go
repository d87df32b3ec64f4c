package stacks

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/turn"
	"github.com/noren-cdk/noren/maintenance"
)

// TestTurn_EqualsSynthesis checks that the template of every environment in every
// mode, turned to every other mode, equals the template that a synthesis of that
// mode gives, byte for byte, except for the time when the mode was typed.
func TestTurn_EqualsSynthesis(t *testing.T) {
	for _, name := range environments {
		env := loadEnvironment(t, name)
		for _, from := range maintenance.Modes() {
			for _, to := range maintenance.Modes() {
				if !env.Maintenance.ReadOnly && (from == maintenance.ReadOnly || to == maintenance.ReadOnly) {
					continue
				}
				before, want := synthesized(t, name, from).data, synthesized(t, name, to).data
				got, err := turn.Turn(before, "", turn.Wish{Mode: to, Typed: typedIn(t, want)})
				if err != nil {
					t.Fatalf("%s, %s to %s: %v", name, from, to, err)
				}
				if got.From != from || (len(got.Changed) == 0) != (from == to) {
					t.Errorf("%s, %s to %s: from %s, changed %q", name, from, to, got.From, got.Changed)
				}
				if from == to { // asked again, it would only change the time
					want = before
				}
				if diff := cmp.Diff(string(want), string(got.Template)); diff != "" {
					t.Errorf("%s, %s to %s (-synthesis +turned):\n%s", name, from, to, diff)
				}
			}
		}
	}
}

// TestTemplatesAreASCII checks that templates are ASCII: CloudFormation returns a
// question mark for every other character, and noren close and open turn what it
// returns.
func TestTemplatesAreASCII(t *testing.T) {
	for _, name := range environments {
		for _, mode := range maintenance.Modes() {
			if mode == maintenance.ReadOnly && !loadEnvironment(t, name).Maintenance.ReadOnly {
				continue
			}
			for i, b := range synthesized(t, name, mode).data {
				if b >= 0x80 {
					t.Errorf("%s, %s: a character that is not ASCII at byte %d", name, mode, i)
					break
				}
			}
		}
	}
}

// typedIn returns the time when the mode of a synthesized template was typed.
func typedIn(t *testing.T, template []byte) time.Time {
	t.Helper()
	var document struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ Explicit string }
		}
	}
	if err := json.Unmarshal(template, &document); err != nil {
		t.Fatal(err)
	}
	for _, r := range document.Resources {
		if r.Type == maintenance.GuardType && r.Properties.Explicit != "" {
			typed, err := time.Parse(time.RFC3339, r.Properties.Explicit)
			if err != nil {
				t.Fatal(err)
			}
			return typed
		}
	}
	return time.Time{}
}
