//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/noren-cdk/noren/internal/window"
)

// TestSchedule creates the maintenance windows of Systems Manager through its
// API, from the synthesized template: each property must be one of the API's,
// with its type. The state machine and the function must accept the tasks'
// inputs.
func TestSchedule(t *testing.T) {
	const local = "2006-01-02T15:04:05"
	dir := scratch(t)
	env := workplace(t, dir, "dev")
	file := filepath.Join(dir, "environments", "dev.yaml")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(string(source), "\n  window:\n")
	_, rest, ends := strings.Cut(after, "    reopen: ask\n")
	if !ok || !ends {
		t.Fatal("environments/dev.yaml has no section window, or none that ends with reopen")
	}
	start := time.Now().UTC().AddDate(0, 1, 0).Truncate(time.Hour)
	planned := fmt.Sprintf(`
  window:
    start: %q
    end: %q
    zone: UTC
    announce: 72h
    verify: [GET /api/health -> 200]
`, start.Format(local), start.Add(150*time.Minute).Format(local))
	if err := os.WriteFile(file, []byte(strings.Replace(before+planned+rest, "\n  guard: false", "\n  guard: true", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	e := startEmulator(t, dir, "123456789012", env.Region)
	program := filepath.Join(dir, "app")
	run(t, "go build", root, plainEnvironment(dir), "go", "build", "-o", program, ".")
	e.cdk(t, "cdk synth", dir, "synth", "--quiet", "--no-version-reporting", "--app", program, "--output", filepath.Join(dir, "out"))
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", env.StackName+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}

	client := ssm.NewFromConfig(e.config(t))
	ids := map[string]string{} // of windows, by logical id
	ofType := func(name string) []string {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(template.Resources)), func(id string) bool { return template.Resources[id].Type != name })
	}
	for _, id := range ofType("AWS::SSM::MaintenanceWindow") {
		var input ssm.CreateMaintenanceWindowInput
		takes(t, template.Resources[id].Properties, &input)
		made, err := client.CreateMaintenanceWindow(t.Context(), &input)
		if err != nil {
			t.Fatal(err)
		}
		ids[id] = aws.ToString(made.WindowId)
	}
	var input string
	steps := map[string]window.Payload{}
	for _, id := range ofType("AWS::SSM::MaintenanceWindowTask") {
		properties := template.Resources[id].Properties
		of := properties["WindowId"].(map[string]any)["Ref"].(string)
		properties["WindowId"], properties["TaskArn"], properties["ServiceRoleArn"] = ids[of], "arn:aws:x:::task", "arn:aws:iam::123456789012:role/x"
		// CloudFormation has its own names for these, and for no others.
		parameters := properties["TaskInvocationParameters"].(map[string]any)
		for name, value := range parameters {
			delete(parameters, name)
			parameters[strings.TrimSuffix(strings.TrimPrefix(name, "MaintenanceWindow"), "Parameters")] = value
		}
		var register ssm.RegisterTaskWithMaintenanceWindowInput
		takes(t, properties, &register)
		if _, err := client.RegisterTaskWithMaintenanceWindow(t.Context(), &register); err != nil {
			t.Fatal(err)
		}
		tasks, err := client.DescribeMaintenanceWindowTasks(t.Context(), &ssm.DescribeMaintenanceWindowTasksInput{WindowId: register.WindowId})
		if err != nil || len(tasks.Tasks) != 1 {
			t.Fatalf("%s: got %d tasks, want 1 (%v)", of, len(tasks.Tasks), err)
		}
		sends := register.TaskInvocationParameters // moto does not return a task's parameters
		switch {
		case sends.StepFunctions != nil:
			input = aws.ToString(sends.StepFunctions.Input)
		case sends.Lambda != nil:
			var p window.Payload
			if err := json.Unmarshal(sends.Lambda.Payload, &p); err != nil {
				t.Fatalf("%s sends %q: %v", id, sends.Lambda.Payload, err)
			}
			steps[p.Step] = p
		}
	}
	for _, step := range []string{window.AnnounceScheduled, window.NearEnd} {
		if p := steps[step]; !p.From.Equal(start) || !p.End.Equal(start.Add(150*time.Minute)) {
			t.Errorf("%s is of a maintenance from %v to %v", step, p.From, p.End)
		}
	}
	if len(ids) != 3 || len(steps) != 2 {
		t.Errorf("got %d windows and %d calls of the function, want 3 and 2", len(ids), len(steps))
	}
	machine := template.Resources[ofType("AWS::StepFunctions::StateMachine")[0]].Properties["DefinitionString"].(string)
	var definition struct {
		States map[string]struct{ Parameters map[string]any }
	}
	if err := json.Unmarshal([]byte(machine), &definition); err != nil {
		t.Fatal(err)
	}
	var sent map[string]any
	if err := json.Unmarshal([]byte(input), &sent); err != nil {
		t.Fatalf("the input of the state machine is %q: %v", input, err)
	}
	payload := definition.States[window.Preflight].Parameters["Payload"].(map[string]any)
	field, ok := strings.CutPrefix(payload["input.$"].(string), "$.")
	if !ok || sent[field] != payload["window"] {
		t.Errorf("the first step compares %v of the input with %v; the input is %s", payload["input.$"], payload["window"], input)
	}
}

// takes decodes properties into the API's input: an unknown property, or one of
// another type, is an error.
func takes(t *testing.T, properties, into any) {
	t.Helper()
	text, err := json.Marshal(properties)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%T does not take %s: %v", into, text, err)
	}
}
