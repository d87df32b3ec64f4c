package witness

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
)

// Dead is a rule, or a value of a rule, that no request reaches.
type Dead struct {
	Rule  *alb.Rule
	Field string // of the value, "" for the whole rule
	Value string

	// By are the rules that take everything that it would take: a single rule if
	// one takes all of it. It is empty if no request meets its conditions.
	By []*alb.Rule
}

// String says what is dead and why, in a sentence without a full stop.
func (d Dead) String() string {
	what := "rule"
	if d.Field != "" {
		what = fmt.Sprintf("%s %q", d.Field, cfn.Display(d.Value))
	}
	switch len(d.By) {
	case 0:
		return what + " is dead: no request can meet it"
	case 1:
		return fmt.Sprintf("%s is dead: rule %s %s takes all that it would take", what, d.By[0].Name(), d.By[0].ShortName())
	}
	names := make([]string, len(d.By))
	for i, r := range d.By {
		names[i] = r.Name() + " " + r.ShortName()
	}
	return fmt.Sprintf("%s is dead: rules %s take all that it would take", what, strings.Join(names, ", "))
}

// mostValues limits how many rules a rule is split into.
const mostValues = 25

// FindDead returns what no request to a listener reaches. It reports only what is
// proven: nothing about rules that are not fully known, or about rules whose
// requests such a rule may take.
func FindDead(l *alb.Listener) []Dead {
	known := certain(l)
	alive, complete := reachedRules(known)
	if !complete {
		return nil
	}
	var dead []Dead
	var live []alb.Rule
	for i := range known.Rules {
		rule := &known.Rules[i]
		if alive[rule] {
			live = append(live, *rule)
			continue
		}
		dead = append(dead, Dead{Rule: ruleIn(l, rule), By: originals(l, takers(live, rule))})
	}
	parts, of := apart(known)
	reached, complete := reachedRules(parts)
	if !complete {
		return dead
	}
	for i := range parts.Rules {
		p := of[i]
		if reached[&parts.Rules[i]] || p.field == "" || slices.ContainsFunc(dead, func(d Dead) bool { return d.Rule == ruleIn(l, p.rule) }) {
			continue
		}
		before := live[:slices.IndexFunc(live, func(r alb.Rule) bool { return r.Priority == p.rule.Priority })]
		only := only(p.rule, p.condition, p.value)
		if live, all := reachedRules(listenerOf(before, only)); !all || live[nil] {
			continue
		}
		d := Dead{Rule: ruleIn(l, p.rule), Field: p.field, Value: p.text, By: originals(l, takers(before, &only))}
		if !slices.ContainsFunc(dead, func(o Dead) bool { return o.Rule == d.Rule && o.Field == d.Field && o.Value == d.Value }) {
			dead = append(dead, d)
		}
	}
	return dead
}

// certain returns a listener with only the rules whose priority and conditions
// are known. The others may take requests, but not for certain.
func certain(l *alb.Listener) *alb.Listener {
	known := &alb.Listener{Balancer: l.Balancer, Default: l.Default}
	for _, r := range l.Rules {
		if r.Priority != alb.UnknownPriority && r.Unread == "" && r.If == "" {
			known.Rules = append(known.Rules, r)
		}
	}
	return known
}

func listenerOf(before []alb.Rule, last alb.Rule) *alb.Listener {
	return &alb.Listener{Rules: append(slices.Clone(before), last)}
}

// reachedRules returns the rules that decide some request; nil stands for the
// last one.
func reachedRules(l *alb.Listener) (reached map[*alb.Rule]bool, complete bool) {
	classes, complete := Classes(l, l)
	reached = map[*alb.Rule]bool{}
	for _, c := range classes {
		reached[c.New] = true
		if n := len(l.Rules); n > 0 && c.New == &l.Rules[n-1] {
			reached[nil] = true
		}
	}
	return reached, complete
}

// takers returns the earlier rules that leave a rule nothing: a single one if
// possible, otherwise all that take some of it. It is empty if the rule matches
// nothing anyway.
func takers(before []alb.Rule, rule *alb.Rule) []*alb.Rule {
	if reached, _ := reachedRules(listenerOf(nil, *rule)); !reached[nil] {
		return nil
	}
	var some []*alb.Rule
	for i := range before {
		l := listenerOf(before[i:i+1], *rule)
		reached, complete := reachedRules(l)
		if complete && !reached[nil] {
			return []*alb.Rule{&before[i]}
		}
		both := alb.Rule{Priority: before[i].Priority, Conditions: append(slices.Clone(before[i].Conditions), rule.Conditions...)}
		if overlap, _ := reachedRules(listenerOf(nil, both)); overlap[nil] {
			some = append(some, &before[i])
		}
	}
	return some
}

// piece is a rule made from one value of a rule.
type piece struct {
	rule        *alb.Rule
	condition   int
	value       int
	field, text string
}

// apart returns a listener with a rule for each value of a condition that has
// several.
func apart(l *alb.Listener) (*alb.Listener, []piece) {
	parts := &alb.Listener{Balancer: l.Balancer, Default: l.Default}
	var of []piece
	for i := range l.Rules {
		rule := &l.Rules[i]
		whole := len(parts.Rules)
		for j, c := range rule.Conditions {
			values := alb.Values(c)
			if len(values) < 2 || len(parts.Rules)-whole+len(values) > mostValues {
				continue
			}
			for k, v := range values {
				parts.Rules = append(parts.Rules, only(rule, j, k))
				of = append(of, piece{rule, j, k, alb.Field(c), v.Text})
			}
		}
		if len(parts.Rules) == whole {
			parts.Rules = append(parts.Rules, *rule)
			of = append(of, piece{rule: rule})
		}
	}
	return parts, of
}

// only returns a rule with only one value of one of its conditions.
func only(rule *alb.Rule, condition, value int) alb.Rule {
	one := *rule
	one.Conditions = slices.Clone(rule.Conditions)
	one.Conditions[condition] = alb.Split(rule.Conditions[condition], 1)[value]
	return one
}

// ruleIn returns the rule of a listener with the priority of the given rule.
func ruleIn(l *alb.Listener, rule *alb.Rule) *alb.Rule {
	i := slices.IndexFunc(l.Rules, func(r alb.Rule) bool { return r.Priority == rule.Priority && r.LogicalID == rule.LogicalID })
	return &l.Rules[i]
}

func originals(l *alb.Listener, rules []*alb.Rule) []*alb.Rule {
	all := make([]*alb.Rule, len(rules))
	for i, r := range rules {
		all[i] = ruleIn(l, r)
	}
	return all
}
