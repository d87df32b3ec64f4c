package replay

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// Report is the result of a Replay. Lists are ordered by importance.
type Report struct {
	Lines    Lines      `json:"lines"`
	From     *time.Time `json:"from,omitempty"` // when the first request began
	To       *time.Time `json:"to,omitempty"`   // when the last one began
	Requests Counts     `json:"requests"`

	// DependsOn says what the fate of requests depends on if the log leaves it
	// open.
	DependsOn []Cause `json:"dependsOn"`

	Endpoints []Endpoint `json:"endpoints"`
	Clients   []Client   `json:"clients"`
	Methods   []Method   `json:"methods"`

	// Sessions counts sessions of the mobile app; the next fields count those
	// with a refusal, and what is refused first in them.
	Sessions      int64       `json:"sessions"`
	StuckSessions int64       `json:"stuckSessions"`
	FirstRefused  []FirstCall `json:"firstRefused"`

	Unused      []Unused     `json:"unused"` // patterns of the allowlist
	Suggestions []Suggestion `json:"suggestions"`
	SelfCheck   SelfCheck    `json:"selfCheck"`

	// LoadBalancers are the load balancers in the log, Ports the ports without a
	// listener.
	LoadBalancers []Named `json:"loadBalancers"`
	Ports         []Named `json:"portsWithoutListener"`
}

// Lines says what happened to the lines of the log.
type Lines struct {
	Files          int64       `json:"files"`
	Lines          int64       `json:"lines"`
	Entries        int64       `json:"entries"`   // that could be read
	Malformed      int64       `json:"malformed"` // that could not
	NoRequest      int64       `json:"noRequest"` // entries without a readable request, or with CONNECT
	OtherBalancers int64       `json:"otherLoadBalancers"`
	OtherPorts     int64       `json:"otherPorts"` // to ports without a listener
	Examples       []Malformed `json:"examples"`   // the first malformed ones
}

// Malformed is a line that is not an entry.
type Malformed struct {
	Place
	Error string `json:"error"`
}

// Cause is a header, or a doubt, that requests depend on.
type Cause struct {
	Headers  []string `json:"headers,omitempty"`
	Example  string   `json:"example,omitempty"` // what the rules want in the first header, such as "X-Client: ios"
	Reason   string   `json:"reason,omitempty"`
	Requests int64    `json:"requests"`
}

// Endpoint is a method and a path whose ids are folded into {id}. Endpoints that
// did not fit into the table have an empty Method and the Path Other.
type Endpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Counts
	App int64 `json:"app"` // from the mobile app
}

// Client is a family of user agents.
type Client struct {
	Family string `json:"family"`
	Kind   Kind   `json:"kind"`
	Counts
}

// Method is a request method.
type Method struct {
	Method string `json:"method"`
	Counts
}

// FirstCall is a call that is the first refused one in sessions of the mobile
// app.
type FirstCall struct {
	Method     string `json:"method"`
	Path       string `json:"path"`
	Sessions   int64  `json:"sessions"`
	FirstCalls int64  `json:"firstCalls"` // sessions that begin with it
}

// Unused is a pattern of the allowlist that no request used.
type Unused struct {
	Listener  string `json:"listener"`
	Pattern   string `json:"pattern"`
	Rule      int    `json:"rule"` // its priority
	LogicalID string `json:"logicalId"`
}

// Suggestion is a line that the allowlist may lack, or one that it has and for
// which clients lack a header.
type Suggestion struct {
	Pattern    string `json:"pattern"`
	Header     string `json:"header,omitempty"` // that clients lack, such as "X-Client: ios"
	Requests   int64  `json:"requests"`         // refused
	FirstCalls int64  `json:"firstCalls"`       // sessions of the app that begin with it
	Writes     bool   `json:"writes"`
}

// SelfCheck compares the template's rules with those that were recorded.
type SelfCheck struct {
	Since *time.Time `json:"since,omitempty"`
	CheckCounts

	// Bypassed counts requests that got through with the bypass secret, Settled
	// those whose fate the recorded rule decided, both from Since on.
	Bypassed int64 `json:"bypassed"`
	Settled  int64 `json:"settled"`

	// Disagreements has at most 200 entries; Disagreed is exact.
	Disagreements []Disagreement `json:"disagreements"`
}

// Disagreement is requests for which a rule other than the expected one was
// recorded.
type Disagreement struct {
	Method   string    `json:"method"`
	Path     string    `json:"path"`
	Recorded string    `json:"recorded"`
	Expected string    `json:"expected"`
	Requests int64     `json:"requests"`
	Example  Place     `json:"example"`
	Time     time.Time `json:"time"` // when the example occurred
}

