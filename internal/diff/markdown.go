package diff

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
)

// mostMarkdown is the length, in characters, below which GitHub takes a comment
// of a pull request.
const mostMarkdown = 65_536

// cutNote stands at the end of Markdown that is cut.
const cutNote = "\n\n**Cut here: the whole is longer than a comment may be.** `noren diff` on a terminal shows it.\n"

// Markdown is a diff as a comment of a pull request: what happens to
// clients, then resources in a fold. What is too long is cut at the end of a
// line, and says so.
func Markdown(pairs []Pair) string {
	var m markdown
	for _, p := range pairs {
		m.add("### What changes: " + p.Template)
		m.add("")
		m.diff(p)
	}
	return m.String()
}

// markdown is lines of Markdown up to the length of a comment.
type markdown struct {
	strings.Builder
	length int // in characters
	fold   bool
	cut    bool
}

const foldEnd = "</details>"

// add adds a line, unless that leaves no room for the note that there is more.
func (m *markdown) add(line string) {
	n := len([]rune(line)) + 1
	if m.cut || m.length+n+len(cutNote)+2*len(foldEnd) >= mostMarkdown {
		m.cut = true
		return
	}
	m.length += n
	m.WriteString(line + "\n")
}

// String is the Markdown, with a note if it is cut.
func (m *markdown) String() string {
	text := m.Builder.String()
	if !m.cut {
		return text
	}
	if m.fold {
		text += "\n" + foldEnd
	}
	return text + cutNote
}

// details adds lines in a fold that opens with a click.
func (m *markdown) details(title string, add func()) {
	if m.cut {
		return
	}
	m.add("<details><summary>" + title + "</summary>")
	m.add("")
	m.fold = !m.cut
	add()
	m.add("")
	m.add(foldEnd)
	if !m.cut {
		m.fold = false
	}
	m.add("")
}

func (m *markdown) diff(p Pair) {
	if p.Empty() {
		m.add("No differences.")
		m.add("")
		return
	}
	for _, warning := range p.Warnings {
		m.add("> [!WARNING]")
		m.add("> " + escaped(warning))
		m.add("")
	}
	if !p.Complete {
		m.add("> [!WARNING]")
		m.add("> The listeners have more combinations of conditions than were looked at: more requests may change.")
		m.add("")
	}
	m.lost(p.Resources)
	if mode := modeText(p.Mode, "→"); mode != "" {
		m.add("**Mode:** " + mode)
		m.add("")
	}
	if len(p.Clients) == 0 {
		m.add("**Clients:** every request goes where it went.")
		m.add("")
	}
	for _, c := range p.Clients {
		summary := c.Summary
		if summary == "" {
			summary = term.Plural(len(c.Classes), "kind") + " of request"
		}
		m.add(fmt.Sprintf("**Clients of %s:** %s: **%s → %s**", escaped(c.Listener), escaped(summary), escaped(c.Before), escaped(c.After)))
		m.add("")
		m.details("Requests that show it", func() { m.classes(c) })
	}
	if len(p.Resources) == 0 {
		m.add("**Resources:** none change.")
	} else {
		m.details("Resources: "+countFates(p.Resources), func() { m.resources(p.Resources) })
	}
	if len(p.Sections) > 0 {
		m.details(term.Plural(len(p.Sections), "change")+" of the template besides resources", func() {
			for _, change := range p.Sections {
				m.add("- " + code(changeText(change, false)))
			}
		})
	}
}

// lost says, unfolded, which data a deploy takes away.
func (m *markdown) lost(resources []Resource) {
	for _, r := range resources {
		if r.Data && r.Fate != Changed && r.Fate != Added {
			m.add("> [!CAUTION]")
			m.add(fmt.Sprintf("> %s (%s) %s", code(r.LogicalID), r.Type, escaped(fateText(r))))
			m.add("")
		}
	}
}

func (m *markdown) classes(c Change) {
	m.add("| request | was decided by | is decided by |")
	m.add("| --- | --- | --- |")
	for _, class := range c.Classes {
		request := code(requestText(class.Request))
		if len(class.Doubts) > 0 {
			request += " (uncertain: " + escaped(strings.Join(class.Doubts, "; ")) + ")"
		}
		m.add(fmt.Sprintf("| %s | %s | %s |", request, escaped(ruleText(class.Before)), escaped(ruleText(class.After))))
	}
}

func (m *markdown) resources(resources []Resource) {
	for _, r := range resources {
		m.add(fmt.Sprintf("- %s %s: **%s**", code(r.LogicalID), r.Type, escaped(fateText(r))))
		for _, change := range r.Changes {
			m.add("  - " + code(changeText(change, false)))
		}
	}
}

// countFates is how many resources meet which fate.
func countFates(resources []Resource) string {
	var parts []string
	for _, fate := range []Fate{Removed, Replaced, MaybeReplaced, Changed, Added} {
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

// escaped keeps a text from being read as Markdown or HTML.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "\n", " ").Replace(text)
}

// code is a text in a code span, also within a table.
func code(text string) string {
	text = strings.NewReplacer("|", "\\|", "\n", " ").Replace(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		text = " " + text + " "
	}
	return fence + text + fence
}
