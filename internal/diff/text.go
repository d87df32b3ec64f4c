package diff

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
)

// Pair is a template before and after, and the differences.
type Pair struct {
	Template string `json:"template"` // its name
	Diff
}

// WriteText writes diffs for people at a terminal.
func WriteText(out term.Terminal, pairs []Pair) {
	for i, p := range pairs {
		if i > 0 {
			fmt.Fprintln(out)
		}
		p.writeText(out, len(pairs) > 1)
	}
}

func (p Pair) writeText(out term.Terminal, named bool) {
	begun := false
	line := func(s term.Style, indent, text string) {
		if rest, ok := strings.CutPrefix(text, "\n"); ok {
			if text = rest; begun {
				fmt.Fprintln(out)
			}
		}
		begun = true
		text = printable(text)
		for i, part := range term.Wrap(text, max(out.Width-len(indent), 0)) {
			if i > 0 {
				part = "  " + part
			}
			fmt.Fprintln(out, indent+out.In(s, part))
		}
	}
	if named {
		line(term.Bold, "", p.Template)
	}
	if p.Empty() {
		fmt.Fprintln(out, "no differences")
		return
	}
	for _, warning := range p.warnings() {
		line(term.Yellow, "", "warning: "+warning)
	}
	if len(p.Rights) > 0 {
		line(term.Bold, "", "\nRights, reach and protection")
		for _, r := range p.Rights {
			for _, text := range rightLines(r) {
				style := term.Green
				if text[0] == '-' {
					style = term.Red
				}
				line(style, "  ", text)
			}
		}
		fmt.Fprintln(out)
	}
	if mode := modeText(p.Mode, "->"); mode != "" {
		line(term.Plain, "", "Mode: "+mode)
	}
	for i, text := range p.Night {
		if i == 0 {
			line(term.Bold, "", "\nThe maintenance that is planned")
		}
		line(term.Plain, "  ", text)
	}
	for _, open := range p.StillOpen {
		line(term.Yellow, "", "still open when closed: "+open)
	}
	line(term.Bold, "", "\nClients")
	if len(p.Clients) == 0 {
		line(term.Plain, "  ", p.sameForClients())
	}
	for i, c := range p.Clients {
		if i == 0 || c.Listener != p.Clients[i-1].Listener {
			line(term.Plain, "  ", c.Listener)
		}
		if c.Summary != "" {
			line(term.Plain, "  ", c.Summary+":")
		}
		line(term.Yellow, "  ", given(c.Before+" -> "+c.After, c.When))
		writeClasses(out, c.Classes)
	}
	for _, text := range p.Beside {
		line(term.Yellow, "  ", "beside the rules: "+text)
	}
	line(term.Bold, "", "\nResources")
	if len(p.Resources) == 0 {
		line(term.Plain, "  ", "none change")
	}
	for _, r := range p.Resources {
		line(fateStyle(r), "  ", fateSign[r.Fate]+" "+r.LogicalID+" "+fateText(r))
		line(term.Dim, "    ", r.Type+where(r))
		changes, more, full := r.shown()
		for _, change := range changes {
			line(term.Plain, "    ", changeText(change, full))
		}
		if more > 0 {
			line(term.Dim, "    ", moreText(more))
		}
	}
	if len(p.Sections) > 0 {
		line(term.Bold, "", "\nTemplate")
	}
	for _, change := range p.Sections {
		line(term.Plain, "  ", changeText(change, false))
	}
}

// warnings returns the warnings of a diff, beginning with those about the deploy
// itself.
func (d Diff) warnings() []string {
	var all []string
	for _, h := range d.Deploy {
		all = append(all, h.String())
	}
	return append(all, d.notes()...)
}

// notes returns the warnings that are not about the deploy itself.
func (d Diff) notes() []string {
	all := slices.Clone(d.Warnings)
	if !d.Complete {
		all = append(all, "the listeners have more combinations of conditions than were looked at: more requests may change")
	}
	return all
}

// sameForClients says that no request has another outcome, as far as that was
// checked.
func (d Diff) sameForClients() string {
	if d.transformed() {
		return "not known: the transform of the template changes, and may make other rules"
	}
	return "the rules send every request where they did"
}

// rightLines returns the lines of a right: before, after, and how it changes.
func rightLines(r Right) []string {
	note := ""
	if r.Before != "" && r.After != "" {
		note = " (" + string(r.Change) + ")"
	}
	var lines []string
	if r.Before != "" {
		lines = append(lines, "- "+r.Before)
	}
	if r.After != "" {
		lines = append(lines, "+ "+r.After+note)
	}
	return lines
}