// Named is a name and its number of requests.
type Named struct {
	Name     string `json:"name"`
	Requests int64  `json:"requests"`
}

// Report returns the result so far.
func (r *Replay) Report() Report {
	r.sessions.end()
	report := Report{
		Lines:         r.lines,
		DependsOn:     r.causes(),
		Endpoints:     r.endpointList(),
		Clients:       r.clients(),
		Sessions:      r.sessions.count,
		StuckSessions: r.sessions.stuck,
		FirstRefused:  r.firstRefused(),
		Suggestions:   r.suggestions(r.sessions.count > 0),
		SelfCheck:     SelfCheck{CheckCounts: r.check.counts, Bypassed: r.bypassed, Settled: r.settled},
		LoadBalancers: named(r.balancers),
		Ports:         named(r.noPort),
		Requests:      r.fates,
		Methods:       []Method{},
		Unused:        []Unused{},
	}
	report.SelfCheck.Disagreements = []Disagreement{}
	if report.Lines.Examples == nil {
		report.Lines.Examples = []Malformed{}
	}
	if !r.first.IsZero() {
		report.From, report.To = &r.first, &r.last
	}
	if !r.config.Since.IsZero() {
		report.SelfCheck.Since = &r.config.Since
	}
	for name, counts := range r.methods.names {
		report.Methods = append(report.Methods, Method{name, *counts})
	}
	slices.SortFunc(report.Methods, func(a, b Method) int { return cmp.Or(byWeight(a.Counts, b.Counts), cmp.Compare(a.Method, b.Method)) })
	for _, p := range r.judge.pairs {
		for _, allow := range p.allow {
			for _, v := range allow.values {
				if !v.used {
					report.Unused = append(report.Unused, Unused{p.closed.Name(), v.pattern, allow.rule.Priority, allow.rule.LogicalID})
				}
			}
		}
	}
	for _, d := range r.check.groups {
		report.SelfCheck.Disagreements = append(report.SelfCheck.Disagreements, *d)
	}
	slices.SortFunc(report.SelfCheck.Disagreements, func(a, b Disagreement) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method),
			cmp.Compare(a.Recorded, b.Recorded), cmp.Compare(a.Expected, b.Expected))
	})
	return report
}

// byWeight orders by the number of refused requests, then by those that may be
// refused.
func byWeight(a, b Counts) int {
	return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(b.Depends, a.Depends), cmp.Compare(b.Requests, a.Requests))
}

func (r *Replay) endpointList() []Endpoint {
	list := []Endpoint{}
	if other := r.endpoints.other; other.requests.Requests > 0 { // the more there are, the less the other endpoints say
		list = append(list, Endpoint{"", Other, other.requests, other.app.Requests})
	}
	for _, e := range r.endpoints.sorted(func(a, b *endpoint) int { return byWeight(a.requests, b.requests) }) {
		list = append(list, Endpoint{e.method, e.path, e.requests, e.app.Requests})
	}
	return list
}

func (r *Replay) clients() []Client {
	list := []Client{}
	for name, counts := range r.families.names {
		kind := r.families.kinds[name]
		if kind == "" {
			kind = Unknown
		}
		list = append(list, Client{name, kind, *counts})
	}
	slices.SortFunc(list, func(a, b Client) int { return cmp.Or(byWeight(a.Counts, b.Counts), cmp.Compare(a.Family, b.Family)) })
	return list
}

func (r *Replay) firstRefused() []FirstCall {
	list := []FirstCall{}
	for _, e := range r.endpoints.sorted(func(a, b *endpoint) int {
		return cmp.Or(cmp.Compare(b.firstCall, a.firstCall), cmp.Compare(b.firstRefused, a.firstRefused))
	}) {
		if e.firstRefused > 0 {
			list = append(list, FirstCall{e.method, e.path, e.firstRefused, e.firstCall})
		}
	}
	return list
}

func (r *Replay) causes() []Cause {
	list := []Cause{}
	for set, n := range r.headers {
		list = append(list, Cause{Headers: r.judge.names(set), Example: r.judge.example(set), Requests: n})
	}
	for bit, n := range r.doubts {
		for _, reason := range alb.Doubt(1 << bit).Reasons() {
			if n > 0 {
				list = append(list, Cause{Reason: reason, Requests: n})
			}
		}
	}
	slices.SortFunc(list, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Reason, b.Reason), slices.Compare(a.Headers, b.Headers))
	})
	return list
}

func named(counts map[string]int64) []Named {
	list := []Named{}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		list = append(list, Named{name, counts[name]})
	}
	slices.SortStableFunc(list, func(a, b Named) int { return cmp.Compare(b.Requests, a.Requests) })
	return list
}
