package replay

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// judge knows the listeners of both modes.
type judge struct {
	pairs   []*pair
	byPort  map[string]*pair
	headers []string          // that conditions look at, in lower case
	agents  bool              // whether User-Agent is one of them
	secrets []string          // those that are compared only with secrets
	wanted  map[string]string // by header, a value that a rule asks for
}

// pair is a listener in both modes.
type pair struct {
	open, closed *alb.Listener

	// twin maps an open rule to the closed rule with the same priority and
	// conditions, origin the other way round. If the open rule that decides also
	// settles what decides when closed, routing through one listener suffices.
	twin, origin map[*alb.Rule]*alb.Rule
	settles      map[*alb.Rule]bool
	extras       *extras

	effects map[*alb.Rule]effect
	headers map[*alb.Rule]uint64 // headers that a rule's conditions look at
	bypass  map[*alb.Rule]bool   // rules that let a secret through
	allow   []*allowRule
	allowed map[*alb.Rule]*allowRule

	// bare has the rules of allow that look at a header, without that condition;
	// lines are the headers that they require, by priority.
	bare  alb.Listener
	lines map[int]string
}

// effect is what a rule does. Rules that do the same have the same id.
type effect struct {
	id     int
	itself bool // the load balancer itself answers
}

func newJudge(open, closed *alb.Template) (*judge, error) {
	if len(open.Listeners) == 0 {
		return nil, errors.New("the open template has no listener")
	}
	j := &judge{byPort: map[string]*pair{}, wanted: map[string]string{}}
	j.collectHeaders(open, closed)
	ids := map[string]int{}
	for _, listener := range open.Listeners {
		other := closed.Listener(listener.Ref)
		if other == nil {
			return nil, fmt.Errorf("the maintenance template has no listener %q: are both of the same stack?", listener.Ref)
		}
		j.pairs = append(j.pairs, j.newPair(listener, other, ids))
	}
	for _, p := range j.pairs {
		p.findAllowRules(open)
	}
	return j, nil
}

func (j *judge) newPair(open, closed *alb.Listener, ids map[string]int) *pair {
	p := &pair{
		open: open, closed: closed,
		twin:    map[*alb.Rule]*alb.Rule{},
		origin:  map[*alb.Rule]*alb.Rule{},
		settles: map[*alb.Rule]bool{},
		effects: map[*alb.Rule]effect{},
		headers: map[*alb.Rule]uint64{},
		bypass:  map[*alb.Rule]bool{},
		allowed: map[*alb.Rule]*allowRule{},
		lines:   map[int]string{},
	}
	for _, l := range []*alb.Listener{open, closed} {
		for i := range l.Rules {
			j.note(p, &l.Rules[i], ids)
		}
		j.note(p, &l.Default, ids)
	}
	p.findTwins()
	p.extras = p.findExtras()
	return p
}

// findTwins pairs the rules of both modes.
func (p *pair) findTwins() {
	for i := range p.open.Rules {
		rule := &p.open.Rules[i]
		twin := ruleOf(p.closed, rule.Priority)
		if twin != nil && rule.If == twin.If && reflect.DeepEqual(rule.Conditions, twin.Conditions) {
			p.twin[rule], p.origin[twin] = twin, rule
		}
	}
	p.twin[&p.open.Default], p.origin[&p.closed.Default] = &p.closed.Default, &p.open.Default
	first := alb.UnknownPriority + 2 // the position of the first closed rule without a twin
	for i := range p.closed.Rules {
		if p.origin[&p.closed.Rules[i]] == nil {
			first = place(&p.closed.Rules[i])
			break
		}
	}
	for rule, twin := range p.twin {
		p.settles[rule] = place(twin) < first
	}
}

// note stores what is needed about a rule for each request.
func (j *judge) note(p *pair, rule *alb.Rule, ids map[string]int) {
	key := fmt.Sprintf("%#v", rule.Actions)
	if _, ok := ids[key]; !ok {
		ids[key] = len(ids)
	}
	e := effect{id: ids[key]}
	switch rule.Final().(type) {
	case alb.Redirect, alb.FixedResponse:
		e.itself = true
	}
	p.effects[rule] = e
	for _, c := range rule.Conditions {
		if name := headerOf(c); name != "" {
			p.headers[rule] |= j.bit(name)
			p.bypass[rule] = p.bypass[rule] || comparesSecret(c)
		}
	}
}

// pair returns the listener on a port, or the only one whose port is not known.
// Nil if there is none.
func (j *judge) pair(port string) *pair {
	if p, ok := j.byPort[port]; ok {
		return p
	}
	p := j.choose(port)
	if len(j.byPort) < 1<<10 {
		j.byPort[strings.Clone(port)] = p
	}
	return p
}

func (j *judge) choose(port string) *pair {
	var unknown []*pair // listeners whose port only a deploy knows
	for _, p := range j.pairs {
		if p.open.Port == 0 {
			unknown = append(unknown, p)
		} else if strconv.Itoa(p.open.Port) == port {
			return p
		}
	}
	switch {
	case len(unknown) == 1:
		return unknown[0]
	case port == "" && len(j.pairs) == 1: // an unreadable request line
		return j.pairs[0]
	}
	return nil
}

// ruleOf returns the rule of a listener with a priority, 0 for the default rule,
// or nil.
func ruleOf(l *alb.Listener, priority int) *alb.Rule {
	if priority == 0 {
		return &l.Default
	}
	for i := range l.Rules {
		if l.Rules[i].Priority == priority {
			return &l.Rules[i]
		}
	}
	return nil
}

// sameBalancer compares a load balancer as logged, app/NAME/ID, with a name.
func sameBalancer(logged, name string) bool {
	if logged == name {
		return true
	}
	parts := strings.Split(logged, "/")
	return len(parts) == 3 && parts[1] == name
}
