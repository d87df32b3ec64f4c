package main

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/ddl"
)

// writePlan writes a plan for people: a table with what is to be said of each
// statement below it, then the sum of it.
func writePlan(out terminal, p *ddl.Plan) {
	fmt.Fprintln(out, out.in(bold, fmt.Sprintf("%v, schema %s, writes %s", p.Server, p.Schema, p.Writes)))
	rows := table{heading: []string{"", "statement", "how", "rebuild", "reads", "writes", "verdict"}}
	for _, s := range p.Steps {
		rows.rows = append(rows.rows, row{indent: 1, below: strings.Join(remarks(s), "\n"), cells: []cell{
			{fmt.Sprint(s.Number), plain}, {shorten(s.SQL, 60), plain}, {s.String(), plain}, {yes(s.Rebuild), plain},
			goOn(s.Reads, s), goOn(s.Writes, s), verdict(s),
		}})
	}
	rows.write(out)
	if p.Advice != "" {
		fmt.Fprintln(out, strings.Join(wrap("Another way: "+p.Advice+".", out.width), "\n"))
	}
	for _, problem := range p.Problems {
		fmt.Fprintln(out, strings.Join(wrap("Not allowed: "+problem+".", out.width), "\n"))
	}
	text, how := sum(p)
	fmt.Fprintln(out, out.in(how, text))
}

// remarks are what is to be said of a statement.
func remarks(s *ddl.Step) []string {
	var all []string
	for _, problem := range s.Problems {
		all = append(all, "not allowed: "+problem)
	}
	if !s.Allowed() || s.Lock == "SHARED" {
		all = append(all, refusals(s.Refusals)...)
	}
	for _, note := range s.Notes {
		all = append(all, "note: "+note)
	}
	return all
}

// refusals are the server's reasons, each once.
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

// sum is the last line of a plan.
func sum(p *ddl.Plan) (string, style) {
	var not []string
	for _, s := range p.Steps {
		if !s.Allowed() {
			not = append(not, fmt.Sprint(s.Number))
		}
	}
	switch {
	case len(not) > 0:
		return fmt.Sprintf("NOT ALLOWED with writes %s: statement %s of %d.", p.Writes, strings.Join(not, ", "), len(p.Steps)), red
	case len(p.Problems) > 0:
		return "NOT ALLOWED.", red
	case len(p.Steps) == 1:
		return fmt.Sprintf("Allowed with writes %s.", p.Writes), green
	}
	return fmt.Sprintf("All %d statements are allowed with writes %s.", len(p.Steps), p.Writes), green
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// goOn says whether reads or writes go on; of a statement that the server
// refuses nothing is known.
func goOn(b bool, s *ddl.Step) cell {
	switch {
	case b:
		return cell{"go on", plain}
	case !s.Reads && !s.Writes && len(s.Refusals) == 0:
		return cell{"-", dim}
	}
	return cell{"WAIT", yellow}
}

func verdict(s *ddl.Step) cell {
	if !s.Allowed() {
		return cell{"NOT ALLOWED", red}
	}
	return cell{"ok", green}
}

// shorten is sql in one line of at most room columns.
func shorten(sql string, room int) string {
	runes := []rune(strings.Join(strings.Fields(sql), " "))
	if len(runes) <= max(room, 1) {
		return string(runes)
	}
	return string(runes[:max(room, 1)-1]) + "…"
}
