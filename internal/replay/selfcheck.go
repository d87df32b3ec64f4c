package replay

import (
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/replay/accesslog"
)

// selfCheck compares the rule that the load balancer recorded for a request with
// the decision of the open template.
type selfCheck struct {
	since  time.Time
	counts CheckCounts
	groups map[disagreement]*Disagreement
}

// CheckCounts counts requests with a recorded rule.
type CheckCounts struct {
	// Compared is the sum of the following fields.
	Compared int64 `json:"compared"`

	// Agreed counts requests whose rule the template gives.
	Agreed int64 `json:"agreed"`

	// Possible counts requests whose rule is one of several, depending on what
	// the log does not contain.
	Possible int64 `json:"possible"`

	// Contradicted counts requests whose rule shows that an assumption about a
	// header was wrong.
	Contradicted int64 `json:"contradicted"`

	// Disagreed counts requests whose rule the template does not give.
	Disagreed int64 `json:"disagreed"`
}

type verdict uint8

const (
	agrees verdict = iota
	mayBe
	contradicts
	disagrees
)

// disagreement is what the requests of a Disagreement share.
type disagreement struct {
	method, path, expected string
	recorded               int
}

func newSelfCheck(since time.Time) *selfCheck {
	return &selfCheck{since: since, groups: map[disagreement]*Disagreement{}}
}

func (c *selfCheck) compare(p *pair, request *alb.Request, e *accesslog.Entry, r ruling, recorded *alb.Rule, at Place) verdict {
	c.counts.Compared++
	v := c.verdict(p, request, e, r, recorded)
	switch v {
	case agrees:
		c.counts.Agreed++
	case mayBe:
		c.counts.Possible++
	case contradicts:
		c.counts.Contradicted++
	case disagrees:
		c.counts.Disagreed++
		c.note(request, e, r, at)
	}
	return v
}

func (c *selfCheck) verdict(p *pair, request *alb.Request, e *accesslog.Entry, r ruling, recorded *alb.Rule) verdict {
	switch {
	case recorded == nil || r.open.Rule == nil:
		return disagrees
	case len(r.open.Alternatives) == 0 && r.open.Rule == recorded:
		return agrees
	case r.open.Rule == recorded || slices.Contains(r.open.Alternatives, recorded):
		return mayBe
	}
	// The assumptions about headers may be wrong: try any header.
	free := alb.Request{
		Method: request.Method, Target: request.Target, Host: request.Host,
		Header: map[string][]string{"User-Agent": {e.UserAgent}}, HeadersUnknown: true,
		Source: request.Source, Proto: request.Proto,
	}
	if d := p.open.Route(&free); d.Rule != nil && (d.Rule == recorded || slices.Contains(d.Alternatives, recorded)) {
		if p.bypass[recorded] {
			return mayBe
		}
		return contradicts
	}
	return disagrees
}

func (c *selfCheck) note(request *alb.Request, e *accesslog.Entry, r ruling, at Place) {
	key := disagreement{recorded: e.Rule, expected: expected(r.open)}
	key.method = clean(e.Method)
	key.path = string(foldPath(nil, request.Target))
	d := c.groups[key]
	if d == nil {
		if len(c.groups) >= maxDisagreements {
			return // it is counted all the same
		}
		d = &Disagreement{Method: key.method, Path: key.path, Recorded: ruleName(e.Rule), Expected: key.expected, Example: at, Time: e.Began()}
		c.groups[key] = d
	}
	d.Requests++
}

// expected names the rules that may decide.
func expected(d alb.Decision) string {
	if d.Rule == nil {
		return "none: " + d.Rejection
	}
	var names []string
	for _, rule := range possible(d) {
		names = append(names, rule.Name())
	}
	return strings.Join(names, " or ")
}

func ruleName(priority int) string { return (&alb.Rule{Priority: priority}).Name() }
