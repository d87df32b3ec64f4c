package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/noren-cdk/noren/internal/environment"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// planned returns prod with a planned maintenance.
func planned(tb testing.TB) environment.Environment {
	env := loadEnvironment(tb, "prod")
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.FixedZone("JST", 9*60*60))
	env.Night = &window.Window{
		Start: start, End: start.Add(150 * time.Minute), Announce: 72 * time.Hour, Mode: maintenance.Closed, Ask: true,
		Changes: []window.Change{{Name: "0001_report_priority", Digest: "abc", Rehearsed: 14 * time.Minute}},
		Verify:  []window.Request{{Method: "GET", Path: "/api/health", Status: 200}},
	}
	return env
}

var plannedSynthesis = map[maintenance.Mode]func(testing.TB) assembly{
	maintenance.Open: once(maintenance.Open), maintenance.Closed: once(maintenance.Closed),
}

// once synthesizes the planned maintenance in a mode, once.
func once(mode maintenance.Mode) func(testing.TB) assembly {
	var made sync.Once
	var a assembly
	var err error
	return func(tb testing.TB) assembly {
		tb.Helper()
		made.Do(func() { a, err = synth(planned(tb), mode) })
		if err != nil {
			tb.Fatal(err)
		}
		return a
	}
}

// ofWindow reports whether a logical id belongs to one of the window's own
// resources.
func ofWindow(id string) bool { return strings.HasPrefix(id, "Window") }

func TestWindow_AddsItsOwnResourcesAndChangesNoOther(t *testing.T) {
	with, without := plannedSynthesis[maintenance.Open](t).template, synthesized(t, "prod", maintenance.Open).template
	own := 0
	rest := maps.Clone(with.Resources)
	maps.DeleteFunc(rest, func(id string, _ resource) bool {
		if ofWindow(id) {
			own++
		}
		return ofWindow(id)
	})
	if diff := cmp.Diff(without.Resources, rest); diff != "" {
		t.Errorf("-without +with\n%s", diff)
	}
	if diff := cmp.Diff(without.Outputs, with.Outputs); diff != "" {
		t.Errorf("-without +with\n%s", diff)
	}
	if own < 10 {
		t.Errorf("the window has %d resources", own)
	}
}

func TestWindow_TheFlipStaysTheFlip(t *testing.T) {
	changed := func(open, closed template) map[string]string {
		all := map[string]string{}
		for id, r := range open.Resources {
			if diff := cmp.Diff(r, closed.Resources[id]); diff != "" {
				all[id] = diff
			}
		}
		return all
	}
	with := changed(plannedSynthesis[maintenance.Open](t).template, plannedSynthesis[maintenance.Closed](t).template)
	without := changed(synthesized(t, "prod", maintenance.Open).template, synthesized(t, "prod", maintenance.Closed).template)
	if got, want := slices.Sorted(maps.Keys(with)), slices.Sorted(maps.Keys(without)); !slices.Equal(got, want) {
		t.Errorf("with a window the flip changes %v, without %v", got, want)
		for id, diff := range with {
			if ofWindow(id) {
				t.Error(id, diff)
			}
		}
	}
}

func TestWindow_IsClean(t *testing.T) {
	env := planned(t)
	var meant []suppression
	for _, s := range suppressions {
		if s.when == nil || s.when(env) {
			meant = append(meant, s)
		}
	}
	for _, finding := range nag(t, env, meant) {
		t.Error("unexplained: ", finding)
	}
}

