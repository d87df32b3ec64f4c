package alb

import "strings"

// Unknown is a condition with values that are known only after a deploy and that
// the condition's own type cannot hold, such as a CIDR from a parameter. It
// matches if Known does; otherwise it is uncertain.
type Unknown struct {
	Field  string    // the field of the condition, such as "source-ip"
	Values []string  // opaque values
	Known  Condition // the condition's other values, or nil
}

// Match matches if Known does, and is uncertain otherwise.
func (u Unknown) Match(r *Request) Outcome {
	o := Outcome{Unlikely, UnresolvedValue}
	if u.Known == nil {
		return o
	}
	return u.Known.Match(r).or(o)
}

func (u Unknown) header() string { return "" }

func (u Unknown) values() []Value {
	var values []Value
	if u.Known != nil {
		values = u.Known.values()
	}
	return append(values, plainValues(u.Values)...)
}

func (u Unknown) samples() []Sample {
	if u.Known == nil {
		return nil
	}
	return u.Known.samples()
}

// String returns the known values, then the field and the unknown values.
func (u Unknown) String() string {
	unknown := u.Field + " " + strings.Join(displayed(u.Values), " or ")
	if u.Known != nil {
		return u.Known.String() + " or " + unknown
	}
	return unknown
}

func (u Unknown) field() *field { return fieldNamed(u.Field) }

func (u Unknown) config() map[string]any {
	if u.Known == nil {
		return map[string]any{"Values": u.Values}
	}
	config := u.Known.config()
	values, _ := config["Values"].([]string)
	config["Values"] = append(values, u.Values...)
	return config
}

func (u Unknown) regexes() bool { return false }
func (u Unknown) always() bool  { return u.Known != nil && u.Known.always() }
func (u Unknown) nobody() bool  { return false }

func (u Unknown) prepare() Matcher { return u }

func (u Unknown) split(n int) []Condition {
	var all []Condition
	if u.Known != nil {
		all = u.Known.split(n)
	}
	return append(all, splitInto(u.Values, n, func(v []string) Condition { return Unknown{Field: u.Field, Values: v} })...)
}

func (u Unknown) replace(func(string) string) Condition { return u }

func (u Unknown) mismatch(*Request) string { return "not " + u.String() }

func (u Unknown) check(c *checker) {
	if u.Known != nil {
		u.Known.check(c)
	}
}
