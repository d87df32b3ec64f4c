package alb

// Methods matches the method of a request exactly: case counts, there are no
// wildcards, and GET does not include HEAD. Sources: BC; LBC-conf
// HTTPRouteMethodMatching.
type Methods []string

func (m Methods) Match(r *Request) Outcome {
	r.prepare()
	var o Outcome
	for _, method := range m {
		if method == r.method {
			return Outcome{Verdict: Yes}
		}
		if IsOpaque(method) {
			o = o.or(Outcome{Unlikely, opaqueDoubt(method)})
		}
	}
	return o
}
