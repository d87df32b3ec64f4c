package alb

// Hosts matches the whole Host header of a request, its port included, against
// patterns in which * stands for any characters or none, dots included, and ?
// for exactly one. Case does not count. Sources: BC; LBC-conf
// HTTPRouteHostnameIntersection.
type Hosts []string

func (h Hosts) Match(r *Request) Outcome { return h.prepare().Match(r) }

func (h Hosts) prepare() Condition {
	patterns := make(hosts, len(h))
	for i, value := range h {
		patterns[i] = readPattern(lowerLiterals(value), false, false)
	}
	return patterns
}

type hosts []pattern

func (h hosts) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for i := range h {
		if r.authority == "" && r.Host != "" {
			o = o.or(h[i].match(r.host, r.hostDoubt).assumed(h[i].doubt))
		} else {
			o = o.or(r.oddHost(func(host string) Outcome { return h[i].match(host, r.hostDoubt) }))
		}
		if o.Verdict == Yes {
			break
		}
	}
	return o
}

// assumed takes a host whose unknown parts may match as matching: people ask
// about hosts that a listener has.
func (o Outcome) assumed(d Doubt) Outcome {
	if o.Verdict == Unlikely && d == UnresolvedValue {
		o.Verdict = Likely
	}
	return o
}

// oddHost is the outcome for a request without Host, or with a URL as its
// request-target: nobody has published what rules see then.
func (r *Request) oddHost(test func(string) Outcome) Outcome {
	host := test(r.host)
	if r.Host == "" && r.authority == "" {
		return doubted(host.Verdict.Matches(), NoHost|host.Doubt)
	}
	authority := test(r.authority)
	if host == authority {
		return host
	}
	return doubted(authority.Verdict.Matches(), AbsoluteTarget|host.Doubt|authority.Doubt)
}

// HostRegexes matches the Host header of a request, its port included, against
// regular expressions without case. What is uncertain about [PathRegexes] is
// uncertain here. Source: BC.
type HostRegexes []string

func (h HostRegexes) Match(r *Request) Outcome { return h.prepare().Match(r) }

func (h HostRegexes) prepare() Condition { return hostRegexes(readRegexes(h, true)) }

type hostRegexes []regex

func (h hostRegexes) Match(r *Request) Outcome {
	r.prepare()
	return anyOf(h, func(x regex) Outcome {
		if r.authority == "" && r.Host != "" {
			o := x.match(r.Host)
			return doubted(o.Verdict.Matches(), o.Doubt|r.hostDoubt)
		}
		return r.oddHost(x.match)
	})
}
