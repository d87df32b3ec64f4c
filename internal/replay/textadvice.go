package replay

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/noren-cdk/noren/internal/term"
)

// firstRefused writes what the mobile app is refused first.
func (t *text) firstRefused() {
	r := t.report
	if r.Sessions == 0 || len(r.FirstRefused) == 0 {
		return
	}
	t.title("The mobile app meets a refusal in %s of %s sessions (%s). Refused first:",
		term.Thousands(r.StuckSessions), term.Thousands(r.Sessions), strings.TrimSpace(percent(r.StuckSessions, r.Sessions)))
	rows := term.Table{Heading: []string{"sessions", term.PadLeft("share", 7), "as 1st call", "endpoint"}}
	shown := min(len(r.FirstRefused), t.top)
	for _, c := range r.FirstRefused[:shown] {
		rows.Add(right(term.Thousands(c.Sessions), 8), term.Plain.Cell(percent(c.Sessions, r.Sessions)), right(blank(c.FirstCalls), 11), term.Plain.Cell(c.Method+" "+c.Path))
	}
	rows.Write(t.out)
	t.more(len(r.FirstRefused) - shown)
}

// suggestions writes lines to paste into the allowlist, and headers that clients
// lack.
func (t *text) suggestions() {
	var missing, headers []advice
	for _, s := range t.report.Suggestions {
		if s.Header == "" {
			missing = append(missing, advice{"- " + s.Pattern, reason(s)})
		} else {
			headers = append(headers, advice{s.Pattern, reason(s) + ", lacks " + s.Header})
		}
	}
	if len(missing) > 0 {
		t.title("Missing from maintenance.allow? To paste, after a look at each:")
		t.advise(missing)
	}
	if len(headers) > 0 {
		t.title("Allowed, but not without a header:")
		t.advise(headers)
	}
}

// advice is a line with the reason for it.
type advice struct{ line, why string }

func (t *text) advise(all []advice) {
	width, longest := 0, 0
	for _, a := range all {
		width = max(width, len(a.line))
		longest = max(longest, len(a.why))
	}
	beside := t.out.Width == 0 || len(indent)+width+len("  # ")+longest <= t.out.Width
	for _, a := range all {
		why := t.out.In(term.Dim, "# "+a.why)
		if beside {
			fmt.Fprintln(t.out, indent+a.line+strings.Repeat(" ", width-len(a.line))+"  "+why)
			continue
		}
		fmt.Fprintln(t.out, indent+why)
		fmt.Fprintln(t.out, indent+a.line)
	}
}

// indent is the indentation of the lines of maintenance.allow in an environment's
// file.
const indent = "    "

// reason says why a line is suggested.
func reason(s Suggestion) string {
	why := "refused " + howOften(s.Requests)
	if s.FirstCalls > 0 {
		why += ", first call of " + term.Plural(s.FirstCalls, "session")
	}
	if s.Writes {
		why += ", writes"
	}
	return why
}

// unused writes the lines of the allowlist that can be removed.
func (t *text) unused() {
	if len(t.report.Unused) == 0 {
		return
	}
	t.title("Patterns of the allowlist that no request used")
	rows := term.Table{Heading: []string{"listener", "rule", "pattern"}}
	for _, u := range t.report.Unused {
		rows.Add(term.Plain.Cell(u.Listener), term.Plain.Cell(strconv.Itoa(u.Rule)), term.Plain.Cell(u.Pattern))
	}
	rows.Write(t.out)
}
