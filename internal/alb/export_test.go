package alb

import (
	"fmt"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Agents is a condition that only tests have: on the User-Agent of a request,
// with wildcards. It is written as any new condition would be: a type with its
// methods, and an entry in fields.
type Agents []string

// AddAgents makes Agents a condition until the returned function is called.
func AddAgents() (remove func()) {
	before := fields
	fields = append(append([]*field{}, fields...), agentField)
	return func() { fields = before }
}

var agentField = &field{
	name:   "agent",
	config: "AgentConfig",
	keys:   []string{"Values"},
	read: func(r *reader, n, config cfn.Node) []Condition {
		return []Condition{Agents(r.spelled(n, "Values", config, false))}
	},
	space: func(string) Space {
		return Space{
			Sides: []Side{{Usual: []string{"curl"}, Languages: []Language{word}}},
			Set:   func(d *Draft, texts []string) bool { d.setHeader("User-Agent", texts); return true },
		}
	},
}

func (a Agents) Match(r *Request) Outcome {
	return r.headerLines("User-Agent", func(l *line) Outcome {
		return anyOf(a, func(value string) Outcome {
			p := readPattern(value, false, false)
			return p.match(l.value, l.doubt)
		})
	})
}

func (a Agents) String() string         { return "agent " + quoted(a) }
func (a Agents) field() *field          { return agentField }
func (a Agents) header() string         { return "User-Agent" }
func (a Agents) values() []Value        { return wildcardValues(a) }
func (a Agents) regexes() bool          { return false }
func (a Agents) always() bool           { return false }
func (a Agents) nobody() bool           { return false }
func (a Agents) samples() []Sample      { return []Sample{sampleOf(a, "", false)} }
func (a Agents) config() map[string]any { return map[string]any{"Values": []string(a)} }
func (a Agents) prepare() Matcher       { return a }

func (a Agents) split(n int) []Condition {
	return splitInto(a, n, func(one []string) Condition { return Agents(one) })
}

func (a Agents) replace(text func(string) string) Condition { return Agents(replaced(a, text)) }

func (a Agents) mismatch(r *Request) string {
	return fmt.Sprintf("agent %q is not %s", r.Header["User-Agent"], quoted(a))
}

func (a Agents) check(c *checker) {
	checkSome(c, "agent", a)
	for _, value := range a {
		c.checkText("agent", value, MaxValueLength)
	}
}
