package alb

// PathPatterns matches the whole path of a request, never its query, against
// patterns in which * stands for any characters or none, / included, and ? for
// exactly one. Case counts; there is no escape. Sources: BC; LBC-conf
// HTTPRouteExactPathMatching and HTTPRouteMatching.
type PathPatterns []string

func (p PathPatterns) Match(r *Request) Outcome { return p.prepare().Match(r) }

func (p PathPatterns) prepare() Condition {
	patterns := make(pathPatterns, len(p))
	for i, value := range p {
		patterns[i] = readPattern(value, false, false)
		if value == "/*" {
			patterns[i].shape = anything // every path starts with /, however it is read
		}
	}
	return patterns
}

type pathPatterns []pattern

func (p pathPatterns) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for i := range p {
		if r.path.doubt == 0 {
			o = o.or(p[i].match(r.path.text, 0))
		} else if p[i].shape == anything && p[i].doubt == 0 {
			o = Outcome{Verdict: Yes}
		} else {
			o = o.or(r.path.seenBy(func(path string) Outcome { return p[i].match(path, 0) }))
		}
		if o.Verdict == Yes {
			break
		}
	}
	return o
}

// PathRegexes matches the path of a request against regular expressions. Case
// counts. Whether ALB searches or matches in full, and whether case really
// counts, is not documented: the answer is uncertain where that decides.
// Source: BC.
type PathRegexes []string

func (p PathRegexes) Match(r *Request) Outcome { return p.prepare().Match(r) }

func (p PathRegexes) prepare() Condition { return pathRegexes(readRegexes(p, false)) }

type pathRegexes []regex

func (p pathRegexes) Match(r *Request) Outcome {
	r.prepare()
	return anyOf(p, func(x regex) Outcome { return r.path.seenBy(x.match) })
}
