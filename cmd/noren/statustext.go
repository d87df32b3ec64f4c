package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/noren-cdk/noren/internal/live"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/maintenance"
)

// modeCell returns the mode of a finding.
func modeCell(f live.Finding) term.Cell {
	switch {
	case f.Problem != "":
		return term.Red.Cell("?")
	case f.Mixed != "":
		return term.Red.Cell("mixed")
	case f.Mode == "":
		return term.Dim.Cell("-")
	case f.Mode == maintenance.Open:
		return term.Green.Cell(string(f.Mode))
	}
	return term.Yellow.Cell(string(f.Mode))
}

// requestCell returns what requests get. A read that is let in may mean an open
// or a read-only product.
func requestCell(r live.Status) term.Cell {
	c := modeCell(r.Request)
	switch r.Request.Mode {
	case maintenance.Closed:
		c.Text = "refused"
	case maintenance.ReadOnly:
		c.Text = "writes refused"
	case maintenance.Open:
		c.Text = "let in"
	}
	return c
}

// writeStatus writes the report for people, one switch after the other.
func writeStatus(out term.Terminal, r live.Report) {
	for i, s := range r.Switches {
		if i > 0 {
			fmt.Fprintln(out)
		}
		writeSwitch(out, title(r, s), s, r.At)
	}
}

// title names the stack and, if it has several switches, the switch.
func title(r live.Report, s live.Status) string {
	if len(r.Switches) > 1 {
		return r.Stack + ", " + s.Name
	}
	return r.Stack
}

// writeSwitch writes what was found about a switch: the verdict, the findings
// side by side, since when and by whom.
func writeSwitch(out term.Terminal, title string, r live.Status, now time.Time) {
	text, s := statusVerdict(r)
	for _, line := range term.Wrap(title+": "+text, out.Width) {
		fmt.Fprintln(out, out.In(s, line))
	}
	fmt.Fprintln(out)
	t := term.Table{Heading: []string{"what", "mode", "seen"}}
	for _, row := range []struct {
		what string
		mode term.Cell
		f    live.Finding
	}{
		{"next deploy", modeCell(r.Assembly), r.Assembly},
		{"deployed template", modeCell(r.Deployed), r.Deployed},
		{"live listener", modeCell(r.Listener), r.Listener},
		{"requests", requestCell(r), r.Request},
	} {
		seen := term.Dim.Cell(row.f.Detail)
		if wrong := cmp.Or(row.f.Problem, row.f.Mixed); wrong != "" {
			seen = term.Red.Cell(wrong)
			if row.f.Detail != "" {
				seen.Text = row.f.Detail + ": " + wrong
			}
		}
		t.Add(term.Plain.Cell(row.what), row.mode, seen)
	}
	t.Write(out)
	fmt.Fprintln(out)
	said := append(append([]string{since(r, now)}, drained(r.Drain)...), r.Notes...)
	for _, drift := range r.Drift {
		said = append(said, "drift: "+drift)
	}
	if r.Recorded != "" && r.Recorded != r.Listener.Mode {
		said = append(said, "the last deploy turned it to "+string(r.Recorded))
	}
	if r.Locked {
		said = append(said, "locked: deploys that change the listener or its rules fail with \"Action denied by stack policy\", until noren close, noren read-only or noren open has turned the template, too")
	}
	for _, text := range said {
		for _, line := range term.Wrap(text, out.Width) {
			fmt.Fprintln(out, line)
		}
	}
}

