package alb

// Verdict is whether something matches, and how certain that is. Verdicts are
// ordered: several conditions together are as certain as the least of them, and
// alternatives are as certain as the greatest.
type Verdict uint8

const (
	No       Verdict = iota // certainly not
	Unlikely                // taken as no match, with a Doubt
	Likely                  // taken as a match, with a Doubt
	Yes                     // certainly
)

// Matches reports whether the verdict is taken as a match.
func (v Verdict) Matches() bool { return v >= Likely }

// Certain reports whether the verdict rests on documented or observed behaviour.
func (v Verdict) Certain() bool { return v == No || v == Yes }

func (v Verdict) String() string {
	return [...]string{"no", "probably not", "probably", "yes"}[v&3]
}

// Outcome is what a value, a condition or a rule decides about a request. Doubt
// says why the verdict is uncertain; it is 0 for a certain one.
type Outcome struct {
	Verdict Verdict
	Doubt   Doubt
}

// certainly returns the outcome of a comparison without doubt.
func certainly(matches bool) Outcome {
	if matches {
		return Outcome{Verdict: Yes}
	}
	return Outcome{}
}

// doubted returns the outcome of a comparison that d may reverse. It is certain
// if d is 0.
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

// or combines two conditions of which one must hold.
func (o Outcome) or(p Outcome) Outcome {
	return combined(max(o.Verdict, p.Verdict), o.Doubt|p.Doubt)
}

func combined(v Verdict, d Doubt) Outcome {
	if v.Certain() {
		d = 0
	}
	return Outcome{v, d}
}
