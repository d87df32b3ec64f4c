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

// unknown takes the place of a value that is not compared.
const unknown = "\x00"

// Normal returns the condition as a text that is the same for every way in which
// a template writes the condition, or the API describes it: the order of values
// does not count, nor case where rules do not look at it. What is known only
// after a deploy, and what looks like a secret in a header, is the same for
// every value.
func Normal(c Condition) string {
	kind := Field(c)
	if name := c.header(); name != "" {
		kind += " " + strings.ToLower(name)
	}
	normal := c.field().normal
	if c.regexes() {
		kind, normal = kind+" regex", nil
	}
	var values []string
	for _, v := range c.values() {
		values = append(values, normalValue(v.Text, normal))
	}
	slices.Sort(values)
	return kind + "\n" + strings.Join(slices.Compact(values), "\n")
}

// normalValue leaves out what differs between a template and what is deployed.
func normalValue(value string, normal func(string) string) string {
	known := cfn.Replace(value, func(string) string { return unknown })
	if normal != nil {
		known = normal(known)
	}
	return secret.ReplaceAllString(known, unknown)
}
