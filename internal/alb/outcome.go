package alb

// Verdict is whether something matches, and how sure that is. Verdicts are
// ordered: all of several conditions hold as surely as the least of them, one
// of several values holds as surely as the greatest.
type Verdict uint8

const (
	No       Verdict = iota // certainly not
	Unlikely                // taken as not, with a Doubt
	Likely                  // taken as so, with a Doubt
	Yes                     // certainly
)

// Matches reports whether the verdict is taken as a match.
func (v Verdict) Matches() bool { return v >= Likely }

// Certain reports whether the verdict rests on documented or observed behaviour.
func (v Verdict) Certain() bool { return v == No || v == Yes }

func (v Verdict) String() string {
	return [...]string{"no", "probably not", "probably", "yes"}[v&3]
}

// Outcome is what a value, a condition or a rule says of a request. Doubt is
// what an uncertain verdict rests on, and 0 for a certain one.
type Outcome struct {
	Verdict Verdict
	Doubt   Doubt
}

// certainly returns the outcome of a comparison about which there is no doubt.
func certainly(matches bool) Outcome {
	if matches {
		return Outcome{Verdict: Yes}
	}
	return Outcome{}
}

// doubted returns the outcome of a comparison which d may turn round. Without a
// doubt it is certain.
func doubted(matches bool, d Doubt) Outcome {
	switch {
	case d == 0:
		return certainly(matches)
	case matches:
		return Outcome{Likely, d}
	default:
		return Outcome{Unlikely, d}
	}
}

// and combines two conditions that must both hold. If one of them fails under every
// reading of the request, the result does not depend on the other.
func (o Outcome) and(p Outcome) Outcome {
	switch {
	case o.Verdict == Unlikely && o.Doubt.Nominal():
		return combined(min(o.Verdict, p.Verdict), o.Doubt)
	case p.Verdict == Unlikely && p.Doubt.Nominal():
		return combined(min(o.Verdict, p.Verdict), p.Doubt)
	}
	return combined(min(o.Verdict, p.Verdict), o.Doubt|p.Doubt)
}

// or returns the outcome of two of which one is enough.
func (o Outcome) or(p Outcome) Outcome {
	return combined(max(o.Verdict, p.Verdict), o.Doubt|p.Doubt)
}

func combined(v Verdict, d Doubt) Outcome {
	if v.Certain() {
		d = 0
	}
	return Outcome{v, d}
}
