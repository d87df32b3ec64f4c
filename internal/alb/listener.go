package alb

import "sync"

// Listener is a listener and its rules. A listener that the template does not
// define, but adds rules to, has no default action.
type Listener struct {
	Ref  Ref
	Path string // the construct path, if CDK wrote the template

	// LoadBalancer is the listener's load balancer; Balancer is the same, or
	// nil if the template does not define it.
	LoadBalancer Ref
	Balancer     *LoadBalancer

	Port         int    // 0 if it is known only after a deploy
	Protocol     string // "HTTP" or "HTTPS"
	Certificates int    // how many the template gives; ListenerCertificate resources not counted

	// Rules are the rules by priority, without the default rule. They must not
	// be changed once requests have been routed.
	Rules []Rule

	// Default is the default rule, without actions if it is not known.
	Default Rule

	once     sync.Once
	routes   []route
	problems []Problem
}

// Foreign reports whether the listener is not in the template, so that it may
// have other rules, and its default action is not known.
func (l *Listener) Foreign() bool { return l.Ref.LogicalID == "" }

// route is a rule ready to be tried.
type route struct {
	rule       *Rule
	conditions []Condition
	effect     int // rules that do the same thing have the same
	doubt      Doubt
}

// prepare reads patterns and regexes, once.
func (l *Listener) prepare() {
	l.once.Do(func() {
		effects := map[string]int{}
		l.routes = make([]route, 0, len(l.Rules)+1)
		for i := range l.Rules {
			l.routes = append(l.routes, l.route(&l.Rules[i], effects))
		}
		l.routes = append(l.routes, l.route(&l.Default, effects))
	})
}

func (l *Listener) route(rule *Rule, effects map[string]int) route {
	t := route{rule: rule, doubt: l.actionDoubt(rule)}
	key := effectKey(rule)
	if _, ok := effects[key]; !ok {
		effects[key] = len(effects)
	}
	t.effect = effects[key]
	for _, c := range rule.Conditions {
		t.conditions = append(t.conditions, l.asSeen(prepared(c), c))
	}
	return t
}

// actionDoubt is what is not certain once a rule is chosen.
func (l *Listener) actionDoubt(rule *Rule) Doubt {
	var doubt Doubt
	if len(rule.Actions) == 0 {
		doubt |= ForeignListener
	}
	for _, action := range rule.Actions {
		switch action := action.(type) {
		case Forward:
			if len(action.Groups) > 0 && action.total() == 0 {
				doubt |= ZeroWeights
			}
		case Authenticate:
			if action.OnUnauthenticated != "allow" {
				doubt |= Authentication
			}
		}
	}
	return doubt
}

// asSeen is a prepared condition as the listener's load balancer lets it see
// requests.
func (l *Listener) asSeen(ready, condition Condition) Condition {
	if !l.Balancer.DropsInvalidHeaders() {
		return ready
	}
	switch h := condition.(type) {
	case Header:
		if droppedName(h.Name) {
			return dropped{ready}
		}
	case HeaderRegexes:
		if droppedName(h.Name) {
			return dropped{ready}
		}
	}
	return ready
}

// dropped is a condition on a header that the load balancer drops. Whether it
// does so before rules look is not documented.
type dropped struct{ condition Condition }

func (d dropped) Match(r *Request) Outcome {
	o := d.condition.Match(r)
	if o.Verdict == No {
		return o
	}
	return Outcome{Unlikely, o.Doubt | DroppedHeader}
}

// droppedName reports whether a header's name is outside [-A-Za-z0-9]+.
// Source: BC routing.http.drop_invalid_header_fields.enabled.
func droppedName(name string) bool {
	for i := range len(name) {
		c := lower(name[i])
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return true
		}
	}
	return name == ""
}
