package preview

import (
	"time"

	"github.com/noren-cdk/noren/internal/preview/edge"
)

// Event is something that happened in a preview, in the form of --json.
type Event struct {
	Event string    `json:"event"` // "ready", "mode", "fault", "night" or "request"
	Time  time.Time `json:"time"`
	Mode  string    `json:"mode"` // after the event, or the one that answered the request

	// For "ready".
	Site    string   `json:"site,omitempty"`
	API     string   `json:"api,omitempty"`
	Control string   `json:"control,omitempty"`
	Modes   []string `json:"modes,omitempty"`
	Notes   []string `json:"notes,omitempty"`

	// For "request".
	Method       string  `json:"method,omitempty"`
	URL          string  `json:"url,omitempty"`
	Status       int     `json:"status,omitempty"`
	Rule         string  `json:"rule,omitempty"`   // its priority, "default" or "none"
	Target       string  `json:"target,omitempty"` // the logical id of the target group
	Cause        string  `json:"cause,omitempty"`  // why the load balancer itself answered
	Milliseconds float64 `json:"milliseconds,omitempty"`

	// For "night": the step, the event of its state as Step Functions names it,
	// and why something failed.
	State    string `json:"state,omitempty"`
	Happened string `json:"happened,omitempty"`
	Why      string `json:"why,omitempty"`

	// For "fault": what the application does from now on, empty if it is well.
	Fault string `json:"fault,omitempty"`
}

// tell reports an event.
func (p *Preview) tell(e Event) {
	if p.config.Events == nil {
		return
	}
	e.Time = time.Now().UTC()
	p.telling.Lock()
	defer p.telling.Unlock()
	p.config.Events(e)
}

// observe records a request that was answered.
func (p *Preview) observe(o edge.Observation) {
	p.journal.add(o)
	if watch := p.watching.Load(); watch != nil {
		(*watch)(o)
	}
	p.tell(Event{
		Event: "request", Mode: o.Mode, Method: o.Method, URL: o.URL, Status: o.Status, Rule: o.RuleName(), Target: o.Group,
		Cause: o.Cause, Milliseconds: float64(o.Duration.Microseconds()) / 1000,
	})
}
