package main

import (
	"slices"

	"github.com/noren-cdk/noren/internal/replay"
)

// counted is a line of a table of requests.
type counted struct {
	replay.Counts
	app   int64
	name  string
	style style
}

func (t *replayText) endpoints() {
	lines := make([]counted, len(t.report.Endpoints))
	for i, e := range t.report.Endpoints {
		lines[i] = counted{e.Counts, e.App, e.Method + " " + e.Path, plain}
		if e.Method == "" {
			lines[i].name, lines[i].style = "other endpoints, called less", dim
		}
	}
	t.countedTable("By endpoint", "endpoint", lines)
}

func (t *replayText) clients() {
	lines := make([]counted, len(t.report.Clients))
	for i, c := range t.report.Clients {
		lines[i] = counted{c.Counts, 0, c.Family, plain}
		if c.Kind != replay.Unknown {
			lines[i].name += " (" + string(c.Kind) + ")"
		}
	}
	t.countedTable("By client", "client", lines)
}

func (t *replayText) methods() {
	lines := make([]counted, len(t.report.Methods))
	for i, m := range t.report.Methods {
		lines[i] = counted{m.Counts, 0, m.Method, plain}
		if m.Method == "" {
			lines[i].name = "unreadable"
		}
	}
	t.countedTable("By method", "method", lines)
}

// countedTable writes requests by fate. Columns in which nothing stands are
// left out, and on a narrow terminal those that one can do without.
func (t *replayText) countedTable(title, what string, lines []counted) {
	if len(lines) == 0 {
		return
	}
	t.title("%s", title)
	wide := t.out.width == 0 || t.out.width >= 80
	var sum counted
	for _, l := range lines {
		sum.Refused += l.Refused
		sum.Depends += l.Depends
		sum.Unaffected += l.Unaffected
		sum.app += l.app
	}
	columns := []column{
		{"refused", true, red, func(l counted) int64 { return l.Refused }},
		{"depends", sum.Depends > 0, yellow, func(l counted) int64 { return l.Depends }},
		{"allowed", true, green, func(l counted) int64 { return l.Allowed }},
		{"unaffected", wide && sum.Unaffected > 0, dim, func(l counted) int64 { return l.Unaffected }},
		{"by app", wide && sum.app > 0, plain, func(l counted) int64 { return l.app }},
	}
	columns = slices.DeleteFunc(columns, func(c column) bool { return !c.shown })
	shown := min(len(lines), t.top)
	var rows table
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = len(c.name)
		for _, l := range lines[:shown] {
			widths[i] = max(widths[i], len(thousands(c.of(l))))
		}
		rows.heading = append(rows.heading, padLeft(c.name, widths[i]))
	}
	if wide {
		rows.heading = append(rows.heading, padLeft("share", len("100.0 %")))
	}
	rows.heading = append(rows.heading, what)
	for _, l := range lines[:shown] {
		var cells []cell
		for i, c := range columns {
			cells = append(cells, cell{padLeft(blank(c.of(l)), widths[i]), c.style})
		}
		if wide {
			cells = append(cells, cell{percent(l.Requests, t.report.Requests.Requests), dim})
		}
		rows.add(append(cells, cell{l.name, l.style})...)
	}
	rows.write(t.out)
	t.more(len(lines) - shown)
}

// column is a column of requests.
type column struct {
	name  string
	shown bool
	style style
	of    func(counted) int64
}
