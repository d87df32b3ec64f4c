package states

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fakeClock is a clock on which waits take no time. Whoever waits on a limit has
// it end at once.
type fakeClock struct {
	now    time.Time
	waited []time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Wait(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.waited = append(c.waited, d)
	return ctx.Err()
}

func (c *fakeClock) Limit(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	return context.WithValue(ctx, limitKey{}, cancel), func() { cancel(nil) }
}

type limitKey struct{}

// runOut ends the time limit of the state whose context ctx is.
func runOut(ctx context.Context) { ctx.Value(limitKey{}).(context.CancelCauseFunc)(errTimeout) }

// A scenario is a file of testdata, which moto's interpreter also runs, in
// test/e2e.
type scenario struct {
	About      string
	Definition json.RawMessage
	Input      json.RawMessage
	Answer     json.RawMessage // for the token
	Want       struct {
		Status   string
		Output   any
		Error    string
		Path     []string
		Attempts int
	}
}

// TestScenarios checks that each file of testdata takes the path that it says.
// test/e2e runs moto's interpreter on the same files.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("testdata has %d files (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s scenario
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			m, err := Read(s.Definition)
			if err != nil {
				t.Fatal(err)
			}
			var e *Execution
			input := strings.Replace(string(s.Input), "{", `{"queue": "q",`, 1)
			if string(s.Input) == "{}" {
				input = `{"queue": "q"}`
			}
			if !strings.Contains(string(s.Definition), "$.queue") {
				input = string(s.Input)
			}
			e, err = m.Execution(Config{Input: []byte(input), Clock: &fakeClock{}, Tasks: map[string]Task{
				"lambda:invoke": func(_ context.Context, c Call) (any, error) {
					return map[string]any{"StatusCode": 200, "Payload": c.Parameters.(map[string]any)["Payload"]}, nil
				},
				"aws-sdk:ssm:getParameter": func(context.Context, Call) (any, error) {
					return nil, &Failure{Name: "Ssm.ParameterNotFoundException", Cause: "there is none"}
				},
				"sqs:sendMessage": func(ctx context.Context, c Call) (any, error) {
					if s.Answer == nil {
						runOut(ctx)
						return nil, nil
					}
					return nil, e.SendTaskSuccess(c.Token, s.Answer)
				},
			}})
			if err != nil {
				t.Fatal(err)
			}
			status, err := e.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var path []string
			attempts := 0
			for _, h := range e.History() {
				if strings.HasSuffix(h.Type, "StateEntered") {
					path = append(path, h.State)
				}
				if h.Type == "TaskScheduled" {
					attempts++
				}
			}
			if string(status) != s.Want.Status || !reflect.DeepEqual(path, s.Want.Path) || attempts != s.Want.Attempts {
				t.Errorf("%s\ngot %s by %q with %d attempts, want %s by %q with %d", s.About, status, path, attempts, s.Want.Status, s.Want.Path, s.Want.Attempts)
			}
			if name := nameOf(e.Failure()); name != s.Want.Error {
				t.Errorf("got the failure %v, want %q", e.Failure(), s.Want.Error)
			}
			var output any
			if status == Succeeded {
				if err := json.Unmarshal([]byte(e.Output()), &output); err != nil {
					t.Fatal(err)
				}
			}
			if !reflect.DeepEqual(output, s.Want.Output) {
				t.Errorf("got the output %v, want %v", output, s.Want.Output)
			}
		})
	}
}

func nameOf(f *Failure) string {
	if f == nil {
		return ""
	}
	return f.Name
}

