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
func Normal(condition Condition) (text string, known bool) {
	kind, fold, known := Field(condition), false, true
	var values []string
	switch c := condition.(type) {
	case Methods:
		values = slices.Clone(c)
	case PathPatterns:
		values = slices.Clone(c)
	case PathRegexes:
		kind, values = kind+" regex", slices.Clone(c)
	case Hosts:
		values, fold = slices.Clone(c), true
	case HostRegexes:
		kind, values = kind+" regex", slices.Clone(c)
	case Header:
		kind, values, fold = kind+" "+strings.ToLower(c.Name), slices.Clone(c.Values), true
	case HeaderRegexes:
		kind, values = kind+" "+strings.ToLower(c.Name)+" regex", slices.Clone(c.Values)
	case QueryStrings:
		for _, pair := range c {
			values = append(values, pair.Key+"="+pair.Value)
		}
		fold = true
	case SourceIPs:
		for _, prefix := range c {
			values = append(values, prefix.Masked().String())
		}
	default:
		return "", false
	}
	for i, value := range values {
		if kind[:strings.IndexByte(kind+" ", ' ')] == "http-header" {
			value = withoutSecret(value)
		}
		if fold {
			value = strings.ToLower(value)
		}
		known = known && !cfn.IsOpaque(value)
		values[i] = value
	}
	slices.Sort(values)
	return kind + "\n" + strings.Join(slices.Compact(values), "\n"), known
}

// withoutSecret leaves out what differs between a template and what is deployed.
func withoutSecret(value string) string {
	const unknown = "\x00"
	return secret.ReplaceAllString(cfn.Replace(value, func(string) string { return unknown }), unknown)
}
