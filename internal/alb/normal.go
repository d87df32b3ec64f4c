package alb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// secret is how the secret of a bypass looks: in a template it is not known, and
// the API describes its value.
var secret = regexp.MustCompile(`[A-Za-z0-9]{32,}`)

// Normal returns the condition as a text that is the same for every way in which
// a template writes the condition, or the API describes it: the order of values
// does not count, nor case where rules do not look at it. In a header what is
// known only after a deploy, and what looks like a secret, is the same for every
// value; known is false if something else is known only after a deploy.
func Normal(c Condition) (text string, known bool) {
	kind, known := Field(c), true
	normal := c.field().normal
	if name := c.header(); name != "" {
		kind += " " + strings.ToLower(name)
	}
	if c.regexes() {
		kind, normal = kind+" regex", nil
	}
	var values []string
	for _, v := range c.values() {
		value := v.Text
		if c.header() != "" {
			value = withoutSecret(value)
		}
		known = known && !cfn.IsOpaque(value)
		if normal != nil {
			value = normal(value)
		}
		values = append(values, value)
	}
	slices.Sort(values)
	return kind + "\n" + strings.Join(slices.Compact(values), "\n"), known
}

// withoutSecret leaves out what differs between a template and what is deployed.
func withoutSecret(value string) string {
	const unknown = "\x00"
	return secret.ReplaceAllString(cfn.Replace(value, func(string) string { return unknown }), unknown)
}
