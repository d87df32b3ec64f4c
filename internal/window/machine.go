package window

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Resources are the resources that the state machine names: ARNs and names, or
// placeholders for CloudFormation such as ${Function}.
type Resources struct {
	// Function is the ARN of the function of the steps. Required.
	Function string

	// Cluster, Task, SecurityGroup and Subnets say where the schema changes run.
	// Container is the name of the container. Role is the ARN of the role that
	// runs them, which is the state machine's. Stack and Switch are the stack
	// name and the path of the switch whose mode the changes check before they
	// begin. Required with changes.
	Cluster, Task, SecurityGroup, Container string
	Subnets                                 []string
	Role                                    string
	Stack, Switch                           string
}

// Machine is a state machine in the Amazon States Language, as far as a night
// needs it.
type Machine struct {
	Comment string
	StartAt string
	States  States
}

// States are the states in order; their JSON keeps the order.
type States []State

// State is a task. No state has a Catch: a failed task fails the execution, which
// is then redriven from that task, and nothing leads past it.
type State struct {
	Name           string `json:"-"`
	Type           string
	Comment        string
	Resource       string
	Parameters     any
	ResultSelector map[string]string `json:",omitempty"`
	ResultPath     *string           // null drops the result
	TimeoutSeconds int
	Retry          []Retry `json:",omitempty"`
	Next           string  `json:",omitempty"`
	End            bool    `json:",omitempty"`
}

// Retry is a Repeat in the form of Step Functions.
type Retry struct {
	ErrorEquals     []string
	IntervalSeconds int
	BackoffRate     float64
	MaxAttempts     int
}

// The kinds of call.
const (
	invokeFunction = "arn:aws:states:::lambda:invoke"
	invokeAndWait  = "arn:aws:states:::lambda:invoke.waitForTaskToken"
	runTask        = "arn:aws:states:::ecs:runTask.sync"
)

// MarshalJSON encodes the states as an object, in order.
func (s States) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, state := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(state.Name)
		if err != nil {
			return nil, err
		}
		value, err := encode(state)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%s:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode is like json.Marshal, but does not escape < and >.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSpace(b.Bytes()), err
}

// Machine returns the state machine of the night.
func (w Window) Machine(r Resources) Machine {
	steps := w.Steps()
	m := Machine{Comment: "The maintenance of " + w.Start.UTC().Format(time.RFC3339) + ", " + w.ID(), StartAt: steps[0].Name}
	for i, step := range steps {
		s := State{
			Name: step.Name, Type: "Task", Comment: step.Does,
			TimeoutSeconds: int(step.Timeout.Seconds()),
		}
		switch step.Kind {
		case ByFunction:
			s.Resource, s.Parameters = invokeFunction, invocation{r.Function, parameters(w.payload(step, r))}
			s.ResultSelector = map[string]string{"said.$": "$.Payload.said"}
			s.ResultPath = path(step.Name)
		case ByPerson:
			s.Resource, s.Parameters = invokeAndWait, invocation{r.Function, parameters(w.payload(step, r))}
			s.ResultPath = path(step.Name)
		case ByTask:
			s.Resource, s.Parameters = runTask, r.task(w.command(step, r))
		}
		for _, repeat := range step.Repeats {
			s.Retry = append(s.Retry, Retry{repeat.Errors, int(repeat.Every.Seconds()), repeat.Backoff, repeat.Times})
		}
		if i+1 < len(steps) {
			s.Next = steps[i+1].Name
		} else {
			s.End = true
		}
		m.States = append(m.States, s)
	}
	return m
}

// Definition returns the state machine as text.
func (w Window) Definition(r Resources) string {
	text, err := encode(w.Machine(r))
	if err != nil {
		panic(err) // everything in it can be encoded
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", " "); err != nil {
		panic(err)
	}
	return b.String()
}

func path(name string) *string {
	path := "$." + name
	return &path
}

// invocation has the parameters of a call of the function.
type invocation struct {
	FunctionName string
	Payload      parameters
}

// Input returns the input with which the state machine is started.
func (w Window) Input() string { return `{"window":"` + w.ID() + `"}` }

// command is what the task of a step runs. A task that changes the schema looks
// itself whether the product is in the mode of the night: whoever continues the
// execution in the console begins with it. The check is made while it is open.
func (w Window) command(step Step, r Resources) []string {
	file := func(c Change) string { return "/changes/" + c.Name }
	if step.Name == CheckChanges {
		command := []string{"ddl", "run", "--check", "--writes", "stopped"}
		for _, c := range w.Changes {
			command = append(command, file(c)+".sql")
		}
		return command
	}
	return []string{
		"ddl", "run", file(step.Change) + ".sql", "--rehearsal", file(step.Change) + ".rehearsal.json", "--writes", "stopped",
		"--while", string(w.Mode), "--stack", r.Stack, "--switch", r.Switch,
	}
}

// task are the parameters of the task that runs a command of noren.
func (r Resources) task(command []string) any {
	type container struct {
		Name    string
		Command []string
	}
	type network struct {
		Subnets, SecurityGroups []string
		AssignPublicIp          string
	}
	return struct {
		LaunchType, Cluster, TaskDefinition string
		NetworkConfiguration                struct{ AwsvpcConfiguration network }
		Overrides                           struct{ ContainerOverrides []container }
	}{
		"FARGATE", r.Cluster, r.Task,
		struct{ AwsvpcConfiguration network }{network{r.Subnets, []string{r.SecurityGroup}, "DISABLED"}},
		struct{ ContainerOverrides []container }{[]container{{r.Container, command}}},
	}
}
