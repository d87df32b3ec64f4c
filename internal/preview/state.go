package preview

import (
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/preview/edge"
)

// state is what the control page shows. No list is nil: the
// page would read null.
type state struct {
	Mode     string    `json:"mode"`
	Since    string    `json:"since"` // when it was flipped to the mode
	Flips    []change  `json:"flips"` // the newest first
	Modes    []string  `json:"modes"`
	Site     string    `json:"site"`
	API      string    `json:"api"`
	Login    string    `json:"login"`
	Listener string    `json:"listener"`
	Rules    []rule    `json:"rules"`
	Targets  []target  `json:"targets"`
	Requests []request `json:"requests"` // the newest first
	Bypasses []bypass  `json:"bypasses"`
	Unlock   string    `json:"unlock"` // the address of the page that gives the cookie
	Examples []example `json:"examples"`
	Notes    []string  `json:"notes"`
	Night    []step    `json:"night"` // the steps of the night, if one is played
}

// step is a step of a night, for the page.
type step struct {
	Name  string `json:"name"`
	Stage string `json:"stage"`
	Took  string `json:"took"`
	Text  string `json:"text"`
}

type rule struct {
	Name   string   `json:"name"` // the priority, or "default"
	ID     string   `json:"id"`
	When   []string `json:"when"`
	Action string   `json:"action"`
	Count  int64    `json:"count"` // since the last flip

	Targets []targetCount `json:"targets"` // where they were sent
}

// change is a flip, for the page.
type change struct {
	Mode string `json:"mode"`
	At   string `json:"at"`
	For  string `json:"for"` // empty for the last
}

type target struct {
	Group  string `json:"group"`
	Target string `json:"target"`
	Health string `json:"health"`
}

type request struct {
	ID       string   `json:"id"`
	Time     string   `json:"time"`
	Mode     string   `json:"mode"`
	Method   string   `json:"method"`
	URL      string   `json:"url"`
	Status   int      `json:"status"`
	Rule     string   `json:"rule"`
	Action   string   `json:"action"`
	Why      []string `json:"why"`
	Duration string   `json:"duration"`
}

// bypass is a header that gets through whatever the mode.
type bypass struct {
	Header string `json:"header"`
	Value  string `json:"value"`
	Secret string `json:"secret"`
}

type example struct {
	Title   string `json:"title"`
	Command string `json:"command"`
}

func (p *Preview) state() *state {
	t := p.alb.Template()
	listener := t.Listener(alb.Ref{LogicalID: p.alb.Main().ID})
	s := &state{
		Mode: p.alb.Mode(), Modes: p.Modes(), Site: p.Site, API: p.API, Login: p.Login(), Listener: p.alb.Main().Name, Notes: p.notes(),
		Rules: []rule{}, Targets: []target{}, Requests: []request{}, Bypasses: []bypass{}, Examples: []example{}, Night: []step{},
	}
	if n := p.night.Load(); n != nil {
		s.Night = n.shown()
	}
	flips := p.journal.flips()
	for i := len(flips) - 1; i >= 0; i-- {
		shown := change{Mode: flips[i].mode, At: flips[i].at.Format("15:04:05")}
		if i+1 < len(flips) {
			shown.For = flips[i+1].at.Sub(flips[i].at).Round(time.Second).String()
		}
		s.Flips = append(s.Flips, shown)
	}
	s.Since = s.Flips[0].At
	for i := range listener.Rules {
		s.addRule(t, listener, &listener.Rules[i], &p.journal)
		p.addBypass(s, &listener.Rules[i])
	}
	s.addRule(t, listener, &listener.Default, &p.journal)
	for _, h := range p.alb.TargetHealth() {
		s.Targets = append(s.Targets, target{t.GroupName(alb.Ref{LogicalID: h.Group}), h.Target, h.Health.String()})
	}
	requests := p.journal.requests()
	for i := len(requests) - 1; i >= 0; i-- {
		s.Requests = append(s.Requests, shown(requests[i]))
	}
	s.addExamples()
	return s
}

func (s *state) addRule(t *alb.Template, l *alb.Listener, r *alb.Rule, j *journal) {
	var when []string
	for _, c := range r.Conditions {
		when = append(when, c.String())
	}
	if len(when) == 0 {
		when = []string{"everything else"}
	}
	id := alb.ShortName(r.Path, r.LogicalID)
	count, targets := j.counts(l.Ref.LogicalID, r.LogicalID)
	if targets == nil {
		targets = []targetCount{}
	}
	for i := range targets {
		if group := t.TargetGroup(alb.Ref{LogicalID: targets[i].Target}); group != nil {
			targets[i].Target = alb.ShortName(group.Path, group.LogicalID)
		}
	}
	s.Rules = append(s.Rules, rule{r.Name(), id, when, t.ActionName(r), count, targets})
}

// addBypass finds the generated secret in a rule's conditions, and the rule that
// leads to the function that knows it.
func (p *Preview) addBypass(s *state, r *alb.Rule) {
	if forward, ok := r.Final().(alb.Forward); ok && len(forward.Groups) == 1 && p.unlocks[forward.Groups[0].Group.LogicalID] {
		for _, c := range r.Conditions {
			if values := alb.Values(c); alb.Field(c) == "path-pattern" && values[0].Literal() {
				s.Unlock = p.origin() + values[0].Text
			}
		}
	}
	for _, c := range r.Conditions {
		header := alb.HeaderName(c)
		if header == "" {
			continue
		}
		for id, secret := range p.Secrets {
			for _, value := range alb.Values(c) {
				if strings.Contains(value.Text, secret) {
					s.Bypasses = append(s.Bypasses, bypass{header, strings.Trim(value.Text, "*"), id})
				}
			}
		}
	}
}

// origin returns where a browser finds the product.
func (p *Preview) origin() string {
	if p.Site != "" {
		return p.Site
	}
	return p.API
}

func shown(o edge.Observation) request {
	why := o.Why()
	if o.Cause != "" {
		why = append(why, "the load balancer answers by itself: "+o.Cause)
	}
	name := o.RuleName()
	if o.Rule != nil && !o.Rule.Default() {
		name += " " + alb.ShortName(o.Rule.Path, o.Rule.LogicalID)
	}
	return request{
		ID:   fmt.Sprint(o.Time.UnixNano()),
		Time: o.Time.Format("15:04:05"), Mode: o.Mode, Method: o.Method, URL: o.URL, Status: o.Status,
		Rule: name, Action: o.Action(), Why: why,
		Duration: o.Duration.Round(100 * time.Microsecond).String(),
	}
}

// addExamples adds commands that show what clients see.
func (s *state) addExamples() {
	add := func(title, format string, args ...any) {
		s.Examples = append(s.Examples, example{title, fmt.Sprintf(format, args...)})
	}
	add("A write, as a client in Japanese sends it", `curl -i -X POST %s/api/reports -H 'Accept-Language: ja' -H 'Content-Type: application/json' -d '{"title":"Pump 3"}'`, s.API)
	if s.Site != "" {
		add("What a browser asks before it, from the site's origin", `curl -i -X OPTIONS %s/api/reports -H 'Origin: %s' -H 'Access-Control-Request-Method: POST' -H 'Access-Control-Request-Headers: content-type'`, s.API, s.Site)
	}
	add("A page, as a browser asks for it", `curl -i %s/api/reports -H 'Accept: text/html'`, s.API)
	if len(s.Bypasses) > 0 {
		add("With the bypass secret", `curl -i %s/api/session -H '%s: %s'`, s.API, s.Bypasses[0].Header, s.Bypasses[0].Value)
	}
}
