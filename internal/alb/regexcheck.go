package alb

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// checkRegexes checks regexes for what ALB refuses: lookaround, backreferences,
// atomic groups, possessive quantifiers, subroutines, recursion and \p{..}. Go's
// regexp has only the last of these. Source: UGnow condition types.
func (c *checker) checkRegexes(what string, values []string) {
	checkSome(c, what, values)
	for _, value := range values {
		c.checkText(what, value, MaxValueLength)
		if cfn.IsOpaque(value) || len(value) > MaxValueLength {
			continue
		}
		if _, err := regexp.Compile(value); err != nil {
			c.errorf(value, "what ALB's regex can do", "%s %q cannot be used: %s", what, value, regexFault(err))
			continue
		}
		if unicodeClass(value) {
			c.errorf(value, `no \p`, `%s %q uses \p, which ALB does not support`, what, value)
		}
	}
}

func regexFault(err error) string {
	var fault *syntax.Error
	if !errors.As(err, &fault) {
		return err.Error()
	}
	switch fault.Code {
	case syntax.ErrInvalidPerlOp, syntax.ErrInvalidEscape, syntax.ErrInvalidRepeatOp:
		return "ALB does not support " + fault.Expr
	}
	return string(fault.Code) + ": " + fault.Expr
}

// unicodeClass reports whether a regex that compiles uses \p or \P.
func unicodeClass(value string) bool {
	value = strings.ReplaceAll(value, `\\`, "")
	return strings.Contains(value, `\p`) || strings.Contains(value, `\P`)
}
