// Package replay determines what a maintenance would do to the traffic in an
// access log: which requests get through and which are refused, by endpoint and
// by client, and what is missing from the allowlist or never used.
//
// It uses a bounded amount of memory, however long or hostile the log is.
package replay

import (
	"sync/atomic"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// Config says what is replayed against what.
type Config struct {
	// Open and Maintenance are the templates of the two modes. Required.
	Open, Maintenance *alb.Template

	// LoadBalancer is the load balancer whose requests count, as logged or only
	// by its name. Default: all.
	LoadBalancer string

	// Assume gives the values of headers that a log does not contain.
	Assume []Assumption

	// App are patterns for the mobile app's user agents, with * and ?. Default:
	// whatever is not a browser, bot or tool.
	App []string

	// Since is when the load balancer began to have the rules of Open. From then
	// on, the rule that it recorded for a request is compared with the template,
	// and settles what depends on a header. Default: not known; rules are
	// compared, but settle nothing.
	Since time.Time
}

// Place is the position of a line in the logs.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Replay processes the entries of a log one by one.
type Replay struct {
	config    Config
	judge     *judge
	agents    *agents
	endpoints *endpoints
	methods   *tally
	families  *families
	sessions  *sessions
	check     *selfCheck

	lines     Lines
	seen      atomic.Int64 // lines, for progress displays
	fates     Counts
	headers   map[uint64]int64 // requests that depend on a set of headers
	doubts    [64]int64        // requests that depend on anything else, by bit
	first     time.Time
	last      time.Time
	noPort    map[string]int64 // requests to ports without a listener
	balancers map[string]int64
	bypassed  int64
	settled   int64
}

// New returns an empty Replay.
func New(config Config) (*Replay, error) {
	judge, err := newJudge(config.Open, config.Maintenance)
	if err != nil {
		return nil, err
	}
	return &Replay{
		config:    config,
		judge:     judge,
		agents:    newAgents(config, judge),
		endpoints: newEndpoints(),
		methods:   newTally(maxMethods),
		families:  newFamilies(),
		check:     newSelfCheck(config.Since),
		headers:   map[uint64]int64{},
		noPort:    map[string]int64{},
		sessions:  newSessions(),
		balancers: map[string]int64{},
	}, nil
}

// Add counts a request of the log.
func (r *Replay) Add(e *accesslog.Entry, at Place) {
	r.lines.Entries++
	if !r.ours(e) {
		r.lines.OtherBalancers++
		return
	}
	began := e.Began()
	if r.first.IsZero() || began.Before(r.first) {
		r.first = began
	}
	if began.After(r.last) {
		r.last = began
	}
	if e.NoRequest() {
		r.lines.NoRequest++
		return
	}
	port, host, target := e.Address()
	pair := r.judge.pair(port)
	if pair == nil {
		r.lines.OtherPorts++
		bump(r.noPort, port, maxPorts)
		return
	}
	agent := r.agents.get(e.UserAgent)
	request := request(e, host, target, agent.header)
	ruling := ruling{fate: Unaffected}
	if !e.Rejected() {
		ruling = pair.rule(&request)
		ruling = r.consult(pair, &request, e, ruling, at)
	}

	r.fates.add(ruling.fate)
	if ruling.fate == Depends {
		r.depends(ruling)
	}
	endpoint := r.endpoints.get(e.Method, target)
	if ruling.fate == Refused {
		pair.lacking(endpoint, &request)
	}
	endpoint.requests.add(ruling.fate)
	if e.Status >= 200 && e.Status < 400 {
		endpoint.succeeded++
	}
	if agent.App {
		endpoint.app.add(ruling.fate)
	}
	if agent.App && e.Client.IsValid() { // those with one address are told apart
		r.sessions.add(e, began, endpoint, ruling.fate)
	}
	if agent.Kind != Bot {
		endpoint.people.add(ruling.fate)
	}
	r.methods.get(e.Method).add(ruling.fate)
	r.families.get(agent).add(ruling.fate)
}

// ours reports whether an entry belongs to the requested load balancer.
func (r *Replay) ours(e *accesslog.Entry) bool {
	bump(r.balancers, e.LoadBalancer, maxBalancers)
	return r.config.LoadBalancer == "" || sameBalancer(e.LoadBalancer, r.config.LoadBalancer)
}

// depends counts what a fate depends on.
func (r *Replay) depends(ruling ruling) {
	if ruling.headers != 0 {
		if _, ok := r.headers[ruling.headers]; ok || len(r.headers) < maxHeaderSets {
			r.headers[ruling.headers]++
			return
		}
	}
	for bit := range r.doubts {
		if ruling.doubt&(1<<bit) != 0 {
			r.doubts[bit]++
		}
	}
}

// consult compares a ruling with the rule that the load balancer recorded, and
// from Since on lets the record settle the ruling.
func (r *Replay) consult(p *pair, request *alb.Request, e *accesslog.Entry, ruling ruling, at Place) ruling {
	if e.Rule < accesslog.DefaultRule || e.Began().Before(r.config.Since) {
		return ruling
	}
	recorded := ruleOf(p.open, e.Rule)
	verdict := r.check.compare(p, request, e, ruling, recorded, at)
	if r.config.Since.IsZero() || verdict == disagrees || recorded == nil {
		return ruling
	}
	if p.bypass[recorded] {
		r.bypassed++
	}
	known, ok := p.given(recorded, ruling, request)
	if ok && known != ruling.fate {
		r.settled++
		return ruling.as(known)
	}
	return ruling
}
