package stacks

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noren-cdk/noren/constructs/maintenancemode"
)

// differences returns every property, attribute or resource in which two
// templates differ, as paths.
func differences(a, b any, path string) []string {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			var all []string
			keys := maps.Clone(a)
			maps.Copy(keys, b)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				all = append(all, differences(a[key], b[key], path+"."+key)...)
			}
			return all
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) {
			var all []string
			for i := range a {
				all = append(all, differences(a[i], b[i], fmt.Sprintf("%s[%d]", path, i))...)
			}
			return all
		}
	}
	return []string{path}
}

// differences returns what differs between two templates as paths of resources
// and properties.
func (t template) differences(other template) []string {
	var all []string
	ids := maps.Clone(t.Resources)
	maps.Copy(ids, other.Resources)
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		a, before := t.Resources[id]
		b, after := other.Resources[id]
		switch {
		case before != after:
			all = append(all, id)
		case !reflect.DeepEqual(a, b):
			a.Properties, b.Properties = nil, nil
			if !reflect.DeepEqual(a, b) {
				all = append(all, id+" outside its properties")
			}
			all = append(all, differences(t.Resources[id].Properties, other.Resources[id].Properties, id)...)
		}
	}
	if !reflect.DeepEqual(t.Outputs, other.Outputs) {
		all = append(all, "outputs")
	}
	return all
}

func TestTheFlipIsOnePropertyInEveryEnvironment(t *testing.T) {
	for _, name := range environments {
		for _, readOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, read-only prepared: %v", name, readOnly), func(t *testing.T) {
				env := loadEnvironment(t, name)
				env.Maintenance.ReadOnly = readOnly
				open, err := synth(env, maintenancemode.Open)
				if err != nil {
					t.Fatal(err)
				}
				closed, err := synth(env, maintenancemode.Closed)
				if err != nil {
					t.Fatal(err)
				}
				want := []string{"AlbListener86261768.DefaultActions[0].TargetGroupArn.Ref"}
				if readOnly {
					want = append(want, "MaintenanceRefuseWrites0F962CE52")
				}
				if got := open.template.differences(closed.template); !reflect.DeepEqual(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
				if !reflect.DeepEqual(open.assets, closed.assets) {
					t.Errorf("assets differ: %v", differences(open.assets, closed.assets, "assets"))
				}
			})
		}
	}
}

func TestTheEnvironmentsModeCountsWithoutAFlag(t *testing.T) {
	env := loadEnvironment(t, "dev")
	env.Maintenance.Mode = "true"
	app := newTestApp(t.TempDir())
	stack := Build(app, env, maintenancemode.Flags{})
	template := app.Synth(nil).GetStackArtifact(stack.Stack.ArtifactId()).Template().(map[string]any)
	closed := synthesized(t, "dev", maintenancemode.Closed).template
	const listener = "AlbListener86261768"
	got := template["Resources"].(map[string]any)[listener].(map[string]any)["Properties"]
	if want := any(closed.Resources[listener].Properties); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMessageAndEndReachTheFunctionOnlyWhenGiven(t *testing.T) {
	env := loadEnvironment(t, "dev")
	variables := func(flags maintenancemode.Flags) map[string]any {
		app := newTestApp(t.TempDir())
		stack := Build(app, env, flags).Stack
		template := app.Synth(nil).GetStackArtifact(stack.ArtifactId()).Template().(map[string]any)
		for id, r := range template["Resources"].(map[string]any) {
			resource := r.(map[string]any)
			if resource["Type"] == "AWS::Lambda::Function" && strings.HasPrefix(id, "MaintenanceResponder") {
				variables, _ := resource["Properties"].(map[string]any)["Environment"].(map[string]any)["Variables"].(map[string]any)
				return variables
			}
		}
		t.Fatal("no function")
		return nil
	}
	closed := maintenancemode.Closed
	without := variables(maintenancemode.Flags{Mode: &closed})
	with := variables(maintenancemode.Flags{Mode: &closed, Message: "Back at four.", Until: time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)})
	if _, ok := without["MAINTENANCE_UNTIL"]; ok || strings.Contains(fmt.Sprint(without), "four") {
		t.Errorf("not given, yet there: %v", without)
	}
	if with["MAINTENANCE_UNTIL"] != "2026-12-01T04:00:00Z" || !strings.Contains(fmt.Sprint(with["MAINTENANCE_MESSAGE"]), "Back at four.") {
		t.Errorf("given, yet not there: %v", with)
	}
}