// TestRead_RefusesByName checks that Read names what it does not support.
func TestRead_RefusesByName(t *testing.T) {
	one := func(state string) string { return `{"StartAt": "A", "States": {"A": ` + state + `}}` }
	for _, c := range []struct{ definition, want string }{
		{one(`{"Type": "Parallel", "Branches": [], "End": true}`), `state "A": type "Parallel"`},
		{one(`{"Type": "Map", "End": true}`), `type "Map"`},
		{one(`{"Type": "Pass", "QueryLanguage": "JSONata", "End": true}`), `field "QueryLanguage"`},
		{`{"QueryLanguage": "JSONata", "StartAt": "A", "States": {}}`, `field "QueryLanguage"`},
		{one(`{"Type": "Pass", "Assign": {}, "End": true}`), `field "Assign"`},
		{one(`{"Type": "Pass"}`), `want either Next or End`},
		{one(`{"Type": "Pass", "Next": "A", "End": true}`), `want either Next or End`},
		{one(`{"Type": "Pass", "Next": "B"}`), `state "A" leads to "B"`},
		{`{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}`, `no state leads to state "B"`},
		{one(`{"Type": "Pass", "InputPath": "$.a[*]", "End": true}`), `InputPath: path "$.a[*]"`},
		{one(`{"Type": "Pass", "InputPath": "$..a", "End": true}`), `path "$..a"`},
		{one(`{"Type": "Pass", "Parameters": {"a.$": "States.UUID()"}, "End": true}`), `function States.UUID`},
		{one(`{"Type": "Pass", "Parameters": {"a.$": "States.Format('x'"}, "End": true}`), `closing parenthesis`},
		{one(`{"Type": "Pass", "Parameters": {"a.$": 3}, "End": true}`), `want a path or a function`},
		{one(`{"Type": "Pass", "Parameters": {"a.$": "'x'"}, "End": true}`), `want a path or a function`},
		{one(`{"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:1:function:x", "End": true}`), `resource "arn:aws:lambda`},
		{one(`{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.never", "End": true}`), `resource "arn:aws:states:::lambda:invoke.never"`},
		{one(`{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "HeartbeatSeconds": 3, "End": true}`), `field "HeartbeatSeconds"`},
		{one(`{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 0, "End": true}`), `TimeoutSeconds is 0`},
		{one(`{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Retry": [{"MaxAttempts": 1}], "End": true}`), `Retry 1: want ErrorEquals`},
		{one(`{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Catch": [{"ErrorEquals": ["x"]}], "End": true}`), `Catch 1: want ErrorEquals and Next`},
		{one(`{"Type": "Choice", "Choices": [{"Variable": "$.a", "BooleanLessThan": true, "Next": "A"}]}`), `comparison "BooleanLessThan"`},
		{one(`{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": 3, "Next": "A"}]}`), `StringEquals is 3`},
		{one(`{"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "x"}]}`), `want Next`},
		{one(`{"Type": "Choice", "Choices": []}`), `want Choices`},
		{one(`{"Type": "Wait", "Seconds": 1, "Timestamp": "2026-12-01T02:00:00Z", "End": true}`), `want one of Seconds`},
		{one(`{"Type": "Wait", "Timestamp": "tomorrow", "End": true}`), `Timestamp`},
	} {
		if _, err := Read([]byte(c.definition)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot %v, want %s", c.definition, err, c.want)
		}
	}
}

const steps = `{"StartAt": "Close", "States": {
	"Close": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload": {"step": "close"}}, "ResultPath": "$.close", "Next": "Change"},
	"Change": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": {"Redrives.$": "$$.Execution.RedriveCount"}, "ResultPath": null,
		"Retry": [{"ErrorEquals": ["ECS.AmazonECSException"], "IntervalSeconds": 10, "MaxAttempts": 2, "BackoffRate": 3}], "TimeoutSeconds": 3600, "Next": "Open"},
	"Open": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f", "Payload": {"step": "open"}}, "End": true}}}`

