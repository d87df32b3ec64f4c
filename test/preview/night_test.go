//go:build preview

package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/noren-cdk/noren/internal/preview"
	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// nightly are the templates of dev with a window in them, whose changes are those
// of a folder.
func nightly(t *testing.T, w window.Window) []preview.Template {
	t.Helper()
	var all []preview.Template
	for _, mode := range []string{"open", "read-only", "closed"} {
		file := template(t, filepath.Join("..", "..", "cdk.out", "dev", mode), "1", "")
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var read map[string]any
		if err := json.Unmarshal(content, &read); err != nil {
			t.Fatal(err)
		}
		resources := read["Resources"].(map[string]any)
		d := window.Deployed{Window: w, Switch: "Maintenance", Function: "WindowFunction", Planned: "Planned"}
		arn := "arn:aws:lambda:us-east-1:000000000000:function:WindowFunction"
		resources["Planned"] = map[string]any{"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Name": "/planned", "Value": "none", "Type": "String"}}
		resources["WindowFunction"] = map[string]any{"Type": "AWS::Lambda::Function", "Properties": map[string]any{
			"Runtime": "provided.al2023", "Code": map[string]any{"S3Key": "none"},
			"Environment": map[string]any{"Variables": map[string]any{
				"WINDOW_STACK": "fieldreports-dev", "WINDOW_SWITCH": "Maintenance", "WINDOW_ROLE": "arn:aws:iam::000000000000:role/Turning",
				"WINDOW_TOPIC": "arn:aws:sns:us-east-1:000000000000:Alarms", "WINDOW_PLANNED": "/planned", "WINDOW_OPTIONS": "--env dev",
				"WINDOW_URL":    map[string]any{"Fn::Join": []any{"", []any{"https://", map[string]any{"Fn::GetAtt": []any{"Distribution830FAC52", "DomainName"}}}}},
				"WINDOW_COOKIE": "maintenance-bypass", "WINDOW_SECRET": map[string]any{"Ref": "MaintenanceBypassSecret14C09BE32"},
			}},
		}}
		resources["Night"] = map[string]any{"Type": "AWS::StepFunctions::StateMachine", "Metadata": map[string]any{window.MetadataKey: d.Metadata()}, "Properties": map[string]any{
			"DefinitionString": w.Definition(window.Resources{Function: arn, Cluster: "c", Task: "t", SecurityGroup: "g", Container: "noren", Subnets: []string{"s"}}),
		}}
		content, err = json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		all = append(all, preview.Template{Mode: mode, File: file})
	}
	return all
}

// aWindow is a window that begins tomorrow.
func aWindow(changes ...string) window.Window {
	start := time.Now().Add(24 * time.Hour).Truncate(time.Minute)
	w := window.Window{
		Start: start, End: start.Add(2 * time.Hour), Mode: maintenance.Closed, Ask: true,
		Verify: []window.Request{{Method: "GET", Path: "/api/health", Status: 200}, {Method: "GET", Path: "/api/templates", Status: 401}},
	}
	for _, name := range changes {
		w.Changes = append(w.Changes, window.Change{Name: name})
	}
	return w
}

func played(t *testing.T, p *preview.Preview, c preview.NightConfig) *preview.Night {
	t.Helper()
	n, err := p.StartNight(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func reportOf(t *testing.T, n *preview.Night) string {
	t.Helper()
	var text bytes.Buffer
	n.Report().Write(&text)
	return text.String()
}

// A night without schema changes goes from open to open, asks a person, and loses
// no report.
func TestNight(t *testing.T) {
	p, err := preview.Start(t.Context(), preview.Config{
		Templates: nightly(t, aWindow()), Mode: "open", Example: filepath.Join("..", "..", "examples", "fieldreports"), Quick: true, Verbose: testing.Verbose(),
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	n := played(t, p, preview.NightConfig{Phones: 2, Every: 200 * time.Millisecond, Yes: true})
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	status, err := n.Run(ctx)
	if err != nil || status != states.Succeeded {
		t.Fatalf("%s, %v\n%s", status, err, reportOf(t, n))
	}
	if err := n.Settle(ctx); err != nil {
		t.Error(err)
	}
	t.Log("\n" + reportOf(t, n))
	r := n.Report()
	if r.Mode != "open" || r.Reports.Written == 0 || r.Reports.Arrived != r.Reports.Written {
		t.Errorf("%+v", r.Reports)
	}
}
