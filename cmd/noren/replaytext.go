package main

import (
	"fmt"
	"strconv"
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
	t.say(dim, "open %s, maintenance %s", t.asked.open, t.asked.maintenance)
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
		t.say(yellow, "depends: on %s, which the log does not hold (%s). Settle it with --assume '%s: VALUE' --when-agent 'PATTERN'",
			strings.Join(c.Headers, " and "), requests(c.Requests), c.Headers[0])
	}
}

func (t *replayText) firstRefused() {
	r := t.report
	if r.Sessions == 0 || len(r.FirstRefused) == 0 {
		return
	}
	t.title("The mobile app meets a refusal in %s of %s sessions (%s). Refused first:",
		thousands(r.StuckSessions), thousands(r.Sessions), strings.TrimSpace(percent(r.StuckSessions, r.Sessions)))
	rows := table{heading: []string{"sessions", "share", "as 1st call", "endpoint"}}
	shown := min(len(r.FirstRefused), t.top)
	for _, c := range r.FirstRefused[:shown] {
		rows.add(right(thousands(c.Sessions), 8), cell{percent(c.Sessions, r.Sessions), plain}, right(blank(c.FirstCalls), 11), cell{c.Method + " " + c.Path, plain})
	}
	rows.write(t.out)
	t.more(len(r.FirstRefused) - shown)
}

func (t *replayText) suggestions() {
	if len(t.report.Suggestions) == 0 {
		return
	}
	t.title("Missing from maintenance.allow? To paste, after a look at each:")
	width := 0
	for _, s := range t.report.Suggestions {
		width = max(width, len(s.Pattern))
	}
	for _, s := range t.report.Suggestions {
		why := "refused " + often(s.Requests)
		if s.FirstCalls > 0 {
			why += ", first call of " + thousands(s.FirstCalls) + " sessions"
		}
		if s.Writes {
			why += ", writes"
		}
		line := "    - " + s.Pattern
		if t.out.width > 0 && len(line)+len(why)+4 > t.out.width {
			fmt.Fprintln(t.out, t.out.in(dim, "    # "+why))
			fmt.Fprintln(t.out, line)
			continue
		}
		fmt.Fprintln(t.out, line+strings.Repeat(" ", width-len(s.Pattern))+"  "+t.out.in(dim, "# "+why))
	}
}

func (t *replayText) unused() {
	if len(t.report.Unused) == 0 {
		return
	}
	t.title("Patterns of the allowlist that no request used")
	rows := table{heading: []string{"rule", "pattern"}}
	for _, u := range t.report.Unused {
		rows.add(cell{strconv.Itoa(u.Rule), plain}, cell{u.Pattern, plain})
	}
	rows.write(t.out)
}

func (t *replayText) selfCheck() {
	c := t.report.SelfCheck
	if c.Compared == 0 {
		if c.Since != nil {
			t.title("No request since %s has a rule that the load balancer recorded", moment(*c.Since))
		}
		return
	}
	t.title("Compared with the rules that the load balancer recorded")
	t.say(plain, "The open template gives the recorded rule for %s of %s.", thousands(c.Agreed+c.Possible), requests(c.Compared))
	if c.Bypassed > 0 {
		t.say(plain, "%s got in with the bypass secret.", requests(c.Bypassed))
	}
	if c.Settled > 0 {
		t.say(plain, "What was recorded settled %s that hung on a header.", requests(c.Settled))
	}
	if c.Contradicted > 0 {
		t.say(yellow, "%s show that a header was not what was assumed.", requests(c.Contradicted))
	}
	if c.Disagreed > 0 {
		s := yellow
		if c.Since != nil {
			s = red
		}
		t.say(s, "%s had another rule than the template says:", requests(c.Disagreed))
		rows := table{heading: []string{"requests", "recorded", "expected", "endpoint", "for example"}}
		shown := min(len(c.Disagreements), t.top, 10)
		for _, d := range c.Disagreements[:shown] {
			rows.add(right(thousands(d.Requests), 8), cell{d.Recorded, plain}, cell{d.Expected, plain}, cell{d.Method + " " + d.Path, plain},
				cell{fmt.Sprintf("%s:%d", d.Example.File, d.Example.Line), dim})
		}
		rows.write(t.out)
		if shown < len(c.Disagreements) {
			t.say(dim, "and others: --json has them")
		}
	}
	if c.Since == nil {
		t.say(dim, "Had the load balancer these rules all the time? --since TIME says from when on, and lets what it recorded settle what depends on a header.")
	}
}

// input says what of the logs did not count.
func (t *replayText) input() {
	l := t.report.Lines
	if l.Malformed > 0 {
		t.title("%s of %s are no entries of an access log", thousands(l.Malformed), several(l.Lines, "line"))
		for _, m := range l.Examples {
			t.say(dim, "%s:%d: %s", m.File, m.Line, m.Error)
		}
		if l.Malformed > int64(len(l.Examples)) {
			t.say(dim, "and %s more", thousands(l.Malformed-int64(len(l.Examples))))
		}
	}
	if l.OtherPorts > 0 {
		t.title("%s came to a port without listener in the template", requests(l.OtherPorts))
		for _, p := range t.report.Ports {
			name := p.Name
			if name == "" {
				name = "none"
			}
			t.say(plain, "  port %s: %s", name, requests(p.Requests))
		}
	}
	if l.OtherBalancers > 0 || len(t.report.LoadBalancers) > 1 {
		t.title("The logs are of %s", several(int64(len(t.report.LoadBalancers)), "load balancer"))
		for _, b := range t.report.LoadBalancers {
			t.say(plain, "  %s: %s", b.Name, requests(b.Requests))
		}
		if t.asked.config.LoadBalancer == "" {
			t.say(dim, "All of them count: --load-balancer NAME picks one.")
		}
	}
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
