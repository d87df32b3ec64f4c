package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/replay"
)

// firstRefused says what the mobile app meets first.
func (t *replayText) firstRefused() {
	r := t.report
	if r.Sessions == 0 || len(r.FirstRefused) == 0 {
		return
	}
	t.title("The mobile app meets a refusal in %s of %s sessions (%s). Refused first:",
		thousands(r.StuckSessions), thousands(r.Sessions), strings.TrimSpace(percent(r.StuckSessions, r.Sessions)))
	rows := table{heading: []string{"sessions", padLeft("share", 7), "as 1st call", "endpoint"}}
	shown := min(len(r.FirstRefused), t.top)
	for _, c := range r.FirstRefused[:shown] {
		rows.add(right(thousands(c.Sessions), 8), cell{percent(c.Sessions, r.Sessions), plain}, right(blank(c.FirstCalls), 11), cell{c.Method + " " + c.Path, plain})
	}
	rows.write(t.out)
	t.more(len(r.FirstRefused) - shown)
}

// suggestions are lines to paste into the allowlist.
func (t *replayText) suggestions() {
	if len(t.report.Suggestions) == 0 {
		return
	}
	t.title("Missing from maintenance.allow? To paste, after a look at each:")
	width, longest := 0, 0
	reasons := make([]string, len(t.report.Suggestions))
	for i, s := range t.report.Suggestions {
		reasons[i] = reason(s)
		width = max(width, len(s.Pattern))
		longest = max(longest, len(reasons[i]))
	}
	beside := t.out.width == 0 || len(indent)+len("- ")+width+len("  # ")+longest <= t.out.width
	for i, s := range t.report.Suggestions {
		line, why := indent+"- "+s.Pattern, t.out.in(dim, "# "+reasons[i])
		if beside {
			fmt.Fprintln(t.out, line+strings.Repeat(" ", width-len(s.Pattern))+"  "+why)
			continue
		}
		fmt.Fprintln(t.out, indent+why)
		fmt.Fprintln(t.out, line)
	}
}

// indent is how far the lines of maintenance.allow stand in an environment's file.
const indent = "    "

// reason is why a line is suggested.
func reason(s replay.Suggestion) string {
	why := "refused " + often(s.Requests)
	if s.FirstCalls > 0 {
		why += ", first call of " + several(s.FirstCalls, "session")
	}
	if s.Writes {
		why += ", writes"
	}
	return why
}

// unused are the lines of the allowlist that may go.
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
