package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/alb/witness"
)

// Change is the requests to a listener whose outcome changes in the same way.
type Change struct {
	Listener string `json:"listener"` // for people
	Before   string `json:"before"`   // what happened to them, for people
	After    string `json:"after"`    // what happens to them

	// Summary says which requests these are, if that takes only a few words.
	Summary string  `json:"summary"`
	Classes []Class `json:"classes"`

	// When is the condition of the templates under which this happens, if only a
	// deploy decides it.
	When string `json:"when,omitempty"`
}

// Class is the requests of a Change that one rule decided before and one rule
// decides after.
type Class struct {
	Before  Rule    `json:"before"`
	After   Rule    `json:"after"`
	Request Request `json:"request"` // one of them

	// Doubts say why it is uncertain that this happens to the request.
	Doubts []string `json:"doubts"`
}

// Rule names a rule.
type Rule struct {
	Priority   any      `json:"priority"` // a number, "default", or null without a listener
	LogicalID  string   `json:"logicalId"`
	Name       string   `json:"name"`
	Conditions []string `json:"conditions"`
}

// Request is a request that a reader can send. What is known only after a deploy,
// such as a secret, is named instead. Its host and source are empty if no rule of
// the listener looks at them.
type Request struct {
	Method string              `json:"method"`
	Target string              `json:"target"`
	Host   string              `json:"host,omitempty"`
	Header map[string][]string `json:"header,omitempty"`
	Source string              `json:"source,omitempty"`
}

// nobody is the action of a listener that does not exist.
type nobody struct{}

func (nobody) Type() string   { return "none" }
func (nobody) String() string { return "nobody listens" }

// compareClients compares the listeners of two templates.
func compareClients(old, next Template) (changes []Change, complete bool) {
	complete = true
	for _, pair := range listenerPairs(old.Template, next.Template) {
		classes, all := witness.Classes(pair[0], pair[1])
		complete = complete && all
		found := changesOf(old.Template, next.Template, pair, classes)
		allowed := "what rules of their own take"
		if len(old.switches) > 0 || len(next.switches) > 0 {
			allowed = "the allowed requests"
		}
		summarize(found, classes, func(r *alb.Rule) bool { return old.answersMaintenance(r) || next.answersMaintenance(r) }, allowed)
		for _, f := range found {
			changes = append(changes, f.Change)
		}
	}
	return changes, complete
}

// listenerPairs returns the listeners that are the same in both templates: by
// logical id or, failing that, by port. A listener without a counterpart has no
// pair.
func listenerPairs(old, next *alb.Template) [][2]*alb.Listener {
	rest := slices.Clone(next.Listeners)
	take := func(same func(*alb.Listener) bool) *alb.Listener {
		i := slices.IndexFunc(rest, same)
		if i < 0 {
			return nil
		}
		l := rest[i]
		rest = slices.Delete(rest, i, i+1)
		return l
	}
	pairs := make([][2]*alb.Listener, len(old.Listeners))
	for i, l := range old.Listeners {
		pairs[i] = [2]*alb.Listener{l, take(func(other *alb.Listener) bool { return other.Ref == l.Ref })}
	}
	for i, l := range old.Listeners {
		if pairs[i][1] == nil {
			pairs[i][1] = take(func(other *alb.Listener) bool {
				return l.Port != 0 && other.Port == l.Port && !l.Foreign() && !other.Foreign()
			})
		}
	}
	for i, l := range old.Listeners {
		if pairs[i][1] == nil {
			pairs[i][1] = absent(l)
		}
	}
	for _, l := range rest {
		pairs = append(pairs, [2]*alb.Listener{absent(l), l})
	}
	return pairs
}

// absent returns a listener that stands for a missing one. A listener outside the
// templates does exist, but without their rules.
func absent(l *alb.Listener) *alb.Listener {
	a := &alb.Listener{Ref: l.Ref, Path: l.Path, Port: l.Port, Protocol: l.Protocol}
	if !l.Foreign() {
		a.Default.Actions = []alb.Action{nobody{}}
	}
	return a
}

