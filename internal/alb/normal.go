package alb

import (
	"regexp"
	"slices"
	"strings"

	"github.com/noren-cdk/noren/internal/cfn"
)

// secret matches what may be the secret of a bypass: a template does not show it,
// and the API describes its value.
var secret = regexp.MustCompile(`[A-Za-z0-9]{32,}`)

// Normal returns a text for the condition that is the same however a template
// writes the condition or the API describes it: the order of values does not
// matter, nor does case where rules ignore it. In a header, all values known only
// after a deploy and all values that look like a secret are the same; known is
// false if anything else is known only after a deploy.
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

// withoutSecret replaces what differs between a template and what is deployed.
func withoutSecret(value string) string {
	const unknown = "\x00"
	return secret.ReplaceAllString(cfn.Replace(value, func(string) string { return unknown }), unknown)
}
