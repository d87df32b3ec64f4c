package replay

import (
	"slices"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// allowRule is a rule that lets requests for some paths through.
type allowRule struct {
	rule   *alb.Rule
	values []allowValue
	unused int
}

// allowValue is a path of a rule, with a listener that has only this path,
// prepared for many requests.
type allowValue struct {
	pattern string
	alone   *alb.Listener
	used    bool
}

// findAllowRules finds the rules of the maintenance listener that let requests
// for some paths through. It leaves out those for the load balancer's health
// checks, which are never logged, and those for operators.
func (p *pair) findAllowRules(t *alb.Template) {
	for i := range p.closed.Rules {
		rule := &p.closed.Rules[i]
		open := p.origin[rule]
		if p.bypass[rule] || p.compare(&p.open.Default, rule) != Allowed {
			continue
		}
		allow := newAllowRule(rule, t)
		if allow == nil {
			continue
		}
		p.allow = append(p.allow, allow)
		p.findLacking(rule)
		p.allowed[rule] = allow
		if open != nil {
			p.allowed[open] = allow
		}
	}
}

func newAllowRule(rule *alb.Rule, t *alb.Template) *allowRule {
	allow := &allowRule{rule: rule}
	for _, c := range rule.Conditions {
		if alb.Field(c) != "path-pattern" {
			continue
		}
		alone := alb.Split(c, 1)
		for i, v := range alb.Values(c) {
			if isHealthCheck(t, v.Text) || cfn.IsOpaque(v.Text) {
				continue
			}
			allow.values = append(allow.values, allowValue{
				pattern: patternOf(rule, v.Text, v.Regex),
				alone:   &alb.Listener{Rules: []alb.Rule{{Priority: 1, Conditions: []alb.Condition{alone[i]}}}},
			})
		}
	}
	allow.unused = len(allow.values)
	if allow.unused == 0 {
		return nil
	}
	return allow
}

func isHealthCheck(t *alb.Template, path string) bool {
	return slices.ContainsFunc(t.TargetGroups, func(g *alb.TargetGroup) bool { return g.HealthCheck.Path == path })
}

// use records which paths of the rules that may have decided a request were used.
func (p *pair) use(d alb.Decision, request *alb.Request) {
	p.allowed[d.Rule].use(request)
	for _, rule := range d.Alternatives {
		p.allowed[rule].use(request)
	}
}

func (a *allowRule) use(request *alb.Request) {
	if a == nil || a.unused == 0 {
		return
	}
	for i := range a.values {
		v := &a.values[i]
		if !v.used && (len(a.values) == 1 || !v.alone.Route(request).Rule.Default()) {
			v.used = true
			a.unused--
		}
	}
}
