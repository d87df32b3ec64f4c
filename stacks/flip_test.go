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
	"github.com/noren-cdk/noren/maintenance"
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

// TestTheFlipIsOnePropertyInEveryEnvironment checks any two modes; with the
// guard, its record changes as well.
func TestTheFlipIsOnePropertyInEveryEnvironment(t *testing.T) {
	const (
		flip   = "AlbListener86261768.DefaultActions[0].TargetGroupArn.Ref"
		digest = "MaintenanceGuardEA4EC594.Digest"
		record = "MaintenanceGuardEA4EC594.Mode"
		reads  = "MaintenanceRead06138211E.Actions[0].TargetGroupArn.Ref"
	)
	open, readOnly, closed := maintenance.Open, maintenance.ReadOnly, maintenance.Closed
	for _, name := range environments {
		for _, prepared := range []bool{false, true} {
			env := loadEnvironment(t, name)
			env.Maintenance.ReadOnly = prepared
			modes := map[maintenance.Mode]assembly{}
			for _, mode := range []maintenance.Mode{open, readOnly, closed} {
				if mode == readOnly && !prepared {
					continue
				}
				var err error
				if modes[mode], err = synth(env, mode); err != nil {
					t.Fatal(err)
				}
			}
			for _, test := range []struct {
				from, to maintenance.Mode
				want     []string
			}{
				{open, closed, []string{flip, digest, record, reads}},
				{open, readOnly, []string{flip, digest, record}},
				{readOnly, closed, []string{digest, record, reads}},
			} {
				if !prepared && (test.from == readOnly || test.to == readOnly) {
					continue
				}
				t.Run(fmt.Sprintf("%s, read-only prepared: %v, between %v and %v", name, prepared, test.from, test.to), func(t *testing.T) {
					want := slices.DeleteFunc(slices.Clone(test.want), func(path string) bool {
						return path == reads && !prepared
					})
					from, to := modes[test.from], modes[test.to]
					if got := from.template.differences(to.template); !slices.Equal(got, want) {
						t.Errorf("got %q, want %q", got, want)
					}
					if got := to.template.differences(from.template); !slices.Equal(got, want) {
						t.Errorf("on the way back: got %q, want %q", got, want)
					}
					if !reflect.DeepEqual(from.assets, to.assets) {
						t.Errorf("assets differ: %v", differences(from.assets, to.assets, "assets"))
					}
				})
			}
		}
	}
}

func TestTheEnvironmentsModeCountsWithoutAFlag(t *testing.T) {
	env := loadEnvironment(t, "dev")
	env.Maintenance.Mode = maintenance.Closed
	app := newTestApp(t.TempDir())
	stack := Build(app, env, maintenancemode.Flags{})
	template := app.Synth(nil).GetStackArtifact(stack.Stack.ArtifactId()).Template().(map[string]any)
	closed := synthesized(t, "dev", maintenance.Closed).template
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
	closed := maintenance.Closed
	without := variables(maintenancemode.Flags{Mode: &closed})
	with := variables(maintenancemode.Flags{Mode: &closed, Message: "Back at four.", Until: time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)})
	if without["MAINTENANCE_UNTIL"] != "" || strings.Contains(fmt.Sprint(without), "four") {
		t.Errorf("not given, yet there: %v", without)
	}
	if with["MAINTENANCE_UNTIL"] != "2026-12-01T04:00:00Z" || !strings.Contains(fmt.Sprint(with["MAINTENANCE_MESSAGE"]), "Back at four.") {
		t.Errorf("given, yet not there: %v", with)
	}
}
