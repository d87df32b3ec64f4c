package preview

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/preview/lambdaruntime"
	"github.com/noren-cdk/noren/internal/preview/process"
	"github.com/noren-cdk/noren/internal/preview/states"
)

// nightFunction is a function that the night calls. If it was killed, the next
// call starts it again.
type nightFunction struct {
	mu      sync.Mutex
	config  lambdaruntime.Config
	running *lambdaruntime.Function
	absent  error // why it does not run here
}

func (f *nightFunction) get() (*lambdaruntime.Function, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.absent != nil {
		return nil, f.absent
	}
	if f.running == nil {
		running, err := lambdaruntime.New(f.config)
		if err != nil {
			return nil, err
		}
		f.running = running
	}
	return f.running, nil
}

// close ends the function, whatever it is doing.
func (f *nightFunction) close() {
	f.mu.Lock()
	running := f.running
	f.running = nil
	f.mu.Unlock()
	if running != nil {
		running.Close()
	}
}

// function returns a function of the template, as the account would run it.
func (n *Night) function(id string) (*nightFunction, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if f := n.functions[id]; f != nil {
		return f, nil
	}
	all, err := cfn.Resources(bytes.NewReader(n.template), n.account.Options(), "AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r cfn.Resource) bool { return r.LogicalID == id })
	if i < 0 {
		return nil, fmt.Errorf("the template has no function %s", id)
	}
	known, err := n.p.functions()
	if err != nil {
		return nil, err
	}
	f := &nightFunction{}
	n.functions[id] = f
	if f.config, f.absent = n.p.program(known[id]); f.absent != nil {
		return f, nil
	}
	variables := n.account.Environment()
	environment, _ := all[i].Properties["Environment"].(map[string]any)
	given, _ := environment["Variables"].(map[string]any)
	for name, value := range given {
		variables[name] = n.p.addresses.localize(fmt.Sprint(value))
	}
	f.config.FunctionName, f.config.Environment, f.config.Log = id, variables, n.p.log
	f.config.Memory, f.config.Timeout = 512, 15*time.Minute // the state has the limit
	return f, nil
}

// invoke calls a function on behalf of the account. A function that does not run
// here, for example because it calls a service elsewhere, is assumed to have done
// its work, and the report says so.
func (n *Night) invoke(ctx context.Context, id string, payload []byte) ([]byte, error) {
	f, err := n.function(id)
	if err != nil {
		return nil, err
	}
	running, err := f.get()
	if err != nil {
		n.p.noteOnce("function %s does not run here, and is taken to have done its work: %v", id, err)
		return []byte("null"), nil
	}
	return running.Invoke(ctx, payload)
}

// callFunction is the task lambda:invoke.
func (n *Night) callFunction(ctx context.Context, c states.Call) (any, error) {
	if err := n.failOnce(c.State); err != nil {
		return nil, err
	}
	parameters, _ := c.Parameters.(map[string]any)
	name, _ := parameters["FunctionName"].(string)
	payload, err := json.Marshal(parameters["Payload"])
	if err != nil {
		return nil, err
	}
	id := name[strings.LastIndexByte(name, ':')+1:]
	f, err := n.function(id)
	if err != nil {
		return nil, err
	}
	running, err := f.get()
	if err != nil {
		return nil, err
	}
	if n.config.Kill != nil && n.config.Kill(c.State) {
		timer := time.AfterFunc(20*time.Millisecond, f.close)
		defer timer.Stop()
	}
	answer, err := running.Invoke(ctx, payload)
	if err != nil {
		return nil, lambdaFailure(err)
	}
	var said any
	if err := json.Unmarshal(answer, &said); err != nil {
		return nil, fmt.Errorf("the answer of %s: %w", id, err)
	}
	return map[string]any{"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": said}, nil
}

// lambdaFailure returns an error of an invocation under its name in Step
// Functions.
func lambdaFailure(err error) error {
	var reported *lambdaruntime.FunctionError
	var crashed *lambdaruntime.CrashError
	var late *lambdaruntime.TimeoutError
	switch {
	case errors.As(err, &reported):
		return &states.Failure{Name: reported.Type, Cause: string(reported.Payload)}
	case errors.As(err, &crashed):
		return &states.Failure{Name: "Runtime.ExitError", Cause: crashed.Error()}
	case errors.As(err, &late):
		return &states.Failure{Name: "Sandbox.Timedout", Cause: late.Error()}
	case errors.Is(err, lambdaruntime.ErrClosed):
		return &states.Failure{Name: "Lambda.Unknown", Cause: "the function was ended"}
	case errors.Is(err, lambdaruntime.ErrThrottled):
		return &states.Failure{Name: "Lambda.TooManyRequestsException", Cause: err.Error()}
	}
	return err
}

// failOnce fails the step that should fail, on the first attempt.
func (n *Night) failOnce(state string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if state != n.config.Fail || n.failed[state] {
		return nil
	}
	n.failed[state] = true
	return &states.Failure{Name: "Preview.Broken", Cause: "it was broken on purpose"}
}

// changesFolder is where the task's image has the schema changes.
const changesFolder = "/changes/"

// runTask is the task ecs:runTask.sync: the container of a schema change is noren
// itself, with its files in a folder and a login to the preview's database.
func (n *Night) runTask(ctx context.Context, c states.Call) (any, error) {
	if err := n.failOnce(c.State); err != nil {
		return nil, err
	}
	arguments, err := command(c.Parameters)
	if err != nil {
		return nil, err
	}
	for i, a := range arguments {
		if name, ok := strings.CutPrefix(a, changesFolder); ok {
			arguments[i] = filepath.Join(n.config.Changes, name)
		}
	}
	program := n.config.Noren
	if len(program) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		program = []string{self}
	}
	if n.p.database == "" {
		return nil, &states.Failure{Name: states.TaskFailure, Cause: "the embedded database takes no noren ddl: name a MySQL or MariaDB with --dsn"}
	}
	last := &tail{}
	task := exec.Command(program[0], slices.Concat(program[1:], arguments)...)
	task.Env = append(os.Environ(), "DB_DSN="+n.p.database)
	for name, value := range n.account.Environment() {
		task.Env = append(task.Env, name+"="+value)
	}
	task.Stdout, task.Stderr = last, last
	if err := process.Start(task); err != nil {
		return nil, err
	}
	var ended error
	done := make(chan struct{})
	go func() {
		ended = task.Wait()
		close(done)
	}()
	select {
	case <-done:
		err = ended
	case <-ctx.Done():
		_ = task.Process.Signal(syscall.SIGTERM)
		select {
		case <-done:
		case <-time.After(30 * time.Second): // the time that ECS gives
			process.Kill(task.Process)
			<-done
		}
		return nil, ctx.Err()
	}
	fmt.Fprintf(n.p.log, "%s: %s\n", c.State, last)
	if err == nil {
		return map[string]any{"LastStatus": "STOPPED"}, nil
	}
	cause, err := json.Marshal(map[string]any{
		"StoppedReason": "Essential container in task exited",
		"Containers":    []any{map[string]any{"ExitCode": task.ProcessState.ExitCode(), "Reason": whyFailed(last.String())}},
	})
	if err != nil {
		return nil, err
	}
	return nil, &states.Failure{Name: states.TaskFailure, Cause: string(cause)}
}

