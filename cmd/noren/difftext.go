package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/diff"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// writeDiffText writes a diff for people at a terminal.
func writeDiffText(out terminal, p templatePair, named bool) {
	line := func(s style, indent, text string) {
		if rest, ok := strings.CutPrefix(text, "\n"); ok {
			fmt.Fprintln(out)
			text = rest
		}
		for i, part := range wrap(text, max(out.width-len(indent), 0)) {
			if i > 0 {
				part = "  " + part
			}
			fmt.Fprintln(out, indent+out.in(s, part))
		}
	}
	if named {
		line(bold, "", p.Template)
	}
	if p.Empty() {
		fmt.Fprintln(out, "no differences")
		return
	}
	for _, warning := range p.Warnings {
		line(yellow, "", "warning: "+warning)
	}
	if !p.Complete {
		line(yellow, "", "warning: the listeners have more combinations of conditions than were looked at: more requests may change")
	}
	if mode := modeText(p.Mode, "->"); mode != "" {
		line(plain, "", "Mode: "+mode)
	}
	line(bold, "", "\nClients")
	if len(p.Clients) == 0 {
		line(plain, "  ", "every request goes where it went")
	}
	for i, c := range p.Clients {
		if i == 0 || c.Listener != p.Clients[i-1].Listener {
			line(plain, "  ", c.Listener)
		}
		if c.Summary != "" {
			line(plain, "  ", c.Summary+":")
		}
		line(yellow, "  ", c.Before+" -> "+c.After)
		writeClasses(out, c.Classes)
	}
	line(bold, "", "\nResources")
	if len(p.Resources) == 0 {
		line(plain, "  ", "none change")
	}
	for _, r := range p.Resources {
		line(fateStyle(r), "  ", fateSign[r.Fate]+" "+r.LogicalID+" "+fateText(r))
		line(dim, "    ", r.Type+where(r))
		for _, change := range r.Changes {
			line(plain, "    ", changeText(change))
		}
	}
	if len(p.Sections) > 0 {
		line(bold, "", "\nTemplate")
	}
	for _, change := range p.Sections {
		line(plain, "  ", changeText(change))
	}
}

// modeText is the mode, or how it changes; empty if a template has none.
func modeText(m diff.ModeChange, arrow string) string {
	switch {
	case m.Before == "" || m.After == "":
		return ""
	case m.Before == m.After:
		return string(m.After) + ", as before"
	}
	return fmt.Sprintf("%s %s %s", m.Before, arrow, m.After)
}

// writeClasses writes a line for each class: a request, and by which rules it
// went and goes.
func writeClasses(out terminal, all []diff.Class) {
	classes := table{heading: []string{"  such as", "was decided by", "is decided by"}}
	for _, class := range all {
		r := row{cells: []cell{{"  " + requestText(class.Request), plain}, {ruleText(class.Before), plain}, {ruleText(class.After), plain}}}
		if len(class.Doubts) > 0 {
			r.below = "    uncertain: " + strings.Join(class.Doubts, "; ")
		}
		classes.rows = append(classes.rows, r)
	}
	classes.write(out)
}

// requestText is a request as explain takes it.
func requestText(r diff.Request) string {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.Target)
	if r.Host != "" {
		b.WriteString(" --host " + r.Host)
	}
	if r.Source != "" {
		b.WriteString(" --from " + r.Source)
	}
	for _, name := range sortedKeys(r.Header) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&b, " -H %q", name+": "+value)
		}
	}
	return b.String()
}

func ruleText(r diff.Rule) string {
	if r.Priority == "default" {
		return "default rule"
	}
	return fmt.Sprintf("rule %v %s", r.Priority, r.Name)
}

var fateSign = map[diff.Fate]string{
	diff.Added: "+", diff.Removed: "-", diff.Replaced: "!", diff.MaybeReplaced: "?", diff.Changed: "~",
}

func fateStyle(r diff.Resource) style {
	switch {
	case r.Fate == diff.Added:
		return green
	case r.Fate == diff.Removed, r.Data && r.Fate != diff.Changed:
		return red
	}
	return yellow
}

// fateText is what happens to a resource, and why.
func fateText(r diff.Resource) string {
	text := string(r.Fate)
	if r.Fate == diff.Changed {
		text = "changed in place"
	}
	if r.Data && r.Fate != diff.Changed && r.Fate != diff.Added {
		text += ", HOLDS DATA"
	}
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}

func where(r diff.Resource) string {
	if r.Path == "" {
		return ""
	}
	return " " + strings.TrimSuffix(r.Path, "/Resource")
}

func changeText(p diff.Property) string {
	before, after := p.Before, p.After
	switch {
	case before == "":
		return fmt.Sprintf("%s: + %s", p.Name, cropped(after))
	case after == "":
		return fmt.Sprintf("%s: - %s", p.Name, cropped(before))
	}
	return fmt.Sprintf("%s: %s -> %s", p.Name, cropped(before), cropped(after))
}

// cropped keeps a value to a length that people read.
func cropped(value string) string {
	const most = 200
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return value
}
