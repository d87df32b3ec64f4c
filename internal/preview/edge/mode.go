package edge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/alb"
)

// mode is a template that is ready to answer requests.
type mode struct {
	name      string
	template  *alb.Template
	balancer  *alb.LoadBalancer // nil if the template does not define it
	listeners map[alb.Ref]*modeListener
	used      map[*group]*alb.TargetGroup // the groups that rules refer to
	idle      time.Duration               // the load balancer's idle timeout
}

// modeListener is a listener in a mode.
type modeListener struct {
	*alb.Listener
	rules   map[*alb.Rule]*rule
	headers []responseHeader
}

// rule is a rule that is ready to be applied.
type rule struct {
	*alb.Rule
	groups     []weightedGroup // of a forward
	transforms alb.Rewriter
}

// weightedGroup is a target group to which a forward sends requests.
type weightedGroup struct {
	*group
	settings *alb.TargetGroup // in this mode
	weight   int
}

// newMode prepares a template.
func (a *ALB) newMode(name string, template *alb.Template, balancer alb.Ref) (*mode, error) {
	m := &mode{
		name:      name,
		template:  template,
		listeners: map[alb.Ref]*modeListener{},
		used:      map[*group]*alb.TargetGroup{},
	}
	for _, l := range template.Listeners {
		if l.LoadBalancer != balancer {
			continue
		}
		m.balancer = l.Balancer
		ready := &modeListener{Listener: l, rules: map[*alb.Rule]*rule{}, headers: responseHeaders(l)}
		for i := range l.Rules {
			if err := a.addRule(m, ready, &l.Rules[i]); err != nil {
				return nil, err
			}
		}
		if err := a.addRule(m, ready, &l.Default); err != nil {
			return nil, err
		}
		m.listeners[l.Ref] = ready
	}
	m.idle = readIdleTimeout(m.balancer)
	for _, own := range a.listeners {
		if m.listeners[own.ref] == nil {
			return nil, fmt.Errorf("it has no listener %q, which mode %q has", own.ref, a.config.Mode)
		}
	}
	return m, nil
}

func (a *ALB) addRule(m *mode, l *modeListener, r *alb.Rule) error {
	ready := &rule{Rule: r}
	if forward, ok := r.Final().(alb.Forward); ok {
		for _, g := range forward.Groups {
			settings := m.template.TargetGroup(g.Group)
			if settings == nil { // not in the template: the API's defaults
				settings = &alb.TargetGroup{TargetType: "instance"}
				if a.config.Targets[g.Group.String()].Function != nil {
					settings.TargetType = "lambda"
				}
			}
			group := a.group(g.Group)
			m.used[group] = settings
			ready.groups = append(ready.groups, weightedGroup{group, settings, g.Weight})
		}
	}
	var err error
	if ready.transforms, err = alb.NewRewriter(r.Transforms); err != nil {
		return fmt.Errorf("rule %s: %w", r.Name(), err)
	}
	l.rules[r] = ready
	return nil
}

// group returns the target group that ref names, which is the same for all modes.
func (a *ALB) group(ref alb.Ref) *group {
	name := ref.String()
	if a.groups[name] == nil {
		a.groups[name] = newGroup(name)
	}
	return a.groups[name]
}

// begin makes a mode the current one. The health checks of its groups begin
// before the change, those of other groups end after it: a group that no rule
// refers to is not checked. Source: UG23 target-group-health-checks.
func (a *ALB) begin(m *mode) {
	for g, settings := range m.used {
		g.attach(settings)
	}
	a.current.Store(m)
	for _, g := range a.groups {
		if m.used[g] == nil {
			g.detach()
		}
	}
}

// register gives the target groups their targets.
func (a *ALB) register() error {
	for name, target := range a.config.Targets {
		g := a.groups[name]
		if g == nil {
			if a.hasGroup(name) {
				continue // of another load balancer, or of none
			}
			return fmt.Errorf("target for %q: no template has such a target group", name)
		}
		if err := g.register(target, a.kind(g)); err != nil {
			return fmt.Errorf("target for %q: %w", name, err)
		}
	}
	return nil
}

// Register registers URLs of additional targets with a group, named as in
// [ALBConfig.Targets], as a service does with the tasks of a new release.
func (a *ALB) Register(group string, urls ...string) error {
	g := a.groups[group]
	if g == nil {
		return fmt.Errorf("unknown target group %q: want %s", group, strings.Join(a.groupNames(), ", "))
	}
	if err := g.register(Target{URLs: urls}, a.kind(g)); err != nil {
		return fmt.Errorf("target for %q: %w", group, err)
	}
	return nil
}

// Deregister removes a target from a group. Its requests continue, and it gets no
// more; one that has just been sent may still arrive, so stop the target only
// after the deregistration delay.
func (a *ALB) Deregister(group, url string) error {
	g := a.groups[group]
	if g == nil || !g.deregister(url) {
		return fmt.Errorf("target group %q has no target %q", group, url)
	}
	return nil
}

func (a *ALB) hasGroup(name string) bool {
	for _, t := range a.config.Templates {
		if slices.ContainsFunc(t.TargetGroups, func(g *alb.TargetGroup) bool { return g.LogicalID == name }) {
			return true
		}
	}
	return false
}

// kind returns the target type of a group, which does not change with the mode.
func (a *ALB) kind(g *group) string {
	for _, m := range a.modes {
		if settings := m.used[g]; settings != nil {
			return settings.TargetType
		}
	}
	return ""
}
