package replay

import (
	"fmt"

	"github.com/noren-cdk/noren/internal/term"
)

// selfCheck writes how the template's rules compare with the recorded ones.
func (t *text) selfCheck() {
	c := t.report.SelfCheck
	if c.Compared == 0 {
		if c.Since != nil {
			t.title("No request since %s has a rule that the load balancer recorded", Moment(*c.Since))
		}
		return
	}
	t.title("Compared with the rules that the load balancer recorded")
	t.say(term.Plain, "The open template gives the recorded rule for %s of %s.", term.Thousands(c.Agreed+c.Possible), requests(c.Compared))
	if c.Bypassed > 0 {
		t.say(term.Plain, "%s got in with the bypass secret.", requests(c.Bypassed))
	}
	if c.Settled > 0 {
		t.say(term.Plain, "What was recorded settled %s that hung on a header.", requests(c.Settled))
	}
	if c.Contradicted > 0 {
		t.say(term.Yellow, "%s show that a header was not what was assumed.", requests(c.Contradicted))
	}
	if c.Disagreed > 0 {
		s := term.Yellow
		if c.Since != nil {
			s = term.Red
		}
		t.say(s, "%s had another rule than the template says:", requests(c.Disagreed))
		rows := term.Table{Heading: []string{"requests", "recorded", "expected", "endpoint", "for example"}}
		shown := min(len(c.Disagreements), t.top, 10)
		for _, d := range c.Disagreements[:shown] {
			rows.Add(right(term.Thousands(d.Requests), 8), term.Plain.Cell(d.Recorded), term.Plain.Cell(d.Expected), term.Plain.Cell(d.Method+" "+d.Path),
				term.Dim.Cell(fmt.Sprintf("%s:%d", d.Example.File, d.Example.Line)))
		}
		rows.Write(t.out)
		if shown < len(c.Disagreements) {
			t.say(term.Dim, "and others: --json has them")
		}
	}
	if c.Since == nil {
		t.say(term.Dim, "Had the load balancer these rules all the time? --since TIME says from when on, and lets what it recorded settle what depends on a header.")
	}
}

// input writes which lines of the logs did not count.
func (t *text) input() {
	l := t.report.Lines
	if l.Malformed > 0 {
		t.title("%s of %s are not entries of an access log", term.Thousands(l.Malformed), term.Plural(l.Lines, "line"))
		for _, m := range l.Examples {
			t.say(term.Dim, "%s:%d: %s", m.File, m.Line, m.Error)
		}
		if l.Malformed > int64(len(l.Examples)) {
			t.say(term.Dim, "and %s more", term.Thousands(l.Malformed-int64(len(l.Examples))))
		}
	}
	if l.NoRequest > 0 {
		t.title("%s no request: the load balancer could not read it, or it was CONNECT", holds(l.NoRequest))
	}
	if l.OtherPorts > 0 {
		t.title("%s came to a port without listener in the template", requests(l.OtherPorts))
		for _, p := range t.report.Ports {
			name := p.Name
			if name == "" {
				name = "none"
			}
			t.say(term.Plain, "  port %s: %s", name, requests(p.Requests))
		}
	}
	if l.OtherBalancers > 0 || len(t.report.LoadBalancers) > 1 {
		t.title("The logs are of %s", term.Plural(int64(len(t.report.LoadBalancers)), "load balancer"))
		for _, b := range t.report.LoadBalancers {
			t.say(term.Plain, "  %s: %s", b.Name, requests(b.Requests))
		}
		if t.asked.LoadBalancer == "" {
			t.say(term.Dim, "All of them count: --load-balancer NAME picks one.")
		}
	}
}

// holds begins a sentence about lines.
func holds(lines int64) string {
	if lines == 1 {
		return "1 line holds"
	}
	return term.Plural(lines, "line") + " hold"
}
