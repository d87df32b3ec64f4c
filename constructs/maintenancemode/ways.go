package maintenancemode

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/maintenance"
)

// ways are the ways that requests to a listener take without the switch.
type ways struct {
	scope    constructs.IConstruct
	listener *alb.Listener
	does     map[string]actions // by the paths of rules, "" for the default action
	unread   map[int]string     // rules whose conditions only a deploy knows, by priority
}

// ways determines where requests go without the switch. It leaves out the rules
// of other switches, since what they do depends on the mode.
func (t turned) ways(scope constructs.IConstruct) ways {
	w := ways{scope: scope, listener: &alb.Listener{}, does: map[string]actions{}, unread: map[int]string{}}
	for _, r := range t.rulesOf(scope) {
		conditions, known := conditionsOf(r)
		if !known {
			w.unread[int(*r.Priority())] = pathOf(r)
			continue
		}
		path := *r.Node().Path()
		w.does[path] = actionsOf(r)
		w.listener.Rules = append(w.listener.Rules, alb.Rule{Priority: int(*r.Priority()), Conditions: conditions, Path: path})
	}
	if t.resource != nil {
		w.does[""] = newActions(t.resource, t.resource.DefaultActions())
	}
	return w
}

// with returns the listener with rules of the switch added.
func (w ways) with(own []rules.Rule) *alb.Listener {
	l := &alb.Listener{Rules: slices.Clone(w.listener.Rules)}
	for i, r := range own {
		l.Rules = append(l.Rules, alb.Rule{Priority: r.Priority, Conditions: r.Conditions, Path: fmt.Sprintf("%s%d", ownRule, i)})
	}
	slices.SortStableFunc(l.Rules, func(a, b alb.Rule) int { return cmp.Compare(a.Priority, b.Priority) })
	return l
}

// uncertain reports whether a rule that could not be read may decide before r.
func (w ways) uncertain(r *alb.Rule) bool {
	for priority := range w.unread {
		if r.Default() || priority < r.Priority {
			return true
		}
	}
	return false
}

// ownRule begins the path of a rule of the switch in a listener of ways.
const ownRule = "\x00"

// conditionsOf reads the conditions of a rule; known is false if only a deploy
// knows them.
func conditionsOf(r elbv2.CfnListenerRule) (conditions []alb.Condition, known bool) {
	var raw any
	if err := json.Unmarshal([]byte(resolved(r, r.Conditions())), &raw); err != nil {
		return nil, false
	}
	properties := map[string]any{
		"ListenerArn": "arn", "Priority": 1, "Conditions": pascalCased(raw),
		"Actions": []any{map[string]any{"Type": "fixed-response", "FixedResponseConfig": map[string]any{"StatusCode": "404"}}},
	}
	template := map[string]any{"Resources": map[string]any{"Rule": map[string]any{"Type": *elbv2.CfnListenerRule_CFN_RESOURCE_TYPE_NAME(), "Properties": properties}}}
	read, err := alb.ReadPart(bytes.NewReader([]byte(text(template))), cfn.Options{})
	if err != nil || len(read.Faults) > 0 || len(read.Listeners) != 1 || len(read.Listeners[0].Rules) != 1 {
		return nil, false
	}
	rule := read.Listeners[0].Rules[0]
	for _, c := range rule.Conditions {
		if slices.ContainsFunc(alb.Values(c), func(v alb.Value) bool { return cfn.IsOpaque(v.Text) }) {
			return nil, false
		}
	}
	return rule.Conditions, rule.Unread == ""
}

// canonical identifies actions across stacks, including the rewrites before them.
// Target groups are identified by their constructs.
func (a actions) canonical(scope constructs.IConstruct) string {
	of := a.from
	if of == nil {
		of = scope
	}
	out := text(a.now(of).list)
	if a.transforms != nil {
		out += resolved(of, a.transforms)
	}
	for _, g := range resourcesOf[elbv2.CfnTargetGroup](scope, elbv2.CfnTargetGroup_CFN_RESOURCE_TYPE_NAME()) {
		out = strings.ReplaceAll(out, resolved(of, g.Ref()), text(pathOf(g)))
	}
	return out
}

// says describes where actions send a request.
func (a actions) says(scope constructs.IConstruct) string {
	if len(a.list) == 0 {
		return "nowhere that is known"
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(a.canonical(scope)), &list); err != nil {
		return text(a.list)
	}
	said := actions{list: list}
	var texts []string
	for _, group := range said.groups() {
		texts = append(texts, fmt.Sprint(group))
	}
	if len(texts) == 0 {
		texts = append(texts, fmt.Sprintf("a %v", list[len(list)-1]["type"]))
	}
	out := strings.Join(texts, " and ")
	if len(list) > 1 {
		out += fmt.Sprintf(" behind %v", list[0]["type"])
	}
	return out
}

