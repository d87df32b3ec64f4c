package window

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/noren-cdk/noren/maintenance"
)

// Payload is what the function is told of a step. What a step does not need is
// left out.
type Payload struct {
	// Step is the name of the step, and Window the id of the window.
	Step   string `json:"step"`
	Window string `json:"window"`

	// Execution is the ARN of the execution.
	Execution string `json:"execution,omitempty"`

	// Started is when the execution was started, and Input the id of the window
	// that it was started for.
	Started string `json:"started,omitempty"`
	Input   string `json:"input,omitempty"`

	// Earliest and Latest are the times between which the night may begin, and
	// Latest also that until which it may open.
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`

	// From and End are when it begins and ends by plan.
	From time.Time `json:"from,omitzero"`
	End  time.Time `json:"end,omitzero"`

	// Needs is how many seconds the changes took when they were rehearsed.
	Needs int `json:"needs,omitempty"`

	// Mode is the mode that the product is turned to, or that it is expected in.
	Mode maintenance.Mode `json:"mode,omitempty"`

	// Cluster and Task are where the schema changes run, and Role is whose rights run
	// them: the ARNs of the cluster, of the task definition, and of the role of the
	// state machine.
	Cluster string `json:"cluster,omitempty"`
	Task    string `json:"task,omitempty"`
	Role    string `json:"role,omitempty"`

	// Requests are those of verify.
	Requests []Request `json:"requests,omitempty"`

	// Rehearsed is how many seconds each change took when it was rehearsed, by the
	// name of its step.
	Rehearsed map[string]int `json:"rehearsed,omitempty"`

	// Status is that of an execution that has ended.
	Status string `json:"status,omitempty"`

	// Token is that of the question, with which it is answered.
	Token string `json:"token,omitempty"`
}

// payload is what the function is told of a step. What begins with $. or $$. is a
// path into the input or the context of the execution.
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

// parameters are a payload as the state machine has it: the name of a field whose
// value is a path ends with .$.
type parameters Payload

// MarshalJSON writes the payload with the names of paths.
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

// Ahead is what the function is told when clients are to be told of what comes.
func (w Window) Ahead() string {
	return w.scheduled(Payload{Step: AnnounceScheduled, From: w.Start.UTC(), End: w.End.UTC()})
}

// Withdrawal is what the function is told when the window was cancelled before it
// began.
func (w Window) Withdrawal() string { return w.scheduled(Payload{Step: Withdraw}) }

// NearEnd is what the function is told when the end is near.
func (w Window) NearEnd() string {
	return w.scheduled(Payload{Step: NearEnd, From: w.Start.UTC(), End: w.End.UTC(), Mode: w.Mode})
}

func (w Window) scheduled(p Payload) string {
	p.Window = w.ID()
	return maintenance.JSON(p)
}
