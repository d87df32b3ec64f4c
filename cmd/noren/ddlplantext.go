package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"
	"github.com/charmbracelet/x/term"

	"github.com/noren-cdk/noren/internal/ddl"
)

// terminalWidth is the columns of the terminal that w is, and 0 if it is none.
func terminalWidth(w io.Writer) int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(file.Fd()) {
		return 0
	}
	width, _, err := term.GetSize(file.Fd())
	if err != nil || width < 40 {
		return 80
	}
	return width
}

// planText is a plan for people: a table, then what is to be said of single
// statements, then the sum of it.
func planText(p *ddl.Plan, width int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%v, schema %s, writes %s\n", p.Server, p.Schema, p.Writes)
	const fixed = 62 // columns of the table but the statement
	room := 60
	if width > 0 {
		room = max(width-fixed, 16)
	}
	rows := table.New().Border(lipgloss.NormalBorder()).
		Headers("", "line", "statement", "how", "rebuild", "reads", "writes", "verdict").
		StyleFunc(func(row, column int) lipgloss.Style { return lipgloss.NewStyle().Padding(0, 1) })
	for _, s := range p.Steps {
		rows.Row(fmt.Sprint(s.Number), fmt.Sprint(s.Line), shorten(s.SQL, room), s.Rung.String(), yes(s.Rebuild), goOn(s.Reads, s), goOn(s.Writes, s), verdict(s))
	}
	fmt.Fprintln(&out, rows)
	for _, s := range p.Steps {
		for _, problem := range s.Problems {
			fmt.Fprintf(&out, "%d: not allowed: %s\n", s.Number, problem)
		}
		if !s.Allowed() || s.Lock == "SHARED" {
			for _, r := range s.Refusals {
				fmt.Fprintf(&out, "%d: not %s: %s\n", s.Number, r.Rung, strings.TrimSuffix(r.Reason, "."))
			}
		}
		for _, note := range s.Notes {
			fmt.Fprintf(&out, "%d: note: %s\n", s.Number, note)
		}
	}
	for _, problem := range p.Problems {
		fmt.Fprintf(&out, "not allowed: %s\n", problem)
	}
	if p.Advice != "" {
		fmt.Fprintf(&out, "no way in place: %s\n", p.Advice)
	}
	out.WriteString(sum(p))
	return out.String()
}

// sum is the last line of a plan.
func sum(p *ddl.Plan) string {
	var not []string
	for _, s := range p.Steps {
		if !s.Allowed() {
			not = append(not, fmt.Sprint(s.Number))
		}
	}
	switch {
	case len(not) > 0:
		return fmt.Sprintf("NOT ALLOWED with writes %s: statement %s of %d.\n", p.Writes, strings.Join(not, ", "), len(p.Steps))
	case len(p.Problems) > 0:
		return "NOT ALLOWED.\n"
	case len(p.Steps) == 1:
		return fmt.Sprintf("Allowed with writes %s.\n", p.Writes)
	}
	return fmt.Sprintf("All %d statements are allowed with writes %s.\n", len(p.Steps), p.Writes)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// goOn says whether reads or writes go on; of a statement that the server
// refuses nothing is known.
func goOn(b bool, s *ddl.Step) string {
	switch {
	case b:
		return "go on"
	case !s.Reads && !s.Writes && len(s.Refusals) == 0:
		return "-"
	}
	return "WAIT"
}

func verdict(s *ddl.Step) string {
	switch {
	case !s.Allowed():
		return "NOT ALLOWED"
	case len(s.Notes) > 0:
		return "ok, see note"
	}
	return "ok"
}

// shorten is sql in one line of at most room columns.
func shorten(sql string, room int) string {
	runes := []rune(strings.Join(strings.Fields(sql), " "))
	if len(runes) <= room {
		return string(runes)
	}
	return string(runes[:room-1]) + "…"
}