// TestWindow_CanDeleteNothing checks the rights of its roles: the only action
// that deletes is DeleteChangeSet, for a change set of its own, and none has a
// wildcard.
func TestWindow_CanDeleteNothing(t *testing.T) {
	roles := map[string]bool{}
	actions := map[string][]string{}
	for id, r := range plannedSynthesis[maintenance.Open](t).template.Resources {
		switch {
		case !ofWindow(id):
		case r.Type == "AWS::IAM::Role":
			roles[id] = true
			if r.Properties["ManagedPolicyArns"] != nil {
				t.Errorf("%s has policies that are not its own", id)
			}
		case r.Type == "AWS::IAM::Policy":
			for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				switch action := s.(map[string]any)["Action"].(type) {
				case string:
					actions[id] = append(actions[id], action)
				case []any:
					for _, a := range action {
						actions[id] = append(actions[id], a.(string))
					}
				}
			}
		}
	}
	if len(roles) != 3 || len(actions) != 4 {
		t.Fatalf("the roles are %v, with %d policies; want those of the function, the state machine and the schedules, and what the task of the schema changes may look at", slices.Sorted(maps.Keys(roles)), len(actions))
	}
	// Step Functions delivers its log with these; they concern deliveries, not
	// logs.
	meant := []string{"cloudformation:DeleteChangeSet", "logs:DeleteLogDelivery"}
	for id, all := range actions {
		for _, a := range all {
			for _, word := range []string{"Delete", "Terminate", "Remove", "Modify", "*", "UpdateStack", "CreateStack", "Update"} {
				if strings.Contains(a, word) && !slices.Contains(append(meant, "logs:UpdateLogDelivery"), a) {
					t.Errorf("%s allows %s", id, a)
				}
			}
		}
	}
}

// TestWindow_LooksBeforeItRuns checks that the function may look at the cluster
// of the schema changes and at task definitions, but start none, that it may
// simulate only the role of the state machine and that of the switch, and that
// the task may read the mode of the product, but not change it.
func TestWindow_LooksBeforeItRuns(t *testing.T) {
	for policy, want := range map[string][]string{
		"Steps":      {"ecs:DescribeClusters map[Fn::GetAtt:[ClusterEB0386A7 Arn]]", "ecs:DescribeTaskDefinition *", "iam:PassRole map[Fn::GetAtt:[MaintenanceTurningRole029CEC4B Arn]]", "iam:SimulatePrincipalPolicy [map[Fn::GetAtt:[MaintenanceTurningRole029CEC4B Arn]] map[Fn::GetAtt:[WindowMachineRole8B904359 Arn]]]"},
		"TaskPolicy": {"cloudformation:DescribeStacks map[Ref:AWS::StackId]", "cloudformation:GetTemplate map[Ref:AWS::StackId]", "cloudformation:ListStackResources map[Ref:AWS::StackId]", "elasticloadbalancing:DescribeListeners *", "elasticloadbalancing:DescribeRules *"},
	} {
		var got []string
		for id, r := range plannedSynthesis[maintenance.Open](t).template.Resources {
			if !ofWindow(id) || r.Type != "AWS::IAM::Policy" || !strings.Contains(id, policy) {
				continue
			}
			for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				statement := s.(map[string]any)
				actions, several := statement["Action"].([]any)
				if !several {
					actions = []any{statement["Action"]}
				}
				for _, action := range actions {
					if policy == "TaskPolicy" || strings.HasPrefix(action.(string), "ecs:") || strings.HasPrefix(action.(string), "iam:") {
						got = append(got, fmt.Sprint(action, " ", statement["Resource"]))
					}
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", policy, got, want)
		}
	}
}

// TestWindow_SimulatesWhatTheRolesAreAllowed checks that the roles have the
// rights that preflight has IAM simulate, and that their policies use no
// condition key that the simulation is not given. Otherwise a role as deployed
// could keep a night from beginning.
func TestWindow_SimulatesWhatTheRolesAreAllowed(t *testing.T) {
	for policy, want := range map[string]struct{ actions, keys []string }{
		"WindowMachineRoleDefaultPolicy": {
			[]string{"ecs:RunTask", "ecs:DescribeTasks", "ecs:StopTask", "events:PutTargets", "events:PutRule", "events:DescribeRule", "iam:PassRole"},
			[]string{"ecs:cluster", "iam:PassedToService"},
		},
		"MaintenanceTurningRoleDefaultPolicy": {
			[]string{"elasticloadbalancing:ModifyListener", "lambda:UpdateFunctionConfiguration", "iam:PassRole", "lambda:InvokeFunction"},
			[]string{"iam:PassedToService", "lambda:Layer"}, // the simulation knows that the last one may be absent
		},
	} {
		var actions []string
		keys := map[string]bool{}
		for id, r := range plannedSynthesis[maintenance.Open](t).template.Resources {
			if r.Type != "AWS::IAM::Policy" || !strings.HasPrefix(id, policy) {
				continue
			}
			for _, s := range r.Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				statement := s.(map[string]any)
				several, ok := statement["Action"].([]any)
				if !ok {
					several = []any{statement["Action"]}
				}
				for _, a := range several {
					actions = append(actions, a.(string))
				}
				conditions, _ := statement["Condition"].(map[string]any)
				for _, of := range conditions {
					for key := range of.(map[string]any) {
						keys[key] = true
					}
				}
			}
		}
		for _, action := range want.actions {
			if !slices.Contains(actions, action) {
				t.Errorf("%s does not allow %s: %q", policy, action, actions)
			}
		}
		if got := slices.Sorted(maps.Keys(keys)); !slices.Equal(got, want.keys) {
			t.Errorf("%s has the condition keys %q, want %q", policy, got, want.keys)
		}
	}
}

