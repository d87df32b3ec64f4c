package alb

// asSeen returns a prepared condition that sees requests as the listener's load
// balancer passes them to rules.
func (l *Listener) asSeen(ready Matcher, condition Condition) Matcher {
	if name := condition.header(); name != "" && droppedName(name) && l.Balancer.DropsInvalidHeaders() {
		return dropped{ready}
	}
	return ready
}

// dropped is a condition on a header that the load balancer drops. Whether it
// does so before rules look is not documented.
type dropped struct{ condition Matcher }

func (d dropped) Match(r *Request) Outcome {
	o := d.condition.Match(r)
	if o.Verdict == No {
		return o
	}
	return Outcome{Unlikely, o.Doubt | DroppedHeader}
}

// droppedName reports whether a header's name is outside [-A-Za-z0-9]+.
// Source: BC routing.http.drop_invalid_header_fields.enabled.
func droppedName(name string) bool {
	for i := range len(name) {
		c := lower(name[i])
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return true
		}
	}
	return false
}
