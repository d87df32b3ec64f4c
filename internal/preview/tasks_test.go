package preview

import (
	"strings"
	"testing"
	"time"
)

// TestTasksComeAndGo checks that a registered task gets requests once it is
// healthy, and that a deregistered task gets none, as when a service replaces its
// tasks.
func TestTasksComeAndGo(t *testing.T) {
	before, after := app(t, "before"), app(t, "after")
	p := run(t, Config{Templates: templates(t, ""), Apps: map[string]string{"": before}})
	if err := p.Register(after); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !p.InService(after); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new task is not in service after 10 s")
		}
	}
	answers := func() (seen map[string]int) {
		seen = map[string]int{}
		for range 20 {
			status, rest, _ := strings.Cut(fetch(t, p.API+"/"), " ")
			name, _, _ := strings.Cut(rest, " ")
			seen[status+" "+name]++
		}
		return seen
	}
	if got := answers(); got["200 before"] != 10 || got["200 after"] != 10 {
		t.Errorf("with two tasks: got %v, want both in turn", got)
	}
	if err := p.Deregister(before); err != nil {
		t.Fatal(err)
	}
	if got := answers(); got["200 after"] != 20 || p.InService(before) {
		t.Errorf("without the first task: got %v, want only the other", got)
	}
	if err := p.Deregister(before); err == nil || !strings.Contains(err.Error(), "has no target") {
		t.Errorf("deregistered twice: got %v, want an error", err)
	}
	if err := p.Register("localhost:80"); err == nil {
		t.Error("an address without a scheme is registered")
	}
}
