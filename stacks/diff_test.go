package stacks

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/diff"
	"github.com/noren-cdk/noren/maintenance"
)

func readTemplate(tb testing.TB, data []byte) diff.Template {
	tb.Helper()
	t, err := diff.Read(data, cfn.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// The target groups of every environment.
const (
	app    = "AppF1B96344"
	answer = "MaintenanceTargetGroup4F265FD4"
)

// TestTheDiffOfTheFlip checks what a reviewer reads about a flip, in every
// environment and both ways.
func TestTheDiffOfTheFlip(t *testing.T) {
	for _, name := range environments {
		t.Run(name, func(t *testing.T) {
			open := readTemplate(t, synthesized(t, name, maintenance.Open).data)
			closed := readTemplate(t, synthesized(t, name, maintenance.Closed).data)
			checkFlip(t, diff.Compare(open, closed), app, answer, maintenance.Closed)
			checkFlip(t, diff.Compare(closed, open), answer, app, maintenance.Open)
			if d := diff.Compare(open, open); !d.Empty() {
				t.Errorf("open differs from itself: %+v", d)
			}
		})
	}
}

func checkFlip(t *testing.T, d diff.Diff, before, after string, mode maintenance.Mode) {
	t.Helper()
	if rest := d.Unexpected(mode); len(rest) > 0 {
		t.Errorf("more than the flip: %q", rest)
	}
	if len(d.Clients) != 1 || !d.Complete {
		t.Fatalf("%d changes to clients, complete %v; want 1", len(d.Clients), d.Complete)
	}
	c := d.Clients[0]
	if c.Summary != "everything but the allowed requests" || c.Before != before || c.After != after {
		t.Errorf("got %q, from %s to %s; want everything but the allowed requests, from %s to %s", c.Summary, c.Before, c.After, before, after)
	}
	for _, class := range c.Classes {
		const reads = "MaintenanceRead06138211E"
		if class.Before.Priority != "default" && class.Before.Name != reads && class.After.Priority != "default" {
			t.Errorf("%s %s went by %s and goes by %s, neither of which is the default rule or that for reads", class.Request.Method, class.Request.Target, class.Before.Name, class.After.Name)
		}
	}
}

// TestTheDiffOfMoreThanTheFlip checks a change that is expected to be a flip but
// changes something else too.
func TestTheDiffOfMoreThanTheFlip(t *testing.T) {
	open := readTemplate(t, synthesized(t, "dev", maintenance.Open).data)
	for _, test := range []struct {
		name, resourceType string
		change             func(properties map[string]any)
		want               string
	}{
		{"a task's CPU", "AWS::ECS::TaskDefinition", func(p map[string]any) { p["Cpu"] = "4096" }, "Cpu changes"},
		{"a security group", "AWS::EC2::SecurityGroup", func(p map[string]any) { p["SecurityGroupEgress"] = []any{} }, "SecurityGroupEgress"},
		{"an allow rule", "AWS::ElasticLoadBalancingV2::ListenerRule", func(p map[string]any) { p["Priority"] = 7 }, "Priority changes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var document map[string]any
			if err := json.Unmarshal(synthesized(t, "dev", maintenance.Closed).data, &document); err != nil {
				t.Fatal(err)
			}
			changed := 0
			resources := document["Resources"].(map[string]any)
			for _, id := range slices.Sorted(maps.Keys(resources)) { // the first rule allows
				if r := resources[id].(map[string]any); r["Type"] == test.resourceType && changed == 0 {
					test.change(r["Properties"].(map[string]any))
					changed++
				}
			}
			data, err := json.Marshal(document)
			if err != nil || changed == 0 {
				t.Fatalf("changed %d resources, %v", changed, err)
			}
			rest := diff.Compare(open, readTemplate(t, data)).Unexpected(maintenance.Closed)
			if len(rest) == 0 || !strings.Contains(strings.Join(rest, "\n"), test.want) {
				t.Errorf("got %q, want %q among it", rest, test.want)
			}
		})
	}
}

// TestTheModeOfAnAssembly tries every environment in every mode that it has.
func TestTheModeOfAnAssembly(t *testing.T) {
	for _, name := range environments {
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
			got, err := readTemplate(t, synthesized(t, name, mode).data).Mode()
			if err != nil || got != mode {
				t.Errorf("%s %s: got %q, %v", name, mode, got, err)
			}
		}
	}
}

// TestTemplates_HaveNoCycle checks for cycles: the listener waits for the guard,
// which therefore must not refer to it. CloudFormation refuses a cycle, CDK only
// warns about it.
func TestTemplates_HaveNoCycle(t *testing.T) {
	for _, name := range environments {
		for _, mode := range []maintenance.Mode{maintenance.Open, maintenance.Closed} {
			if cycle := readTemplate(t, synthesized(t, name, mode).data).Cycle(); cycle != nil {
				t.Errorf("%s %v: these wait for each other: %q", name, mode, cycle)
			}
		}
	}
}
