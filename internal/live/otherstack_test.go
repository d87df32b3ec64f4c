package live

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// TestDrift_OfAnotherStack checks that a rule that another stack of the app adds
// to the listener is as deployed if the probe knows it, and drift if the probe
// does not know it or it has changed.
func TestDrift_OfAnotherStack(t *testing.T) {
	data, err := os.ReadFile("../diff/testdata/own.closed.json")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := readTemplate(data)
	if err != nil {
		t.Fatal(err)
	}
	found := plain.switches[0]
	theirs := alb.Rule{
		Priority: 900, Conditions: []alb.Condition{alb.PathPatterns{"/status/*"}},
		Actions: sends("Elsewhere"),
	}
	before := (&deployed{template: plain}).listenerOf(found)
	outline := rules.NewOutline([]maintenance.Mode{maintenance.Closed}, func(maintenance.Mode) *alb.Listener {
		l := withSecret(before, nightSecret)
		l.Rules = append(l.Rules, theirs)
		return l
	}, found.Groups())
	var edited map[string]any
	if err := json.Unmarshal(data, &edited); err != nil {
		t.Fatal(err)
	}
	edited["Resources"].(map[string]any)["Probe"] = map[string]any{
		"Type": "AWS::Lambda::Function", "Metadata": map[string]any{"aws:cdk:path": found.Name + "/ModeProbe/Function/Resource"},
		"Properties": map[string]any{"Environment": map[string]any{"Variables": map[string]any{
			rules.ProbeVariable(0, "Listener"): map[string]any{"Ref": before.Ref.LogicalID}, rules.ProbeVariable(0, "Deployed"): outline.String(),
		}}},
	}
	told, err := readTemplate([]byte(maintenance.JSON(edited)))
	if err != nil {
		t.Fatal(err)
	}
	other := theirs
	other.Conditions = []alb.Condition{alb.PathPatterns{"/*"}}
	elsewhere := theirs
	elsewhere.Actions = sends(found.Apps[0])
	moved := theirs
	moved.Priority = 901
	for _, test := range []struct {
		name string
		in   template
		rule alb.Rule
		want string
	}{
		{"the probe was told", told, theirs, ""},
		{"the probe was not told", plain, theirs, "rule 900"},
		{"other conditions", told, other, "rule 900"},
		{"to the application", told, elsewhere, "rule 900"},
		{"another priority", told, moved, "rule 901"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := &deployed{template: test.in}
			now := withSecret(d.listenerOf(test.in.switches[0]), nightSecret)
			now.Rules = append(now.Rules, test.rule)
			all := d.drift(test.in.switches[0], Seen{Listeners: []*alb.Listener{now}})
			switch {
			case test.want == "" && len(all) > 0:
				t.Errorf("got %v, want none", all)
			case test.want != "" && (len(all) != 1 || !strings.Contains(all[0].Text, test.want) || !all[0].Opens):
				t.Errorf("got %v, want %s, which opens", all, test.want)
			}
		})
	}
}
