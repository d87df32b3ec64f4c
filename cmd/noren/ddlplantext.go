package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
	"github.com/noren-cdk/noren/internal/term"
)

// writePlan writes a plan for people: a table, the remarks on each statement
// below it, and the conclusion.
func writePlan(out term.Terminal, p *ddl.Plan) {
	fmt.Fprintln(out, out.In(term.Bold, fmt.Sprintf("%v, schema %s, writes %s", p.Server, p.Schema, p.Writes)))
	rows := term.Table{Heading: []string{"", "statement", "how", "rebuild", "reads", "writes", "change", "verdict"}}
	for _, s := range p.Steps {
		rows.Rows = append(rows.Rows, term.Row{Indent: 1, Below: strings.Join(remarks(s), "\n"), Cells: []term.Cell{
			term.Plain.Cell(fmt.Sprint(s.Number)), term.Plain.Cell(shorten(s.SQL, 60)), term.Plain.Cell(s.String()), term.Plain.Cell(yes(s.Rebuild)),
			goOn(s.Reads, s), goOn(s.Writes, s), term.Plain.Cell(cmp.Or(string(s.Change), "-")), verdict(s),
		}})
	}
	rows.Write(out)
	if p.Advice != "" {
		fmt.Fprintln(out, strings.Join(term.Wrap("Another way: "+p.Advice+".", out.Width), "\n"))
	}
	for _, problem := range p.Problems {
		fmt.Fprintln(out, strings.Join(term.Wrap("Not allowed: "+problem+".", out.Width), "\n"))
	}
	text, how := sum(p)
	fmt.Fprintln(out, out.In(how, text))
}

// remarks returns the remarks on a statement.
func remarks(s *ddl.Step) []string {
	var all []string
	for _, problem := range s.Problems {
		all = append(all, "not allowed: "+problem)
	}
	if !s.Allowed() || s.Lock == "SHARED" {
		all = append(all, refusals(s.Refusals)...)
	}
	for _, tied := range s.Tied {
		waits := ""
		if !tied.Writes {
			waits = ", and writes to it WAIT"
		}
		all = append(all, fmt.Sprintf("also locked: %s, since %s%s", tied.Table, tied.By, waits))
	}
	if s.Change == ddl.Contract {
		for _, meets := range s.VersionBefore {
			all = append(all, "the version before: "+meets)
		}
	}
	for _, note := range s.Notes {
		all = append(all, "note: "+note)
	}
	return all
}

// refusals returns the server's reasons without duplicates.
func refusals(all []ddl.Refusal) []string {
	var lines []string
	for i, r := range all {
		rungs := r.String()
		if i+1 < len(all) && all[i+1].Reason == r.Reason {
			continue
		}
		for j := i - 1; j >= 0 && all[j].Reason == r.Reason; j-- {
			rungs = all[j].String() + ", " + rungs
		}
		lines = append(lines, fmt.Sprintf("not %s: %s", rungs, strings.TrimSuffix(r.Reason, ".")))
	}
	return lines
}

// sum returns the last line of a plan.
func sum(p *ddl.Plan) (string, term.Style) {
	var not []string
	for _, s := range p.Steps {
		if !s.Allowed() {
			not = append(not, fmt.Sprint(s.Number))
		}
	}
	switch {
	case len(not) > 0:
		return fmt.Sprintf("NOT ALLOWED with writes %s: statement %s of %d.", p.Writes, strings.Join(not, ", "), len(p.Steps)), term.Red
	case len(p.Problems) > 0:
		return "NOT ALLOWED.", term.Red
	case len(p.Steps) == 1:
		return fmt.Sprintf("Allowed with writes %s.", p.Writes), term.Green
	}
	return fmt.Sprintf("All %d statements are allowed with writes %s.", len(p.Steps), p.Writes), term.Green
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// goOn says whether reads or writes continue. For a statement that the server
// refuses, that is not known.
func goOn(b bool, s *ddl.Step) term.Cell {
	switch {
	case b:
		return term.Plain.Cell("go on")
	case !s.Reads && !s.Writes && len(s.Refusals) == 0:
		return term.Dim.Cell("-")
	}
	return term.Yellow.Cell("WAIT")
}

func verdict(s *ddl.Step) term.Cell {
	if !s.Allowed() {
		return term.Red.Cell("NOT ALLOWED")
	}
	return term.Green.Cell("ok")
}

// shorten returns sql on one line of at most room columns.
func shorten(sql string, room int) string {
	runes := []rune(strings.Join(strings.Fields(sql), " "))
	if len(runes) <= max(room, 1) {
		return string(runes)
	}
	return string(runes[:max(room, 1)-1]) + "…"
}