// TestRedrive checks that an execution continues with the state that failed, with
// its input, and counts its attempts from the beginning.
func TestRedrive(t *testing.T) {
	m, err := Read([]byte(steps))
	if err != nil {
		t.Fatal(err)
	}
	clock := &fakeClock{now: time.Date(2026, 12, 1, 2, 0, 0, 0, time.UTC)}
	var called []string
	fails := 5
	e, err := m.Execution(Config{Clock: clock, Tasks: map[string]Task{
		"lambda:invoke": func(_ context.Context, c Call) (any, error) {
			called = append(called, c.State)
			return map[string]string{"done": c.State}, nil
		},
		"ecs:runTask": func(_ context.Context, c Call) (any, error) {
			redrives := c.Parameters.(map[string]any)["Redrives"].(json.Number).String()
			called = append(called, c.State+redrives)
			if fails--; fails >= 0 {
				return nil, &Failure{Name: "ECS.AmazonECSException", Cause: "no capacity"}
			}
			return nil, nil
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Redrive(t.Context()); err == nil {
		t.Error("what has not run was redriven")
	}
	if status, err := e.Run(t.Context()); err != nil || status != Failed || e.State() != "Change" {
		t.Fatalf("got %s in %s, %v", status, e.State(), err)
	}
	if status, err := e.Redrive(t.Context()); err != nil || status != Succeeded {
		t.Fatalf("got %s, %v, %v", status, err, e.Failure())
	}
	if got, want := strings.Join(called, " "), "Close Change0 Change0 Change0 Change1 Change1 Change1 Open"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if want := []time.Duration{10 * time.Second, 30 * time.Second, 10 * time.Second, 30 * time.Second}; !reflect.DeepEqual(clock.waited, want) {
		t.Errorf("waited %v, want %v", clock.waited, want)
	}
	for _, again := range []func(context.Context) (Status, error){e.Run, e.Redrive} {
		if _, err := again(t.Context()); err == nil {
			t.Error("what has succeeded ran again")
		}
	}
}

// TestAbort checks that an execution that is aborted, or that has timed out, ends
// where it is, whatever Retry and Catch say, and can be redriven.
func TestAbort(t *testing.T) {
	const definition = `{"TimeoutSeconds": 60, "StartAt": "Change", "States": {
		"Change": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Retry": [{"ErrorEquals": ["States.ALL"]}],
			"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Open"}], "Next": "Open"},
		"Open": {"Type": "Succeed"}}}`
	m, err := Read([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	for want, end := range map[Status]func(context.Context, *Execution){
		Aborted:  func(_ context.Context, e *Execution) { e.Abort() },
		TimedOut: func(ctx context.Context, _ *Execution) { runOut(ctx) },
	} {
		var e *Execution
		calls := 0
		e, err := m.Execution(Config{Clock: &fakeClock{}, Tasks: map[string]Task{"ecs:runTask": func(ctx context.Context, _ Call) (any, error) {
			if calls++; calls > 1 {
				return nil, nil
			}
			end(ctx, e)
			<-ctx.Done()
			return nil, ctx.Err()
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := e.Run(t.Context()); err != nil || status != want || e.State() != "Change" || calls != 1 {
			t.Errorf("got %s in %s after %d calls, %v: want %s in Change", status, e.State(), calls, err, want)
		}
		if status, err := e.Redrive(t.Context()); err != nil || status != Succeeded {
			t.Errorf("redriven after %s: got %s, %v", want, status, err)
		}
	}
}

// TestTokens checks that a token counts once, for the attempt that it was made
// for, and not after the task has timed out.
func TestTokens(t *testing.T) {
	const definition = `{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
		"Parameters": {"token.$": "$$.Task.Token"}, "TimeoutSeconds": 60, "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}], "End": true}}}`
	m, err := Read([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	var e *Execution
	var tokens []string
	e, err = m.Execution(Config{Clock: &fakeClock{}, Tasks: map[string]Task{"lambda:invoke": func(ctx context.Context, c Call) (any, error) {
		if c.Parameters.(map[string]any)["token"] != c.Token {
			t.Errorf("the parameters have the token %v, want %s", c.Parameters, c.Token)
		}
		if tokens = append(tokens, c.Token); len(tokens) == 1 {
			runOut(ctx)
			return nil, nil
		}
		if err := e.SendTaskSuccess(tokens[0], []byte(`"late"`)); !errors.Is(err, ErrUnknownToken) {
			t.Errorf("a late token: got %v", err)
		}
		if err := e.SendTaskFailure(c.Token, &Failure{Name: "No", Cause: "a person said no"}); err != nil {
			t.Error(err)
		}
		if err := e.SendTaskSuccess(c.Token, []byte(`"again"`)); !errors.Is(err, ErrUnknownToken) {
			t.Errorf("a token again: got %v", err)
		}
		return nil, nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := e.Run(t.Context()); err != nil || status != Failed || nameOf(e.Failure()) != "No" {
		t.Errorf("got %s, %v, %v", status, e.Failure(), err)
	}
	if len(tokens) != 2 || tokens[0] == tokens[1] {
		t.Errorf("tokens: %q", tokens)
	}
}

// TestExecution_NamesAbsentServices checks that an execution does not begin
// unless every service that it calls is present.
func TestExecution_NamesAbsentServices(t *testing.T) {
	m, err := Read([]byte(steps))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Execution(Config{}); err == nil || !strings.Contains(err.Error(), "ecs:runTask, lambda:invoke") {
		t.Errorf("got %v", err)
	}
}

// TestRetrier checks that intervals grow up to their limit.
func TestRetrier(t *testing.T) {
	r, err := readRetrier([]byte(`{"ErrorEquals": ["x"], "IntervalSeconds": 2, "MaxAttempts": 4, "BackoffRate": 3, "MaxDelaySeconds": 20}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Duration
	for n := 0; ; n++ {
		d, again := r.pause(n)
		if !again {
			break
		}
		got = append(got, d)
	}
	if want := []time.Duration{2 * time.Second, 6 * time.Second, 18 * time.Second, 20 * time.Second}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestRead_TakesTheNight checks that the state machine of a planned maintenance
// can be read.
func TestRead_TakesTheNight(t *testing.T) {
	definition, err := os.ReadFile(filepath.Join("..", "..", "window", "testdata", "night.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(definition)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(m.Resources(), " "); got != "ecs:runTask lambda:invoke" {
		t.Errorf("it calls %s", got)
	}
}
