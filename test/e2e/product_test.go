//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/rules"
)

// reads is the rule that lets reads through in the mode read-only.
const reads = "MaintenanceRead06138211E"

// TestDeploy_TheProductInEveryMode deploys the committed environments, flips them
// through every mode, and reads back from the API what each deploy has done.
func TestDeploy_TheProductInEveryMode(t *testing.T) {
	dir := scratch(t)
	program, filtered := filepath.Join(dir, "app"), map[string]bool{}
	run(t, "go build", root, plainEnvironment(dir), "go", "build", "-o", program, ".")
	environments, deployed := []string{"dev", "prod"}, 0
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			flipProduct(t, name, program, filtered)
			deployed++
		})
	}
	if deployed == len(environments) { // all of them, and nothing else failed
		t.Run("what is not deployed", func(t *testing.T) { checkCovered(t, filtered) })
	}
}

func flipProduct(t *testing.T, name, program string, filtered map[string]bool) {
	dir := scratch(t)
	env := workplace(t, dir, name)
	e := startEmulator(t, dir, cmp.Or(env.Account, "123456789012"), env.Region)
	e.bootstrap(t)
	modes := map[string]assembly{}
	for _, mode := range []string{"false", "true", "read-only"} {
		modes[mode] = e.synthesize(t, program, env.StackName, mode, "-c", "env="+name)
	}
	printFiltered(t, modes["false"])
	for resourceType := range modes["false"].filtered {
		filtered[resourceType] = true
	}
	app, responder := modes["false"].listener.Default.Final().(alb.Forward).Groups[0].Group.LogicalID, modes["true"].listener.Default.Final().(alb.Forward).Groups[0].Group.LogicalID
	allowed := allowedRequests(env)
	listener := modes["false"].listener.Ref.LogicalID

	e.deploy(t, "cdk deploy -c maintenance=false, the first", modes["false"].dir, env.StackName)
	s := e.stack(t, env.StackName)
	s.check(t, modes["false"])
	s.checkRequests(t, "false", listener, app, responder, allowed)

	for _, step := range []struct {
		mode     string
		modified []string // that the deploy modifies
		states   int      // of the listener, including the first and the last
	}{
		{mode: "true", modified: []string{listener, reads}, states: 3},
		{mode: "true", states: 1}, // the same mode again
		{mode: "read-only", modified: []string{reads}, states: 2},
		{mode: "false", modified: []string{listener}, states: 2},
		{mode: "read-only", modified: []string{listener}, states: 2},
		{mode: "true", modified: []string{reads}, states: 2},
		{mode: "false", modified: []string{listener, reads}, states: 3},
	} {
		before := s.events(t)
		var said string
		states := s.watch(t, listener, expect(allowed, app), func() {
			said = e.deploy(t, "cdk deploy -c maintenance="+step.mode, modes[step.mode].dir, env.StackName)
		})
		if len(states) != step.states {
			t.Errorf("the listener was in %d states, want %d:\n%s", len(states), step.states, strings.Join(states, "\n\n"))
		}
		s = e.stack(t, env.StackName)
		events := s.events(t)[len(before):]
		if len(step.modified) == 0 {
			if len(events) > 0 || !strings.Contains(said, "(no changes)") {
				t.Errorf("the same again was a deploy: %v\n%s", events, said)
			}
			continue
		}
		checkEvents(t, events, env.StackName, step.modified)
		s.check(t, modes[step.mode])
		s.checkRequests(t, step.mode, listener, app, responder, allowed)
	}
}

// checkEvents checks which resources a deploy has modified, and that it has
// created and deleted none.
func checkEvents(t *testing.T, events []event, stack string, modified []string) {
	t.Helper()
	var gotModified, gotOther []string
	for _, event := range events {
		switch {
		case event.resource == stack:
		case event.status == "UPDATE_COMPLETE":
			gotModified = append(gotModified, event.resource)
		default:
			gotOther = append(gotOther, event.resource)
		}
	}
	if !slices.Equal(gotModified, modified) || len(gotOther) > 0 {
		t.Errorf("the deploy modified %q and made or deleted %q, want %q and nothing", gotModified, gotOther, modified)
	}
	if last := events[len(events)-1]; last.status != "UPDATE_COMPLETE" || last.resource != stack {
		t.Errorf("the deploy ended with %s of %s, want UPDATE_COMPLETE of the stack", last.status, last.resource)
	}
}

// check compares the state in the API with the assembly: the template, every
// resource of it, and the listener with its rules, by text and by routing.
func (s *stack) check(t *testing.T, a assembly) {
	t.Helper()
	var want, got struct{ Resources map[string]any }
	if err := json.Unmarshal(a.template, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(s.template(t)), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(want.Resources, got.Resources) {
		t.Errorf("the deployed template is not that of %s", a.dir)
	}
	for _, id := range slices.Sorted(maps.Keys(want.Resources)) {
		if _, there := s.resources[id]; !there {
			t.Errorf("%s was not made", id)
		}
	}
	live := s.mustListener(t, a.listener.Ref.LogicalID)
	if got, want := stateOf(live), stateOf(a.listener); got != want {
		t.Errorf("the API has other rules than the template\ngot:\n%s\nwant:\n%s", got, want)
	}
	classes, complete := witness.Classes(a.listener, live)
	if !complete || len(classes) < len(a.listener.Rules) {
		t.Errorf("%d classes of requests were compared, complete: %v", len(classes), complete)
	}
	for _, c := range classes {
		if c.Old.LogicalID != c.New.LogicalID {
			t.Errorf("%s %s is decided by %s in the template and by %s in the API", c.Request.Method, c.Request.Target, c.Old.LogicalID, c.New.LogicalID)
		}
	}
}

// checkRequests checks where requests go in a mode, by the API's answers.
func (s *stack) checkRequests(t *testing.T, mode, listener, app, responder string, allowed []request) {
	t.Helper()
	now := s.mustListener(t, listener)
	check := func(requests []request, want string) {
		t.Helper()
		for _, r := range requests {
			if d := r.route(now); d.Target().String() != want || !d.Certain() {
				t.Errorf("maintenance=%s: %s goes to %s, certain: %v; want %s", mode, r.line, d.Target(), d.Certain(), want)
			}
		}
	}
	readers, writers := refusedRequests()
	goal := map[bool]string{true: responder, false: app}
	check(allowed, app)
	check(readers, goal[mode == "true"])
	check(writers, goal[mode != "false"])
	all, err := live.Read(t.Context(), s.elbv2, rules.Switch{Responder: s.resources[responder], Listeners: []rules.Listener{{
		Name: s.resources[listener], Apps: []string{s.resources[app]}, Turning: []int{191},
	}}})
	got, mixed := rules.Together(all)
	if err != nil || got.Flag() != mode {
		t.Errorf("maintenance=%s: noren status would say %q, %s, %v", mode, got, mixed, err)
	}
}