// whyFailed returns the error with which noren ended, on one line, from
// everything that it wrote; or the last line, if it has no error.
func whyFailed(text string) string {
	const begin = "noren: "
	i := strings.LastIndex("\n"+text, "\n"+begin)
	if i < 0 {
		return text[strings.LastIndexByte(text, '\n')+1:]
	}
	return strings.Join(strings.Fields(text[i+len(begin):]), " ")
}

// command returns the command of a task's container.
func command(parameters any) ([]string, error) {
	var p struct {
		Overrides struct{ ContainerOverrides []struct{ Command []string } }
	}
	text, err := json.Marshal(parameters)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || len(p.Overrides.ContainerOverrides) != 1 || len(p.Overrides.ContainerOverrides[0].Command) == 0 {
		return nil, fmt.Errorf("the task has no command: %s", text)
	}
	return p.Overrides.ContainerOverrides[0].Command, nil
}

// apply carries out an update of the stack here: it asks the guard, updates the
// responder's variables, and turns the listener.
func (n *Night) apply(before, after []byte) error {
	if err := n.askGuard(before, after); err != nil {
		return err
	}
	mode, err := modeOf(after)
	if err != nil {
		return err
	}
	if err := n.p.update(after); err != nil {
		return err
	}
	return n.p.Flip(mode)
}