// checkWays checks that what the switch lets through goes where, and how, it goes
// without the switch. It does so for every pair of a rule of the switch and a
// rule of the app that can decide the same request.
func (v *validation) checkWays(t turned) {
	standing := slices.DeleteFunc(slices.Clone(t.rules), rules.Rule.Turns)
	turning, _ := v.props.plan(t).Turning(maintenance.Open)
	w := t.ways(v.this)
	// Rules that allow come first: a rule for reads before one of them does not
	// make it right.
	said := map[string]bool{}
	v.compare(t, w, standing, said)
	if v.props.ReadOnly {
		v.compare(t, w, append(standing, turning...), said)
	}
	for _, priority := range slices.Sorted(maps.Keys(w.unread)) {
		v.note("only a deploy knows the conditions of %s: which allowed requests go there without MaintenanceMode is not checked", w.unread[priority])
	}
}

func (v *validation) compare(t turned, w ways, own []rules.Rule, said map[string]bool) {
	classes, complete := witness.Classes(w.listener, w.with(own))
	if !complete {
		v.note("there are too many kinds of requests to %s to check all of them: that allowed requests go where they went is checked of some", *t.listener.Node().Path())
	}
	for _, c := range classes {
		index := 0
		if _, err := fmt.Sscanf(c.New.Path, ownRule+"%d", &index); err != nil || c.New.Path == "" {
			continue
		}
		r := own[index]
		without, known := w.does[c.Old.Path]
		if r.Target != rules.App || !known {
			continue
		}
		if v.open[c.Old.Path] && (r.Reads() || r.Bypasses()) {
			continue
		}
		if w.uncertain(c.Old) || t.routeOf(r).does.canonical(w.scope) == without.canonical(w.scope) {
			continue
		}
		if t.routeOf(r).from == nil && c.Old.Default() {
			continue // rules that are not visible come before it
		}
		if said[c.Old.Path] {
			continue // one request is enough
		}
		said[c.Old.Path] = true
		v.bad("%s", v.astray(t, r, c, without))
	}
}

// astray describes a request that the switch lets through: where it goes, where
// it would go without the switch, and what to do.
func (v *validation) astray(t turned, r rules.Rule, c witness.Class, without actions) string {
	request := c.Request.Method + " " + c.Request.Target
	if c.Request.Host != "" && slices.ContainsFunc(append(slices.Clone(c.Old.Conditions), c.New.Conditions...), func(c alb.Condition) bool { return alb.Field(c) == "host-header" }) {
		request += " of host " + c.Request.Host
	}
	if names := slices.Sorted(maps.Keys(c.Request.Header)); len(names) > 0 {
		request += " with " + strings.Join(names, ", ")
	}
	rule := "the default action of " + *t.listener.Node().Path()
	if c.Old.Path != "" {
		rule = fmt.Sprintf("%s (priority %d)", strings.TrimSuffix(c.Old.Path, "/Resource"), c.Old.Priority)
	}
	problem := fmt.Sprintf("%s goes to %s by %s, and without MaintenanceMode to %s by %s", request, t.routeOf(r).does.says(v.this), r.ID, without.says(v.this), rule)
	services := v.props.services()
	service := slices.IndexFunc(services, func(s Service) bool { return without.forwardTo(s.TargetGroup) })
	switch {
	case service >= 0 && !r.Reads() && !r.Bypasses():
		return fmt.Sprintf("%s: allow it in that service, by %s", problem, map[bool]string{true: "Allow", false: fmt.Sprintf("Services[%d].Allow", service-1)}[service == 0])
	case service >= 0:
		return fmt.Sprintf("%s: list the services in the order of their rules", problem)
	case r.Reads() || r.Bypasses():
		return fmt.Sprintf("%s: give that rule a priority below %d", problem, v.props.first())
	case len(without.groups()) == 0:
		return fmt.Sprintf("%s: leave it out of what is allowed, set Hosts, or give that rule a priority below %d", problem, v.props.first())
	}
	return fmt.Sprintf("%s: leave it out of what is allowed, list that target group in Services with an Allow of its own, or give that rule a priority below %d", problem, v.props.first())
}

// healthCheckPath returns the health check path that the application's target
// group sets, if a request for it goes to the application without the switch. It
// leaves out "/", which would leave a front page open.
func (p Props) healthCheckPath(scope constructs.IConstruct, listeners []turned) string {
	path := healthCheckPath(p.AppTargetGroup)
	if path == "" {
		return ""
	}
	host := "example.com"
	if len(p.Hosts) > 0 {
		host = strings.NewReplacer("*", "x", "?", "x").Replace(p.Hosts[0])
	}
	for _, t := range listeners {
		w := t.ways(scope)
		decision := w.listener.Route(&alb.Request{Target: path, Host: host})
		if decision.Rule == nil {
			return ""
		}
		if does, known := w.does[decision.Rule.Path]; known && !w.uncertain(decision.Rule) && !does.forwardTo(p.AppTargetGroup) {
			return ""
		}
	}
	return path
}
