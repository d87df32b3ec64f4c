//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/window"
	"github.com/noren-cdk/noren/maintenance"
)

// scenario is a file of the interpreter's testdata: see internal/preview/states.
type scenario struct {
	About      string
	Definition json.RawMessage
	Input      map[string]any
	Answer     json.RawMessage // for the token
	Want       struct {
		Status   string
		Output   any
		Error    string
		Path     []string
		Attempts int
	}
}

// otherwise are the errors, by definition, whose names in moto differ from AWS's
// documentation. Source:
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
var otherwise = map[string]string{"nochoice": "States.Runtime", "pathless": "States.Runtime"}

// freePort returns a port on which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// called calls a service of the emulator that uses JSON.
func (e *emulator) called(t *testing.T, service, target string, input any) map[string]any {
	t.Helper()
	body, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.endpoint, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/"+e.region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=x")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if len(bytes.TrimSpace(text)) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			t.Fatalf("%s: %s", target, text)
		}
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", target, answer.StatusCode, text)
	}
	return out
}

// startInterpreter starts an emulator that executes state machines, with a
// function that echoes its input.
func startInterpreter(t *testing.T) *emulator {
	t.Helper()
	e := startEmulatorAt(t, scratch(t), "123456789012", "us-east-1", freePort(t)) // its interpreter calls itself
	config, err := http.Post(e.endpoint+"/moto-api/config", "application/json", strings.NewReader(`{"stepfunctions": {"execute_state_machine": true}, "lambda": {"use_docker": false}}`))
	if err != nil {
		t.Fatal(err)
	}
	config.Body.Close()
	e.echo(t)
	return e
}

// TestInterpreter checks that moto's interpreter of the Amazon States Language
// takes the same path through the definitions with which the preview's
// interpreter is tested. Its functions echo their input.
func TestInterpreter(t *testing.T) {
	e := startInterpreter(t)
	files, err := filepath.Glob("internal/preview/states/testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d definitions (%v)", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data = bytes.ReplaceAll(data, []byte("Ssm."), []byte("ssm.")) // moto's name of the service
			var s scenario
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			queue := e.called(t, "sqs", "AmazonSQS.CreateQueue", map[string]any{"QueueName": name})["QueueUrl"]
			if strings.Contains(string(s.Definition), "$.queue") {
				s.Input["queue"] = queue
			}
			input, err := json.Marshal(s.Input)
			if err != nil {
				t.Fatal(err)
			}
			answered := s.Answer == nil
			described, path, attempts := e.executed(t, name, string(s.Definition), string(input), func() {
				if !answered {
					answered = e.answer(t, queue, s.Answer)
				}
			})
			if described["status"] != s.Want.Status {
				t.Errorf("%s\ngot %v (%v %v), want %s", s.About, described["status"], described["error"], described["cause"], s.Want.Status)
			}
			if got := fmt.Sprint(described["error"]); s.Want.Error != "" && got != s.Want.Error && got != otherwise[name] {
				t.Errorf("got the error %s, want %s", got, s.Want.Error)
			}
			if text, ok := described["output"].(string); ok && s.Want.Status == "SUCCEEDED" {
				var output any
				if err := json.Unmarshal([]byte(text), &output); err != nil {
					output = text // moto writes a text without quotes
				}
				if m, ok := output.(map[string]any); ok {
					delete(m, "queue")
				}
				if !reflect.DeepEqual(output, s.Want.Output) {
					t.Errorf("got the output %v, want %v", output, s.Want.Output)
				}
			}
			if !reflect.DeepEqual(path, s.Want.Path) || attempts != s.Want.Attempts {
				t.Errorf("got the way %q with %d attempts, want %q with %d", path, attempts, s.Want.Path, s.Want.Attempts)
			}
		})
	}
}

