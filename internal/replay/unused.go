package replay

import (
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/allowlist"
)

// allowRule is a rule that lets requests for some paths through.
type allowRule struct {
	rule   *alb.Rule
	values []allowValue
	unused int
}

// allowValue is a path of a rule, with a listener that has it alone: ready to
// be tried on many requests.
type allowValue struct {
	pattern string
	alone   *alb.Listener
	used    bool
}

// findAllowRules finds the rules of the maintenance listener that let requests
// for some paths through, but not those for the load balancer's health checks,
// which are never logged, nor those that let operators in.
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
		p.allowed[rule] = allow
		if open != nil {
			p.allowed[open] = allow
		}
	}
}

func newAllowRule(rule *alb.Rule, t *alb.Template) *allowRule {
	allow := &allowRule{rule: rule}
	for _, c := range rule.Conditions {
		var paths []string
		regex := false
		switch c := c.(type) {
		case alb.PathPatterns:
			paths = c
		case alb.PathRegexes:
			paths, regex = c, true
		}
		for _, path := range paths {
			if isHealthCheck(t, path) || alb.IsOpaque(path) {
				continue
			}
			alone := alb.Condition(alb.PathPatterns{path})
			if regex {
				alone = alb.PathRegexes{path}
			}
			allow.values = append(allow.values, allowValue{
				pattern: patternOf(rule, path, regex),
				alone:   &alb.Listener{Rules: []alb.Rule{{Priority: 1, Conditions: []alb.Condition{alone}}}},
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

// use notes which paths of the rules that may have decided a request it used.
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

// patternOf is a rule's path as a line of the allowlist, or as ALB has it if no
// line compiles to it.
func patternOf(rule *alb.Rule, path string, regex bool) string {
	methods := []string{"any method"}
	for _, c := range rule.Conditions {
		if m, ok := c.(alb.Methods); ok {
			methods = m
		}
	}
	raw := strings.Join(methods, ", ") + " " + path
	method := methods[0]
	if len(methods) == 2 && slices.Contains(methods, "GET") && slices.Contains(methods, "HEAD") {
		method = "GET"
	} else if len(methods) > 1 {
		return raw
	}
	line := method + " " + muxPath(path, regex)
	compiled, err := allowlist.Compile([]string{line}, nil)
	if err != nil || len(compiled) != 1 {
		return raw
	}
	for _, c := range compiled[0] {
		switch c := c.(type) {
		case alb.PathPatterns:
			if !regex && len(c) == 1 && c[0] == path {
				return line
			}
		case alb.PathRegexes:
			if regex && len(c) == 1 && c[0] == path {
				return line
			}
		}
	}
	return raw
}

var quoted = regexp.MustCompile(`\\([\\.+*?()|\[\]{}^$])`)

// muxPath writes a path condition as ServeMux has it.
func muxPath(path string, regex bool) string {
	if regex {
		path = strings.TrimSuffix(strings.TrimPrefix(path, "^"), "$")
		path, multi := strings.CutSuffix(path, "/.*")
		segments := strings.Split(strings.ReplaceAll(path, "[^/]+", id), "/")
		for i, s := range segments {
			segments[i] = quoted.ReplaceAllString(s, "$1")
		}
		path = numbered(strings.Join(segments, "/"))
		if multi {
			return path + "/{path...}"
		}
		return exact(path)
	}
	if front, ok := strings.CutSuffix(path, "/*"); ok {
		if front == "" {
			return "/"
		}
		return front + "/{path...}"
	}
	return exact(path)
}

// exact keeps a path that ends with a slash from meaning all below it.
func exact(path string) string {
	if strings.HasSuffix(path, "/") {
		return path + "{$}"
	}
	return path
}

// numbered gives the ids of a path names of their own, as ServeMux wants.
func numbered(path string) string {
	front, rest, ok := strings.Cut(path, id)
	if !ok {
		return path
	}
	path = front + id
	for n := '2'; ; n++ {
		front, rest, ok = strings.Cut(rest, id)
		path += front
		if !ok || n > '9' {
			return path
		}
		path += "{id" + string(n) + "}"
	}
}
