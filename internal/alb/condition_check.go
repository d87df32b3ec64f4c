package alb

import (
	"strings"
	"unicode/utf8"

	"github.com/noren-cdk/noren/internal/cfn"
)

// Characters allowed in condition values. Sources: BC; for anything else, the
// error is "contains a character that is not valid" (aws-cli#9792).
const (
	capitals         = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	letters          = "abcdefghijklmnopqrstuvwxyz" + capitals
	digits           = "0123456789"
	hostCharacters   = letters + digits + "*?._-"
	pathCharacters   = letters + digits + `_.$/~"'@:+&*?-`
	methodCharacters = capitals + "_-"
	headerCharacters = letters + digits + "!#$%&'*+.^_`|~-" // RFC 7230
)

// checkSome checks that a condition has values, and no more than the
// documentation allows, although the API accepts more.
func checkSome[V any](c *checker, what string, values []V) {
	n := len(values)
	if n == 0 {
		c.errorf(0, "1 or more", "condition has no %s", what)
	}
	if n > MaxMatchEvaluations && n <= MaxConditionValues {
		c.warnf(n, MaxMatchEvaluations, "condition has %d values, and AWS documents %d, though the API was seen to accept %d",
			n, MaxMatchEvaluations, MaxConditionValues)
	}
}

// checkText checks a value that must not be empty.
func (c *checker) checkText(what, value string, limit int) {
	if value == "" {
		c.errorf(value, "1 or more characters", "%s is empty", what)
	}
	c.checkLength(what, value, limit)
}

func (c *checker) checkLength(what, value string, limit int) {
	n := 0
	eachLiteral(value, func(s string) { n += utf8.RuneCountInString(s) })
	if n > limit {
		c.errorf(cfn.Display(value), limit, "%s %q has %d characters, ALB allows %d", what, cfn.Display(value), n, limit)
	}
}

func (c *checker) checkCharacters(what, value, allowed, want string) {
	eachLiteral(value, func(s string) {
		for _, character := range s {
			if !strings.ContainsRune(allowed, character) {
				c.errorf(cfn.Display(value), want, "%s %q contains %q, ALB allows %s", what, cfn.Display(value), character, want)
				return
			}
		}
	})
}

func (c *checker) checkVisible(what, value string) {
	eachLiteral(value, func(s string) {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			c.warnf(cfn.Display(value), "visible ASCII", "%s %q never matches: rules look at visible ASCII only", what, cfn.Display(value))
		}
	})
}