// TestInterpreter_TakesTheNight checks that moto's interpreter and the preview's
// take the same path through the state machine of a night, with the same results.
// The function echoes its input, which is then taken for the step's result.
func TestInterpreter_TakesTheNight(t *testing.T) {
	start := time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)
	night := window.Window{
		Start: start, End: start.Add(2 * time.Hour), Mode: maintenance.Closed, Announces: true, Mutes: true,
		Verify: []window.Request{{Method: "GET", Path: "/api/health", Status: 200}},
	}
	definition := strings.ReplaceAll(night.Definition(window.Resources{Function: "echo"}), "$.Payload.said", "$.Payload.step")

	machine, err := states.Read([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	here, err := machine.Execution(states.Config{Input: []byte(night.Input()), Name: night.ID(), Tasks: map[string]states.Task{
		"lambda:invoke": func(_ context.Context, c states.Call) (any, error) {
			return map[string]any{"StatusCode": 200, "Payload": c.Parameters.(map[string]any)["Payload"]}, nil
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := here.Run(t.Context()); err != nil || status != states.Succeeded {
		t.Fatal(status, err, here.Failure())
	}
	var want []string
	for _, h := range here.History() {
		if strings.HasSuffix(h.Type, "StateEntered") {
			want = append(want, h.State)
		}
	}

	e := startInterpreter(t)
	described, got, _ := e.executed(t, night.ID(), definition, night.Input(), func() {})
	if described["status"] != "SUCCEEDED" || !reflect.DeepEqual(got, want) || len(want) != len(night.Steps()) {
		t.Errorf("got %v (%v %v) by %q, want %q", described["status"], described["error"], described["cause"], got, want)
	}
	var there, left any
	for text, into := range map[string]*any{fmt.Sprint(described["output"]): &there, here.Output(): &left} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	if !reflect.DeepEqual(there, left) {
		t.Errorf("got the output %v, want %v", there, left)
	}
}

// executed executes a definition. It returns the execution, the states that it
// entered, and how many tasks it scheduled. It calls meanwhile until the
// execution has ended.
func (e *emulator) executed(t *testing.T, name, definition, input string, meanwhile func()) (described map[string]any, path []string, attempts int) {
	t.Helper()
	sfn := func(call string, input any) map[string]any {
		return e.called(t, "states", "AWSStepFunctions."+call, input)
	}
	machine := sfn("CreateStateMachine", map[string]any{"name": name, "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/x"})["stateMachineArn"]
	execution := sfn("StartExecution", map[string]any{"stateMachineArn": machine, "name": "execution", "input": input})["executionArn"]
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if described = sfn("DescribeExecution", map[string]any{"executionArn": execution}); described["status"] != "RUNNING" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: it still runs", name)
		}
		meanwhile()
	}
	for _, h := range sfn("GetExecutionHistory", map[string]any{"executionArn": execution, "maxResults": 1000})["events"].([]any) {
		event := h.(map[string]any)
		kind := event["type"].(string)
		if strings.HasSuffix(kind, "StateEntered") {
			path = append(path, event["stateEnteredEventDetails"].(map[string]any)["name"].(string))
		}
		if kind == "TaskScheduled" || kind == "LambdaFunctionScheduled" {
			attempts++
		}
	}
	return described, path, attempts
}

// answer answers the token that waits in the queue, if there is one.
func (e *emulator) answer(t *testing.T, queue any, with json.RawMessage) bool {
	t.Helper()
	messages, _ := e.called(t, "sqs", "AmazonSQS.ReceiveMessage", map[string]any{"QueueUrl": queue})["Messages"].([]any)
	if len(messages) == 0 {
		return false
	}
	var body struct{ Token string }
	if err := json.Unmarshal([]byte(messages[0].(map[string]any)["Body"].(string)), &body); err != nil {
		t.Fatal(err)
	}
	e.called(t, "states", "AWSStepFunctions.SendTaskSuccess", map[string]any{"taskToken": body.Token, "output": string(with)})
	return true
}

// echo creates a function that echoes its input.
func (e *emulator) echo(t *testing.T) {
	t.Helper()
	role := url.Values{"Action": {"CreateRole"}, "Version": {"2010-05-08"}, "RoleName": {"echo"}, "AssumeRolePolicyDocument": {`{"Version": "2012-10-17", "Statement": []}`}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.endpoint, strings.NewReader(role.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("making a role: %d", answer.StatusCode)
	}
	var archive bytes.Buffer
	files := zip.NewWriter(&archive)
	if _, err := files.Create("bootstrap"); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	name, handler, arn := "echo", "bootstrap", "arn:aws:iam::"+e.account+":role/echo"
	if _, err := lambda.NewFromConfig(e.config(t)).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Handler: &handler, Role: &arn, Runtime: types.RuntimeProvidedal2023, Code: &types.FunctionCode{ZipFile: archive.Bytes()},
	}); err != nil {
		t.Fatal(err)
	}
}