// mostShown is the maximum number of properties that are shown of an added or
// removed resource.
const mostShown = 8

// shown returns the changes of a resource to show, how many more there are, and
// whether they are shown in full. All changes about rights are shown; of other
// added or removed resources, first what cannot be changed in place.
func (r Resource) shown() (changes []Property, more int, full bool) {
	full = tellsInAll.MatchString(r.Type) || tellsInOne.MatchString(r.Type) || isPortRules(r.Type)
	if full || r.Fate != Added && r.Fate != Removed || len(r.Changes) <= mostShown {
		return r.Changes, 0, full
	}
	changes = slices.Clone(r.Changes)
	rank := func(p Property) int {
		name := p.Before + p.After
		fate, _ := fateOfProperty(r.Type, p.path())
		switch {
		case telling.MatchString(p.Name):
			return 0
		case fate != Changed:
			return 1
		case len(name) <= shortValue:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(changes, func(a, b Property) int { return rank(a) - rank(b) })
	return changes[:mostShown], len(changes) - mostShown, false
}

func moreText(n int) string { return fmt.Sprintf("and %d more", n) }

// modeText returns the mode, or how it changes; empty if neither template has
// one.
func modeText(m ModeChange, arrow string) string {
	switch {
	case m.Before == "" || m.After == "":
		return ""
	case m.Before == m.After:
		return string(m.After) + ", as before"
	}
	return fmt.Sprintf("%s %s %s", m.Before, arrow, m.After)
}

// writeClasses writes a line for each class: a request, and the rules that
// decided and decide it.
func writeClasses(out term.Terminal, all []Class) {
	classes := term.Table{Heading: []string{"  such as", "was decided by", "is decided by"}}
	for _, class := range all {
		r := term.Row{Cells: []term.Cell{term.Plain.Cell("  " + requestText(class.Request)), term.Plain.Cell(ruleText(class.Before)), term.Plain.Cell(ruleText(class.After))}}
		if len(class.Doubts) > 0 {
			r.Below = "    uncertain: " + strings.Join(class.Doubts, "; ")
		}
		classes.Rows = append(classes.Rows, r)
	}
	classes.Write(out)
}

// requestText formats a request as explain accepts it.
func requestText(r Request) string {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.Target)
	if r.Host != "" {
		b.WriteString(" --host " + r.Host)
	}
	if r.Source != "" {
		b.WriteString(" --from " + r.Source)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, value := range r.Header[name] {
			fmt.Fprintf(&b, " -H %q", name+": "+value)
		}
	}
	return b.String()
}

func ruleText(r Rule) string {
	if r.Priority == "default" {
		return "default rule"
	}
	return fmt.Sprintf("rule %v %s", r.Priority, r.Name)
}

var fateSign = map[Fate]string{
	Added: "+", Removed: "-", Replaced: "!", MaybeReplaced: "?", MaybeRemoved: "?", Changed: "~",
}

func fateStyle(r Resource) term.Style {
	switch {
	case r.Fate == Added:
		return term.Green
	case r.Fate == Removed, r.Data && r.Fate != Changed:
		return term.Red
	}
	return term.Yellow
}

// fateText returns what happens to a resource, and why.
func fateText(r Resource) string {
	if r.Why == "" {
		return fateWord(r)
	}
	return fateWord(r) + ": " + r.Why
}

// fateWord returns what happens to a resource.
func fateWord(r Resource) string {
	text := string(r.Fate)
	if r.Fate == Changed {
		text = "changed in place"
	}
	if r.Data && r.Fate != Changed && r.Fate != Added {
		if text += ", HOLDS DATA"; r.Type == typeStack {
			text = strings.Replace(text, "HOLDS", "MAY HOLD", 1)
		}
	}
	return text
}

func where(r Resource) string {
	if r.Path == "" {
		return ""
	}
	return " " + strings.TrimSuffix(r.Path, "/Resource")
}

// changeText formats a change of a property on one line. If full is true, nothing
// of an added or removed value is left out.
func changeText(p Property, full bool) string {
	shorten := beginning
	if full {
		shorten = func(text string) string { return text }
	}
	switch {
	case p.Before == "":
		return fmt.Sprintf("%s: + %s", p.Name, shorten(p.After))
	case p.After == "":
		return fmt.Sprintf("%s: - %s", p.Name, shorten(p.Before))
	case full && max(len(p.Before), len(p.After)) > shortValue:
		return fmt.Sprintf("%s: %s -> %s", p.Name, p.Before, p.After)
	}
	return fmt.Sprintf("%s: %s", p.Name, changeOf(p.Before, p.After))
}
