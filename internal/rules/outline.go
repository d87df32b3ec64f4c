package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
	"github.com/noren-cdk/noren/maintenance"
)

// Outline is a compact description of a deployed listener: a hundred rules fit
// into an environment variable. It is the same in every mode.
type Outline struct {
	// Port is the listener's port. 0 if only a deploy knows it.
	Port int

	// Shared says that other stacks may add rules, which are not in Lines.
	Shared bool

	// Lines are the rules by priority, the default rule first.
	Lines []Line
}

// Line is a rule of an Outline.
type Line struct {
	// Modes are the modes in which the rule is like this. Default: all.
	Modes []maintenance.Mode

	// Priority is the priority of the rule: 0 for the default rule,
	// alb.UnknownPriority if only a deploy knows it.
	Priority int

	// Digest is the digest of the conditions. Default: they are not compared.
	Digest string

	// Does is the result of Groups.Does for the actions.
	Does string

	// Optional says that the rule may be missing, because it depends on a
	// condition of the template that only a deploy decides.
	Optional bool
}

// Groups are the target groups that an Outline knows by name. It does not
// distinguish any others.
type Groups struct {
	Responder, Unlock string
	Apps              []string
}

// The letters of what a rule does.
const (
	toApp       = 'a'
	toResponder = 'r'
	toUnlock    = 'u'
	toOthers    = 'x'
	redirects   = 'd'
	answers     = 'f'
	checksLogin = '+'
)

// DoesAny replaces the description of a rule that another switch turns. That
// switch's own probe compares it.
const DoesAny = "*"

// Does describes in a few letters what a rule does: "a" forwards to the
// application, "r" to the responder, "u" to the page that unlocks, "x" to another
// group, "d" redirects, "f" answers, and "+" asks for a login first.
func (g Groups) Does(r *alb.Rule) string {
	var text []byte
	for _, action := range r.Actions {
		switch action.(type) {
		case alb.Authenticate:
			text = append(text, checksLogin)
		case alb.Redirect:
			text = append(text, redirects)
		case alb.FixedResponse:
			text = append(text, answers)
		}
	}
	var to []byte
	for _, t := range (alb.Decision{Rule: r}).Targets() {
		to = append(to, g.letter(t.Group.String()))
	}
	slices.Sort(to)
	return string(append(text, slices.Compact(to)...))
}

func (g Groups) letter(group string) byte {
	switch {
	case group == g.Responder:
		return toResponder
	case group == g.Unlock && group != "":
		return toUnlock
	case slices.Contains(g.Apps, group):
		return toApp
	}
	return toOthers
}

// NewOutline returns the outline of a listener, given its readings in every mode
// that it is prepared for.
func NewOutline(modes []maintenance.Mode, in func(maintenance.Mode) *alb.Listener, g Groups) Outline {
	var o Outline
	for _, mode := range modes {
		l := in(mode)
		o.Port, o.Shared = l.Port, l.Foreign()
		all := slices.Clone(l.Rules)
		if !l.Foreign() {
			all = append(all, l.Default)
		}
		for i := range all {
			r := &all[i]
			o.add(mode, Line{Priority: r.Priority, Digest: Digest(r.Conditions), Does: g.Does(r), Optional: r.If != ""})
		}
	}
	for i := range o.Lines {
		if len(o.Lines[i].Modes) == len(modes) {
			o.Lines[i].Modes = nil
		}
	}
	slices.SortStableFunc(o.Lines, func(a, b Line) int { return a.Priority - b.Priority })
	return o
}

// LeaveOpen replaces what another switch turns at the priority, 0 for the default
// rule, by a single line that accepts anything.
func (o *Outline) LeaveOpen(priority int) {
	o.Lines = slices.DeleteFunc(o.Lines, func(l Line) bool { return l.Priority == priority })
	o.Lines = append(o.Lines, Line{Priority: priority, Does: DoesAny})
	slices.SortStableFunc(o.Lines, func(a, b Line) int { return a.Priority - b.Priority })
}