func TestWindow_IsStartedOnceByTheClock(t *testing.T) {
	template := plannedSynthesis[maintenance.Open](t).template
	var got []string
	for _, id := range template.ofType("AWS::SSM::MaintenanceWindow") {
		p := template.Resources[id].Properties
		got = append(got, fmt.Sprint(p["Schedule"], " ", p["Duration"], " ", p["ScheduleTimezone"]))
	}
	slices.Sort(got)
	if want := []string{"at(2026-11-27T17:00:00) 1 <nil>", "at(2026-11-30T17:00:00) 3 <nil>", "at(2026-11-30T19:15:00) 1 <nil>"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	machine := template.only(t, "AWS::StepFunctions::StateMachine")
	var definition struct {
		StartAt string
		States  map[string]struct {
			Parameters struct {
				Payload map[string]any
				Cluster string
			}
		}
	}
	if err := json.Unmarshal([]byte(machine.Properties["DefinitionString"].(string)), &definition); err != nil {
		t.Fatal(err)
	}
	if definition.StartAt != window.Preflight || definition.States["Change 0001_report_priority"].Parameters.Cluster != "${Cluster}" {
		t.Errorf("the state machine is %v", definition)
	}
	started := 0
	for _, id := range template.ofType("AWS::SSM::MaintenanceWindowTask") {
		parameters := template.Resources[id].Properties["TaskInvocationParameters"].(map[string]any)
		if p, ok := parameters["MaintenanceWindowStepFunctionsParameters"].(map[string]any); ok {
			started++
			if p["Name"] != "noren-20261130T170000Z" || p["Input"] != `{"window":"noren-20261130T170000Z"}` {
				t.Errorf("it is started with %v", p)
			}
			if want := definition.States[window.Preflight].Parameters.Payload["window"]; p["Name"] != want {
				t.Errorf("it is started for %v, and preflight wants %v", p["Name"], want)
			}
		}
	}
	if started != 1 {
		t.Errorf("%d tasks start it", started)
	}
}

func TestWindow_IsDescribedInTheTemplate(t *testing.T) {
	a := plannedSynthesis[maintenance.Open](t)
	found, err := window.Find(a.data)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	for _, id := range []string{found[0].Machine, found[0].Function, found[0].Planned, found[0].Schedule, found[0].Ahead} {
		if _, ok := a.template.Resources[id]; !ok {
			t.Errorf("there is no resource %q", id)
		}
	}
	if diff := cmp.Diff(planned(t).Night.Changes, found[0].Changes); diff != "" || !found[0].Start.Equal(planned(t).Night.Start) || found[0].Switch != "Maintenance" {
		t.Errorf("it is %+v", found[0])
	}
	for i, b := range a.data {
		if b >= 0x80 {
			t.Fatalf("byte %d of the template is not ASCII", i)
		}
	}
}
