package window

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Payload is the input of the function for a step. It leaves out what the step
// does not need.
type Payload struct {
	// Step is the name of the step, and Window the id of the window.
	Step   string `json:"step"`
	Window string `json:"window"`

	// Execution is the ARN of the execution.
	Execution string `json:"execution,omitempty"`

	// Started is when the execution was started, and Input the id of the window
	// for which it was started.
	Started string `json:"started,omitempty"`
	Input   string `json:"input,omitempty"`

	// Earliest and Latest are the times between which the night may begin. For
	// opening, Latest is the time until which the night may open.
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`

	// From and End are the planned beginning and end.
	From time.Time `json:"from,omitzero"`
	End  time.Time `json:"end,omitzero"`

	// Needs is how many seconds the changes took in their rehearsal.
	Needs int `json:"needs,omitempty"`

	// Mode is the mode that the product is turned to, or that it is expected in.
	Mode maintenance.Mode `json:"mode,omitempty"`

	// Cluster, Task and Role say where and with whose rights the schema changes
	// run: the ARNs of the cluster, of the task definition, and of the role of
	// the state machine.
	Cluster string `json:"cluster,omitempty"`
	Task    string `json:"task,omitempty"`
	Role    string `json:"role,omitempty"`

	// Requests are the requests of verify.
	Requests []Request `json:"requests,omitempty"`

	// Rehearsed is how many seconds each change took in its rehearsal, by the
	// name of its step.
	Rehearsed map[string]int `json:"rehearsed,omitempty"`

	// Status is the status of an execution that has ended.
	Status string `json:"status,omitempty"`

	// Token is the token with which the question is answered.
	Token string `json:"token,omitempty"`
}

// payload returns the input of the function for a step. A value that begins with
// $. or $$. is a path into the input or the context of the execution.
func (w Window) payload(step Step, r Resources) Payload {
	p := Payload{Step: step.Name, Window: w.ID(), Execution: "$$.Execution.Id"}
	from, end := w.Start.UTC(), w.End.UTC()
	switch step.Name {
	case Preflight:
		p.Started, p.Input = "$$.Execution.StartTime", "$.window"
		p.Earliest, p.Latest = from.Add(-Early), from.Add(Late)
		p.End, p.Needs, p.Mode = end, int(w.Rehearsed().Seconds()), w.Mode
		if len(w.Changes) > 0 {
			p.Cluster, p.Task, p.Role = r.Cluster, r.Task, r.Role
		}
	case Announce, AnnounceCompleted, Mute, Unmute:
		p.From, p.End, p.Mode = from, end, w.Mode
	case Close:
		p.Mode, p.End, p.Needs = w.Mode, end, int(w.Rehearsed().Seconds())
	case ClosedEverywhere, Drained:
		p.Mode = w.Mode
	case Verify:
		p.Mode, p.Requests = w.Mode, w.Verify
	case Ask:
		p.Mode, p.Token = w.Mode, "$$.Task.Token"
	case Open:
		p.Mode, p.Latest = maintenance.Open, end.Add(OpensWithin)
	case OpenEverywhere:
		p.Mode = maintenance.Open
	case Report:
		for _, c := range w.Changes {
			if p.Rehearsed == nil {
				p.Rehearsed = map[string]int{}
			}
			p.Rehearsed[changePrefix+c.Name] = int(c.Rehearsed.Seconds())
		}
	}
	return p
}

// parameters are a payload in the form of the state machine: the name of a field
// whose value is a path ends with .$.
type parameters Payload

// MarshalJSON encodes the payload with the names for paths.
func (p parameters) MarshalJSON() ([]byte, error) {
	text, err := encode(Payload(p))
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	named := map[string]any{}
	for name, value := range fields {
		if path, ok := value.(string); ok && (strings.HasPrefix(path, "$.") || strings.HasPrefix(path, "$$.")) {
			name += ".$"
		}
		named[name] = value
	}
	return encode(named)
}

// Ahead returns the input of the function for announcing the night to clients.
func (w Window) Ahead() string {
	return w.scheduled(Payload{Step: AnnounceScheduled, From: w.Start.UTC(), End: w.End.UTC()})
}

// Withdrawal returns the input of the function for a window that is cancelled
// before it begins.
func (w Window) Withdrawal() string { return w.scheduled(Payload{Step: Withdraw}) }

// NearEnd returns the input of the function for when the end is near.
func (w Window) NearEnd() string {
	return w.scheduled(Payload{Step: NearEnd, From: w.Start.UTC(), End: w.End.UTC(), Mode: w.Mode})
}

func (w Window) scheduled(p Payload) string {
	p.Window = w.ID()
	return maintenance.JSON(p)
}
