package alb

import (
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// eachLiteral calls f for each part of s that is known.
func eachLiteral(s string, f func(string)) {
	for part, opaque := range cfn.Parts(s) {
		if !opaque {
			f(part)
		}
	}
}

// lowerLiterals converts the known parts of s to lower case.
func lowerLiterals(s string) string {
	var b strings.Builder
	for part, opaque := range cfn.Parts(s) {
		if !opaque {
			part = strings.ToLower(part)
		}
		b.WriteString(part)
	}
	return b.String()
}

// opaqueDoubt returns why the opaque parts of s are not known.
func opaqueDoubt(s string) Doubt {
	if cfn.IsSecret(s) {
		return SecretValue
	}
	return UnresolvedValue
}
