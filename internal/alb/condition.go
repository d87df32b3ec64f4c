package alb

import (
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Condition is one of a rule's conditions. A rule matches if all of its
// conditions do; a condition matches if one of its values does. There is no
// negation. Source: BC CreateRule.
//
// Only this package implements Condition. A new condition is a type with these
// methods in a file of its own, and an entry in fields: the code that shows,
// checks, counts, compares and replays conditions calls only these methods.
type Condition interface {
	Matcher

	// String describes the condition, such as `path "/api/login" or
	// "/api/files/*"`. It shows no secret.
	String() string

	// field returns what the condition looks at.
	field() *field

	// header returns the name of the header that the condition looks at, or "".
	header() string

	// values returns the condition's values in order.
	values() []Value

	// regexes reports whether the values are regular expressions.
	regexes() bool

	// always reports whether the condition holds for every request.
	always() bool

	// nobody reports whether the condition holds for no request that a client can
	// send.
	nobody() bool

	// samples returns texts of the part of a request that the condition looks at,
	// for each side of its space.
	samples() []Sample

	// config returns the condition's configuration as the API and CloudFormation
	// write it.
	config() map[string]any

	// prepare returns a Matcher that has parsed the condition's values once, for
	// many requests.
	prepare() Matcher

	// split returns conditions with at most n values each, n being at least 1,
	// that together match the same requests.
	split(n int) []Condition

	// replace returns the condition with its texts replaced.
	replace(text func(string) string) Condition

	// mismatch says why the condition does not match a request.
	mismatch(r *Request) string

	// check reports what the API refuses about the condition alone.
	check(c *checker)
}

// Matcher decides whether a request matches.
type Matcher interface {
	Match(r *Request) Outcome
}

// Value is a value of a condition.
type Value struct {
	Text      string // as it is written
	Wildcards int    // the * and ? that count towards the rule's quota
	Regex     bool   // the text is a regular expression
}

// Literal reports whether the value matches only its own text.
func (v Value) Literal() bool { return v.Wildcards == 0 && !v.Regex && !cfn.IsOpaque(v.Text) }

// field is a field of conditions, as the API defines it.
type field struct {
	name   string   // in the property Field, such as "path-pattern"
	config string   // the property that holds the condition, such as "PathPatternConfig"
	keys   []string // the properties in it
	repeat bool     // a rule may have several conditions on it

	// read reads the condition n with its configuration. It returns two
	// conditions if n holds both values and regexes, which the API refuses.
	read func(r *reader, n, config cfn.Node) []Condition

	// normal returns the normal form of a value that is not a regex. Nil if no
	// two texts mean the same.
	normal func(text string) string

	// space returns the texts that the part of a request may be; name is the name
	// of the header.
	space func(name string) Space
}

// fields are all fields of conditions. Source: BC.
var fields = []*field{methodField, pathField, hostField, headerField, queryField, sourceField}

// fieldNamed returns the field with a name, or nil.
func fieldNamed(name string) *field {
	for _, f := range fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// Field returns the API's name for what a condition looks at, such as
// "path-pattern".
func Field(c Condition) string { return c.field().name }

// HeaderName returns the name of the header that a condition looks at, or "".
func HeaderName(c Condition) string { return c.header() }

// Values returns a condition's values in order.
func Values(c Condition) []Value { return c.values() }

// Count returns how much of a rule's quotas a condition uses: its values and the
// * and ? in them. Escaped wildcards of a query and wildcards of a regex do not
// count.
func Count(c Condition) (values, wildcards int) {
	all := c.values()
	for _, v := range all {
		wildcards += v.Wildcards
	}
	return len(all), wildcards
}

// Always reports whether a condition holds for every request.
func Always(c Condition) bool { return c.always() }

// Nobody reports whether a condition holds for no request that a client can send.
// A rule with such a condition exists, but takes no requests.
func Nobody(c Condition) bool { return c.nobody() }

// Prepared returns a Matcher with the condition's patterns and regexes parsed,
// for many requests. It gives the same outcomes as c.
func Prepared(c Condition) Matcher { return c.prepare() }

// Split returns conditions with at most n values each, n being at least 1, that
// together match what c matches.
func Split(c Condition, n int) []Condition { return c.split(n) }

// Filled returns the condition with values known only after a deploy replaced by
// the text that [cfn.Display] shows for them.
func Filled(c Condition) Condition { return c.replace(cfn.Display) }

// Properties returns a condition as the API and CloudFormation write it.
func Properties(c Condition) map[string]any {
	return map[string]any{"Field": c.field().name, c.field().config: c.config()}
}

// anyOf returns the outcome of values of which one must match.
func anyOf[V any](values []V, match func(V) Outcome) Outcome {
	var o Outcome
	for _, v := range values {
		if o = o.or(match(v)); o.Verdict == Yes {
			break
		}
	}
	return o
}

// plainValues returns values without wildcards.
func plainValues(texts []string) []Value {
	values := make([]Value, len(texts))
	for i, text := range texts {
		values[i].Text = text
	}
	return values
}

// wildcardValues returns values in which * and ? are wildcards.
func wildcardValues(texts []string) []Value {
	values := plainValues(texts)
	for i, text := range texts {
		values[i].Wildcards = countWildcards(text)
	}
	return values
}

func regexValues(texts []string) []Value {
	values := plainValues(texts)
	for i := range texts {
		values[i].Regex = true
	}
	return values
}

func countWildcards(value string) int {
	n := 0
	eachLiteral(value, func(s string) { n += strings.Count(s, "*") + strings.Count(s, "?") })
	return n
}

// splitInto returns conditions with at most n of a list of values each.
func splitInto[V any](values []V, n int, condition func([]V) Condition) []Condition {
	var all []Condition
	for piece := range slices.Chunk(values, n) {
		all = append(all, condition(piece))
	}
	return all
}

func replaced(values []string, text func(string) string) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = text(value)
	}
	return out
}

func displayed(values []string) []string { return replaced(values, cfn.Display) }

// quoted joins values for display. It quotes only literal values.
func quoted(values []string) string {
	texts := displayed(values)
	for i, value := range values {
		if !cfn.IsOpaque(value) {
			texts[i] = `"` + value + `"`
		}
	}
	return strings.Join(texts, " or ")
}
