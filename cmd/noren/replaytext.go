package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/replay"
)

// replayText writes a report for people: first what matters most.
type replayText struct {
	out    terminal
	report replay.Report
	top    int
	asked  replayOptions
}

func newReplayText(out terminal, report replay.Report, asked replayOptions) *replayText {
	top := asked.top
	if top <= 0 {
		top = int(^uint(0) >> 1)
	}
	return &replayText{out, report, top, asked}
}

func (t *replayText) write() {
	t.summary()
	t.causes()
	t.firstRefused()
	t.suggestions()
	t.unused()
	t.endpoints()
	t.clients()
	t.methods()
	t.selfCheck()
	t.input()
}

// title starts a section.
func (t *replayText) title(format string, args ...any) {
	fmt.Fprintln(t.out)
	for _, line := range wrap(fmt.Sprintf(format, args...), t.out.width) {
		fmt.Fprintln(t.out, t.out.in(bold, line))
	}
}

// say writes a sentence, continued under its start.
func (t *replayText) say(s style, format string, args ...any) {
	for _, line := range wrap(fmt.Sprintf(format, args...), t.out.width) {
		fmt.Fprintln(t.out, t.out.in(s, line))
	}
}

func (t *replayText) summary() {
	r := t.report
	when := ""
	if r.From != nil {
		when = ", " + period(*r.From, *r.To)
	}
	t.say(bold, "%s%s", requests(r.Requests.Requests), when)
	t.say(dim, "open %s, closed %s", t.asked.open, t.asked.closed)
	for _, a := range t.asked.config.Assume {
		t.say(dim, "assumed: %s", a)
	}
	fmt.Fprintln(t.out)
	rows := t.fates(r.Requests)
	width := 0
	for _, row := range rows {
		width = max(width, len(thousands(row.n)))
	}
	for _, row := range rows {
		if row.n == 0 && row.optional {
			continue
		}
		line := fmt.Sprintf("  %-10s  %s  %s", row.name, padLeft(thousands(row.n), width), percent(row.n, r.Requests.Requests))
		if t.out.width == 0 || t.out.width >= 60 {
			bar := strings.Repeat("█", int(replay.Share(row.n, r.Requests.Requests)*24+0.5))
			line += "  " + t.out.in(row.style, bar)
		}
		fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	}
}

type fateRow struct {
	name     string
	n        int64
	style    style
	optional bool
}

func (t *replayText) fates(c replay.Counts) []fateRow {
	return []fateRow{
		{"refused", c.Refused, red, false},
		{"depends", c.Depends, yellow, true},
		{"allowed", c.Allowed, green, false},
		{"unaffected", c.Unaffected, dim, true},
	}
}

// causes says what is left open and how to settle it.
func (t *replayText) causes() {
	if t.report.Requests.Unaffected > 0 {
		t.say(dim, "unaffected: the load balancer answers by itself, the same in both modes")
	}
	if len(t.report.DependsOn) == 0 {
		return
	}
	for _, c := range t.report.DependsOn {
		if len(c.Headers) == 0 {
			t.say(yellow, "depends: %s (%s)", c.Reason, requests(c.Requests))
			continue
		}
		t.say(yellow, "depends: on %s, which the log does not hold (%s). If it is so, settle it with", strings.Join(c.Headers, " and "), requests(c.Requests))
		t.say(yellow, "  --assume '%s' --when-agent '%s' --assume '%s:'", c.Example, t.appPattern(), c.Headers[0])
	}
}

// appPattern is a pattern of the mobile app's user agents.
func (t *replayText) appPattern() string {
	var most replay.Client
	for _, c := range t.report.Clients {
		if c.Kind == replay.App && c.Requests > most.Requests {
			most = c
		}
	}
	if most.Requests == 0 {
		return "PATTERN"
	}
	return most.Family + "*"
}

func (t *replayText) more(n int) {
	if n > 0 {
		t.say(dim, "and %s more: --top 0 shows all", thousands(int64(n)))
	}
}

// period is from one time to another.
func period(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format(time.DateTime) + " to " + to.Format(time.TimeOnly) + " UTC"
	}
	return from.Format(time.DateTime) + " to " + moment(to)
}

// moment is a time to the second, in UTC.
func moment(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }
