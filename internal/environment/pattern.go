package environment

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used: a
// command that reads no environment starts without the two dozen of them.
type pattern func() *regexp.Regexp

// mustCompile returns the pattern of an expression, which a test compiles.
func mustCompile(expression string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// MatchString tells whether the text matches.
func (p pattern) MatchString(text string) bool { return p().MatchString(text) }

// FindStringSubmatch returns what the groups match, nil if the text does not.
func (p pattern) FindStringSubmatch(text string) []string { return p().FindStringSubmatch(text) }
