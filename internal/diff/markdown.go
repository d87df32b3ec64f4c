package diff

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
)

// Markdown formats diffs as a comment on a pull request: who may do and reach
// what, what happens to data and to clients, then resources in a fold. What does
// not fit is left out in order of importance, and counted. read says how much was
// compared, "" to leave that out. whole is the address of the complete text, ""
// if there is none.
func Markdown(pairs []Pair, read, whole string) string {
	m := newMarkdown(pairs, read)
	return m.fit(mostMarkdown, whole)
}

// WholeMarkdown is like Markdown, but leaves nothing out.
func WholeMarkdown(pairs []Pair, read string) string { return newMarkdown(pairs, read).String() }

func newMarkdown(pairs []Pair, read string) *markdown {
	m := &markdown{}
	for _, p := range pairs {
		m.line("### What changes: " + code(p.Template))
		m.line("")
		m.diff(p)
	}
	if read != "" {
		m.line(escaped(read))
	}
	return m
}

func (m *markdown) diff(p Pair) {
	if p.Empty() {
		m.line("No differences.")
		m.line("")
		return
	}
	m.warnings(p.Diff)
	if len(p.Rights) > 0 {
		m.rights(p.Rights)
	}
	m.lost(p.Resources)
	if mode := modeText(p.Mode, "→"); mode != "" {
		m.line("**Mode:** " + mode)
		m.line("")
	}
	if len(p.Night) > 0 {
		b := &block{before: "**The maintenance that is planned:**\n\n```text\n", after: "```\n\n"}
		for _, line := range p.Night {
			b.add(strings.ReplaceAll(printable(line), "`", "'"), always)
		}
		m.blocks = append(m.blocks, b)
	}
	for _, open := range p.StillOpen {
		m.line("**Still open when closed:** " + escaped(open))
		m.line("")
	}
	if len(p.Clients) == 0 {
		m.line("**Clients:** " + escaped(p.sameForClients()) + ".")
		m.line("")
	}
	for _, c := range p.Clients {
		summary := code(c.Summary)
		if c.Summary == "" {
			summary = term.Plural(len(c.Classes), "kind") + " of request"
		}
		m.line(fmt.Sprintf("**Clients of** %s**:** %s: %s **→** %s", code(c.Listener), summary, code(c.Before), code(given(c.After, c.When))))
		m.line("")
		m.classes(c)
	}
	for _, text := range p.Beside {
		m.line("- beside the rules: " + code(text))
	}
	if len(p.Beside) > 0 {
		m.line("")
	}
	if len(p.Resources) == 0 {
		m.line("**Resources:** none change.")
	} else {
		m.resources(p.Resources)
	}
	if len(p.Sections) > 0 {
		b := m.fold(term.Plural(len(p.Sections), "change") + " of the template outside its resources")
		for _, change := range p.Sections {
			b.add("- "+code(changeText(change, false)), sections)
		}
	}
}

// hazardLists begin lists of hazards.
var hazardLists = map[HazardKind]string{
	Fails: "This deploy fails:", MayFail: "This deploy may fail, by the order in which CloudFormation updates:", Offline: "While the deploy runs:",
	Moment: "For a moment, while the deploy runs:", Unseen: "Not all of it was looked at:",
}

// warnings lists, unfolded, what goes wrong in between and what is not known: one
// list for each kind.
func (m *markdown) warnings(d Diff) {
	for _, kind := range []HazardKind{Fails, MayFail, Offline, Moment, Unseen} {
		var alone, listed []string
		for _, h := range d.Deploy {
			if h.Kind == kind {
				alone, listed = append(alone, escaped(h.String())), append(listed, escaped(h.text()))
			}
		}
		if len(alone) > 1 {
			alone = listed
		}
		m.box("WARNING", hazardLists[kind], alone)
	}
	var notes []string
	for _, note := range d.notes() {
		notes = append(notes, escaped(note))
	}
	m.box("WARNING", "Warnings:", notes)
}

// box writes an alert: a sentence, or a list with an introduction.
func (m *markdown) box(kind, lead string, items []string) {
	if len(items) == 0 {
		return
	}
	b := &block{before: "> [!" + kind + "]\n", after: "\n"}
	m.blocks = append(m.blocks, b)
	if len(items) == 1 {
		b.add("> "+items[0], always)
		return
	}
	b.before += "> " + lead + "\n"
	for _, item := range items {
		b.add("> - "+item, always)
	}
}

// rights lists, unfolded and completely, who may do and reach what.
func (m *markdown) rights(all []Right) {
	var lines []string
	fence := "```"
	for _, r := range all {
		for _, line := range rightLines(r) {
			line = printable(line)
			for strings.Contains(line, fence) {
				fence += "`"
			}
			lines = append(lines, line)
		}
	}
	m.line("**Rights, reach and protection:** " + term.Plural(len(all), "change"))
	m.line("")
	b := &block{before: fence + "diff\n", after: fence + "\n\n"}
	m.blocks = append(m.blocks, b)
	for _, line := range lines {
		b.add(line, rights)
	}
}

// lost lists, unfolded, the data that a deploy removes.
func (m *markdown) lost(resources []Resource) {
	var lost []string
	for _, r := range resources {
		if r.Data && r.Fate != Changed && r.Fate != Added {
			lost = append(lost, code(r.LogicalID)+" ("+code(r.Type)+") "+m.fate(r))
		}
	}
	m.box("CAUTION", term.Plural(len(lost), "resource")+" that hold data:", lost)
}

// fate returns what happens to a resource, and why.
func (m *markdown) fate(r Resource) string {
	text := "**" + fateWord(r) + "**"
	if r.Why != "" {
		text += ": " + code(r.Why)
	}
	return text
}

func (m *markdown) classes(c Change) {
	b := m.fold("Requests that show it")
	b.before += "| request | was decided by | is decided by |\n| --- | --- | --- |\n"
	for _, class := range c.Classes {
		request := code(requestText(class.Request))
		if len(class.Doubts) > 0 {
			request += " (uncertain: " + escaped(strings.Join(class.Doubts, "; ")) + ")"
		}
		b.add(fmt.Sprintf("| %s | %s | %s |", request, code(ruleText(class.Before)), code(ruleText(class.After))), requests)
	}
}

func (m *markdown) resources(resources []Resource) {
	b := m.fold("Resources: " + countFates(resources))
	for _, r := range resources {
		w, p := remaining, properties
		if r.Fate == Added || r.Fate == Removed {
			p = propertiesOfOthers
		}
		if r.Fate == Added {
			w = additions
		}
		b.add("- "+code(r.LogicalID)+" "+code(r.Type)+": "+m.fate(r), w)
		changes, more, full := r.shown()
		for _, change := range changes {
			b.add("  - "+code(changeText(change, full)), p)
		}
		if more > 0 {
			b.add("  - "+moreText(more), p)
		}
	}
}

// countFates says how many resources meet each fate.
func countFates(resources []Resource) string {
	var parts []string
	for _, fate := range []Fate{Removed, Replaced, MaybeRemoved, MaybeReplaced, Changed, Added} {
		n := 0
		for _, r := range resources {
			if r.Fate == fate {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, fate))
		}
	}
	return strings.Join(parts, ", ")
}
