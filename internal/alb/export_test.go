package alb

import (
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Verbs is a condition that only tests have: it matches the first segment of
// the path, as a command of a chat has it. It is written here as a new one would
// be: a type with its methods and an entry in fields.
type Verbs []string

// AddVerbs makes Verbs a condition until the function that it returns is called.
func AddVerbs() (remove func()) {
	before := fields
	fields = append(append([]*field{}, fields...), verbField)
	return func() { fields = before }
}

var verbField = &field{
	name:   "verb",
	config: "VerbConfig",
	keys:   []string{"Values"},
	read: func(r *reader, n, config cfn.Node) []Condition {
		return []Condition{Verbs(r.spelled(n, "Values", config, false))}
	},
	space: func(string) Space {
		return Space{
			Sides: []Side{{Usual: []string{"open"}, Languages: []Language{word}}},
			Set:   func(d *Draft, texts []string) bool { d.setHeader("Verb", texts); return true },
		}
	},
}

func (v Verbs) Match(r *Request) Outcome {
	for _, value := range v {
		for _, sent := range r.Header["Verb"] {
			if p := readPattern(value, false, false); p.matches(sent) {
				return Outcome{Verdict: Yes}
			}
		}
	}
	return Outcome{}
}

func (v Verbs) String() string         { return "verb " + quoted(v) }
func (v Verbs) field() *field          { return verbField }
func (v Verbs) header() string         { return "" }
func (v Verbs) values() []Value        { return wildcardValues(v) }
func (v Verbs) regexes() bool          { return false }
func (v Verbs) samples() []Sample      { return []Sample{sampleOf(v, "", false)} }
func (v Verbs) config() map[string]any { return map[string]any{"Values": []string(v)} }
func (v Verbs) prepare() Matcher       { return v }
func (v Verbs) split() []Condition {
	return splitInto(v, func(one []string) Condition { return Verbs(one) })
}
func (v Verbs) replace(text func(string) string) Condition { return Verbs(replaced(v, text)) }
func (v Verbs) mismatch(r *Request) string {
	return "verb " + strings.Join(r.Header["Verb"], ", ") + " is not " + quoted(v)
}

func (v Verbs) check(c *checker) {
	checkSome(c, "verb", v)
	for _, value := range v {
		c.checkText("verb", value, MaxMethodLength)
	}
}
