package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestRoutes_ArmedAndDisarmed checks that the rule that closes a shared listener
// is marked in every mode, and that no other rule is.
func TestRoutes_ArmedAndDisarmed(t *testing.T) {
	var out, said bytes.Buffer
	args := []string{"routes", "--json", "../../internal/diff/testdata/shared.open.json", "../../internal/diff/testdata/shared.closed.json"}
	if code := exec(t.Context(), args, nil, &out, &said); code != 0 {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	var tables []routeTable
	if err := json.Unmarshal(out.Bytes(), &tables); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	got := map[string]string{}
	for _, row := range tables[0].Rules {
		for mode, goal := range row.Actions {
			if goal.State != "" {
				got[row.Rule+" "+mode] = goal.State + ", " + goal.Text
			}
		}
	}
	want := map[string]string{"Close0 shared.open": "disarmed, disarmed", "Close0 shared.closed": "armed, armed: Maintenance"}
	if len(got) != len(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for rule, state := range want {
		if got[rule] != state {
			t.Errorf("%s: got %q, want %q", rule, got[rule], state)
		}
	}
}
