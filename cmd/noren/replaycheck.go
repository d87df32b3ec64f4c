package main

import "fmt"

// selfCheck says how the template's rules compare with those that were recorded.
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
