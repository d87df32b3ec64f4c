package replay

import (
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
)

// counted is a line in a table of requests.
type counted struct {
	Counts
	app   int64
	name  string
	style term.Style
}

func (t *text) endpoints() {
	lines := make([]counted, len(t.report.Endpoints))
	for i, e := range t.report.Endpoints {
		lines[i] = counted{e.Counts, e.App, e.Method + " " + e.Path, term.Plain}
		if e.Method == "" {
			lines[i].name, lines[i].style = "other endpoints, called less ("+strings.TrimSpace(percent(e.Requests, t.report.Requests.Requests))+")", term.Dim
		}
	}
	t.countedTable("By endpoint", "endpoint", lines)
}

func (t *text) clients() {
	lines := make([]counted, len(t.report.Clients))
	for i, c := range t.report.Clients {
		lines[i] = counted{c.Counts, 0, c.Family, term.Plain}
		if c.Kind != Unknown {
			lines[i].name += " (" + string(c.Kind) + ")"
		}
	}
	t.countedTable("By client", "client", lines)
}

func (t *text) methods() {
	lines := make([]counted, len(t.report.Methods))
	for i, m := range t.report.Methods {
		lines[i] = counted{m.Counts, 0, m.Method, term.Plain}
	}
	t.countedTable("By method", "method", lines)
}

// countedTable writes requests by fate. It leaves out empty columns and, on a
// narrow terminal, dispensable ones.
func (t *text) countedTable(title, what string, lines []counted) {
	if len(lines) == 0 {
		return
	}
	t.title("%s", title)
	wide := t.out.Width == 0 || t.out.Width >= 80
	var sum counted
	for _, l := range lines {
		sum.Refused += l.Refused
		sum.Depends += l.Depends
		sum.Unaffected += l.Unaffected
		sum.app += l.app
	}
	columns := []column{
		{"refused", true, term.Red, func(l counted) int64 { return l.Refused }},
		{"depends", sum.Depends > 0, term.Yellow, func(l counted) int64 { return l.Depends }},
		{"allowed", true, term.Green, func(l counted) int64 { return l.Allowed }},
		{"unaffected", wide && sum.Unaffected > 0, term.Dim, func(l counted) int64 { return l.Unaffected }},
		{"by app", wide && sum.app > 0, term.Plain, func(l counted) int64 { return l.app }},
	}
	columns = slices.DeleteFunc(columns, func(c column) bool { return !c.shown })
	shown := min(len(lines), t.top)
	var rows term.Table
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = len(c.name)
		for _, l := range lines[:shown] {
			widths[i] = max(widths[i], len(term.Thousands(c.of(l))))
		}
		rows.Heading = append(rows.Heading, term.PadLeft(c.name, widths[i]))
	}
	if wide {
		rows.Heading = append(rows.Heading, term.PadLeft("share", len("100.0 %")))
	}
	rows.Heading = append(rows.Heading, what)
	for _, l := range lines[:shown] {
		var cells []term.Cell
		for i, c := range columns {
			cells = append(cells, c.style.Cell(term.PadLeft(blank(c.of(l)), widths[i])))
		}
		if wide {
			cells = append(cells, term.Dim.Cell(percent(l.Requests, t.report.Requests.Requests)))
		}
		rows.Add(append(cells, l.style.Cell(l.name))...)
	}
	rows.Write(t.out)
	t.more(len(lines) - shown)
}

// column is a column of requests.
type column struct {
	name  string
	shown bool
	style term.Style
	of    func(counted) int64
}
