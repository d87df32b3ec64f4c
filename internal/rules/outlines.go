package rules

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// Outlines describe what was deployed on the load balancers of a switch.
type Outlines struct {
	// Listeners are the listeners of the switch, in its order.
	Listeners []Outline

	// Others are the other listeners of the load balancers. OthersUnknown says
	// that there may be more, because a load balancer does not belong to the
	// stack.
	Others        []Outline
	OthersUnknown bool
}

// ProbeVariable returns the name of the probe's environment variable for a text
// of the listener with an index: one of Listener.Texts, or Deployed, its outline.
func ProbeVariable(index int, name string) string {
	return maintenance.ProbeVariables + strconv.Itoa(index+1) + "_" + strings.ToUpper(name)
}

// Texts encodes the outlines of the switch's listeners separately, and those of
// the others together.
func (o Outlines) Texts() (listeners []string, others string) {
	for _, l := range o.Listeners {
		listeners = append(listeners, l.String())
	}
	var texts []string
	for _, l := range o.Others {
		texts = append(texts, l.String())
	}
	if o.OthersUnknown {
		texts = append(texts, unknownOthers)
	}
	return listeners, cmp.Or(strings.Join(texts, ", "), noOthers)
}

// Texts that replace the outlines of other listeners.
const (
	unknownOthers = "*"
	noOthers      = "none"
)

// ParseOutlines decodes what Texts encodes.
func ParseOutlines(listeners []string, others string) (Outlines, error) {
	var o Outlines
	var errs []error
	parse := func(text string, to *[]Outline) {
		l, err := ParseOutline(text)
		*to, errs = append(*to, l), append(errs, err)
	}
	for _, text := range listeners {
		parse(text, &o.Listeners)
	}
	for text := range strings.SplitSeq(others, ",") {
		switch text = strings.TrimSpace(text); text {
		case noOthers:
		case unknownOthers:
			o.OthersUnknown = true
		default:
			parse(text, &o.Others)
		}
	}
	return o, errors.Join(errs...)
}

// Compare compares all listeners of the load balancers, in a mode, with what was
// deployed: those of the switch, in its order, and the others.
func (o Outlines) Compare(mode maintenance.Mode, listeners, others []*alb.Listener, g Groups) []Drift {
	var all []Drift
	for i, now := range listeners {
		if i < len(o.Listeners) {
			all = append(all, o.Listeners[i].Compare(mode, now, g)...)
		}
	}
	return append(all, CompareOthers(others, o.OthersUnknown, o.Others, g,
		func(l Outline) int { return l.Port },
		func(l Outline, now *alb.Listener) []Drift { return l.Compare(mode, now, g) })...)
}

// CompareOthers compares the listeners that do not belong to the switch with
// those that were deployed, in whatever form they are known: port returns the
// port of such a listener, 0 if only a deploy knows it; drift compares two
// listeners.
func CompareOthers[T any](now []*alb.Listener, unknown bool, deployed []T, g Groups, port func(T) int, drift func(T, *alb.Listener) []Drift) []Drift {
	var all []Drift
	met := make([]bool, len(deployed))
	for _, l := range now {
		var least []Drift
		known := false
		for i, d := range deployed {
			if p := port(d); p != l.Port && p != 0 {
				continue
			}
			if found := drift(d, l); !known || len(found) < len(least) {
				least, known = found, true
			}
			met[i] = true
		}
		name := fmt.Sprintf("the listener on port %d", l.Port)
		for _, d := range least {
			d.Text = name + ": " + d.Text
			all = append(all, d)
		}
		if known {
			continue
		}
		d := Drift{Text: name + " is not deployed"}
		toTheApp := strings.ContainsRune(g.Does(&l.Default), toApp)
		d.Opens = g.opens(&l.Default)
		for i := range l.Rules {
			toTheApp = toTheApp || strings.ContainsRune(g.Does(&l.Rules[i]), toApp)
			d.Opens = d.Opens || g.opens(&l.Rules[i])
		}
		switch {
		case !unknown:
			all = append(all, d)
		case toTheApp:
			all = append(all, Drift{Text: name + " is not deployed by this stack, and forwards to its application", Opens: true})
		}
	}
	for i, d := range deployed {
		if !met[i] {
			all = append(all, Drift{Text: fmt.Sprintf("the listener on port %d is missing", port(d))})
		}
	}
	return all
}
