package rules

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// Verdict is the mode of a listener.
type Verdict struct {
	// Listener is the name of the listener.
	Listener string

	// Mode is the mode. Empty if the listener is in a mixed state.
	Mode maintenance.Mode

	// Mixed says why the listener is in a mixed state. Empty if it is in one
	// mode.
	Mixed string

	// Through are rules that let through a part of what the mode refuses, by
	// priority. They do not belong to the switch.
	Through []*alb.Rule

	// Notes say how else the listener differs from what the mode alone would be.
	Notes []string
}

// methods represent all methods that a request may have: those that read, those
// that write, and one that represents every other.
var (
	reads   = []string{http.MethodGet, http.MethodHead, http.MethodOptions}
	writes  = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	another = []string{"QUERY"}
)

// Mode returns the mode of a listener. It depends on what happens to the requests
// that no fixed rule of the switch takes: the mode is closed if all of them are
// refused, read-only if reads are let through, open if all are. It makes no
// difference whether the listener was read from a template or from the API.
func (s Switch) Mode(at Listener, l *alb.Listener) Verdict {
	j := &judgement{Listener: at, responder: s.Responder, of: l}
	refused := map[string]bool{}
	for _, method := range slices.Concat(reads, writes, another) {
		j.judge(method)
		if end, ok := j.ends[method]; ok {
			refused[method] = end == refuses
		}
	}
	if len(refused) == 0 {
		j.mix("%s lets everything through in every mode", described(j.allowed))
	}
	v := Verdict{Listener: at.Name, Mixed: j.mixed}
	if v.Mixed != "" {
		return v
	}
	all := func(methods []string, want bool) bool {
		return !slices.ContainsFunc(methods, func(m string) bool { r, ok := refused[m]; return ok && r != want })
	}
	switch {
	case all(reads, false) && all(writes, false) && all(another, false):
		v.Mode = maintenance.Open
	case all(reads, false) && all(writes, true) && all(another, true):
		v.Mode = maintenance.ReadOnly
	case all(reads, true) && all(writes, true) && all(another, true):
		v.Mode = maintenance.Closed
	default:
		v.Mixed = mixture(refused)
		return v
	}
	v.Through = j.parts(refused)
	v.Notes = j.notes
	return v
}

// Together returns the mode that all listeners of a switch are in. It is empty if
// one is in a mixed state, or if two are in different modes: mixed says why.
func Together(all []Verdict) (mode maintenance.Mode, mixed string) {
	for _, v := range all {
		switch {
		case v.Mixed != "" && len(all) > 1:
			return "", fmt.Sprintf("%s: %s", v.Listener, v.Mixed)
		case v.Mixed != "":
			return "", v.Mixed
		case mode != "" && v.Mode != mode:
			return "", fmt.Sprintf("%s is %s, %s is %s", all[0].Listener, mode, v.Listener, v.Mode)
		}
		mode = v.Mode
	}
	return mode, ""
}

// mixture says which requests are refused and which are not.
func mixture(refused map[string]bool) string {
	texts := map[bool][]string{}
	for _, m := range slices.Concat(reads, writes, another) {
		r, ok := refused[m]
		if m == another[0] {
			m = "every other method"
		}
		if ok {
			texts[r] = append(texts[r], m)
		}
	}
	return fmt.Sprintf("%s: refused; %s: let through", strings.Join(texts[true], ", "), strings.Join(texts[false], ", "))
}

// effect is what happens to a request.
type effect int

const (
	passes  effect = iota // to the application, or to anything else
	refuses               // the function answers
	splits                // some of them are refused, by weight
	strays                // neither: an answer of the load balancer, or unknown
)

// effect returns the effect of a rule on the requests that it decides.
func (j *judgement) effect(r *alb.Rule) effect {
	if _, ok := r.Final().(alb.Forward); !ok {
		if r.Default() && len(j.Apps) > 0 {
			return strays
		}
		return passes
	}
	to := alb.Decision{Rule: r}.Targets()
	refused := 0
	foreign := false
	for _, t := range to {
		switch name := t.Group.String(); {
		case t.Share == 0:
			return strays // all weights are 0
		case name == j.responder:
			refused++
		case !slices.Contains(j.Apps, name):
			foreign = true
		}
	}
	switch {
	case refused > 0 && refused == len(to):
		return refuses
	case refused > 0:
		return splits
	case r.Default() && len(j.Apps) > 0 && foreign:
		return strays
	}
	return passes
}

// part is a rule that decides a part of the requests of a method.
type part struct {
	rule   *alb.Rule
	method string
	effect effect
}

// judgement is the state of judging one listener.
type judgement struct {
	Listener
	responder string
	of        *alb.Listener
	ends      map[string]effect // by method: what happens to requests of which no rule takes a part
	some      []part
	notes     []string
	mixed     string
	allowed   *alb.Rule // a fixed rule that takes all requests of a method
}

// mix records why the listener is in a mixed state; the first reason is kept.
func (j *judgement) mix(format string, args ...any) {
	if j.mixed == "" {
		j.mixed = fmt.Sprintf(format, args...)
	}
}

// note adds a note once.
func (j *judgement) note(text string) {
	if !slices.Contains(j.notes, text) {
		j.notes = append(j.notes, text)
	}
}

// judge determines what happens to the requests of a method.
func (j *judgement) judge(method string) {
	if j.ends == nil {
		j.ends = map[string]effect{}
	}
	var end *alb.Rule             // what decides everything that reaches it
	var passed, stopped *alb.Rule // rules of the switch that let through or refuse a part
	var closed []string           // hosts for which they refuse everything
	for i := range j.of.Rules {
		r := &j.of.Rules[i]
		took, does := j.takes(r, method), j.effect(r)
		if j.stands(r) {
			if took == all {
				j.allowed = r
				return
			}
			continue
		}
		switch {
		case took == none, j.turns(r) && upgrades(r):
		case took == some, took == most && does != passes:
			j.some = append(j.some, part{r, method, does})
			switch {
			case !j.turns(r):
			case does == passes:
				passed = r
			default:
				stopped = r
				// There is one closing rule for as many hosts as fit into a rule.
				closed = append(closed, j.hostsAlone(r)...)
				if j.covered(closed) {
					end, stopped = r, nil
				}
			}
		default:
			end = r
		}
		if end != nil {
			break
		}
	}
	last := j.lastTurning(method)
	if end == nil {
		end = last
	}
	does := j.effect(end)
	if does == refuses && passed != nil && len(j.Apps) == 0 {
		// The services of the switch have their own rules for reads.
		does = passes
	}
	j.ends[method] = does
	switch {
	case stopped != nil && does == passes:
		j.mix("%s refuses a part of the requests only", name(stopped))
	case does == splits:
		j.mix("%s refuses a part of the requests only, by weight", name(end))
	case does == strays:
		j.mix("%s forwards neither to the application alone nor to the answer of maintenance alone", name(end))
	case j.turns(end):
	case does == passes && j.effect(last) == refuses:
		j.mix("%s lets everything through, although %s refuses", described(end), name(last))
	case does == refuses && end != last:
		j.note(described(end) + " refuses everything")
	}
}

// lastTurning returns the first rule of the switch that decides all requests of
// the method, or the default rule.
func (j *judgement) lastTurning(method string) *alb.Rule {
	for i := range j.of.Rules {
		if r := &j.of.Rules[i]; j.turns(r) && !j.stands(r) && j.takes(r, method) == all {
			return r
		}
	}
	return &j.of.Default
}

// parts says which rules treat a part of the requests otherwise than the mode
// does.
func (j *judgement) parts(refused map[string]bool) (through []*alb.Rule) {
	for _, p := range j.some {
		switch {
		case refused[p.method] && p.effect != refuses && !slices.Contains(through, p.rule) && j.ours(p.rule):
			through = append(through, p.rule)
			j.note(described(p.rule) + " is let through")
		case !refused[p.method] && p.effect != passes:
			j.note(described(p.rule) + " gets the answer of maintenance")
		}
	}
	return through
}

// ours reports whether a rule can take what the switch should refuse. On a shared
// listener, the others may let through their own requests, unless these are for a
// host of the switch.
func (j *judgement) ours(r *alb.Rule) bool {
	if len(j.Apps) > 0 || len(j.Hosts) > 0 {
		forward, ok := r.Final().(alb.Forward)
		return ok && len(forward.Groups) > 0
	}
	return false
}

// name returns the name of the rule in a sentence.
func name(r *alb.Rule) string {
	if r.Default() {
		return "the default action"
	}
	return "rule " + r.Name()
}

// upgrades reports whether a rule is for requests that ask for another protocol.
// No mode depends on it.
func upgrades(r *alb.Rule) bool {
	return slices.ContainsFunc(r.Conditions, func(c alb.Condition) bool { return strings.EqualFold(alb.HeaderName(c), "Upgrade") })
}

// described describes the rule by what it takes.
func described(r *alb.Rule) string {
	var texts []string
	for _, c := range r.Conditions {
		texts = append(texts, c.String())
	}
	if len(texts) == 0 {
		return name(r)
	}
	return fmt.Sprintf("rule %s (%s)", r.Name(), strings.Join(texts, ", "))
}
