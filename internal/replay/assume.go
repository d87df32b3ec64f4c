package replay

import (
	"fmt"
	"strings"

	"github.com/noren-cdk/noren/internal/alb"
)

// Assumption is a header that requests are assumed to have sent.
type Assumption struct {
	Name  string
	Value string // "" if it was not sent

	// Agents are the user agents that the assumption applies to: patterns in
	// which * stands for any characters or none and ? for exactly one. Default:
	// all.
	Agents []string
}

// ParseAssumption parses "Name: value". Without a value, the header was not sent.
func ParseAssumption(text string) (Assumption, error) {
	name, value, ok := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return Assumption{}, fmt.Errorf(`%q: want a header, as in "X-Client: ios", or "X-Client:" for one that was not sent`, text)
	}
	return Assumption{Name: name, Value: strings.TrimSpace(value)}, nil
}

func (a Assumption) String() string {
	s := a.Name + ": " + a.Value
	if a.Value == "" {
		s = "no " + a.Name
	}
	if len(a.Agents) > 0 {
		s += " for " + strings.Join(a.Agents, ", ")
	}
	return s
}

// values returns the header's values for an alb.Request.
func (a Assumption) values() []string {
	if a.Value == "" {
		return nil
	}
	return []string{a.Value}
}

// agentMatches reports whether a user agent matches one of the patterns, the
// way ALB matches a header.
func agentMatches(patterns []string, agent string) bool {
	request := alb.Request{Header: map[string][]string{"User-Agent": {agent}}}
	return alb.Header{Name: "User-Agent", Values: patterns}.Match(&request).Verdict.Matches()
}
