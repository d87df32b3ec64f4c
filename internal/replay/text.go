package replay

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/term"
)

// TextOptions say how a report is written for people.
type TextOptions struct {
	Open, Closed string // the template files
	Assume       []Assumption
	LoadBalancer string // the one whose requests count, if one was named
	Top          int    // maximum number of lines of a table; 0 for all
}

// WriteText writes the report for people, most important things first.
func (r Report) WriteText(out term.Terminal, options TextOptions) {
	if options.Top <= 0 {
		options.Top = math.MaxInt
	}
	t := &text{out, r, options.Top, options}
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

// text is a report that is being written.
type text struct {
	out    term.Terminal
	report Report
	top    int
	asked  TextOptions
}

// title starts a section.
func (t *text) title(format string, args ...any) {
	fmt.Fprintln(t.out)
	for _, line := range term.Wrap(fmt.Sprintf(format, args...), t.out.Width) {
		fmt.Fprintln(t.out, t.out.In(term.Bold, line))
	}
}

// say writes a sentence. Further lines are indented to its start.
func (t *text) say(s term.Style, format string, args ...any) {
	for _, line := range term.Wrap(fmt.Sprintf(format, args...), t.out.Width) {
		fmt.Fprintln(t.out, t.out.In(s, line))
	}
}

func (t *text) summary() {
	r := t.report
	when := ""
	if r.From != nil {
		when = ", " + period(*r.From, *r.To)
	}
	t.say(term.Bold, "%s%s", requests(r.Requests.Requests), when)
	t.say(term.Dim, "open %s, closed %s", t.asked.Open, t.asked.Closed)
	for _, a := range t.asked.Assume {
		t.say(term.Dim, "assumed: %s", a)
	}
	fmt.Fprintln(t.out)
	rows := t.fates(r.Requests)
	width := 0
	for _, row := range rows {
		width = max(width, len(term.Thousands(row.n)))
	}
	for _, row := range rows {
		if row.n == 0 && row.optional {
			continue
		}
		line := fmt.Sprintf("  %-10s  %s  %s", row.name, term.PadLeft(term.Thousands(row.n), width), percent(row.n, r.Requests.Requests))
		if t.out.Width == 0 || t.out.Width >= 60 {
			bar := strings.Repeat("█", int(Share(row.n, r.Requests.Requests)*24+0.5))
			line += "  " + t.out.In(row.style, bar)
		}
		fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	}
}

type fateRow struct {
	name     string
	n        int64
	style    term.Style
	optional bool
}

func (t *text) fates(c Counts) []fateRow {
	return []fateRow{
		{"refused", c.Refused, term.Red, false},
		{"depends", c.Depends, term.Yellow, true},
		{"allowed", c.Allowed, term.Green, false},
		{"unaffected", c.Unaffected, term.Dim, true},
	}
}

// causes says what is undecided and how to decide it.
func (t *text) causes() {
	if t.report.Requests.Unaffected > 0 {
		t.say(term.Dim, "unaffected: the load balancer answers by itself, the same in both modes")
	}
	if len(t.report.DependsOn) == 0 {
		return
	}
	for _, c := range t.report.DependsOn {
		if len(c.Headers) == 0 {
			t.say(term.Yellow, "depends: %s (%s)", c.Reason, requests(c.Requests))
			continue
		}
		t.say(term.Yellow, "depends: on %s, which the log does not hold (%s). If it is so, settle it with", strings.Join(c.Headers, " and "), requests(c.Requests))
		t.say(term.Yellow, "  --assume '%s' --when-agent '%s' --assume '%s:'", c.Example, t.appPattern(), c.Headers[0])
	}
}

// appPattern returns a pattern for the mobile app's user agents.
func (t *text) appPattern() string {
	var most Client
	for _, c := range t.report.Clients {
		if c.Kind == App && c.Requests > most.Requests {
			most = c
		}
	}
	if most.Requests == 0 {
		return "PATTERN"
	}
	return most.Family + "*"
}

func (t *text) more(n int) {
	if n > 0 {
		t.say(term.Dim, "and %s more: --top 0 shows all", term.Thousands(int64(n)))
	}
}

// period formats the time from from to to.
func period(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return from.Format(time.DateTime) + " to " + to.Format(time.TimeOnly) + " UTC"
	}
	return from.Format(time.DateTime) + " to " + Moment(to)
}

// Moment formats a time to the second, in UTC.
func Moment(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }
