package preview

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/noren-cdk/noren/internal/preview/edge"
	"github.com/noren-cdk/noren/internal/preview/states"
	"github.com/noren-cdk/noren/internal/term"
	"github.com/noren-cdk/noren/internal/window"
)

// NightReport says how a night went.
type NightReport struct {
	// Window is the name of the window, Status how its execution ended, and Mode
	// the current mode of the product.
	Window string `json:"window"`
	Status string `json:"status"`
	Mode   string `json:"mode"`

	// Steps are the steps, with the time that each took here.
	Steps []NightStep `json:"steps"`

	// Requests are the requests that the load balancer answered, by kind.
	Requests []RequestCount `json:"requests"`

	// Reports are the reports of the mobile apps.
	Reports ReportCount `json:"reports"`

	// LongestRead is the longest time that a mobile app's read took, in seconds.
	LongestRead float64 `json:"longestRead"`

	// Mails are the subjects of the mails to people.
	Mails []string `json:"mails"`

	// Notes are sentences about differences from a real night.
	Notes []string `json:"notes,omitempty"`
}

// NightStep is a step of a night.
type NightStep struct {
	Name     string  `json:"name"`
	Stage    string  `json:"stage"`
	Seconds  float64 `json:"seconds"`
	Attempts int     `json:"attempts"`
	Said     string  `json:"said,omitempty"`
	Why      string  `json:"why,omitempty"`
}

// RequestCount counts requests of a kind: reads and writes.
type RequestCount struct {
	Kind     string `json:"kind"`
	Answered int    `json:"answered"` // by the application
	Refused  int    `json:"refused"`  // by maintenance
	Failed   int    `json:"failed"`   // 5xx other than maintenance
}

// ReportCount counts reports of mobile apps.
type ReportCount struct {
	Apps    int `json:"apps"`
	Written int `json:"written"`
	Refused int `json:"refused"` // uploads refused by maintenance
	Queued  int `json:"queued"`  // when the product was opened
	Arrived int `json:"arrived"`
	Waiting int `json:"waiting"` // in queues, at the end
}

// requestTally counts requests.
type requestTally struct {
	mu     sync.Mutex
	counts map[string]*RequestCount
}

func (t *requestTally) add(o edge.Observation) {
	kind := "writes"
	if o.Method == http.MethodGet || o.Method == http.MethodHead || o.Method == http.MethodOptions {
		kind = "reads"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]*RequestCount{"reads": {Kind: "reads"}, "writes": {Kind: "writes"}}
	}
	c := t.counts[kind]
	switch {
	case o.Target == "function" && o.Status == http.StatusServiceUnavailable:
		c.Refused++
	case o.Status >= 500:
		c.Failed++
	default:
		c.Answered++
	}
}

func (t *requestTally) all() []RequestCount {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []RequestCount
	for _, kind := range []string{"reads", "writes"} {
		if c := t.counts[kind]; c != nil {
			all = append(all, *c)
		}
	}
	return all
}

// Report says how the night has gone so far.
func (n *Night) Report() NightReport {
	r := NightReport{Window: n.planned.ID(), Status: string(n.execution.Status()), Mode: n.p.Mode(), Requests: n.requests.all(), Mails: []string{}}
	now := n.now()
	for _, p := range n.Timeline() {
		step := NightStep{Name: p.Name, Stage: string(p.Stage), Seconds: p.Took(now).Round(time.Millisecond).Seconds(), Attempts: p.Attempts, Said: p.Said, Why: p.Why}
		if step.Why != "" && p.Stage == window.Done {
			step.Why = ""
		}
		r.Steps = append(r.Steps, step)
	}
	r.Reports.Apps, r.Reports.Waiting = len(n.phones), n.waiting()
	for _, c := range n.phones {
		c.mu.Lock()
		for id := range c.written {
			r.Reports.Written++
			if c.sent[id] {
				r.Reports.Arrived++
			}
		}
		r.Reports.Refused += c.refused
		r.LongestRead = max(r.LongestRead, c.longest.Round(time.Millisecond).Seconds())
		c.mu.Unlock()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	r.Reports.Queued = n.queued
	for _, m := range n.mails {
		r.Mails = append(r.Mails, m.Subject)
	}
	r.Notes = n.p.notes()
	for _, call := range n.account.Unknown() {
		r.Notes = append(r.Notes, "the account of the preview has no "+call+": it was refused")
	}
	return r
}

// now returns the time of the night.
func (n *Night) now() time.Time {
	history := n.execution.History()
	if len(history) == 0 {
		return n.planned.Start
	}
	return history[len(history)-1].Time
}

// shown returns the steps for the control page.
func (n *Night) shown() []step {
	var all []step
	now := n.now()
	for _, p := range n.Timeline() {
		shown := step{Name: p.Name, Stage: string(p.Stage), Text: p.Does}
		if !p.Started.IsZero() {
			shown.Took = fmt.Sprintf("%.1f s", p.Took(now).Seconds())
		}
		if text := cmp.Or(p.Said, p.Why); text != "" {
			shown.Text = text
		}
		all = append(all, shown)
	}
	return all
}

// NightStatus returns a sentence about a status.
func NightStatus(status states.Status) string {
	return strings.ToLower(strings.ReplaceAll(string(status), "_", " "))
}

// Write writes the report for people.
func (r NightReport) Write(w io.Writer) {
	fmt.Fprintf(w, "%s: %s, the product is %s\n\n", r.Window, NightStatus(states.Status(r.Status)), r.Mode)
	names := 0
	for _, s := range r.Steps {
		names = max(names, len(s.Name))
	}
	for _, s := range r.Steps {
		took := ""
		if s.Attempts > 0 {
			took = fmt.Sprintf("%.1f s", s.Seconds)
		}
		text := s.Said
		if s.Why != "" {
			text = s.Why
		}
		if s.Attempts > 1 {
			text = strings.TrimSpace(fmt.Sprintf("%s (%s)", text, term.Plural(s.Attempts, "attempt")))
		}
		begin := fmt.Sprintf("  %-*s  %-7s %7s  ", names, s.Name, s.Stage, took)
		for _, line := range wrapped(text, 110-len(begin)) {
			fmt.Fprintln(w, strings.TrimRight(begin+line, " "))
			begin = strings.Repeat(" ", len(begin))
		}
	}
	fmt.Fprintln(w)
	for _, c := range r.Requests {
		fmt.Fprintf(w, "  %-8s %d answered, %d refused, %d failed\n", c.Kind, c.Answered, c.Refused, c.Failed)
	}
	if r.Reports.Apps > 0 {
		queued := ""
		if r.Reports.Queued > 0 {
			queued = fmt.Sprintf("%d waited when it opened, ", r.Reports.Queued)
		}
		fmt.Fprintf(w, "  reports  %d written by %s, %s%d arrived, %d still wait\n",
			r.Reports.Written, term.Plural(r.Reports.Apps, "app"), queued, r.Reports.Arrived, r.Reports.Waiting)
		fmt.Fprintf(w, "  the longest read took %.3f s\n", r.LongestRead)
	}
	if len(r.Mails) > 0 {
		fmt.Fprintln(w)
	}
	for _, m := range r.Mails {
		fmt.Fprintln(w, "  mail: "+m)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(w, "  note: "+note)
	}
}

// wrapped returns the lines of a text, at least one, with the given width unless
// a word is longer.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
