package main

import (
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
)

// routeTable is a listener in one or more templates.
type routeTable struct {
	Listener string       `json:"listener"` // its logical id, or what a template says about one outside it
	Name     string       `json:"name"`
	Port     int          `json:"port,omitempty"`
	Protocol string       `json:"protocol,omitempty"`
	Modes    []string     `json:"modes"`
	Rules    []routeRow   `json:"rules"` // by priority, with the default rule last
	Quotas   []routeQuota `json:"quotas"`
	Read     []extent     `json:"read"` // by mode, including templates without the listener
}

// routeRow is a rule. Goals lists what it does by mode; a mode without the rule
// has no entry.
type routeRow struct {
	Priority   any                  `json:"priority"` // a number, "default" or "unknown"
	Rule       string               `json:"rule"`     // its logical id
	Name       string               `json:"name"`
	Conditions []string             `json:"conditions"`
	Transforms []string             `json:"transforms"` // for the target, of the requests it takes
	Values     int                  `json:"values"`
	Wildcards  int                  `json:"wildcards"`
	Actions    map[string]routeGoal `json:"actions"`
}

// routeGoal is what a rule does in a mode.
type routeGoal struct {
	Action string `json:"action"`         // the action's type
	Target string `json:"target"`         // the logical ids of target groups
	Text   string `json:"text"`           // for people
	Dead   string `json:"dead,omitempty"` // why no request reaches the rule

	// State is "disarmed" for a rule whose conditions no request meets in this
	// mode, and "armed" if it is disarmed in another mode. Empty for all other
	// rules.
	State string `json:"state,omitempty"`
}

// routeQuota is how much of a quota a listener's load balancer uses in a mode.
type routeQuota struct {
	Mode  string `json:"mode"`
	Rules int    `json:"rules"` // on all its listeners
	Most  int    `json:"most"`
}

func newRouteTables(sources []source) []*routeTable {
	var tables []*routeTable
	for _, s := range sources {
		for _, l := range s.Listeners {
			i := slices.IndexFunc(tables, func(t *routeTable) bool { return t.Listener == l.Ref.String() })
			if i < 0 {
				i = len(tables)
				tables = append(tables, &routeTable{Listener: l.Ref.String(), Name: l.Name(), Port: l.Port, Protocol: l.Protocol})
			}
			tables[i].addMode(s, l)
		}
	}
	for _, t := range tables {
		t.arm()
	}
	return tables
}

// arm marks the rules that are disarmed in one mode as armed in the others.
func (t *routeTable) arm() {
	disarmed := map[string]bool{} // by rule
	for _, row := range t.Rules {
		for _, goal := range row.Actions {
			disarmed[row.Rule] = disarmed[row.Rule] || goal.State == ruleDisarmed
		}
	}
	for _, row := range t.Rules {
		for mode, goal := range row.Actions {
			if disarmed[row.Rule] && goal.State == "" {
				goal.State, goal.Text = ruleArmed, ruleArmed+": "+goal.Text
				row.Actions[mode] = goal
			}
		}
	}
}

const (
	ruleArmed    = "armed"
	ruleDisarmed = "disarmed"
)

// addMode adds what the listener does in a template.
func (t *routeTable) addMode(s source, l *alb.Listener) {
	t.Modes = append(t.Modes, s.mode)
	t.Read = append(t.Read, s.extent())
	quota := routeQuota{Mode: s.mode, Most: alb.MaxRules}
	for _, other := range s.Listeners {
		if other == l || other.LoadBalancer == l.LoadBalancer && l.LoadBalancer != (alb.Ref{}) {
			quota.Rules += len(other.Rules)
		}
	}
	t.Quotas = append(t.Quotas, quota)
	dead := map[*alb.Rule]string{}
	for _, d := range witness.FindDead(l) {
		if d.Field == "" {
			dead[d.Rule] = d.String()
		}
	}
	for i := range l.Rules {
		t.addRule(s, &l.Rules[i], dead[&l.Rules[i]])
	}
	for i := range l.DefaultIf {
		t.addRule(s, &l.DefaultIf[i], "")
	}
	t.addRule(s, &l.Default, "")
	slices.SortStableFunc(t.Rules, func(a, b routeRow) int { return a.place() - b.place() })
}

// addRule adds a rule to the row of the same rule in another template, or to a
// new row.
func (t *routeTable) addRule(s source, r *alb.Rule, dead string) {
	row := routeRow{Priority: priorityOf(r), Rule: r.LogicalID, Name: r.ShortName(), Conditions: []string{}, Transforms: []string{}, Actions: map[string]routeGoal{}}
	for _, c := range r.Conditions {
		values, wildcards := alb.Count(c)
		row.Values += values
		row.Wildcards += wildcards
		row.Conditions = append(row.Conditions, c.String())
	}
	for _, transform := range r.Transforms {
		row.Transforms = append(row.Transforms, transform.String())
	}
	if r.If != "" {
		row.Conditions = append(row.Conditions, "if "+r.If)
	}
	if r.Unread != "" {
		row.Conditions = append(row.Conditions, "and what cannot be read")
	}
	i := slices.IndexFunc(t.Rules, func(other routeRow) bool {
		return other.Priority == row.Priority && other.Rule == row.Rule && slices.Equal(other.Conditions, row.Conditions) && slices.Equal(other.Transforms, row.Transforms) &&
			other.Actions[s.mode] == (routeGoal{})
	})
	if i < 0 {
		i = len(t.Rules)
		t.Rules = append(t.Rules, row)
	}
	t.Rules[i].Actions[s.mode] = newRouteGoal(s.Template, r, dead)
}

func newRouteGoal(t *alb.Template, r *alb.Rule, dead string) routeGoal {
	goal := routeGoal{Text: t.ActionName(r), Dead: dead}
	switch {
	case r.Disarmed():
		goal.Text, goal.State, goal.Dead = ruleDisarmed, ruleDisarmed, ""
	case dead != "":
		goal.Text = "dead (" + goal.Text + ")"
	}
	if action := r.Final(); action != nil {
		goal.Action = action.Type()
	}
	goal.Target = targetsOf(r.Final())
	return goal
}

// targetsOf returns the logical ids of the target groups that an action forwards
// to.
func targetsOf(action alb.Action) string {
	forward, ok := action.(alb.Forward)
	if !ok {
		return ""
	}
	var ids []string
	for _, g := range forward.Groups {
		ids = append(ids, g.Group.String())
	}
	return strings.Join(ids, ", ")
}

func (r routeRow) place() int {
	if priority, ok := r.Priority.(int); ok {
		return priority
	}
	if r.Priority == "unknown" {
		return alb.MaxPriority + 1
	}
	return alb.MaxPriority + 2
}