func (o *Outline) add(mode maintenance.Mode, line Line) {
	for i, l := range o.Lines {
		if l.Priority == line.Priority && l.Digest == line.Digest && l.Does == line.Does && l.Optional == line.Optional {
			if !slices.Contains(l.Modes, mode) {
				o.Lines[i].Modes = append(o.Lines[i].Modes, mode)
			}
			return
		}
	}
	line.Modes = []maintenance.Mode{mode}
	o.Lines = append(o.Lines, line)
}

// letters are the letters of the modes in a text.
var letters = map[maintenance.Mode]string{maintenance.Open: "o", maintenance.ReadOnly: "l", maintenance.Closed: "c"}

// String encodes the line, such as "100:vZ2jTq1x:a", "o0::a" for a rule that
// exists only in the mode open, or "?150::x" for an optional one.
func (l Line) String() string {
	text := ""
	for _, mode := range l.Modes {
		text += letters[mode]
	}
	if l.Optional {
		text += "?"
	}
	if l.Priority == alb.UnknownPriority {
		text += "-"
	} else {
		text += strconv.Itoa(l.Priority)
	}
	return text + ":" + l.Digest + ":" + l.Does
}

// String encodes the outline, such as "443 o0::a c0::r 100:vZ2jTq1x:a". The port
// of a shared listener is followed by "*".
func (o Outline) String() string {
	text := strconv.Itoa(o.Port)
	if o.Shared {
		text += "*"
	}
	for _, l := range o.Lines {
		text += " " + l.String()
	}
	return text
}

// ParseOutline decodes what String encodes.
func ParseOutline(text string) (Outline, error) {
	words := strings.Fields(text)
	bad := func(word string) (Outline, error) {
		return Outline{}, fmt.Errorf("want a port and rules such as 100:vZ2jTq1x:a, got %q", word)
	}
	if len(words) == 0 {
		return bad(text)
	}
	var o Outline
	port, shared := strings.CutSuffix(words[0], "*")
	var err error
	if o.Port, err = strconv.Atoi(port); err != nil {
		return bad(words[0])
	}
	o.Shared = shared
	for _, word := range words[1:] {
		parts := strings.Split(word, ":")
		if len(parts) != 3 {
			return bad(word)
		}
		l := Line{Digest: parts[1], Does: parts[2]}
		first := parts[0]
		for _, mode := range maintenance.Modes() {
			if rest, ok := strings.CutPrefix(first, letters[mode]); ok {
				l.Modes, first = append(l.Modes, mode), rest
			}
		}
		first, l.Optional = strings.CutPrefix(first, "?")
		if first == "-" {
			l.Priority = alb.UnknownPriority
		} else if l.Priority, err = strconv.Atoi(first); err != nil {
			return bad(word)
		}
		o.Lines = append(o.Lines, l)
	}
	return o, nil
}

// in returns the lines of a mode.
func (o Outline) in(mode maintenance.Mode) []Line {
	var lines []Line
	for _, l := range o.Lines {
		if len(l.Modes) == 0 || slices.Contains(l.Modes, mode) {
			lines = append(lines, l)
		}
	}
	return lines
}

// Has reports whether the outline has a rule, in any mode.
func (o Outline) Has(r *alb.Rule, g Groups) bool {
	return slices.ContainsFunc(o.Lines, func(l Line) bool { return l.Priority == r.Priority && l.differs(r, g) == "" })
}

// differs says how a rule differs, or returns "".
func (l Line) differs(r *alb.Rule, g Groups) string {
	digest := Digest(r.Conditions)
	switch {
	case l.Digest != "" && digest != "" && l.Digest != digest:
		return described(r) + " has other conditions than were deployed"
	case l.Does != DoesAny && l.Does != g.Does(r):
		return fmt.Sprintf("%s does %s, which was not deployed", described(r), did(r))
	}
	return ""
}

// Compare compares the whole of a listener with the outline, in a mode.
func (o Outline) Compare(mode maintenance.Mode, now *alb.Listener, g Groups) []Drift {
	lines := o.in(mode)
	return compare(now, o.Shared, lines, g, func(l Line) (int, bool, string) {
		return l.Priority, l.Optional, "rule " + (&alb.Rule{Priority: l.Priority}).Name()
	}, func(l Line, r *alb.Rule) string { return l.differs(r, g) })
}