// statusVerdict returns the answer as a sentence.
func statusVerdict(r live.Status) (string, term.Style) {
	mode := string(r.Listener.Mode)
	switch r.Verdict() {
	case live.Agree:
		return mode + " (all sources agree)", modeCell(r.Listener).Style
	case live.Next:
		return fmt.Sprintf("%s, but the assembly in this folder is %s: its deploy would flip", mode, r.Assembly.Mode), term.Yellow
	case live.Moving:
		if strings.HasSuffix(r.Stack, "_FAILED") || r.Stack == "ROLLBACK_COMPLETE" {
			return fmt.Sprintf("%s now, but the stack is %s: the next deploy fails or changes the mode; docs/runbook.md says what to type", mode, r.Stack), term.Red
		}
		return fmt.Sprintf("%s now, but the stack is %s: look again when it is at rest", mode, r.Stack), term.Yellow
	case live.Unknown:
		return "not known: something could not be found out", term.Red
	}
	if r.Recorded != "" && r.Listener.Mode != "" && r.Recorded != r.Listener.Mode {
		return fmt.Sprintf("the listener is %s, the last deploy turned it to %s: it was changed by hand", mode, r.Recorded), term.Red
	}
	if r.Not != "" {
		return fmt.Sprintf("not %s: %s", r.Not, r.Listener.Mixed), term.Red
	}
	if r.Listener.Mixed != "" {
		return "the listener is mixed: " + r.Listener.Mixed, term.Red
	}
	if r.Request.Mixed != "" {
		return r.Request.Mixed, term.Red
	}
	if len(r.Drift) > 0 && r.Listener.Mode == r.Deployed.Mode {
		return fmt.Sprintf("not %s as deployed: %s", mode, r.Drift[0]), term.Red
	}
	return "what is deployed, the listener and the request do not agree", term.Red
}

// since says since when the listener has been in its state, and who turned it.
func since(r live.Status, now time.Time) string {
	if r.Since.IsZero() {
		if r.Unknown != "" {
			return "since when is not known: " + r.Unknown
		}
		return "since when is not known"
	}
	by := r.By
	if by == "" {
		by = "a user that CloudTrail does not name yet"
	}
	if r.ByHand {
		by += ", by hand"
	}
	if r.Why != "" {
		by += fmt.Sprintf(" (%s)", r.Why)
	}
	text := fmt.Sprintf("since %s (%s), by %s", r.Since.Format("2006-01-02 15:04 MST"), ago(now.Sub(r.Since)), by)
	if r.Unknown != "" {
		text += ": " + r.Unknown
	}
	return text
}

// drained says what may continue of what began before the mode changed.
func drained(d *live.Drain) []string {
	if d == nil {
		return nil
	}
	const clock = "15:04:05 MST"
	rest := fmt.Sprintf("the idle time-out of %d s and the longest request, %d s", d.Idle, d.Longest)
	text := fmt.Sprintf("not drained yet: requests from before may go on until %s: %s", d.From.Format(clock), rest)
	switch {
	case d.Problem != "":
		text = "whether it is drained is not known: " + d.Problem
	case d.Passed:
		text = fmt.Sprintf("the load balancer is drained since %s: %s have passed; WebSockets that talk, workers and jobs go on until noren ddl quiet says quiet", d.From.Format(clock), rest)
	}
	all := []string{text}
	if d.Uncounted != "" {
		all = append(all, "how many connections are open is not known: "+d.Uncounted)
	}
	if d.Connections != nil {
		all = append(all, fmt.Sprintf("%.0f connections were open at %s, those of clients that are refused included; CloudWatch is up to %v late", *d.Connections, d.At.Format(clock), live.MetricDelay))
	}
	return all
}

// ago formats a duration in its two largest units.
func ago(d time.Duration) string {
	switch minutes := int(d.Minutes()); {
	case minutes < 60:
		return fmt.Sprintf("%d min", max(minutes, 0))
	case minutes < 48*60:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	default:
		return fmt.Sprintf("%d days", minutes/60/24)
	}
}

// watchLine formats the report as one line.
func watchLine(r live.Report, err error) string {
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, s := range r.Switches {
		text, _ := statusVerdict(s)
		line := fmt.Sprintf("deployed %s, listener %s, request %s; %s", modeCell(s.Deployed).Text, modeCell(s.Listener).Text, requestCell(s).Text, text)
		if len(r.Switches) > 1 {
			line = s.Name + ": " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, " | ")
}