// movedListeners warns about listeners that answer on another port, or with
// another protocol, which the outcome of requests does not show.
func movedListeners(old, next Template) []string {
	var warnings []string
	for _, before := range old.Listeners {
		after := next.Listener(before.Ref)
		if after != nil && (after.Port != before.Port || after.Protocol != before.Protocol) {
			warnings = append(warnings, fmt.Sprintf("listener %s becomes %s: clients of the old one get no answer", before.Name(), after.Name()))
		}
	}
	return warnings
}

// found is a change with its classes.
type found struct {
	Change
	classes []witness.Class
}

// changesOf groups the classes of a listener whose outcome changes by the
// outcomes before and after.
func changesOf(old, next *alb.Template, pair [2]*alb.Listener, classes []witness.Class) []*found {
	var changes []*found
	byEffect := map[[2]string]*found{}
	for _, c := range classes {
		effects := [2]string{effect(c.Old), effect(c.New)}
		if effects[0] == effects[1] {
			continue
		}
		f := byEffect[effects]
		if f == nil {
			f = &found{Change: Change{Listener: pair[1].Name(), Before: old.ActionName(c.Old), After: next.ActionName(c.New)}}
			byEffect[effects] = f
			changes = append(changes, f)
		}
		f.classes = append(f.classes, c)
		before, after := c.Request, c.Request
		doubt := pair[0].Route(&before).Doubt | pair[1].Route(&after).Doubt
		f.Classes = append(f.Classes, Class{ruleOf(c.Old), ruleOf(c.New), requestOf(c.Request, pair), reasons(doubt)})
	}
	for _, f := range changes {
		if f.Before == f.After {
			f.Before, f.After = f.Before+" ("+effect(f.classes[0].Old)+")", f.After+" ("+effect(f.classes[0].New)+")"
		}
	}
	return changes
}

// effect returns a text for what happens to a request that a rule decides. Equal
// effects are the same to clients.
func effect(r *alb.Rule) string {
	var parts []string
	for _, action := range r.Actions {
		switch a := action.(type) {
		case alb.FixedResponse:
			parts = append(parts, a.String()+" "+a.Body)
		case alb.Authenticate:
			parts = append(parts, a.String()+" "+a.OnUnauthenticated)
		case fmt.Stringer:
			parts = append(parts, a.String())
		}
	}
	for _, t := range r.Transforms {
		parts = append(parts, fmt.Sprintf("%s %q to %q", t.Type, t.Regex, t.Replace))
	}
	return strings.Join(parts, ", ")
}

// reasons returns the doubts except for a secret: a witness carries it on
// purpose.
func reasons(doubt alb.Doubt) []string {
	texts := (doubt &^ alb.SecretValue).Reasons()
	if texts == nil {
		return []string{}
	}
	return texts
}

func ruleOf(r *alb.Rule) Rule {
	rule := Rule{Priority: r.Priority, LogicalID: r.LogicalID, Name: r.ShortName(), Conditions: []string{}}
	if r.Default() {
		rule.Priority = "default"
	}
	for _, c := range r.Conditions {
		rule.Conditions = append(rule.Conditions, c.String())
	}
	return rule
}

func requestOf(r alb.Request, pair [2]*alb.Listener) Request {
	request := Request{Method: r.Method, Target: r.Target, Header: r.Header}
	if looksAt(pair, "host-header") {
		request.Host = r.Host
	}
	if looksAt(pair, "source-ip") {
		request.Source = r.Source.String()
	}
	return request
}

// looksAt reports whether a rule of the listeners has a condition on a field.
func looksAt(pair [2]*alb.Listener, field string) bool {
	for _, l := range pair {
		for i := range l.Rules {
			if slices.ContainsFunc(l.Rules[i].Conditions, func(c alb.Condition) bool { return alb.Field(c) == field }) {
				return true
			}
		}
	}
	return false
}
