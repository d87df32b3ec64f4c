package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/internal/cfn"
	"github.com/noren-cdk/noren/internal/rules"
	"github.com/noren-cdk/noren/internal/term"
)

// drift is a listener that is compared with its description in a template.
type drift struct {
	Listener    string   `json:"listener"`
	Differences []string `json:"differences"`
	NotCompared []string `json:"notCompared"` // rules that only a deploy knows, or that were not read
}

// printDrift prints how the existing listeners differ from a template, and fails
// with the exit code of a difference if they do.
func printDrift(stdout, stderr io.Writer, path string, flags templateFlags, live []string, asJSON bool) error {
	s, err := flags.loadOne(path)
	if err != nil {
		return err
	}
	if err := flags.known([]source{s}); err != nil {
		return err
	}
	warn(stderr, []source{s})
	flags.live = live
	now, err := flags.loadLive()
	if err != nil {
		return err
	}
	found := []drift{}
	differ := 0
	for _, l := range s.Listeners {
		d := newDrift(l, now.Listener(l.Ref))
		differ += len(d.Differences)
		found = append(found, d)
	}
	if asJSON {
		err = writeJSON(stdout, found)
	} else {
		writeDrift(term.New(stdout), found, []source{s, now})
	}
	if err == nil && differ > 0 {
		return &exitError{unexpected, fmt.Errorf("%s from the template", term.Plural(differ, "difference"))}
	}
	return err
}

// newDrift compares a listener with the existing one, which is nil if it does not
// exist.
func newDrift(deployed, now *alb.Listener) drift {
	d := drift{Listener: deployed.Name(), Differences: []string{}, NotCompared: []string{}}
	if now == nil {
		d.Differences = append(d.Differences, fmt.Sprintf("listener %s is not among what the AWS CLI printed, or what names its resources is missing: aws cloudformation describe-stack-resources", deployed.Ref))
		return d
	}
	open := map[int]bool{} // priorities of rules that are not compared
	for _, r := range append([]alb.Rule{deployed.Default}, slices.Concat(deployed.DefaultIf, deployed.Rules)...) {
		if why := notComparable(&r); why != "" {
			open[r.Priority] = true
			d.NotCompared = append(d.NotCompared, fmt.Sprintf("rule %s: %s", r.Name(), why))
		}
	}
	for _, difference := range rules.Compare(deployed, now, rules.Groups{}) {
		r := difference.Rule
		switch {
		case r != nil && open[r.Priority]:
		case r != nil && open[alb.UnknownPriority] && !slices.ContainsFunc(deployed.Rules, func(other alb.Rule) bool { return other.Priority == r.Priority }):
			d.NotCompared = append(d.NotCompared, fmt.Sprintf("rule %s may be that whose priority is not known", r.Name()))
		case r == nil && open[alb.UnknownPriority]:
			// It is that rule, or a missing one, which is reported above.
		default:
			d.Differences = append(d.Differences, difference.Text)
		}
	}
	return d
}

// notComparable says why a rule cannot be compared, "" if it can.
func notComparable(r *alb.Rule) string {
	switch {
	case r.Unread != "":
		return r.Unread
	case r.If != "":
		return "condition " + r.If + " is not decided"
	case r.Priority == alb.UnknownPriority:
		return "its priority hangs on " + r.PriorityFrom
	}
	forward, _ := r.Final().(alb.Forward)
	for _, g := range forward.Groups {
		if cfn.IsOpaque(g.Group.External) {
			return "only a deploy knows " + g.Group.String()
		}
	}
	return ""
}

func writeDrift(out term.Terminal, found []drift, sources []source) {
	for _, d := range found {
		fmt.Fprintln(out, out.In(term.Bold, d.Listener))
		if len(d.Differences) == 0 {
			fmt.Fprintln(out, "  as the template says")
		}
		lines := slices.Clone(d.Differences)
		for _, text := range d.NotCompared {
			lines = append(lines, "not compared: "+text)
		}
		for _, text := range lines {
			for i, line := range term.Wrap(text, max(out.Width-4, 0)) {
				fmt.Fprintln(out, strings.Repeat("  ", min(i, 1))+"  "+line)
			}
		}
	}
	writeExtent(out, sources)
}
