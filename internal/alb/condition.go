package alb

// Condition is one of a rule's conditions. A rule matches if all of its
// conditions do; a condition matches if one of its values does. There is no
// negation. Source: BC CreateRule.
type Condition interface {
	Match(r *Request) Outcome
}

// Unknown is a condition with values that are known only after a deploy and
// have no place in the condition's own type, such as a CIDR from a parameter.
// It matches if Known does; if not, it is uncertain.
type Unknown struct {
	Field  string    // the field of the condition, such as "source-ip"
	Values []string  // opaque values
	Known  Condition // the condition's other values, or nil
}

func (u Unknown) Match(r *Request) Outcome {
	o := Outcome{Unlikely, UnresolvedValue}
	if u.Known == nil {
		return o
	}
	return u.Known.Match(r).or(o)
}

// anyOf is the outcome of values of which one is enough.
func anyOf[V any](values []V, match func(V) Outcome) Outcome {
	var o Outcome
	for _, v := range values {
		if o = o.or(match(v)); o.Verdict == Yes {
			break
		}
	}
	return o
}

// Prepared returns the condition with its patterns and regexes read, for many
// requests. It answers as c does.
func Prepared(c Condition) Condition {
	if p, ok := c.(interface{ prepare() Condition }); ok {
		return p.prepare()
	}
	return c
}
