package alb

import "slices"

// Header matches a header of a request against patterns in which * stands for
// any characters or none and ? for exactly one. Neither the name's case nor
// the value's counts. Repeated header lines are tried one after the other; a
// value is compared whole, never split at commas. Source: BC.
type Header struct {
	Name   string
	Values []string
}

func (h Header) Match(r *Request) Outcome { return h.prepare().Match(r) }

func (h Header) prepare() Condition {
	patterns := make([]pattern, len(h.Values))
	for i, value := range h.Values {
		patterns[i] = readPattern(value, true, false)
	}
	return &header{h.Name, patterns}
}

type header struct {
	name   string
	values []pattern
}

func (h *header) Match(r *Request) Outcome {
	return r.headerLines(h.name, func(f *field) Outcome {
		var o Outcome
		for i := range h.values {
			if o = o.or(h.values[i].match(f.value, f.doubt)); o.Verdict == Yes {
				break
			}
		}
		return o
	})
}

// HeaderRegexes matches a header of a request against regular expressions
// without case, line by line as [Header] does. What is uncertain about
// [PathRegexes] is uncertain here. Source: BC.
type HeaderRegexes struct {
	Name   string
	Values []string
}

func (h HeaderRegexes) Match(r *Request) Outcome { return h.prepare().Match(r) }

func (h HeaderRegexes) prepare() Condition {
	return &headerRegexes{h.Name, readRegexes(h.Values, true)}
}

type headerRegexes struct {
	name   string
	values []regex
}

func (h *headerRegexes) Match(r *Request) Outcome {
	return r.headerLines(h.name, func(f *field) Outcome {
		return anyOf(h.values, func(x regex) Outcome {
			o := x.match(f.value)
			return doubted(o.Verdict.Matches(), o.Doubt|f.doubt)
		})
	})
}

// headerLines is the outcome of a test that one line of a header has to pass.
func (r *Request) headerLines(name string, test func(*field) Outcome) Outcome {
	r.prepare()
	var o Outcome
	found := false
	for i := range r.fields {
		if !equalFold(r.fields[i].name, name) {
			continue
		}
		found = true
		if o = o.or(test(&r.fields[i])); o.Verdict == Yes {
			break
		}
	}
	switch {
	case !found && r.HeadersUnknown && !r.knownAbsent(name):
		return Outcome{Unlikely, UnknownHeader}
	case equalFold(name, forwardedFor):
		return r.eitherForwardedFor(o, test)
	}
	return o
}

const forwardedFor = "X-Forwarded-For"

func (r *Request) knownAbsent(name string) bool {
	return slices.ContainsFunc(r.absent, func(absent string) bool { return equalFold(absent, name) })
}

// eitherForwardedFor settles an outcome for X-Forwarded-For as received against the
// outcome for it with the client added, since either may be what rules see.
func (r *Request) eitherForwardedFor(received Outcome, test func(*field) Outcome) Outcome {
	if !r.Source.IsValid() {
		return doubted(received.Verdict.Matches(), received.Doubt|ForwardedFor)
	}
	lines := slices.DeleteFunc(slices.Clone(r.fields), func(f field) bool { return !equalFold(f.name, forwardedFor) })
	if len(lines) == 0 {
		lines = []field{{value: r.Source.String()}}
	} else {
		lines[len(lines)-1].value += ", " + r.Source.String()
	}
	appended := anyOf(lines, func(f field) Outcome { return test(&f) })
	if appended == received {
		return received
	}
	return doubted(received.Verdict.Matches(), received.Doubt|ForwardedFor)
}
